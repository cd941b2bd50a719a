"""Extensions: what all phones of one have in common for its calls, and the contexts by which they come in."""

from __future__ import annotations

from kelid.compile.conf import Value
from kelid.compile.features import keys
from kelid.compile.ring import recorded
from kelid.compile.sounds import asterisk_language
from kelid.model.pbx import Option
from kelid.model.site import Extension, Site


def variables(site: Site, extension: Extension) -> tuple[Option, ...]:
    """Return the channel variables of each device: who calls, what is shown outside, and how calls are recorded.

    They are set by Asterisk on every channel of the device, so no phone can choose them. Those with two underscores go on
    to the channels that a call opens. ``GROUP(phone)`` counts the extension's calls.
    """
    number, wanted = extension.number, extension.recording
    found = [
        ("__CALLER_EXTENSION", number, "number"),
        ("GROUP(phone)", number, "number"),
        ("__OUTBOUND_CALLER_ID", extension.outbound_caller_id, "outbound_caller_id"),
        ("__EMERGENCY_CALLER_ID", extension.emergency_caller_id, "emergency_caller_id"),
    ]
    what = f"extension-{number}"
    inside = recorded(wanted.outbound_internal, what, "X") if wanted else ""
    outside = recorded(wanted.outbound_external, what, "X") if wanted else ""
    found += [
        ("DIAL_INSIDE", keys.calling(site) + inside, "recording"),
        ("DIAL_OUTSIDE", keys.calling(site) + outside, "recording"),
    ]
    if keys.calling(site):
        # Who presses a key sends the call where this phone may call, and nowhere else.
        found.append(("TRANSFER_CONTEXT", f"from-class-{extension.permission_class}", "permission_class"))
    return tuple(
        Option("set_var", f"{name}={value}", extension.place(key)) for name, value, key in found if value
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
        ("accountcode", extension.account_code, "account_code"),
    ):
        if value:
            found[key] = (value, extension.place(place))
    return found
