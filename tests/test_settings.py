"""One declaration a setting: flag, variable and file agree, and a mistake is named where it was made."""

from pathlib import Path

import pytest

from tokenmon.errors import ConfigError, UsageError
from tokenmon.settings import (
    SPELLINGS,
    Settings,
    cache_dir,
    config_dir,
    database_for,
    flag,
    load_settings,
    state_dir,
    variable,
)


def load(
    home: Path,
    file: str | None = None,
    flags: dict[str, object] | None = None,
    environment: dict[str, str] | None = None,
) -> Settings:
    if file is not None:
        config = home / ".config/tokenmon/config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(file)
    return load_settings(flags or {}, environment or {}, home, home / "etc")


def test_without_anything_every_setting_has_its_default(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings()


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    file, environment = 'theme = "light"\n', {"TOKENMON_THEME": "dark"}
    assert load(tmp_path, file).theme == "light"
    assert load(tmp_path, file, environment=environment).theme == "dark"
    assert load(tmp_path, file, {"theme": "ansi"}, environment).theme == "ansi"


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_setting_has_a_flag_a_variable_and_a_sentence(name: str) -> None:
    assert flag(name) in (f"--{name.replace('_', '-')}", f"--no-{name}")
    assert variable(name) == f"TOKENMON_{name.upper()}"
    assert SPELLINGS[name].help


def test_a_variable_is_read_as_its_setting_is(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        environment={
            "TOKENMON_MOUSE": "no",
            "TOKENMON_ASCII": "1",
            "TOKENMON_FILES_PER_CYCLE": "7",
            "TOKENMON_SCAN_INTERVAL": "0.5",
            "TOKENMON_PATHS": "/a:/b",
            "TOKENMON_TZ": "",
        },
    )
    assert (settings.mouse, settings.ascii, settings.files_per_cycle, settings.scan_interval) == (False, True, 7, 0.5)
    assert settings.paths == ("/a", "/b")
    assert settings.tz == ""


def test_variables_of_orchestrators_do_no_harm(tmp_path: Path) -> None:
    assert load(tmp_path, environment={"TOKENMON_PORT": "tcp://10.0.0.1:80"}) == Settings()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("theem = 1", ["line 2", "theem", "did you mean theme?"]),
        ('theme = "pink"', ["line 2", "theme", "auto, dark, light, ansi"]),
        ('retention_days = "many"', ["line 2", "retention_days", "whole number"]),
        ("retention_days = -1", ["line 2", "retention_days"]),
        ("files_per_cycle = true", ["line 2", "files_per_cycle"]),
        ("scan_interval = nan", ["line 2", "scan_interval", "seconds"]),
        ('tz = "Mars/Olympus"', ["line 2", "tz", "Europe/Berlin"]),
        ("paths = [1]", ["line 2", "paths", "list of paths"]),
        ('db = "${NOWHERE}/x.db"', ["line 2", "db", "${NOWHERE}"]),
        ("[screen]", ["line 2", "screen"]),
        ('budget = "150"', ["line 2", "budget", "150/month"]),
        ('budget = "0/day"', ["line 2", "budget", "20/day"]),
        ("budget = 150", ["line 2", "budget"]),
        ('budget = "5/year"', ["line 2", "budget", "50/week"]),
        ("theme = ", ["line 2"]),
    ],
)
def test_a_wrong_file_names_file_line_and_field(tmp_path: Path, line: str, said: list[str]) -> None:
    with pytest.raises(ConfigError) as wrong:
        load(tmp_path, f"# mine\n{line}\n")
    assert wrong.value.exit_code == 78
    for part in ["config.toml", *said]:
        assert part in wrong.value.line()


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TOKENMON_THEME must be one of"):
        load(tmp_path, environment={"TOKENMON_THEME": "pink"})


def test_a_wrong_flag_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--interval must be a number"):
        load(tmp_path, flags={"interval": "soon"})


def test_values_of_the_file_may_come_from_the_environment(tmp_path: Path) -> None:
    settings = load(tmp_path, 'db = "${DATA}/t.db"\npaths = ["${DATA}/a", "~/b"]\n', environment={"DATA": "/srv"})
    assert settings.db == Path("/srv/t.db")
    assert settings.paths == ("/srv/a", str(tmp_path / "b"))


