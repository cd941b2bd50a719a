"""Extensions and their phones, with what their profile and site.yml say for them."""

from __future__ import annotations

from kelid.load.build.devices import Settings, devices
from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.destination import Destination
from kelid.model.site import Extension, Voicemail

WAYS = ("no_answer", "busy", "unavailable")


def build(source: Source) -> tuple[Extension, ...]:
    """Return the extensions of the site."""
    defaults = source.defaults
    profiles = {view.get("name"): view for view in source.file("site").each("profiles")}
    settings = Settings()
    return tuple(
        _extension(
            view, (profiles[name],) if (name := view.get("profile")) in profiles else (), defaults, settings
        )
        for view in source.file("extensions").each("extensions")
    )


def _extension(view: View, profile: tuple[View, ...], defaults: View, settings: Settings) -> Extension:
    number = view.get("number")
    merged = view.over(*profile, defaults)
    voicemail = merged.child("voicemail")
    has_mailbox = "voicemail" in merged and voicemail.get("enabled", True)

    def way(key: str) -> Destination:
        """Return the way of the extension or its profile, else its mailbox, else the site's way."""
        for layer in (view, *profile):
            if layer.wrote(key):
                return layer.destination(key)
        if has_mailbox:
            return Destination("voicemail", number, "", merged.at("voicemail"))
        return defaults.destination(key)

    return merged.make(
        Extension,
        voicemail=voicemail.make(
            Voicemail,
            pin_secret=voicemail.get("pin_secret", f"voicemail_{number}"),
            email=voicemail.get("email", view.get("email")),
        )
        if has_mailbox
        else None,
        devices=devices(view, merged, settings),
        **{key: way(key) for key in WAYS},
    )
