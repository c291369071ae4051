"""systemd's own verifier has nothing against a unit of ours."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.service.test_unit import UNITS


@pytest.mark.parametrize("name", UNITS)
def test_systemds_own_verifier_has_nothing_against_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "tokenmon.service").write_text(UNITS[name])
    (tmp_path / "run").mkdir(mode=0o700)
    done = subprocess.run(
        [
            "systemd-analyze",
            "--user" if "user" in name else "--system",
            "--man=no",
            "verify",
            str(tmp_path / "tokenmon.service"),
        ],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert [line for line in done.stderr.splitlines() if "tokenmon" in line] == []
    assert done.returncode == 0, done.stderr