def test_paths_of_the_file_are_relative_to_it(tmp_path: Path) -> None:
    assert load(tmp_path, 'paths = ["logs"]').paths == (str(tmp_path / ".config/tokenmon/logs"),)


def test_the_machines_file_serves_whoever_has_none(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/config.toml").write_text('group = "adm"\n')
    assert load(tmp_path).group == "adm"
    assert load(tmp_path, "").group == ""


def test_an_override_file_is_found_beside_the_config(tmp_path: Path) -> None:
    load(tmp_path, "")
    (tmp_path / ".config/tokenmon/prices.toml").write_text("")
    assert load(tmp_path).prices == tmp_path / ".config/tokenmon/prices.toml"


def test_directories_follow_the_xdg_variables_when_absolute(tmp_path: Path) -> None:
    assert state_dir({}, tmp_path) == tmp_path / ".local/state/tokenmon"
    assert state_dir({"XDG_STATE_HOME": "/s"}, tmp_path) == Path("/s/tokenmon")
    assert cache_dir({"XDG_CACHE_HOME": "relative"}, tmp_path) == tmp_path / ".cache/tokenmon"
    assert config_dir({"XDG_CONFIG_HOME": "/c"}, tmp_path) == Path("/c/tokenmon")


# -- which database


def test_own_numbers_are_in_the_default_database(tmp_path: Path) -> None:
    assert database_for(load(tmp_path), {}, tmp_path) == tmp_path / ".local/state/tokenmon/tokenmon.db"


def test_the_database_of_the_file_is_for_configured_paths_only(tmp_path: Path) -> None:
    file = 'db = "/var/lib/tokenmon/all.db"\npaths = ["/var/log/llm"]\n'
    assert database_for(load(tmp_path, file), {}, tmp_path) == Path("/var/lib/tokenmon/all.db")
    tried = database_for(load(tmp_path, file, {"paths": ["sample_data"]}), {}, tmp_path)
    assert tried.parent == tmp_path / ".local/state/tokenmon"


def test_paths_have_a_database_of_their_own_whatever_their_order(tmp_path: Path) -> None:
    def of(*paths: str) -> Path:
        return database_for(load(tmp_path, flags={"paths": list(paths)}), {}, tmp_path)

    (tmp_path / "link").symlink_to(tmp_path / "logs")
    (tmp_path / "logs").mkdir()
    one = of(f"{tmp_path}/logs")
    assert one.name.startswith("logs-")
    assert len(one.stem.removeprefix("logs-")) == 8
    assert one == of(f"{tmp_path}/link") == of(f"{tmp_path}/logs/") == of(f"{tmp_path}/logs", f"{tmp_path}/link")
    assert of("/a", "/b") == of("/b", "/a") != of("/a")
    assert of("/").name.startswith("root-")
    assert "/" not in of("/x y\n;z").name


def test_db_decides_over_paths(tmp_path: Path) -> None:
    settings = load(tmp_path, flags={"paths": ["/a"], "db": "/x.db"})
    assert database_for(settings, {}, tmp_path) == Path("/x.db")
    assert database_for(load(tmp_path, environment={"TOKENMON_DB": "/y.db"}), {}, tmp_path) == Path("/y.db")


@pytest.mark.parametrize("written", ["150/month", "$150/month", " 150.00/Month "])
def test_a_budget_is_dollars_a_period(tmp_path: Path, written: str) -> None:
    budget = load(tmp_path, environment={"TOKENMON_BUDGET": written}).budget
    assert budget is not None
    assert (int(budget.dollars), budget.period, budget.range) == (150, "month", "month")


def test_a_child_process_gets_the_settings_that_were_given(tmp_path: Path) -> None:
    """The screen's ingester must keep the same days and prices as the screen was told."""
    prices = tmp_path / "own.toml"
    flags = {"retention_days": "30", "prices": str(prices), "mouse": "false", "scan_interval": "0.5", "db": "x.db"}
    flags["budget"] = "12.50/day"
    given = load_settings(flags, {}, tmp_path)
    child = load_settings({}, given.as_variables(), tmp_path)
    assert (child.retention_days, child.prices, child.mouse, child.scan_interval) == (30, prices, False, 0.5)
    assert child.budget == given.budget is not None
    assert child.db is None
