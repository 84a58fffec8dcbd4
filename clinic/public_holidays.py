"""Public holidays of a country or a part of it, as suggestions: what is closed is decided by the clinic."""

from __future__ import annotations

from datetime import date

# The package is loaded where holidays are asked for: it takes a tenth of a second of every start.

_LANGUAGES = ("en_GB", "en_US")  # as the rest of the screens; otherwise as the country itself names them


def known(region: str) -> bool:
    """True for a country ("GB") or a country and its part ("GB-ENG") whose holidays are known."""
    country, _dash, part = region.partition("-")
    parts = regions().get(country)
    return parts is not None and (not part or part in parts) and not region.endswith("-")


def regions() -> dict[str, list[str]]:
    """Every known country with its parts."""
    import holidays  # noqa: PLC0415

    return holidays.list_supported_countries(include_aliases=False)


def of_year(year: int, region: str) -> dict[date, str]:
    """The public holidays of one year by day."""
    import holidays  # noqa: PLC0415

    country, _dash, part = region.partition("-")
    spoken = holidays.country_holidays(country, subdiv=part or None).supported_languages
    language = next((language for language in _LANGUAGES if language in spoken), None)
    found = holidays.country_holidays(country, subdiv=part or None, years=year, language=language)
    return {day: found[day] for day in sorted(found) if day.year == year}
