"""What looks like a secret is never stored, wherever in a text it stands."""

import pytest

from tokenmon import text

TAIL = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv"
SECRETS = [
    *(f"{kind}-{TAIL}" for kind in ("sk", "sk-ant", "sk-or-v1", "pk", "rk", "xai")),
    f"AIza{TAIL}",
    *(f"{kind}_{TAIL}" for kind in ("ghp", "gho", "ghu", "ghs", "ghr", "github_pat", "gsk", "hf")),
    "AKIAABCDEFGHIJKLMNOP",
    f"eyJ{TAIL}.{TAIL}.{TAIL}",
    f"Bearer {TAIL}",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "key={}", "({})", "a {} b", '{{"k":"{}"}}', "é {}", r"\n{}", r"\t{}", r"\u001b{}"]
)
def test_a_secret_is_replaced_by_its_fingerprint(secret: str, around: str) -> None:
    hidden = text.hide_secrets(around.format(secret))
    assert secret not in hidden
    assert TAIL[:8] not in hidden
    assert "key-" in hidden


@pytest.mark.parametrize(
    "plain", ["task-force-of-many-people-here", "sk-short", "mask_" + TAIL, "xsk-" + TAIL, "AKIA1"]
)
def test_what_only_resembles_a_secret_stays(plain: str) -> None:
    assert text.hide_secrets(plain) == plain


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_shorter_than_what_is_looked_at(secret: str) -> None:
    assert len(secret) >= text.SECRET_LENGTH
    assert text.name(secret) != secret
    assert text.name("sk-" + "a" * 16) != "sk-" + "a" * 16


@pytest.mark.parametrize("given", ["secret={}", "password:{}", "?sig={}", "://m:{}@h"])
def test_a_name_hides_a_short_secret_that_is_called_one(given: str) -> None:
    short = given.format(TAIL[:8])
    assert len(short) < text.SECRET_LENGTH
    assert TAIL[:8] not in text.name(short)
