"""The phones of an extension, with what the extension, its profile and site.yml say for them."""

from __future__ import annotations

import re
from typing import Any

from kelid.load.build.view import View
from kelid.load.tree import Mapping
from kelid.model.site import Device

OWN = frozenset({"where", "places", "name", "endpoint", "secret", "mac", "model", "location"})
"""What belongs to one phone alone."""
SHARED = tuple(name for name in Device.FIELDS if name not in OWN)
"""What a phone has from its extension, the extension's profile or the defaults, unless it says otherwise."""
_SHARED = frozenset(SHARED)


class Settings:
    """What phones have that say nothing themselves; most phones of a site, so it is read once for each profile."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._found: dict[int, dict[str, Any]] = {}

    def of(self, view: View) -> dict[str, Any]:
        """Given the view of a phone or an extension over all that is below it, return its settings."""
        if isinstance(view.node, Mapping) and not _SHARED.isdisjoint(view.node.items):
            return _settings(view)
        if not view.under:
            return {}
        below = view.under[0]
        if below.node is None or id(below.node) not in self._found:
            self._found[id(below.node)] = self.of(View(below.data, below.node, view.under[1:]))
        return self._found[id(below.node)]


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
        name = item.get("name")
        view = item.over(merged)
        device = Device(
            name=name,
            endpoint=f"{number}-{name}" if name else number,
            secret=item.get("secret", f"extension_{number}_{name}" if name else secret),
            mac=re.sub("[^0-9a-f]", "", item.get("mac").lower()),
            model=item.get("model"),
            location=item.get("location"),
            where=view.where,
            places=view.places,
            **settings.of(view),
        )
        found.append(device)
    return tuple(found)
