"""Extensions: what all phones of one have in common for its calls, and the contexts by which they come in."""

from __future__ import annotations

from kelid.compile.conf import Value
from kelid.compile.features import keys
from kelid.compile.ring import recorded
from kelid.compile.sounds import asterisk_language
from kelid.findings import Where
from kelid.model.pbx import Option
from kelid.model.site import Extension, Site


def variables(site: Site, extension: Extension) -> tuple[Option, ...]:
    """Return the channel variables of each device that only this extension has: who calls, and what is shown outside.

    They are set by Asterisk on every channel of the device, so no phone can choose them. Those with two underscores go on
    to the channels that a call opens. ``GROUP(phone)`` counts the extension's calls.
    """
    number, where = extension.number, extension.place("number")
    found = [
        Option("set_var", f"__CALLER_EXTENSION={number}", where),
        Option("set_var", f"GROUP(phone)={number}", where),
    ]
    if extension.outbound_caller_id:
        text = f"__OUTBOUND_CALLER_ID={extension.outbound_caller_id}"
        found.append(Option("set_var", text, extension.place("outbound_caller_id")))
    if extension.emergency_caller_id:
        text = f"__EMERGENCY_CALLER_ID={extension.emergency_caller_id}"
        found.append(Option("set_var", text, extension.place("emergency_caller_id")))
    return (*found, *_dialling(site, extension, where)) if extension.recording else tuple(found)


def shared_variables(site: Site, extension: Extension, where: Where) -> tuple[Option, ...]:
    """Return the channel variables that all extensions of a permission class have: the keys in a call."""
    calling = keys.calling(site)
    found = () if extension.recording else _dialling(site, extension, where)
    if calling:
        # Who presses a key sends the call where this phone may call, and nowhere else.
        text = f"TRANSFER_CONTEXT=from-class-{extension.permission_class}"
        found = (*found, Option("set_var", text, extension.place("permission_class")))
    return found


def _dialling(site: Site, extension: Extension, where: Where) -> tuple[Option, ...]:
    """Return the variables with the options of Dial for calls of the extension: keys, and how they are recorded."""
    wanted, what = extension.recording, f"extension-{extension.number}"
    inside = recorded(wanted.outbound_internal, what, "X") if wanted else ""
    outside = recorded(wanted.outbound_external, what, "X") if wanted else ""
    place = extension.places.get("recording", where)
    return tuple(
        Option("set_var", f"{name}={value}", place)
        for name, value in (
            ("DIAL_INSIDE", keys.calling(site) + inside),
            ("DIAL_OUTSIDE", keys.calling(site) + outside),
        )
        if value
    )


def handling(extension: Extension, site: Site) -> dict[str, Value]:
    """Return the endpoint's options that calls of the extension are handled by."""
    found: dict[str, Value] = {
        "language": (
            (asterisk_language(extension.language), extension.place("language"))
            if extension.language
            else (asterisk_language(site.language), site.place("language"))
        ),
    }
    for key, value, place in (
        ("named_call_group", ",".join(extension.call_groups), "call_groups"),
        ("named_pickup_group", ",".join(extension.pickup_groups), "pickup_groups"),
        ("moh_suggest", extension.musicclass, "musicclass"),
    ):
        if value:
            found[key] = (value, extension.place(place))
    return found
