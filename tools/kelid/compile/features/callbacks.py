"""Call-back: a caller isn't answered but called back, so the call costs the caller nothing and the site's class pays.

A caller ID can be made up, so nobody is called who isn't named, no more often in an hour than allowed, never for help, and
only where the class may call; ``rules`` sees to it that this isn't another country by accident.
"""

from __future__ import annotations

from kelid.compile.features.limits import guard
from kelid.compile.features.payers import may_call
from kelid.compile.features.phone import DIGITS
from kelid.compile.text import go
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Callback, Site

_RINGS = 40
"""Seconds that the caller's phone rings."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the contexts of every call-back: the way in, who is called back, the call, and what who answers hears."""
    return tuple(context for item in site.callbacks for context in _callback(item))


def _callback(item: Callback) -> tuple[Context, ...]:
    where = item.place("name")
    paid = f"class-{item.permission_class}"
    number = f"{item.prepend}${{CALLER}}"
    place = item.place("permission_class")

    limit = guard(f"callback-{item.name}", item.calls_per_hour, "refused")
    steps = (
        Step("Set", f"CALLER=${{FILTER({DIGITS},${{CALLERID(num)}})}}", where=where),
        Step(
            "GotoIf",
            f"$[${{DIALPLAN_EXISTS(callback-callers-{item.name},${{CALLER}},1)}} = 0]?refused",
            where=item.place("callers"),
        ),
        *(Step(s.app, s.data, where=place) for s in may_call(item.permission_class, number, "refused")),
        *(Step(step.app, step.data, where=item.place("calls_per_hour")) for step in limit),
        Step(
            "Originate",
            f"Local/{number}@callback-call-{item.name}/n,exten,callback-{item.name},answered,1,{_RINGS + item.delay},a",
            where=where,
        ),
        # Busy, 17, is what a caller hears either way: so nobody learns whose numbers are called back.
        Step("Hangup", "17", label="refused", where=where),
    )
    answered = (
        Step("Answer", "500", where=where),
        go(item.destination, where=where),
    )
    call = (
        Step("Wait", str(item.delay), where=item.place("delay")),
        Step("Goto", f"{paid},${{FILTER(0-9*#+,${{EXTEN}})}},1", where=place),
    )
    callers = tuple(
        Exten(
            pattern if pattern.strip("0123456789*#+") == "" else f"_{pattern}",
            (Step("NoOp", where=item.place(f"callers.{index}")),),
            item.place(f"callers.{index}"),
        )
        for index, pattern in enumerate(item.callers)
    )
    return (
        Context(
            f"callback-{item.name}",
            (Exten("s", steps, where), Exten("answered", answered, where)),
            where=where,
        ),
        Context(f"callback-callers-{item.name}", callers, where=item.place("callers")),
        Context(f"callback-call-{item.name}", (Exten("_[0-9*#+]!", call, where),), where=where),
    )
