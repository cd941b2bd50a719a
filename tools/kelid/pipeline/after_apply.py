"""Calls of calls.yml that are placed on the live server after an apply: how they get in, and where they may go.

A release brings its own: for each call that is marked ``after_apply`` an extension of CONTEXT, which no phone and no trunk
leads to. The agent places ``Local/EXTENSION@CONTEXT/n``; the extension turns the call's record (CDR) off, gives the channel
what the endpoint would give it, and sends it on to where such a call comes in. So the oracle takes the very call that the
server takes, and what is placed is part of the release that was reviewed and staged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from kelid.findings import KelidError
from kelid.model.call import Call
from kelid.model.outcome import Judgement, Legend
from kelid.model.pbx import Context, Exten, Pbx, Step
from kelid.model.record import replace
from kelid.model.site import ExpectedCall, Site
from kelid.model.trace import Trace
from kelid.model.unrepeatable import repeatable
from kelid.pipeline import AFTER_APPLY as CONTEXT
from kelid.pipeline import calls
from kelid.pipeline.harmless import Harm, ways

STAYS = "stay"
"""The extension where the other end of such a call waits: as long as the agent lets it."""

LONGEST = 60
"""Seconds that such a call may last. The way back gives an apply 180 to be confirmed."""

MOST = 8
"""Ways that a call may go with nobody at it; each is part of the manifest."""

MOST_STEPS = 120
"""Steps of one way."""

QUIET = {"key": "", "hangup": "no", "password": "none"}
"""Questions whose answer a person gives -> the answer where nobody is there: so are the calls of an apply."""


def exten(name: str) -> str:
    """Return the extension of a call in CONTEXT. A name may have dashes, which Asterisk passes over in extensions."""
    return f"call_{name.replace('_', '__').replace('-', '_')}"


def with_calls(site: Site, pbx: Pbx) -> Pbx:
    """Return what Asterisk gets with the calls that are placed after an apply; as it is, where there are none."""
    extens = [made for one in site.calls if one.after_apply and (made := _way_in(site, pbx, one))]
    if not extens:
        return pbx
    stays = Exten(
        STAYS,
        (Step("Set", "CDR_PROP(disable)=1"), Step("Wait", str(LONGEST)), Step("Hangup")),
        extens[0].where,
    )
    context = Context(CONTEXT, (*extens, stays), where=extens[0].where)
    return replace(pbx, contexts=(*pbx.contexts, context))


def _way_in(site: Site, pbx: Pbx, expected: ExpectedCall) -> Exten | None:
    """Return the extension that lets a call in as its endpoint would; None for a call that can't be made so."""
    try:
        call, _ = calls.expected_call(site, pbx, expected)
    except KelidError:
        return None
    where = expected.place("after_apply")
    given = {
        "CALLERID(num)": call.caller,
        "CALLERID(name)": call.caller_name,
        "CALLERID(ani)": call.caller,  # whoever asks whose phone it is asks for this
        "CALLERID(dnid)": call.exten,
        "CHANNEL(language)": call.language,
        "CHANNEL(accountcode)": call.account,
        **call.variables,
    }
    sets = [f"{name}={value}" for name, value in given.items() if value]
    if any("${" in text or "$[" in text for text in sets):
        return None  # a channel's variable is plain text, and would be evaluated here
    return Exten(
        exten(expected.name),
        (
            Step("Set", "CDR_PROP(disable)=1", where=where),
            *(Step("Set", text, where=where) for text in sets),
            Step("Goto", f"{call.context},{call.exten},1", where=where),
        ),
        where,
    )


def local_call(pbx: Pbx, expected: ExpectedCall, at: datetime) -> Call:
    """Return the call as it is placed on the server. Raise Harm where it can't be placed."""
    context = next((item for item in pbx.contexts if item.name == CONTEXT), None)
    if context is None or exten(expected.name) not in {item.pattern for item in context.extens}:
        raise Harm(
            "it can't come in by itself: its endpoint gives it what can't be written into the dial plan"
        )
    return Call(context=CONTEXT, exten=exten(expected.name), at=at)


class Way(NamedTuple):
    """A way that a call may go. ``why`` is "" where it does what is expected, else what of the server's state it goes by."""

    trace: Trace
    why: str = ""


