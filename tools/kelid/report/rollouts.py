"""A change of many machines as text for a terminal: what it would do, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from kelid.model.plan import Plan
from kelid.model.rollout import RESULTS, Outcome, wave_of
from kelid.report.colour import paint

_STYLES = {"applied": "green", "unchanged": "dim", "not_started": "yellow"}


def plans_text(
    plans: Mapping[str, Plan], outcomes: Sequence[Outcome], sizes: Sequence[int], *, colour: bool = False
) -> str:
    """Return in which waves which machines would get what; then who can't have it, and how many have it already."""
    total = len(plans) + len(outcomes)
    rows = []
    width = max((len(host) for host in plans), default=0)
    for position, (host, plan) in enumerate(plans.items()):
        objects, files = len(plan.comparison.objects), len(plan.comparison.files)
        notes = [f"{objects} objects in {files} files"]
        if plan.secrets:
            notes.append(f"secrets: {', '.join(plan.secrets)}")
        if plan.drift:
            notes.append(paint(f"changed by hand there: {', '.join(plan.drift)}", "red", on=colour))
        if plan.restart:
            notes.append(f"needs a restart: {', '.join(item.file or item.why for item in plan.restart)}")
        notes.append(f"calls up: {plan.now.channels}")
        wave = f"wave {wave_of(sizes, position)}"
        rows.append(
            f"  {wave:<8} {host:<{width}}  {plan.base[:12] or '(none)'} -> {plan.release[:12]}  {'; '.join(notes)}"
        )
    for outcome in outcomes:
        if not outcome.ok:
            rows.append(f"  {paint(outcome.result, 'red', on=colour):<8} {outcome.message or outcome.host}")
    unchanged = sum(outcome.result == "unchanged" for outcome in outcomes)
    head = f"{len(plans)} of {total} machines change" + (
        f", in waves of {', '.join(map(str, sizes))}" if sizes else ""
    )
    return f"{head}; {unchanged} have it already\n" + "".join(f"{row}\n" for row in rows)


def packages_text(
    newer: Mapping[str, Mapping[str, str]],
    outcomes: Sequence[Outcome],
    sizes: Sequence[int],
    *,
    colour: bool = False,
) -> str:
    """Return in which waves which machines would get which packages; then who can't, and how many have the newest."""
    rows = []
    for position, (host, packages) in enumerate(newer.items()):
        rows.append(f"  wave {wave_of(sizes, position)}  {host}")
        rows += [f"    {name} {versions}" for name, versions in packages.items()]
    for outcome in outcomes:
        if not outcome.ok:
            rows.append(f"  {paint(outcome.result, 'red', on=colour)}  {outcome.message or outcome.host}")
    unchanged = sum(outcome.result == "unchanged" for outcome in outcomes)
    head = f"{len(newer)} of {len(newer) + len(outcomes)} machines have newer packages of Asterisk"
    return f"{head}; {unchanged} have the newest\n" + "".join(f"{row}\n" for row in rows)


def outcomes_text(outcomes: Sequence[Outcome], *, colour: bool = False) -> str:
    """Return a line for each machine with what became of it, and the count of each result at the end."""
    width = max((len(outcome.host) for outcome in outcomes), default=0)
    rows = []
    for outcome in outcomes:
        words = outcome.result.replace("_", " ")
        mark = paint(f"{words:<11}", _STYLES.get(outcome.result, "red"), on=colour)
        wave = f"wave {outcome.wave}" if outcome.wave else ""
        if outcome.ok:
            said = f"release {outcome.release[:12]}"
        else:
            said = (
                ": ".join(part for part in (outcome.code, outcome.message) if part) or RESULTS[outcome.result]
            )
        rows.append(f"{outcome.host:<{width}}  {mark}  {wave:<8} {said}")
    counted = Counter(outcome.result for outcome in outcomes)
    total = ", ".join(f"{counted[name]} {name.replace('_', ' ')}" for name in RESULTS if counted[name])
    return "".join(f"{row}\n" for row in rows) + f"{len(outcomes)} machines: {total}\n"
