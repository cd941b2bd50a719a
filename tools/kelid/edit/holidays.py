"""The public holidays of a country, from the library ``holidays``, for a calendar of hours.yml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from kelid.findings import Exit, KelidError


class PublicHoliday(NamedTuple):
    """A day with its names, language -> text. ``certain`` is False where the library only estimates it (lunar days)."""

    day: date
    names: Mapping[str, str]
    certain: bool


def version() -> str:
    """Return the library's version, for the calendar's source."""
    from importlib.metadata import version as installed

    return installed("holidays")


def public_holidays(
    country: str, first: date, last: date, languages: Sequence[str], *, subdivision: str = ""
) -> list[PublicHoliday]:
    """Given a country (ISO 3166-1 alpha-2) and a stretch of days, return its public holidays in order.

    Names are in those of the languages that the library has; in the country's own where it has none of them.
    Raise KelidError (exit USAGE) if it doesn't know the country or the subdivision.
    """
    import holidays

    try:
        plain = holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError as problem:
        what = f"{country} {subdivision}".strip()
        message = f"the library holidays doesn't know {what}; write the days into hours.yml by hand"
        raise KelidError(message, exit=Exit.USAGE) from problem
    known = {tag.partition("_")[0]: tag for tag in plain.supported_languages}
    own = str(plain.default_language or "en")
    chosen = {language: known[language] for language in languages if language in known}
    chosen = chosen or {own.partition("_")[0]: own}
    names: dict[date, dict[str, str]] = {}
    guessed: set[date] = set()
    for language, tag in chosen.items():
        book = holidays.country_holidays(
            country, subdiv=subdivision or None, years=range(first.year, last.year + 1), language=tag
        )
        marker = book.tr(getattr(book, "estimated_label", "%s")).replace("%s", "").strip()
        for day, name in book.items():
            if not first <= day <= last:
                continue
            # Two on one day stand in one text, with a semicolon between.
            parts = [part.strip() for part in name.split("; ")]
            if marker and any(marker in part for part in parts):
                guessed.add(day)
                parts = [part.replace(marker, "").strip() for part in parts]
            names.setdefault(day, {})[language] = "، ".join(parts) if language == "fa" else ", ".join(parts)
    return [PublicHoliday(day, names[day], day not in guessed) for day in sorted(names)]
