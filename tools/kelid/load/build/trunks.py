"""Trunks."""

from __future__ import annotations

from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.site import Trunk


def build(source: Source) -> tuple[Trunk, ...]:
    """Return the trunks of the site; one with a user registers, and has a secret, by convention if it names none."""
    return tuple(_trunk(view) for view in source.file("trunks").each("trunks"))


def _trunk(view: View) -> Trunk:
    user = view.get("user")
    conventional = f"trunk_{view.get('name').replace('-', '_')}"
    registration = view.get("registration", "send" if user and view.get("kind") == "sip" else "none")
    needs_secret = bool(user) or registration == "accept"
    return view.make(
        Trunk,
        registration=registration,
        secret=view.get("secret", conventional if needs_secret else ""),
    )
