"""Five screens in two themes look, cell by cell, as they looked; the README's pictures show the screen of today."""

from tests.command import ROOT
from tests.ui import pictures

REMAKE = "if it should look so: python -m tests.ui.pictures, and look at the difference before you commit it"


async def test_the_screen_looks_as_it_did() -> None:
    made = {path.name: content async for path, content in pictures.snapshots()}
    assert made.keys() == {path.name for path in pictures.SNAPSHOTS.iterdir()}
    for name, content in made.items():
        assert content.splitlines() == (pictures.SNAPSHOTS / name).read_text("utf-8").splitlines(), f"{name}: {REMAKE}"


async def test_the_readme_shows_the_screen_of_today() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    async for path, content in pictures.pictures():
        assert path.read_text("utf-8") == content, f"{path.name}: {REMAKE}"
        assert f"({path.relative_to(ROOT)})" in readme.split("\n## ", 1)[0]
