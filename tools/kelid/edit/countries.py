"""What a new site begins with in some countries: clock, language, week, and the patterns of numbers that may be dialled.

Codes, prefixes and emergency numbers stand in ``kelid.model.countries``.

The patterns leave out premium numbers on purpose (UK 09, Germany 0900 and 0137, France 08, Netherlands 0900): whoever
needs them writes a route with a class of its own. Sources: the numbering plans of the countries (ITU-T, "National
Numbering Plans"); the weeks are those in which most offices work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WESTERN = (("mon tue wed thu fri", "09:00", "17:00"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One country's beginning. ``area_code`` is the capital's, patterns are Asterisk's; ``week``: days, opening, closing."""

    time_zone: str
    language: str
    area_code: str
    local: str = ""
    mobile: tuple[str, ...]
    national: tuple[str, ...]
    week: tuple[tuple[str, str, str], ...] = WESTERN


STARTS: Mapping[str, Start] = {
    "IR": Start(
        time_zone="Asia/Tehran",
        language="fa",
        area_code="21",
        local="[2-9]XXXXXXX",
        mobile=("09XXXXXXXXX",),
        national=("0[1-8]XXXXXXXXX",),
        week=(("sat sun mon tue wed", "08:00", "17:00"), ("thu", "08:00", "13:00")),
    ),
    "AE": Start(
        time_zone="Asia/Dubai",
        language="ar",
        area_code="2",
        mobile=("05XXXXXXXX",),
        national=("0[234679]XXXXXXX",),
    ),
    "DE": Start(
        time_zone="Europe/Berlin",
        language="de",
        area_code="30",
        mobile=("01[5-7]XXXXXX.",),
        national=("0[2-8]XXX.", "09[1-9]XX."),
    ),
    "FR": Start(
        time_zone="Europe/Paris",
        language="fr",
        area_code="",
        mobile=("0[67]XXXXXXXX",),
        national=("0[1-59]XXXXXXXX",),
    ),
    "GB": Start(
        time_zone="Europe/London",
        language="en",
        area_code="20",
        mobile=("07XXXXXXXXX",),
        national=("0[1-3]XXXXXXXXX",),
    ),
    "NL": Start(
        time_zone="Europe/Amsterdam",
        language="nl",
        area_code="20",
        mobile=("06XXXXXXXX",),
        national=("0[1-57]XXXXXXXX",),
    ),
    "TR": Start(
        time_zone="Europe/Istanbul",
        language="tr",
        area_code="312",
        mobile=("05XXXXXXXXX",),
        national=("0[2-4]XXXXXXXXX",),
    ),
}
"""Two letters of ISO 3166 -> the country."""

WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "ar": ("الاستقبال", "المكتب", "ساعات العمل", "مغلق"),
    "de": ("Empfang", "Büro", "Öffnungszeiten", "Geschlossen"),
    "en": ("Reception", "Office", "Office hours", "Closed"),
    "fa": ("پذیرش", "دفتر", "ساعت کار", "بسته"),
    "fr": ("Accueil", "Bureau", "Heures d'ouverture", "Fermé"),
    "nl": ("Receptie", "Kantoor", "Openingstijden", "Gesloten"),
    "tr": ("Resepsiyon", "Ofis", "Çalışma saatleri", "Kapalı"),
}
"""What a new site calls its first objects: reception, a second phone, the schedule, the announcement."""
