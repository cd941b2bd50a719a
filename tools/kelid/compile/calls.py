"""What happens with a call to an extension: its secretary, its phones, follow-me, and the ways on."""

from __future__ import annotations

from collections.abc import Mapping

from kelid.compile import numbers, ring
from kelid.compile.devices import dial
from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.features import keys
from kelid.compile.loops import loops
from kelid.compile.ring import CALLER_NUMBER, CONFIRM_SECONDS, calls_at_once, recorded, tell
from kelid.compile.text import go, sound
from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Hint, Step
from kelid.model.site import Extension, FollowMe, FollowMeNumber, Secretary, Site

HOPS = 12
"""How many extensions in a circle a call may try before it is ended."""

OUTSIDE = '$["${CALLER_EXTENSION}" = ""]'
"""True where a call came from outside."""

CALLER = f"${{IF({OUTSIDE}?out{CALLER_NUMBER}:in${{CALLER_EXTENSION}})}}"
"""Who calls, in a form that no caller ID can fake for an extension: ``in103`` or ``out09121234567``."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context of the internal numbers, that by which menus let callers dial extensions, and what they need."""
    others = numbers.extens(site)
    if not site.extensions:
        return (Context("internal", others, hints=numbers.hints(site)),)
    circle = loops(site)
    by_number = site.by_number
    placed = [(extension, extension.place("number")) for extension in site.extensions]
    return (
        Context(
            "internal",
            (
                *(_exten(site, e, where, by_number, guard=e.number in circle) for e, where in placed),
                *others,
            ),
            hints=(
                *(Hint(e.number, _watched(e), where) for e, where in placed),
                *numbers.hints(site),
            ),
        ),
        Context(
            "direct-dial",
            tuple(
                Exten(e.number, (Step("Goto", f"internal,{e.number},1", where=where),), where)
                for e, where in placed
            ),
        ),
        *ring.contexts(site),
        *(_vip(site, e, e.secretary) for e in site.extensions if e.secretary and e.secretary.vip),
        *(_follow_me(site, e, e.follow_me, by_number) for e in site.extensions if e.follow_me),
    )


def _watched(extension: Extension) -> str:
    """Return what a lamp watches: the extension's devices, and whether it wants to be left alone."""
    return f"{dial(extension)}&Custom:DND{extension.number}"


def _exten(
    site: Site, extension: Extension, where: Where, others: Mapping[str, Extension], *, guard: bool
) -> Exten:
    steps: list[Step] = []
    if guard:
        steps += [
            Step("Set", "HOPS=$[0${HOPS} + 1]", where=where),
            Step("GotoIf", f"$[${{HOPS}} > {HOPS}]?given-up", where=where),
        ]
    if extension.secretary:
        steps += _secretary_first(extension, extension.secretary, others)
    follow = extension.follow_me
    together = follow.numbers if follow and follow.strategy == "ringall" else ()
    devices = "&".join((dial(extension), *(f"{_leg(extension, i)}" for i in range(len(together)))))
    # All of them ring as long as the most patient one.
    # Somebody who is called outside never gets the keys of a phone.
    options = _options(extension) + ("" if together else keys.called(site))
    seconds = max([extension.ring_time, *(_patience(number) for number in together)])
    data = f"ring,${{EXTEN}},1({devices},{seconds},{options},{_payer(extension)})"
    ringing = [*_tell(site, extension), Step("Gosub", data, where=where)]
    if extension.secretary:
        # Past the secretary, but not past being told.
        first = ringing[0]
        ringing[0] = Step(first.app, first.data, "boss", first.where)
    steps += ringing
    if follow and follow.strategy == "hunt":
        steps += _hunt(extension, follow)
    else:
        steps.append(Step("Goto", "${GOSUB_RETVAL}", where=where))
    steps += [
        go(extension.unavailable, label="unavailable", where=where),
        go(extension.busy, greeting="busy", label="busy", where=where),
        go(extension.no_answer, label="no-answer", where=where),
    ]
    if guard:
        steps.append(Step("Hangup", label="given-up", where=where))
    return Exten(extension.number, tuple(steps), where)


def _payer(extension: Extension) -> str:
    """Return the last arguments of ``ring``: the limit, and who pays for forwards with which number."""
    text = f"{calls_at_once(extension)},{extension.permission_class}"
    return f"{text},{extension.outbound_caller_id}" if extension.outbound_caller_id else text


def _options(extension: Extension) -> str:
    """Return Dial's options for a call to the extension."""
    wanted = extension.recording
    if wanted is None:
        return NO_REDIRECT
    outside = recorded(wanted.inbound_external, f"extension-{extension.number}", "x", told=True)
    inside = recorded(wanted.inbound_internal, f"extension-{extension.number}", "x", told=True)
    if outside == inside:
        return NO_REDIRECT + outside
    return f"{NO_REDIRECT}${{IF({OUTSIDE}?{outside}:{inside})}}"


def _tell(site: Site, extension: Extension) -> list[Step]:
    """Return the steps that tell callers whose calls are always recorded."""
    wanted = extension.recording
    if wanted is None:
        return []
    outside, inside = wanted.inbound_external == "always", wanted.inbound_internal == "always"
    if not (outside or inside):
        return []
    sign = (
        ""
        if outside and inside
        else '"${CALLER_EXTENSION}" = ""'
        if outside
        else '"${CALLER_EXTENSION}" != ""'
    )
    return tell(site, sign, where=extension.place("recording"))


