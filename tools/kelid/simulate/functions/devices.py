"""The states of devices and lamps: funcs/func_devstate.c, func_extstate.c, func_dialplan.c and main/devicestate.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import leading_integer, split_arguments
from kelid.simulate.functions.channel import whole_place
from kelid.simulate.registry import reads, writes
from kelid.simulate.state import Channel
from kelid.simulate.substitute import template
from kelid.simulate.undecided import equal, is_symbol, named, one_of, settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run

UNKNOWN, NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD = STATES = (
    "UNKNOWN", "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD",
)  # fmt: skip
"""The states of a device, in the order of enum ast_device_state."""

LAMP_STATES = (UNKNOWN, NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD)
"""What a lamp that the dial plan switches (``Custom:``) may be; at first it is unknown."""

PHONE_STATES = (NOT_INUSE, INUSE, UNAVAILABLE, BUSY, RINGING, RINGINUSE, ONHOLD)
"""What a phone or trunk may be."""

_WEIGHT = {
    UNKNOWN: 1, NOT_INUSE: 3, INUSE: 6, BUSY: 7, INVALID: 0, UNAVAILABLE: 2, RINGING: 5, RINGINUSE: 8, ONHOLD: 4,
}  # fmt: skip

_OF_EXTENSION = {
    UNKNOWN: "NOT_INUSE", NOT_INUSE: "NOT_INUSE", INUSE: "INUSE", BUSY: "BUSY", INVALID: "UNAVAILABLE",
    UNAVAILABLE: "UNAVAILABLE", RINGING: "RINGING", RINGINUSE: "RINGINUSE", ONHOLD: "ONHOLD",
}  # fmt: skip
"""State of a device -> state of an extension that watches it (ast_devstate_to_extenstate in main/pbx.c)."""

EXTENSION_STATES = tuple(dict.fromkeys(_OF_EXTENSION.values()))
"""What an extension may be."""


def device_state(run: Run, device: str) -> str:
    """Return the state of a device (``PJSIP/101``) or a lamp (``Custom:night``)."""
    technology, slash, where = device.partition("/")
    if not slash and ":" not in device:
        return INVALID
    if technology.upper() == "PJSIP" and slash and not _has_endpoint(run, where):
        return INVALID
    if technology.upper() == "LOCAL" and slash:
        exten, _, context = where.partition("/")[0].partition("@")
        if not run.dialplan.exists(run, context or "default", exten):
            return INVALID
        mine = f"Local/{exten}@{context}-".lower()
        return (
            INUSE if any(level.channel.name.lower().startswith(mine) for level in run.levels) else NOT_INUSE
        )
    kind, colon, name = device.partition(":")
    if colon and kind.lower() == "custom":
        kept = run.database.get(f"CustomDevstate/{name}")
        if kept is not None:
            return kept.upper() if kept.upper() in STATES else UNKNOWN
        answer = run.learn(Question("device", f"Custom:{name}", LAMP_STATES))
    elif talking := _own_calls(run, device):
        at = _busy_at(run, settled(run, where))
        return BUSY if talking == at else INUSE
    else:
        answer = run.learn(Question("device", device, PHONE_STATES))
    return answer or UNKNOWN


def _own_calls(run: Run, device: str) -> int:
    """Return how many channels of this call the phone itself has that are answered.

    One that only rings at Asterisk (its state is "Ring") has told nobody yet: the state of before is what is remembered
    (ast_devstate_changed comes with Answer; asked of a live Asterisk).
    """
    own = {
        level.channel.number
        for level in run.levels
        if level.channel.answered
        and equal(run, f"{level.channel.technology}/{level.channel.endpoint}", device)
    }
    return len(own)


def _busy_at(run: Run, name: str) -> int:
    """Return with how many calls an endpoint counts as busy (``device_state_busy_at``, chan_pjsip_devicestate); 0: never."""
    for section in run.pbx.sections("pjsip.conf", "endpoint"):
        if section.name == name:
            number = leading_integer(section.get("device_state_busy_at") or "")
            return number[0] if number else 0
    return 0


def _has_endpoint(run: Run, name: str) -> bool:
    """Return whether pjsip.conf has the endpoint; it may have, where there is no such file to tell."""
    if run.pbx.file("pjsip.conf") is None:
        return True
    names = frozenset(section.name for section in run.pbx.sections("pjsip.conf", "endpoint"))
    return one_of(run, name, names)


@reads("DEVICE_STATE")
def read_device_state(run: Run, arguments: str) -> str:
    """Return the state of a device."""
    return device_state(run, settled(run, arguments))


@writes("DEVICE_STATE")
def set_device_state(run: Run, arguments: str, value: str) -> None:
    """Switch a lamp of the dial plan's own."""
    # Which one of many it is, that a part of the number dialled names, may stay open.
    device = named(run, arguments)
    if any(map(is_symbol, device[:8])):
        device = settled(run, arguments)
    if device[:7].lower() != "custom:":
        run.warn("The DEVICE_STATE function can only be used to set 'Custom:' device state!")
        return
    name = device[7:]
    if not name:
        run.warn("DEVICE_STATE function called with no custom device name!")
        return
    state = settled(run, value).upper()
    if state not in STATES or state == UNKNOWN:
        run.warn(f"DEVICE_STATE function given invalid state value '{value}'")
        return
    run.database[f"CustomDevstate/{name}"] = state
    run.note("lamp", f"Custom:{name}", ("state", state))


def aggregate(states: list[str]) -> str:
    """Return the state of several devices together (ast_devstate_aggregate_add in main/devicestate.c)."""
    whole = INVALID
    ringing = in_use = False
    for state in states:
        ringing = ringing or state == RINGING
        in_use = in_use or state in (INUSE, ONHOLD, BUSY)
        if ringing and in_use:
            whole = RINGINUSE
        elif _WEIGHT[state] > _WEIGHT[whole]:
            whole = state
    return whole