def possible(site: Site, pbx: Pbx, words: Legend, expected: ExpectedCall) -> tuple[Way, ...]:
    """Return the ways that a call can go on the server, with nobody at it: the ordinary one does what is expected.

    Raise Harm where it may not be placed: somebody would notice it, or nothing of the server's state (a limit that is
    reached, say) explains that it does something else than is expected.
    """
    if expected.press:
        raise Harm("nobody presses keys in it")
    call, _ = calls.expected_call(site, pbx, expected)
    found: list[Way] = []
    problem = ""
    for trace in ways(pbx, local_call(pbx, expected, call.at), lacking=True):
        if any(QUIET.get(item.question.kind, item.answer) != item.answer for item in trace.asked):
            continue
        if len(trace.steps) > MOST_STEPS:
            raise Harm(f"it takes more than {MOST_STEPS} steps")
        judgement = calls.judge(expected, trace, calls.happenings(trace, words))
        state = [
            f"{item.question.kind} {item.question.subject} is {item.answer}"
            for item in trace.asked
            if item.question.kind not in {*QUIET, "database-has"}
        ]
        if judgement.status == "ok":
            found.append(Way(trace))
        elif state:
            problem = problem or judgement.problem
            found.append(Way(trace, ", ".join(state)))
        else:
            raise Harm(judgement.problem)
    if all(way.why for way in found):
        raise Harm(problem or "it doesn't come to an end")
    if len(found) > MOST:
        raise Harm(f"it can go more than {MOST} ways")
    return tuple(found)


def judged(site: Site, pbx: Pbx, words: Legend, expected: ExpectedCall) -> Judgement:
    """Return whether a call may be placed after an apply."""
    try:
        possible(site, pbx, words, expected)
    except (Harm, KelidError) as why:
        return Judgement("failed", f"not to be placed after an apply: {why}", expected.place("after_apply"))
    return Judgement("ok")


# --- what the manifest says of them, and what came of them ---------------------------------------


def expectations(site: Site, pbx: Pbx) -> dict[str, Any]:
    """Return the calls to place, by name: ``exten``, and ``ways``: each ``steps`` and ``why`` (see Way).

    ``absent`` are keys of astdb that must not be there, or the call isn't placed: what it would do then is not proven. A
    step is [context, extension, priority, application, arguments]. A call that may not be placed has ``refused``, the
    reason; nobody places it.
    """
    marked = [one for one in site.calls if one.after_apply]
    words = calls.legend(site)
    found: dict[str, Any] = {}
    for one in marked:
        try:
            possibilities = possible(site, pbx, words, one)
        except (Harm, KelidError) as why:
            found[one.name] = {"refused": str(why)}
            continue
        steps = [
            {"why": way.why, "steps": _steps(way.trace)}
            for way in sorted(possibilities, key=lambda way: way.why)
        ]
        absent = sorted(
            {
                item.question.subject
                for way in possibilities
                for item in way.trace.asked
                if item.question.kind == "database-has"
            }
        )
        found[one.name] = {"exten": exten(one.name), "absent": absent, "ways": steps}
    return found


def _steps(trace: Trace) -> list[list[Any]]:
    """Return the steps of the call's own channel, without what no run can repeat."""
    at = trace.call.at
    return [
        [step.context, repeatable(step.exten, at), step.priority, step.app, repeatable(step.data, at)]
        for step in trace.steps
        if step.channel == 0
    ]


def outcome(expected: Mapping[str, Any], told: Mapping[str, Any], at: datetime) -> tuple[bool, str]:
    """Given what the manifest says of a call and what the agent saw, return whether it went as it may, and a word on it.

    ``told`` has ``steps`` and ``over``, whether the call came to its end, or ``there``, the key of astdb because of which it
    was not placed. ``at`` is the server's time.
    """
    if told.get("there"):
        return True, f"not placed: the server's database has {told['there']}"
    seen = [
        [context, repeatable(extension, at), priority, app, repeatable(data, at)]
        for context, extension, priority, app, data in told["steps"]
    ]
    allowed: Sequence[Mapping[str, Any]] = expected["ways"]
    if not seen:
        return False, "it did not begin"
    if not told["over"]:
        return False, f"it was not over after {LONGEST} seconds"
    fitting = next((way for way in allowed if way["steps"] == seen), None)
    if fitting is not None:
        return True, f"ok, though not as expected: {fitting['why']}" if fitting["why"] else "ok"
    way = max((way["steps"] for way in allowed), key=lambda one: _alike(one, seen))
    place = _alike(way, seen)
    if place == len(seen):
        return False, f"it ended after step {place}, {_text(seen[-1])}"
    wanted = _text(way[place]) if place < len(way) else "the end"
    return False, f"step {place + 1} is {_text(seen[place])}, not {wanted}"


def _alike(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return how many steps two ways have in common at their beginnings."""
    return next(
        (place for place, (mine, its) in enumerate(zip(one, other, strict=False)) if mine != its),
        min(len(one), len(other)),
    )


def _text(step: Sequence[Any]) -> str:
    context, extension, priority, app, data = step
    return f"{context},{extension},{priority} {app}({data})"
