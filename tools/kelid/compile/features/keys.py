"""What phones can press during a call (features.conf), and who gets that: never a caller from outside.

The letters stand in variables that only the site's own phones have (``set_var`` of their endpoints); an outside party's
channel has none, and so no Dial gives it the right to send a call anywhere.
"""

from __future__ import annotations

from kelid.compile.conf import Value, section
from kelid.compile.features.codes import code
from kelid.model.pbx import ConfFile
from kelid.model.site import Site

_KEYS = {
    "blind_transfer": "blindxfer",
    "attended_transfer": "atxfer",
    "park": "parkcall",
    "record": "automixmon",
}
"""The key in features.yml -> its name in features.conf."""


def conf(site: Site) -> ConfFile:
    """Return features.conf. Every key is named: what is left out has a default of Asterisk's, ``#`` for a transfer."""
    keys = site.features.in_call_keys
    general: dict[str, Value] = {
        "transferdigittimeout": 3,
        # Asterisk takes this code before it looks into the dial plan.
        "pickupexten": (code(site, "group_pickup"), site.features.place("feature_codes.group_pickup")),
    }
    named: dict[str, Value] = {option: (getattr(keys, key), keys.place(key)) for key, option in _KEYS.items()}
    named["disconnect"] = ""
    return ConfFile("features.conf", (section("general", general), section("featuremap", named)))


def called(site: Site) -> str:
    """Return the letters of Dial by which an extension that is called has the keys."""
    return _letters(site).lower()


def calling(site: Site) -> str:
    """Return the letters of Dial by which an extension that calls has the keys; they go into a variable of its endpoint."""
    return _letters(site)


def _letters(site: Site) -> str:
    keys = site.features.in_call_keys
    transfer = "T" if keys.blind_transfer or keys.attended_transfer else ""
    return transfer + ("K" if keys.park else "")
