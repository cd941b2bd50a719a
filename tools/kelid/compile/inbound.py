"""Calls from outside: how their numbers are read, and which inbound route takes them."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.compile.conf import at
from kelid.compile.dialplan import DIALLED, NUMBER
from kelid.compile.number_text import expression
from kelid.compile.patterns import as_pattern
from kelid.compile.sounds import asterisk_language
from kelid.compile.text import go, literal
from kelid.compile.trunks import counted
from kelid.findings import Where
from kelid.model.inbound import routes_of
from kelid.model.number_format import incoming
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import InboundRoute, NumberIn, Site, Trunk

PRINTABLE = r"\x20-\x7e\x80-\xff"
"""What of a caller's name stays: all but control characters, byte by byte (func_strings.c, FILTER)."""

LONGEST = 40
"""Digits of a caller's number that are kept; E.164 has 15 at most."""

ANY = "_[0-9*#+s]!"
"""Any number, and the ``s`` of a call that names none, where only our own steps lead."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the ways in of every trunk, and those of the routes that listen for fax machines."""
    found = []
    for trunk in site.trunks:
        found += [_way_in(site, trunk), _caller(site, trunk), _routes(site, trunk)]
    return (*found, *(_fax(route) for route in site.inbound_routes if route.fax_destination))


def _way_in(site: Site, trunk: Trunk) -> Context:
    """Return the context where the trunk's calls come in: it reads the number that was called."""
    where = trunk.place("name")
    caller = Step("Gosub", f"trunk-in-{trunk.name},s,1", where=where)
    called = _rewritten(site, trunk.did_in, f"${{FILTER({DIALLED},${{EXTEN}})}}", "DID", at(trunk, "did_in"))
    if len(called) == 1:
        onward, called = called[0].data.partition("=")[2], []
    else:
        onward = "${IF($[${LEN(${DID})} > 0]?${DID}:s)}" if trunk.did_in.strip else "${DID}"
    onward = f"inbound-{trunk.name},{onward},1"
    extens = [Exten(NUMBER, (caller, *called, Step("Goto", onward, where=where)), where)]
    for exten, number, place in _without_number(trunk):
        extens.append(
            Exten(exten, (caller, Step("Goto", f"inbound-{trunk.name},{number},1", where=place)), place)
        )
    return Context(f"from-trunk-{trunk.name}", tuple(extens), where=where)


def _without_number(trunk: Trunk) -> Iterator[tuple[str, str, Where]]:
    """Yield the extensions by which calls come that name no number, and the DID that they are for."""
    only = trunk.dids[0] if len(trunk.dids) == 1 and "-" not in trunk.dids[0] else "s"
    place = trunk.place("name")
    if trunk.dahdi and any(line.number for line in trunk.dahdi.lines):
        # chan_dahdi.conf says of each port which number its line has.
        only = f'${{IF($["${{LINE}}" = ""]?{only}:${{LINE}})}}'
        place = at(trunk, "dahdi")
    yield "s", only, place
    account = trunk.contact_user or trunk.user
    if trunk.kind == "sip" and trunk.registration == "send" and not account.lstrip("+").isdigit():
        yield account, only, at(trunk, "user")


def _rewritten(site: Site, how: NumberIn, source: str, variable: str, where: Where) -> list[Step]:
    """Return the steps that read a number from ``source``, which leaves nothing but ``DIALLED``, into a variable."""
    steps = [Step("Set", f"{variable}={source}", where=where)]
    if how.digits:
        steps.append(Step("Set", f"{variable}=${{{variable}:-{how.digits}}}", where=where))
    if how.strip or how.prepend:
        left = f"${{{variable}:{how.strip}}}" if how.strip else f"${{{variable}}}"
        # A caller who hides the number must not get one made of what is put in front.
        full = f"${{IF($[${{LEN({left})}} > 0]?{how.prepend}{left}:)}}"
        steps.append(Step("Set", f"{variable}={full}", where=where))
    if rules := incoming(how.format, site.dial):
        steps.append(Step("Set", f"{variable}={expression(rules, variable)}", where=where))
    return steps


