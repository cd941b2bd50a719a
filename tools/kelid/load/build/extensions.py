"""Extensions, with what site.yml says for all of them."""

from __future__ import annotations

from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.destination import Destination
from kelid.model.site import Extension, Voicemail

WAYS = ("no_answer", "busy", "unavailable")


def build(source: Source) -> tuple[Extension, ...]:
    """Return the extensions of the site."""
    defaults = source.defaults
    return tuple(_extension(view, defaults) for view in source.file("extensions").each("extensions"))


def _extension(view: View, defaults: View) -> Extension:
    number = view.get("number")

    def way(key: str) -> Destination:
        """Return the extension's own way, else its mailbox, else the site's way."""
        if view.wrote(key):
            return view.destination(key)
        if view.wrote("voicemail"):
            return Destination("voicemail", number, "", view.at("voicemail"))
        return defaults.destination(key)

    voicemail = view.child("voicemail")
    return view.over(defaults).make(
        Extension,
        secret=view.get("secret", f"extension_{number}"),
        voicemail=voicemail.make(
            Voicemail,
            pin_secret=voicemail.get("pin_secret", f"voicemail_{number}"),
            email=voicemail.get("email", view.get("email")),
        )
        if view.wrote("voicemail")
        else None,
        **{key: way(key) for key in WAYS},
    )
