"""DISA: a caller dials on as if from inside, after a PIN. Each guard stands before the one that is easier to get past.

First who calls, and when; then how many calls without a right PIN there were in this hour, from everybody together, because
a caller ID can be made up for each try; then the PIN, three times at most; then dial tone, and the class that pays.
"""

from __future__ import annotations

from kelid.compile import pins
from kelid.compile.features.limits import guard
from kelid.compile.features.phone import DIGITS
from kelid.compile.hours import time_group_steps
from kelid.model.pbx import Context, Exten, Include, Step
from kelid.model.site import Disa, Site


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the contexts of every way: the way in, who may try, and what can be dialled."""
    return tuple(context for disa in site.disa for context in _disa(site, disa))


def _disa(site: Site, disa: Disa) -> tuple[Context, ...]:
    where = disa.place("name")
    place = disa.place("callers")
    known: tuple[Step, ...] = ()
    if disa.callers:
        caller = f"${{FILTER({DIGITS},${{CALLERID(num)}})}}"
        known = (
            Step(
                "GotoIf",
                f"$[${{DIALPLAN_EXISTS(disa-callers-{disa.name},{caller},1)}} = 0]?refused",
                where=place,
            ),
        )
    key = f"disa-{disa.name}"
    limit = guard(key, disa.attempts_per_hour, "refused")
    steps = (
        *known,
        *_hours(site, disa),
        Step(limit[0].app, limit[0].data, "inside", disa.place("attempts_per_hour")),
        Step(limit[1].app, limit[1].data, where=disa.place("attempts_per_hour")),
        pins.ask(site, disa.pin_set, where=disa.place("pin_set")),
        Step("Gosub", f"attempts,forgive,1({key})", where=disa.place("attempts_per_hour")),
        Step("Set", f"TIMEOUT(absolute)={disa.max_duration}", where=disa.place("max_duration")),
        Step("DISA", f"no-password,disa-dial-{disa.name}", where=where),
        Step("Hangup", where=where),
        # 21 (call rejected, Q.850) becomes SIP 403.
        Step("Hangup", "21", label="refused", where=where),
    )
    found = [
        Context(f"disa-{disa.name}", (Exten("s", steps, where),), where=where),
        Context(
            f"disa-dial-{disa.name}",
            includes=(
                Include("emergency"),
                Include("internal"),
                Include(f"class-{disa.permission_class}", where=disa.place("permission_class")),
                Include("no-such-number"),
            ),
            where=where,
        ),
    ]
    if disa.callers:
        callers = tuple(
            Exten(
                number, (Step("NoOp", where=disa.place(f"callers.{index}")),), disa.place(f"callers.{index}")
            )
            for index, number in enumerate(disa.callers)
        )
        found.append(Context(f"disa-callers-{disa.name}", callers, where=place))
    return tuple(found)


def _hours(site: Site, disa: Disa) -> tuple[Step, ...]:
    if not disa.time_group:
        return ()
    return (
        *time_group_steps(site, disa.time_group, "inside"),
        Step("Goto", "refused", where=disa.place("time_group")),
    )
