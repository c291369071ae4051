"""Time zones: names, offsets and the machine's own."""

from datetime import datetime, timedelta

import pytest

from tokenmon.zones import parse_zone, zone_name


@pytest.mark.parametrize(
    ("text", "minutes", "name"),
    [
        ("UTC", 0, "UTC"),
        ("Z", 0, "UTC"),
        ("+02:00", 120, "+02:00"),
        ("-0330", -210, "-03:30"),
        ("UTC+5:45", 345, "+05:45"),
        ("+0", 0, "UTC"),
        ("Asia/Kathmandu", 345, "Asia/Kathmandu"),
    ],
)
def test_a_zone_is_a_name_or_an_offset(text: str, minutes: int, name: str) -> None:
    zone = parse_zone(text)
    assert datetime(2026, 11, 20, tzinfo=zone).utcoffset() == timedelta(minutes=minutes)
    assert zone_name(zone) == name


@pytest.mark.parametrize(
    "text", ["Mars", "+25:00", "+02:60", "../../etc/passwd", "Europe", "/etc/localtime", "\0", "½"]
)
def test_anything_else_is_no_zone(text: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        parse_zone(text)


@pytest.mark.parametrize(
    ("value", "summer", "winter"),
    [
        ("Europe/Berlin", 120, 60),
        (":Europe/Berlin", 120, 60),
        ("UTC0", 0, 0),
        ("XYZ-3", 180, 180),
        ("XYZ3:30", -210, -210),
        ("", 0, 0),
        ("nonsense", 0, 0),
    ],
)
def test_the_machines_zone_keeps_its_summer(
    monkeypatch: pytest.MonkeyPatch, value: str, summer: int, winter: int
) -> None:
    monkeypatch.setenv("TZ", value)
    zone = parse_zone("")
    assert datetime(2026, 7, 1, tzinfo=zone).utcoffset() == timedelta(minutes=summer)
    assert datetime(2026, 12, 1, tzinfo=zone).utcoffset() == timedelta(minutes=winter)


def test_without_tz_the_machine_has_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    assert zone_name(parse_zone(""))
