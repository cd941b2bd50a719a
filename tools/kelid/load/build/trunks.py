"""Trunks."""

from __future__ import annotations

from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.site import Trunk


def build(source: Source) -> tuple[Trunk, ...]:
    """Return the trunks of the site; one that registers has a secret, by convention if it names none."""
    return tuple(
        view.make(Trunk, secret=view.get("secret", _conventional(view)))
        for view in source.file("trunks").each("trunks")
    )


def _conventional(view: View) -> str:
    return f"trunk_{view.get('name').replace('-', '_')}" if view.get("user") else ""
