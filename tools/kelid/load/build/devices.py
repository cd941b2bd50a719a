"""The phones of an extension, with what the extension, its profile and site.yml say for them."""

from __future__ import annotations

import re
from typing import Any

from kelid.load.build.view import View
from kelid.model.site import Device

OWN = frozenset({"where", "places", "name", "endpoint", "secret", "mac", "model", "location"})
"""What belongs to one phone alone."""
SHARED = tuple(name for name in Device.FIELDS if name not in OWN)
"""What a phone has from its extension, the extension's profile or the defaults, unless it says otherwise."""
_SHARED = frozenset(SHARED)
_NO_DIGIT = re.compile("[^0-9a-f]")


class Settings:
    """What phones have that say nothing themselves; most phones of a site, so it is read once for each profile."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        # With the views, so that no other gets the id of one.
        self._found: dict[int, tuple[View, dict[str, Any]]] = {}

    def of(self, view: View) -> dict[str, Any]:
        """Given the view of a phone or an extension over all that is below it, return its settings."""
        if not _SHARED.isdisjoint(view.written):
            return _settings(view)
        below = view.below
        if below is None:
            return {}
        if id(below) not in self._found:
            self._found[id(below)] = (below, self.of(below))
        return self._found[id(below)][1]


def _settings(view: View) -> dict[str, Any]:
    merged = view.merged()
    found = {name: merged[name] for name in SHARED if name in merged}
    if "codecs" in found:
        found["codecs"] = tuple(found["codecs"])
    return found


def devices(extension: View, merged: View, settings: Settings) -> tuple[Device, ...]:
    """Given an extension alone and over what is below it, return its phones; where it names none, one."""
    number = extension.get("number")
    secret = extension.get("secret", f"extension_{number}")
    if not extension.wrote("devices"):
        own = settings.of(merged)
        return (Device(endpoint=number, secret=secret, where=merged.where, places=merged.places, **own),)
    found = []
    for item in extension.each("devices"):
        say = item.data.get
        name = say("name", "")
        view = item.over(merged)
        device = Device(
            name=name,
            endpoint=f"{number}-{name}" if name else number,
            secret=say("secret") or (f"extension_{number}_{name}" if name else secret),
            mac=_NO_DIGIT.sub("", say("mac", "").lower()),
            model=say("model", ""),
            location=say("location", ""),
            where=view.where,
            places=view.places,
            **settings.of(view),
        )
        found.append(device)
    return tuple(found)
