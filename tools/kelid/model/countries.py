"""How numbers are dialled in the countries that are well known here; a site in another one writes it itself.

Sources: ITU-T, "List of ITU-T Recommendation E.164 assigned country codes" and "Dialling procedures (international prefix,
national (trunk) prefix ...)", annexes to the Operational Bulletin; the emergency numbers are those of the countries' own
numbering plans. Only what everybody in the country can call stands here.
"""

from __future__ import annotations

from collections.abc import Mapping

from kelid.model.record import Record


class Country(Record):
    """One country: its code of E.164, what is dialled before an area code and before a country code, and who helps."""

    country_code: str
    trunk_prefix: str
    international_prefix: str
    emergency: tuple[str, ...]


def _country(code: str, trunk: str, international: str, *emergency: str) -> Country:
    return Country(
        country_code=code, trunk_prefix=trunk, international_prefix=international, emergency=emergency
    )


COUNTRIES: Mapping[str, Country] = {
    "AE": _country("971", "0", "00", "999", "998", "997"),
    "AT": _country("43", "0", "00", "112", "122", "133", "144"),
    "AU": _country("61", "0", "0011", "000"),
    "BE": _country("32", "0", "00", "112", "101"),
    "CA": _country("1", "1", "011", "911"),
    "CH": _country("41", "0", "00", "112", "117", "118", "144"),
    "DE": _country("49", "0", "00", "110", "112"),
    "DK": _country("45", "", "00", "112"),
    "ES": _country("34", "", "00", "112"),
    "FR": _country("33", "0", "00", "112", "15", "17", "18"),
    "GB": _country("44", "0", "00", "112", "999"),
    "IE": _country("353", "0", "00", "112", "999"),
    "IN": _country("91", "0", "00", "112"),
    "IR": _country("98", "0", "00", "110", "115", "125"),
    "IT": _country("39", "", "00", "112"),
    "KW": _country("965", "", "00", "112"),
    "NL": _country("31", "0", "00", "112"),
    "NO": _country("47", "", "00", "110", "112", "113"),
    "NZ": _country("64", "0", "00", "111"),
    "OM": _country("968", "", "00", "9999"),
    "QA": _country("974", "", "00", "999"),
    "SE": _country("46", "0", "00", "112"),
    "TR": _country("90", "0", "00", "112"),
    "US": _country("1", "1", "011", "911"),
}
"""Two letters of ISO 3166 -> the country."""