def _caller(site: Site, trunk: Trunk) -> Context:
    """Return the subroutine that makes the caller's number and name harmless, and a number that can be dialled back."""
    where = at(trunk, "caller_id_in")
    number = "CALLERID(num)"
    name = "CALLERID(name)"
    steps = [Step("Set", f"{number}=${{FILTER({DIALLED},${{{number}}})}}", where=where)]
    steps += _rewritten(site, trunk.caller_id_in, f"${{{number}:0:{LONGEST}}}", number, where)
    steps.append(Step("Set", f"{name}=${{FILTER({PRINTABLE},${{{name}}})}}", where=where))
    if counted(trunk):
        limit = at(trunk, "max_channels_in" if trunk.max_channels_in else "max_channels")
        steps.append(Step("Set", f"GROUP(trunk-in)={trunk.name}", where=limit))
        if trunk.max_channels_in:
            busy = f"$[${{GROUP_COUNT({trunk.name}@trunk-in)}} > {trunk.max_channels_in}]"
            steps += [
                Step("GotoIf", f"{busy}?full", where=limit),
                Step("Return", where=where),
                # 17 (user busy, Q.850) becomes SIP 486.
                Step("Hangup", "17", "full", limit),
            ]
            return Context(f"trunk-in-{trunk.name}", (Exten("s", tuple(steps), where),), where=where)
    steps.append(Step("Return", where=where))
    return Context(f"trunk-in-{trunk.name}", (Exten("s", tuple(steps), where),), where=where)


def _routes(site: Site, trunk: Trunk) -> Context:
    """Return the context of the numbers of the trunk: Asterisk takes the most exact number, and a caller before any.

    The caller's number was rewritten before, so it is compared as a phone here dials it. A number that no route takes
    finds nothing: cause 1 (unallocated number, Q.850) becomes SIP 404.
    """
    where = trunk.place("name")
    extens = []
    for route in routes_of(site, trunk):
        did = route.place("did" if route.did else "name")
        pattern = as_pattern(route.did) if route.did else ANY
        caller = as_pattern(route.caller_id) if route.caller_id else None
        extens.append(Exten(pattern, tuple(_steps(route, did)), did, caller))
    extens.append(Exten("i", (Step("Hangup", "1", where=where),), where))
    includes: list[Include] = []
    if trunk.internal:
        includes.append(Include("internal", where=at(trunk, "internal")))
        if trunk.permission_class:
            place = at(trunk, "permission_class")
            includes.append(Include(f"class-{trunk.permission_class}", where=place))
    return Context(f"inbound-{trunk.name}", tuple(extens), includes=tuple(includes), where=where)


def _steps(route: InboundRoute, where: Where) -> Iterator[Step]:
    if route.blacklist:
        yield Step("Gosub", "blacklist,s,1", where=where)
    if route.caller_id_prefix:
        place = route.place("caller_id_prefix")
        name = f"{literal(route.caller_id_prefix)} ${{CALLERID(name)}}"
        yield Step("Set", f"CALLERID(name)={name}", where=place)
    if route.language:
        yield Step(
            "Set", f"CHANNEL(language)={asterisk_language(route.language)}", where=route.place("language")
        )
    if route.musicclass:
        yield Step("Set", f"CHANNEL(musicclass)={route.musicclass}", where=route.place("musicclass"))
    if route.alert_info:
        yield Step("Set", f"__ALERT_INFO={route.alert_info}", where=route.place("alert_info"))
    if route.priority:
        yield Step("Set", f"__QUEUE_PRIO={route.priority}", where=route.place("priority"))
    if route.ringing:
        yield Step("Ringing", where=route.place("ringing"))
    if route.answer_delay:
        yield Step("Wait", str(route.answer_delay), where=route.place("answer_delay"))
    if route.record:
        yield Step("Gosub", f"recording,s,1(inbound-{route.name})", where=route.place("record"))
    if route.fax_destination:
        yield Step("Goto", f"inbound-fax-{route.name},s,1", where=route.place("fax_destination"))
    else:
        yield go(route.destination, where=where)


def _fax(route: InboundRoute) -> Context:
    """Return the context that listens for a fax machine: a tone of one sends the call to the extension ``fax``."""
    where = route.place("fax_destination")
    listening = (
        Step("Answer", where=where),
        Step("Set", f"FAXOPT(faxdetect)=cng,{route.fax_wait}", where=where),
        Step("Wait", str(route.fax_wait), where=route.place("fax_wait")),
        Step("Set", "FAXOPT(faxdetect)=no", where=where),
        go(route.destination, where=where),
    )
    assert route.fax_destination is not None  # noqa: S101 - who calls has looked
    fax = (Step("Set", "FAXOPT(faxdetect)=no", where=where), go(route.fax_destination, where=where))
    return Context(
        f"inbound-fax-{route.name}", (Exten("s", listening, where), Exten("fax", fax, where)), where=where
    )
