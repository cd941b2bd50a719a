"""Routes."""

from __future__ import annotations

from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.site import Pin, PinSet


def pin_sets(source: Source) -> tuple[PinSet, ...]:
    """Return the PIN sets of the site, each PIN with its secret, by convention where it names none."""
    return tuple(
        view.make(PinSet, pins=tuple(_pin(view.get("name"), pin) for pin in view.each("pins")))
        for view in source.file("routes").each("pin_sets")
    )


def _pin(name: str, view: View) -> Pin:
    conventional = f"pin_{name}_{view.get('account_code')}".lower().replace("-", "_")
    return view.make(Pin, secret=view.get("secret", conventional))
