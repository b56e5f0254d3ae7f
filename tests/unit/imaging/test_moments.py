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
        ("Sat, 04 May 2019 10:00:00 GMT", TEN),
        ("May 4, 2019, 10:00:05 AM UTC", TEN.replace(second=5)),
        ("2019:05:04 10:00:00Z", TEN),
        ("2019: 5: 4 10: 0: 0", TEN),
        ("2019-5-4 10:00:60", TEN.replace(second=59)),
        ("2019-05-04T10:00:00.123456789Z", TEN.replace(microsecond=123456)),
        ("2019-05-04 18:00 +8", TEN),
        ("2019年5月4日 10:00", TEN),
        ("2019年5月", TEN.replace(day=1, hour=0)),
        ("2019", TEN.replace(month=1, day=1, hour=0)),
        ("2019-05", TEN.replace(day=1, hour=0)),
        ("2019:00:00 00:00:00", TEN.replace(month=1, day=1, hour=0)),
        (2019, TEN.replace(month=1, day=1, hour=0)),
        (1700, datetime(1970, 1, 1, 0, 28, 20, tzinfo=UTC)),
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


@pytest.mark.parametrize(
    ("value", "offset", "expected"),
    [
        ("2019:05:04 18:00:00", "+08:00", TEN),
        ("2019:05:04 18:00:00", "+0800", TEN),
        ("2019:05:04 18:00:00", " +8 ", TEN),
        ("2019:05:04 07:30:00", "-02:30", TEN),
        ("2019:05:04 10:00:00", "Z", TEN),
        ("2019-05-04T10:00:00Z", "+08:00", TEN),
        ("2019:05:04 10:00:00", "   :  ", TEN),
        ("2019:05:04 10:00:00", "+15:00", TEN),
        ("2019:05:04 10:00:00", 8, TEN),
        (1556964000, "+08:00", TEN),
    ],
)
def test_an_offset_counts_where_the_value_has_none(value: object, offset: object, expected: datetime) -> None:
    assert moment(value, offset) == expected


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "2021-02-30",
        "2021:03:01 25:00:00",
        True,
        [],
        {},
        "12:30",
        "04.05.2019",
        "2019-05-04 10:00+25:00",
        "2019-13",
    ],
)
def test_what_is_no_date(value: object) -> None:
    with pytest.raises(ValueError, match=r"date|day|hour|month"):
        moment(value)


@pytest.mark.parametrize(
    ("lat", "lon", "expected"),
    [
        (39.9, 116.4, GeoPoint(39.9, 116.4)),
        ("39.9", " 116.4 ", GeoPoint(39.9, 116.4)),
        (-90, 180, GeoPoint(-90.0, 180.0)),
        (0, 116.4, GeoPoint(0.0, 116.4)),
        ("39 deg 54' 0.00\" N", "116 deg 24' 0.00\" W", GeoPoint(39.9, -116.4)),
        ("39,54.0S", "116,24,0E", GeoPoint(-39.9, 116.4)),
        ("39°54′0″N", "116° 24' E", GeoPoint(39.9, 116.4)),
        ("39.9° S", "116.4°", GeoPoint(-39.9, 116.4)),
        (0, 0, None),
        ("0 deg 0' 0.00\" N", "0,0E", None),
        (None, None, None),
        ("", None, None),
    ],
)
def test_places_as_they_are_written(lat: object, lon: object, expected: GeoPoint | None) -> None:
    assert place(lat, lon) == expected


@pytest.mark.parametrize("references", [("S", "W"), ("South", "West"), ("s", "w")])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_hemisphere_beside_a_number_counts(references: tuple[str, str], sign: int) -> None:
    assert place(sign * 33.8, sign * 151.2, *references) == GeoPoint(-33.8, -151.2)


@pytest.mark.parametrize(
    ("lat", "lon"), [(91, 0), (0, 181), ("north", 1), (1, None), ("nan", 1), ("inf", 1), (True, 1)]
)
def test_what_is_no_place(lat: object, lon: object) -> None:
    with pytest.raises(ValueError, match="no place"):
        place(lat, lon)