def _secretary_first(
    extension: Extension, secretary: Secretary, others: Mapping[str, Extension]
) -> list[Step]:
    """Return the steps by which the secretary's phone rings first: her own calls and the VIPs' go to the boss at once."""
    where = secretary.place("extension")
    number = secretary.extension
    # What she sends on, by a transfer of her phone, has been answered by her.
    hers = f'"x${{CALLER_EXTENSION}}" = "x{number}" | "${{CUT(BLINDTRANSFER,-,1)}}" = "PJSIP/{number}"'
    steps = [Step("GotoIf", f"$[{hers}]?boss", where=where)]
    if secretary.vip:
        known = f"${{DIALPLAN_EXISTS(vip-{extension.number},{CALLER},1)}}"
        steps.append(Step("GotoIf", f"{known}?boss", where=secretary.place("vip")))
    steps += reach(others[number], where=where)
    steps.append(ring_now(secretary.ring_time, NO_REDIRECT, where=secretary.place("ring_time")))
    return steps


def reach(extension: Extension, *, calls: int | None = None, first: bool = True, where: Where) -> list[Step]:
    """Return the steps that add an extension's phones to RINGS if they can be rung; ``first`` empties it before.

    ``calls`` is the limit, left out: the extension's own.
    """
    at_once = calls_at_once(extension) if calls is None else calls
    step = Step("Gosub", f"reach,{extension.number},1({dial(extension)},{at_once})", where=where)
    return [Step("Set", "RINGS=", where=where), step] if first else [step]


def ring_now(seconds: int, options: str, *, where: Where) -> Step:
    """Return the step that rings what is in RINGS, if anything is."""
    return Step("ExecIf", f'$["${{RINGS}}" != ""]?Dial(${{RINGS:1}},{seconds},{options})', where=where)


def _vip(site: Site, extension: Extension, secretary: Secretary) -> Context:
    """Return the list of those who needn't pass by the secretary: ``in103`` for an extension, ``out...`` for others."""
    known = {other.number for other in site.extensions}
    return Context(
        f"vip-{extension.number}",
        tuple(
            Exten(
                f"in{number}" if number in known else f"out{number}",
                (Step("NoOp", where=secretary.place(f"vip.{index}")),),
                secretary.place(f"vip.{index}"),
            )
            for index, number in enumerate(secretary.vip)
        ),
        where=secretary.place("vip"),
    )


def _leg(extension: Extension, index: int) -> str:
    """Return the channel that calls one number of the extension's follow-me."""
    return f"Local/{index + 1}@follow-me-{extension.number}/n"


def _patience(number: FollowMeNumber) -> int:
    """Return how long the channel of a number may take: ringing, and pressing 1 where that is asked for."""
    return number.seconds + (CONFIRM_SECONDS if number.external and number.confirm else 0)


def _hunt(extension: Extension, follow: FollowMe) -> list[Step]:
    """Return the steps that try one number after the other; who is busy is at the phone, and isn't looked for."""
    where = follow.place("numbers")
    steps = [
        Step("GotoIf", '$["${GOSUB_RETVAL}" = "busy"]?busy', where=where),
        Step("Set", "WAY=${GOSUB_RETVAL}", where=where),
    ]
    for index, number in enumerate(follow.numbers):
        text = f"{_leg(extension, index)},{_patience(number)},{_options(extension)}"
        steps.append(Step("Dial", text, where=number.where))
    steps.append(Step("Goto", "${WAY}", where=where))
    return steps


def _follow_me(
    site: Site, extension: Extension, follow: FollowMe, others: Mapping[str, Extension]
) -> Context:
    """Return one extension for each number of the follow-me: what its channel does."""
    extens = []
    for index, number in enumerate(follow.numbers):
        if number.extension:
            where = number.place("extension")
            steps = reach(others[number.extension], where=where)
            steps.append(ring_now(number.seconds, NO_REDIRECT, where=number.place("seconds")))
            steps.append(Step("Hangup", "17", where=where))
        else:
            where = number.place("external")
            steps = [
                Step("Set", f"__OUTBOUND_CALLER_ID={extension.outbound_caller_id}", where=where),
                call_outside(
                    number.external,
                    extension.permission_class,
                    number.seconds,
                    sound(site, follow.confirm_prompt) if number.confirm else "",
                    where=where,
                ),
            ]
        extens.append(Exten(str(index + 1), tuple(steps), where))
    return Context(f"follow-me-{extension.number}", tuple(extens), where=follow.where)


def call_outside(number: str, permission_class: str, seconds: int, prompt: str, *, where: Where) -> Step:
    """Return the step that calls a number outside, paid by a class; with a prompt, who answers has to press 1.

    The prompt is spoken on this side of a Local channel, before it counts as answered: so the others ring on.
    """
    confirmed = f"U(confirm^{prompt})" if prompt else ""
    return Step(
        "Dial", f"Local/{number}@class-{permission_class}/n,{seconds},{NO_REDIRECT}{confirmed}", where=where
    )
