"""Extensions and their phones, with what their profile and site.yml say for them."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Finding
from kelid.load.build.devices import Settings, devices
from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.load.tree import Mapping
from kelid.model.destination import Destination
from kelid.model.site import Extension, Voicemail

WAYS = ("no_answer", "busy", "unavailable")

LONGEST_ROW = 2000
"""Phones that one line of YAML may make: more is a slip of the finger, or an attack."""
MOST_IN_ROWS = 20_000
"""Phones that all rows of a site may make together."""


def build(source: Source) -> tuple[Extension, ...]:
    """Return the extensions of the site."""
    views = [*source.file("extensions").each("extensions"), *series(source)]
    defaults = source.defaults
    profiles = {view.get("name"): view.over(defaults) for view in source.file("site").each("profiles")}
    settings = Settings()
    return tuple(
        _extension(view, profiles.get(view.get("profile"), defaults), defaults, settings) for view in views
    )


def series(source: Source) -> Iterator[View]:
    """Yield a view for each phone of the rows in ``series``, as if it had been written among the extensions.

    A row that makes no sense, or too many phones, becomes a finding.
    """
    left = MOST_IN_ROWS
    for view in source.file("extensions").each("series"):
        first, _, last = view.get("numbers").partition("-")
        count = int(last) - int(first) + 1
        if len(first) != len(last) or not 0 < count <= LONGEST_ROW:
            text = f"{view.get('numbers')} is no row of 1 to {LONGEST_ROW} numbers of equal length"
            fix = "write the first and the last, as 1101-1140"
            source.findings.append(Finding(view.at("numbers"), "S008", text, fix))
            continue
        left -= count
        if left < 0:
            text = f"with {view.get('numbers')} the rows make more than {MOST_IN_ROWS} phones"
            fix = "a site has fewer: take out the rows that it doesn't need"
            source.findings.append(Finding(view.at("numbers"), "S008", text, fix))
            return
        node = view.node
        items = node.items if isinstance(node, Mapping) else {}
        written = {key: items[key] for key in ("names", "profile")} | {"number": items["numbers"]}
        like = Mapping(written, {}, view.where)
        left_out = frozenset(view.texts("except"))
        for number in range(int(first), int(last) + 1):
            text = str(number).zfill(len(first))
            if text in left_out:
                continue
            names = {language: name.replace("{number}", text) for language, name in view.get("names").items()}
            yield View({"number": text, "names": names, "profile": view.get("profile")}, like)


def _extension(view: View, below: View, defaults: View, settings: Settings) -> Extension:
    number = view.get("number")
    merged = view.over(below)
    voicemail = merged.child("voicemail")
    has_mailbox = "voicemail" in merged and voicemail.get("enabled", True)

    def way(key: str) -> Destination:
        """Return the way of the extension or its profile, else its mailbox, else the site's way."""
        layer = merged.layer(key)
        if layer.wrote(key) and layer.node is not defaults.node:
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
