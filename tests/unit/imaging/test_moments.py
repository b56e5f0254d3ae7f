from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from boxlens.domain.pictures import GeoPoint
from boxlens.imaging.moments import moment, place

TEN = datetime(2019, 5, 4, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2019-05-04T10:00:00Z", TEN),
        ("2019-05-04 10:00", TEN),
        ("2019:05:04 10:00:00", TEN),
        ("2019:05:04 10:00:00+0000", TEN),
        ("2019/5/4 10:00", TEN),
        ("2019.5.4 10:00:00.250", TEN),
        ("2019-05-04T18:00:00+08:00", TEN),
        ("2019:05:04 02:00:00-08:00", TEN),
        (1556964000, TEN),
        (1556964000.0, TEN),
        (1556964000000, TEN),
        ("1556964000", TEN),
        ("Saturday May 4,2019 10:00 AM GMT", TEN),
        ("Saturday May 4,2019 12:00 AM GMT", TEN.replace(hour=0)),
        ("2019-05-04", TEN.replace(hour=0)),
        ("2019:05:04", TEN.replace(hour=0)),
        (None, None),
        ("", None),
        ("  ", None),
        (0, None),
        ("0000-00-00", None),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("0000-00-00T00:00:00Z", None),
        ("0001-01-01", None),
        ("9999-12-31T23:59:59-10:00", None),
        (1e300, None),
        (-1e14, None),
    ],
)
def test_moments_as_they_are_written(value: object, expected: datetime | None) -> None:
    assert moment(value) == expected


def test_a_zone_is_kept() -> None:
    zoned = moment("2024:01:01 00:30:00+08:00")
    assert zoned is not None
    assert zoned.isoformat() == datetime(2024, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=8))).isoformat()


@pytest.mark.parametrize("value", ["soon", "2021-02-30", "2021:03:01 25:00:00", True, [], {}, "12:30"])
def test_what_is_no_date(value: object) -> None:
    with pytest.raises(ValueError, match=r"date|day|hour"):
        moment(value)


@pytest.mark.parametrize(
    ("lat", "lon", "expected"),
    [
        (39.9, 116.4, GeoPoint(39.9, 116.4)),
        ("39.9", " 116.4 ", GeoPoint(39.9, 116.4)),
        (-90, 180, GeoPoint(-90.0, 180.0)),
        (0, 116.4, GeoPoint(0.0, 116.4)),
        (0, 0, None),
        (None, None, None),
        ("", None, None),
    ],
)
def test_places_as_they_are_written(lat: object, lon: object, expected: GeoPoint | None) -> None:
    assert place(lat, lon) == expected


@pytest.mark.parametrize(
    ("lat", "lon"), [(91, 0), (0, 181), ("north", 1), (1, None), ("nan", 1), ("inf", 1), (True, 1)]
)
def test_what_is_no_place(lat: object, lon: object) -> None:
    with pytest.raises(ValueError, match="no place"):
        place(lat, lon)
