"""The tones of the site's country: indications.conf."""

from __future__ import annotations

from kelid.compile.conf import Value, section
from kelid.model.pbx import ConfFile, Section
from kelid.model.site import Site

_EUROPEAN: dict[str, Value] = {
    "description": "common European tones",
    "ringcadence": "1000,4000",
    "dial": "425",
    "busy": "425/500,0/500",
    "ring": "425/1000,0/4000",
    "congestion": "425/250,0/250",
    "callwaiting": "425/200,0/200,425/200,0/9000",
    "record": "1400/500,0/15000",
    "info": "!950/330,!1400/330,!1800/330,0",
}
"""ITU-T E.180: 425 Hz and these cadences lie within what it recommends for every country."""

_AMERICAN: dict[str, Value] = {
    "description": "United States and Canada",
    "ringcadence": "2000,4000",
    "dial": "350+440",
    "busy": "480+620/500,0/500",
    "ring": "440+480/2000,0/4000",
    "congestion": "480+620/250,0/250",
    "callwaiting": "440/300,0/10000",
    "record": "1400/500,0/15000",
    "info": "!950/330,!1400/330,!1800/330,0",
}

_TONES: dict[str, dict[str, Value]] = {
    # ITU-T, "Various tones used in national networks" (annex to Operational Bulletin 781).
    "IR": {**_EUROPEAN, "description": "Iran"},
    "CA": _AMERICAN,
    "DE": {
        **_EUROPEAN,
        "description": "Germany",
        "busy": "425/480,0/480",
        "congestion": "425/240,0/240",
        "callwaiting": "425/200,0/200,425/200,0/5000",
    },
    "GB": {
        **_EUROPEAN,
        "description": "United Kingdom",
        "ringcadence": "400,200,400,2000",
        "dial": "350+440",
        "busy": "400/375,0/375",
        "ring": "400+450/400,0/200,400+450/400,0/2000",
        "congestion": "400/400,0/350,400/225,0/525",
        "callwaiting": "400/100,0/4000",
    },
    "TR": {
        **_EUROPEAN,
        "description": "Turkey",
        "ringcadence": "2000,4000",
        "dial": "450",
        "busy": "450/500,0/500",
        "ring": "450/2000,0/4000",
        "congestion": "450/200,0/200,450/200,0/200,450/200,0/200,450/600,0/200",
        "callwaiting": "450/200,0/600,450/200,0/8000",
    },
    "US": _AMERICAN,
}
"""Country -> its tones; one that is not here has the common ones."""


def conf(site: Site) -> ConfFile:
    """Return indications.conf with the tones of the site's country; Asterisk's own list has no Iran."""
    zone = site.country.lower() if site.country in _TONES else "xx"
    tones = _TONES.get(site.country, _EUROPEAN)
    where = site.place("country")
    return ConfFile(
        "indications.conf",
        (
            section("general", {"country": zone}, where),
            Section(zone, section(zone, {**tones}, where).options, where),
        ),
    )
