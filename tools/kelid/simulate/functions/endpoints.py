"""What pjsip.conf says of endpoints, and what SIP's messages hold: func_pjsip_*.c and res_pjsip_header_funcs.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import split_arguments
from kelid.simulate.registry import reads, writes
from kelid.simulate.undecided import settled
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run

_AS_WRITTEN = frozenset((
    "context", "aors", "auth", "outbound_auth", "transport", "callerid", "callerid_tag", "language",
    "moh_suggest", "mailboxes", "from_user", "from_domain", "accountcode", "set_var", "message_context",
    "fax_detect_timeout", "device_state_busy_at", "tone_zone", "subscribe_context", "named_call_group",
    "named_pickup_group", "outbound_proxy", "contact", "user_eq_phone",
))  # fmt: skip
"""Options that sorcery gives back as they are written; it has a form of its own for others (yes becomes true)."""

_EMPTY = frozenset((
    "auth", "outbound_auth", "callerid", "callerid_tag", "language", "moh_suggest", "mailboxes", "from_user",
    "from_domain", "accountcode", "message_context", "tone_zone", "subscribe_context", "named_call_group",
    "named_pickup_group", "outbound_proxy", "contact", "aors", "transport",
))  # fmt: skip
"""Of these, those that are empty where nothing is written."""


def _object(run: Run, name: str, kind: str) -> dict[str, str] | None:
    """Return the options of an object of pjsip.conf (the last of several alike), None where there is none."""
    for section in run.pbx.sections("pjsip.conf", kind):
        if section.name == name:
            found: dict[str, str] = {}
            for option in section.options:
                if option.key in found and option.key in ("set_var", "contact"):
                    found[option.key] += f",{option.value}"
                else:
                    found[option.key] = option.value
            return found
    return None


def _field(run: Run, arguments: str, function: str, kind: str, defaults: dict[str, str]) -> str | None:
    given = split_arguments(arguments, 2)
    if not given or not given[0]:
        run.warn(f"Cannot call {function} without an {kind} name to query")
        return None
    if len(given) < 2 or not given[1]:
        run.warn(f"Cannot call {function} with an empty field name to query")
        return None
    name = settled(run, given[0])
    options = _object(run, name, kind)
    if options is None:
        run.warn(f"Failed to retrieve information for {kind} '{name}'")
        return None
    field = given[1]
    if field in options and field in _AS_WRITTEN:
        return options[field]
    if field not in options and field in defaults:
        return defaults[field]
    if field not in options and field in _EMPTY:
        return ""
    raise UnknownHere(f"{function}({arguments})")


@reads("PJSIP_ENDPOINT")
def endpoint(run: Run, arguments: str) -> str | None:
    """Return an option of an endpoint."""
    return _field(run, arguments, "PJSIP_ENDPOINT", "endpoint", {"context": "default"})


@reads("PJSIP_AOR")
def address_of_record(run: Run, arguments: str) -> str | None:
    """Return an option of an address of record. Raise UnknownHere for its contacts, which come and go."""
    return _field(run, arguments, "PJSIP_AOR", "aor", {})


@reads("PJSIP_CONTACT")
def contact(run: Run, arguments: str) -> str | None:
    """Raise UnknownHere: contacts come and go."""
    raise UnknownHere(f"PJSIP_CONTACT({arguments})")


CONTACTS = "contacts"


@reads("PJSIP_DIAL_CONTACTS")
def dial_contacts(run: Run, arguments: str) -> str | None:
    """Return what Dial can call to reach all contacts of an endpoint, "" where none is registered.

    The real text names each contact's address; that the endpoint is called is all that can be told of it here.
    """
    given = split_arguments(settled(run, arguments), 3)
    if not given or not given[0]:
        run.warn("An endpoint name must be specified when using the 'PJSIP_DIAL_CONTACTS' dialplan function")
        return None
    name = given[0]
    if _object(run, name, "endpoint") is None:
        run.warn(f"Specified endpoint '{name}' was not found")
        return None
    answer = run.learn(Question(CONTACTS, name, ("1", "0")))
    return "" if answer == "0" else f"PJSIP/{name}"


@writes("PJSIP_HEADER")
def set_header(run: Run, arguments: str, value: str) -> None:
    """Add a header to the message that goes out, change it or take it away."""
    given = split_arguments(arguments, 3)
    action = given[0].lower() if given else ""
    name = given[1] if len(given) > 1 else ""
    if not name:
        run.warn("This function requires a header name.")
        return
    key = f"PJSIP_HEADER/{name}"
    if action in ("add", "update"):
        run.channel.hooks[key] = value
    elif action == "remove":
        run.channel.hooks.pop(key, None)
    else:
        run.warn(f"Action '{action}' is not valid, must be 'add', 'update', or 'remove'")


@reads("PJSIP_HEADER")
def header(run: Run, arguments: str) -> str | None:
    """Return a header of the message that came in."""
    given = split_arguments(settled(run, arguments), 3)
    if len(given) < 2 or not given[1]:
        run.warn("This function requires a header name.")
        return None
    number = given[2] if len(given) > 2 and given[2] else "1"
    name = given[1] if number == "1" else f"{given[1]},{number}"
    return run.learn(Question("header", name))


@reads("PJSIP_HEADERS")
def headers(run: Run, arguments: str) -> str | None:
    """Return the names of the headers that begin so."""
    given = split_arguments(settled(run, arguments), 2)
    return run.learn(Question("header", f"{given[0] if given else ''}*"))


@reads("PJSIP_RESPONSE_HEADER", "PJSIP_RESPONSE_HEADERS", "PJSIP_HEADER_PARAM", "SIP_HEADER", "SIP_HEADERS")
def other_header(run: Run, arguments: str) -> str | None:
    """Return something else of a message."""
    return run.learn(Question("header", settled(run, arguments)))


@reads("SIPPEER", "IAXPEER")
def old_peer(run: Run, arguments: str) -> str | None:
    """Raise UnknownHere: whether and where the peer is registered isn't known."""
    raise UnknownHere(f"SIPPEER({arguments})")
