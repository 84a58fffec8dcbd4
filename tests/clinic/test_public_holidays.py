from datetime import date

import pytest

from clinic import public_holidays


@pytest.mark.parametrize(
    ("region", "known"),
    [
        ("GB", True), ("GB-ENG", True), ("DE-BY", True), ("US-CA", True), ("CH-Stadt Zurich", True),
        ("GB-", False), ("GB-XXX", False), ("XX", False), ("", False), ("-ENG", False), ("gb", False), ("England", False),
    ],
)  # fmt: skip
def test_a_region_is_a_country_or_its_part(region, known):
    assert public_holidays.known(region) is known


def test_the_holidays_of_a_year_are_those_of_the_region_in_order():
    england, scotland = (public_holidays.of_year(2027, region) for region in ("GB-ENG", "GB-SCT"))

    assert england[date(2027, 3, 29)] == "Easter Monday"
    assert date(2027, 1, 4) in scotland  # the second of January, observed
    assert date(2027, 1, 4) not in england
    assert list(england) == sorted(england)
    assert {day.year for day in england} == {2027}


def test_names_are_in_english_where_the_country_gives_them():
    assert public_holidays.of_year(2027, "DE-BY")[date(2027, 1, 6)] == "Epiphany"