@reads("EXTENSION_STATE")
def extension_state(run: Run, arguments: str) -> str | None:
    """Return the state of what an extension's hint watches."""
    if not arguments:
        run.warn("EXTENSION_STATE requires an extension")
        return None
    exten, at, context = arguments.partition("@")
    if (lamp := _lamp_of_many(run, context if at else "default", exten)) is not None:
        return lamp
    hint = run.dialplan.hint(run, context if at else "default", exten)
    if hint is None:
        return "UNKNOWN"
    if hint.exten.startswith("_") and run.dialplan.mentions("HINT("):
        run.shared[_OWN.format(context if at else "default", exten)] = ""
    watched = _evaluated(run, hint.device, context if at else "default", exten).partition(",")[0]
    devices = watched.split("&")
    if run.symbols is not None and len(devices) > 1:
        # How the states of each add up would be ways without number: it is asked what comes of them.
        return run.learn(Question("device", watched, EXTENSION_STATES))
    if run.symbols is not None:
        return run.symbols.derived(device_state(run, watched), "extension-state", _OF_EXTENSION.__getitem__)
    return _OF_EXTENSION[aggregate([device_state(run, device) for device in devices])]


def _lamp_of_many(run: Run, context: str, exten: str) -> str | None:
    """Return what stands for any state, where several things are open that make the name of an extension.

    Not for the hints that another dial plan has otherwise, nor where the call itself has switched a lamp.
    """
    symbols = run.symbols
    if symbols is None or not symbols.within(exten):
        return None
    if any(name.startswith("CustomDevstate/") for name in run.database):
        return None
    apart = run.dialplan.hints_otherwise(context)
    if apart is None or (apart and symbols.one_of(exten, apart)):
        return None
    answered = [level.channel.answered for level in run.levels]
    own = "".join("?" if not isinstance(one, bool) else "y" if one else "n" for one in answered)
    return symbols.lamp(f"{exten}@{context}", own, (UNKNOWN, *EXTENSION_STATES))


@reads("HINT")
def read_hint(run: Run, arguments: str) -> str | None:
    """Return the devices that an extension's hint watches, or its name."""
    given = split_arguments(arguments, 2)
    if not given or not given[0]:
        run.warn("The HINT function requires an extension")
        return None
    exten, at, context = given[0].partition("@")
    hint = run.dialplan.hint(run, context if at else "default", exten)
    if hint is None:
        return ""
    if len(given) > 1 and "n" in given[1]:
        return ""
    where = context if at else "default"
    if hint.exten.startswith("_") and _OWN.format(where, exten) not in run.shared:
        return hint.device
    return _evaluated(run, hint.device, where, exten)


_OWN = "hint/{}/{}"
"""What ``Run.shared`` has for an extension of a pattern whose state somebody has asked for: from then on it has a hint of
its own (internal_extension_state_extended in main/pbx.c).
"""


def _evaluated(run: Run, device: str, context: str, exten: str) -> str:
    """Return what a hint watches, with its variables as they are for the extension (ast_add_extension2_lockopt)."""
    if "${" not in device:
        return device
    was, run.channel = run.channel, Channel("hint", "", "", context, exten)
    try:
        return template(device)(run)
    finally:
        run.channel = was


@reads("DIALPLAN_EXISTS")
def dialplan_exists(run: Run, arguments: str) -> str | None:
    """Return 1 if the dial plan has the context, the extension or the priority."""
    given = split_arguments(arguments, 3)
    if not given:
        run.warn("DIALPLAN_EXISTS() requires an argument")
        return None
    if len(given) == 1 or not (given[1] or given[-1]):
        return "1" if settled(run, given[0]) in run.dialplan.contexts else "0"
    context, exten = settled(run, given[0]), given[1]
    priority = given[2] if len(given) > 2 and given[2] else "1"
    number = leading_integer(priority)
    if number is None or number[0] <= 0:
        return "1" if run.dialplan.label(run, context, exten, priority) else "0"
    return "1" if run.dialplan.exists(run, context, exten, number[0]) else "0"


@reads("VALID_EXTEN")
def valid_exten(run: Run, arguments: str) -> str | None:
    """Return 1 if the dial plan has the extension, in the channel's context where none is named."""
    given = split_arguments(arguments, 3)
    if len(given) < 2:
        run.warn("VALID_EXTEN() requires an argument")
        return None
    context = settled(run, given[0]) or run.channel.context
    number = leading_integer((given[2] if len(given) > 2 else "") or "1")
    if number is None or number[0] <= 0:
        return "0"
    return "1" if run.dialplan.exists(run, context, given[1], number[0]) else "0"


@reads("EVAL_EXTEN")
def eval_exten(run: Run, arguments: str) -> str | None:
    """Return the arguments of a step elsewhere, with its variables put in as if the call were there (func_evalexten.c)."""
    channel = run.channel
    place = whole_place(channel, arguments).split(",")
    context, exten = settled(run, place[0]), settled(run, place[1])
    number = leading_integer(place[2])
    priority = number[0] if number else run.dialplan.label(run, context, exten, place[2])
    if not priority:
        run.warn(f"Priority '{place[2]}' must be a number > 0, or valid label")
        return None
    ready = run.dialplan.find(run, context, exten, priority, channel.caller)
    if ready is None:
        return None
    if ready.template is None:
        return ready.constant
    here = (channel.context, channel.exten, channel.priority)
    channel.context, channel.exten, channel.priority = context, exten, priority
    try:
        return ready.template(run)
    finally:
        channel.context, channel.exten, channel.priority = here
