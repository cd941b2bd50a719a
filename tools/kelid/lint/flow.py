"""Ways through the dial plan: what nobody reaches, what never ends, what doesn't come back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.findings import Severity
from kelid.lint import text
from kelid.lint.jumps import GOSUB, GOTO, jumps
from kelid.lint.registry import Fault, rule
from kelid.lint.view import At, View
from kelid.model.pbx import Step

ENDS = frozenset({"hangup", "goto", "return", "macroexit", "congestion", "busy"})
"""Applications after which the next step is never taken. (Busy and Congestion play until the caller hangs up.)"""

INSTANT = frozenset(
    {
        "noop", "set", "mset", "goto", "verbose", "log", "userevent", "celgenuserevent", "dumpchan", "stopmixmonitor",
        "stopplaytones", "stopmusiconhold", "clearhash", "resetcdr", "stackpop", "raiseexception", "setamaflags",
        "importvar", "queuelog", "ringing", "progress", "proceeding", "answer", "startmusiconhold", "playtones",
    }
)  # fmt: skip
"""Applications that take no time: a circle of them alone never gives a caller the chance to do anything."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@rule("Z301", Severity.WARNING)
def context_that_nothing_reaches(view: View) -> Iterator[Fault]:
    """Every context is included, jumped to or named by a channel."""
    if not view.ways:
        return  # the tree has no channels: nobody could tell
    reached: set[str] = set()
    front = [way.context for way in view.ways]
    front += [option.value for option, _ in view.named_contexts()]
    front += [jump.context for jump in view.others]
    named = {token for o in view.pbx.globals for token in _TOKEN.findall(o.value) if token in view.contexts}
    for file in view.pbx.files:
        for section in file.sections:
            for option in section.options:
                named.update(token for token in _TOKEN.findall(option.value) if token in view.contexts)
    front += named
    leads: dict[str, set[str]] = {}
    starts: dict[str, set[str]] = {}
    for at in view.steps:
        mine = leads.setdefault(at.context.name, set())
        mine.update(token for token in _TOKEN.findall(at.step.data[: text.LONGEST]) if token in view.contexts)
        for jump in jumps(at.step):
            mine.add(jump.context)
            if not text.constant(jump.context):
                start = text.prefix(jump.context)
                if not start:
                    return  # a context that a variable names: it may be any
                starts.setdefault(at.context.name, set()).add(start)
    while front:
        name = front.pop()
        context = view.contexts.get(name)
        if name in reached or context is None:
            continue
        reached.add(name)
        front += [include.context for include in context.includes]
        front += leads.get(name, ())
        for start in starts.get(name, ()):
            view.spend(len(view.contexts) // 8 + 1)
            front += [other for other in view.contexts if other.startswith(start)]
    for context in view.pbx.contexts:
        # What is made of YAML has rules of its own.
        written = context.where.file and not context.where.file.endswith((".yml", ".yaml"))
        if written and context.name not in reached and (context.extens or context.includes):
            what = f"nothing leads to the context {context.name!r}"
            yield context.where, what, "include it where it is needed, or take it out"


@rule("Z302", Severity.WARNING)
def dead_steps(view: View) -> Iterator[Fault]:
    """Every step can be reached: from the one before it, or by a jump to its label or number."""
    numbers = {jump.priority for _, jump in view.jumps if text.constant(jump.priority)}
    open_ = any(not text.constant(jump.priority) for _, jump in view.jumps)
    for context in view.pbx.contexts:
        for exten in context.extens:
            before = None
            dead = False
            for priority, step in exten.numbered:
                fresh = bool(step.label) or priority == 1 or str(priority) in numbers or open_
                if before is not None and not fresh and ends(before.step):
                    if not dead:
                        what = f"this step is never taken: {before.step.app} before it always goes elsewhere"
                        yield step.where, what, "take it out, or give it a label that something jumps to"
                    dead = True
                elif fresh:
                    dead = False
                if not dead:
                    before = At(context, exten, priority, step)


def ends(step: Step) -> bool:
    """Return True if the step after this one is never taken."""
    app, data = step.app.lower(), step.data
    if app in {"gotoif", "gotoiftime"}:
        _, one, other = text.choice(data)
        return bool(one and other)
    return app in ENDS and (app != "goto" or bool(data.strip()))


@rule("Z303")
def endless_circle(view: View) -> Iterator[Fault]:
    """No circle of steps goes on for ever without waiting for anybody."""
    following: dict[tuple[str, str, int], tuple[str, str, int]] = {}
    steps: dict[tuple[str, str, int], At] = {}
    for at in view.steps:
        app = at.step.app.lower()
        if app not in INSTANT or (app == "goto" and at.exten.caller is not None):
            continue
        key = (at.context.name, at.exten.name, at.priority)
        steps[key] = at
        if app == "goto":
            (jump, *_) = jumps(at.step) or (None,)
            goals = view.targets(at, jump) if jump else None
            # With several extensions that could take it, the first one without a caller's number does.
            goal = next((item for item in goals or () if item.exten.caller is None), None)
            if goal is not None:
                following[key] = (goal.context.name, goal.exten.name, goal.priority)
        else:
            following[key] = (key[0], key[1], at.priority + 1)
    done: set[tuple[str, str, int]] = set()
    for start in steps:
        path: dict[tuple[str, str, int], None] = {}
        goes: tuple[str, str, int] | None = start
        while goes is not None and goes in steps and goes not in done and goes not in path:
            view.spend()
            path[goes] = None
            goes = following.get(goes)
        if goes is not None and goes in path:
            ring = [*path][[*path].index(goes) :]
            at = steps[max(ring, key=lambda item: steps[item].step.app.lower() == "goto")]
            words = " -> ".join(f"{exten},{priority}" for _, exten, priority in ring[:6])
            yield (
                at.step.where,
                f"the call goes round for ever: {words} -> ...",
                "give it a way out, or let it wait",
            )
        done.update(path)


@rule("Z304", Severity.WARNING)
def return_from_nowhere(view: View) -> Iterator[Fault]:
    """Return stands where a Gosub leads to."""
    kinds = [jump for _, jump in view.jumps if jump.kind == GOSUB]
    if any(not text.prefix(jump.context) and not text.constant(jump.context) for jump in kinds):
        return
    called = {jump.context or at.context.name for at, jump in view.jumps if jump.kind == GOSUB}
    called |= {token for o in view.pbx.globals for token in _TOKEN.findall(o.value)}
    for file in view.pbx.files:
        called.update(
            token
            for s in file.sections
            for o in s.options
            for token in _TOKEN.findall(o.value)
            if token in view.contexts
        )
    starts = tuple(text.prefix(name) for name in called if not text.constant(name))
    front = [name for name in view.contexts if name in called or name.startswith(starts or ("\0",))]
    leads: dict[str, list[str]] = {}
    open_: set[str] = set()
    for at, jump in view.jumps:
        if jump.kind == GOTO:
            leads.setdefault(at.context.name, []).append(jump.context or at.context.name)
            if not text.constant(jump.context):
                open_.add(at.context.name)
    inside: set[str] = set()
    while front:
        name = front.pop()
        if name in inside or name not in view.contexts:
            continue
        if name in open_:
            return  # a subroutine goes on to a context that a variable names
        inside.add(name)
        front += leads.get(name, [])
        front += [include.context for include in view.contexts[name].includes]
    for at in view.steps:
        if at.step.app.lower() == "return" and at.context.name not in inside:
            what = "Return without a Gosub that leads here: it ends the call with an error"
            yield at.step.where, what, "call it by Gosub, or write Hangup"


@rule("Z305", Severity.WARNING)
def subroutine_without_return(view: View) -> Iterator[Fault]:
    """A subroutine comes to a Return, or ends the call on purpose."""
    told: set[tuple[str, str]] = set()
    for at, jump in view.jumps:
        if jump.kind != GOSUB:
            continue
        for goal in view.targets(at, jump) or ():
            key = (goal.context.name, goal.exten.name)
            if key not in told and not _comes_back(view, goal):
                told.add(key)
                what = f"the subroutine {goal.context.name},{goal.exten.name} ends without Return: the call ends there"
                last = [*goal.exten.steps][-1]
                yield last.where, what, "end it with Return, or go there by Goto"


def _comes_back(view: View, start: At) -> bool:
    """Return False if every way from a step falls off the end of an extension, and none comes to a Return or a hangup."""
    seen: set[tuple[str, str, int]] = set()
    front = [start]
    while front:
        at = front.pop()
        key = (at.context.name, at.exten.name, at.priority)
        if key in seen:
            continue
        seen.add(key)
        view.spend()
        app = at.step.app.lower()
        if app in {"return", "hangup", "congestion", "busy", "macroexit"} or "Return" in at.step.data:
            return True
        for jump in jumps(at.step):
            if jump.kind == GOTO:
                goals = view.targets(at, jump)
                if goals is None:
                    return True
                front += goals
        if not ends(at.step):
            rest = dict(at.exten.numbered)
            if at.priority + 1 in rest:
                front.append(at._replace(priority=at.priority + 1, step=rest[at.priority + 1]))
    return False


@rule("Z306", Severity.WARNING)
def keys_without_an_answer(view: View) -> Iterator[Fault]:
    """Where digits are waited for, a wrong one (i) and none at all (t) are answered."""
    told: set[tuple[str, str]] = set()
    for at in view.steps:
        if at.step.app.lower() != "waitexten" or at.context.name in view.subroutines:
            continue
        for name, why in (("i", "a wrong key"), ("t", "no key at all")):
            if name == "t" and _goes_on(view, at):
                continue
            if (at.context.name, name) not in told and not view.find(at.context.name, name).extens:
                told.add((at.context.name, name))
                what = f"{at.context.name!r} waits for digits and has no {name}: {why} ends the call"
                yield at.step.where, what, f"write exten => {name},1,..."


def _goes_on(view: View, at: At) -> bool:
    """Return True if there is a step after this one, which is taken when the time is over and there is no ``t``."""
    return any(priority == at.priority + 1 for priority, _ in at.exten.numbered)
