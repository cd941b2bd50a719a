"""Contexts that only have another name now, under the name that they had: no call knows what the one it is in is called.

A context has been renamed where one of the same steps is gone, and every step that came to the one goes to the other. It
is left alone wherever its name may be seen or made on the way: ``${CONTEXT}`` and ``STACK_PEEK`` tell it, a variable may
hold it, and conf files may name it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from kelid.model.pbx import Context, Pbx, Step
from kelid.model.record import replace
from kelid.model.value import changed
from kelid.simulate.aligned import ARGUMENTS, closed
from kelid.simulate.reach import Reach

_TELLS = re.compile(r"\b(?:CONTEXT|STACK_PEEK|MACRO_CONTEXT)\b")
_JUMPS = frozenset(("goto", "gotoif", "gotoiftime", "gosub", "gosubif"))
_MADE = re.compile(r"(?<![\w,\0-])([\w\0-]*\0[\w\0-]*)(?:,[^,()&?:]*,|$)")
"""What a jump, or a function that looks for an extension, has for a context, where a part (``\\0``) is made on the way."""
_ONE_VARIABLE = re.compile(r"\$\{(\w+)\}")
_LABELS = re.compile(r"\$\{EXTEN\}|\$\{IF\([^?]*\?[\w-]*:[\w-]*\)\}")
"""What is a label or an extension, with no context before it."""
_LOOKS = ("DIALPLAN_EXISTS(", "VALID_EXTEN(", "Local/")


def as_named_before(before: Pbx, after: Pbx) -> Pbx:
    """Return ``after`` with the contexts that it calls otherwise under the names that they have in ``before``."""
    sides = [Counter(context.name for context in pbx.contexts) for pbx in (before, after)]
    gone = {context.name: context for context in before.contexts if context.name not in sides[1]}
    new = {context.name for context in after.contexts if context.name not in sides[0]}
    again = bool(gone) and bool(new)
    while again:
        again = False
        for name in sorted(new):
            (context, *more) = (one for one in after.contexts if one.name == name)
            were = [old for old, one in gone.items() if _renamed(context, name, old) == one]
            if more or len(were) != 1 or sides[0][were[0]] > 1:
                continue
            (old,) = were
            if not _is_seen(before, old, name) and not _is_seen(after, name, old):
                after = replace(after, contexts=tuple(_renamed(one, name, old) for one in after.contexts))
                new.remove(name)
                del gone[old]
                again = True
    return after


def _word(name: str) -> re.Pattern[str]:
    """Return what finds a name in capital or small letters, as contexts are found (``dialplan.py``)."""
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)


def _place(name: str) -> re.Pattern[str]:
    """Return what finds a context where a jump names it: ``announcement-closed,s,1``."""
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?=,[^,()&?:]*,)")


def _renamed(context: Context, name: str, to: str) -> Context:
    """Return a context with another name for one, its own or that to which its steps jump."""
    place = _place(name)

    def renamed(step: Step) -> Step:
        return changed(step, data=place.sub(to, step.data)) if name in step.data else step

    if context.name != name and not any(name in step.data for one in context.extens for step in one.steps):
        return context
    extens = tuple(changed(one, steps=tuple(map(renamed, one.steps))) for one in context.extens)
    return changed(context, name=to if context.name == name else context.name, extens=extens)


def _is_seen(pbx: Pbx, name: str, other: str) -> bool:
    """Return True if it may make a difference whether the context has the one name or the other."""
    word, place, another = _word(name), _place(name), _word(other)
    places = _given(pbx)
    own = next(context for context in pbx.contexts if context.name == name)
    if own.includes or own.switches or own.hints or any(_TELLS.search(step.data) for step in _steps(own)):
        return True
    for context in pbx.contexts:
        if any(one.context == name for one in context.includes):
            return True
        for step in _steps(context):
            data = step.data
            if "STACK_PEEK" in data or another.search(data):
                return True
            if word.search(data) and (
                step.app.lower() not in _JUMPS or word.search(place.sub("", data)) is not None
            ):
                return True
            if "$" in data and _may_be_made(step, (name, other), places):
                return True
    texts = [option.value for option in pbx.globals]
    texts += [hint.device for context in pbx.contexts for hint in context.hints]
    texts += [
        text
        for file in pbx.files
        for section in file.sections
        for option in section.options
        for text in (option.key, option.value)
    ]
    return any(word.search(text) or another.search(text) for text in texts)


def _steps(context: Context) -> Iterator[Step]:
    for exten in context.extens:
        yield from exten.steps


def _may_be_made(step: Step, names: tuple[str, str], places: Mapping[str, Collection[str]]) -> bool:
    """Return True if a step goes to, or asks for, what may come to be one of the names in a call.

    ``places`` is what variables are given that hold a whole place.
    """
    # Outside of the context itself, and with none that includes others, this is another one.
    data, inside = closed(step.data.replace("${CONTEXT}", "CONTEXT"))
    if step.app.lower() in _JUMPS:
        if _ONE_VARIABLE.fullmatch(step.data):
            return any(_is_one_of(closed(text)[0], names) for text in _held(step.data, places))
        if _is_one_of(ARGUMENTS.sub("", data), names):
            return True
    return any(_is_one_of(text, names) for text in (data, *inside) if any(word in text for word in _LOOKS))


def _held(text: str, places: Mapping[str, Collection[str]]) -> set[str]:
    """Return what a variable may hold, as it is written where it is given; itself where nobody gives it anything."""
    found, waiting = set(), {text}
    seen: set[str] = set()
    while waiting:
        one = waiting.pop()
        seen.add(one)
        held = _ONE_VARIABLE.fullmatch(one)
        if held and held[1] in places:
            waiting |= set(places[held[1]]) - seen
        elif not _LABELS.fullmatch(one):
            found.add(one)
    return found


def _is_one_of(text: str, names: tuple[str, str]) -> bool:
    """Return True if a context that is made on the way, somewhere in a closed text, may be one of these."""
    patterns = (".*".join(map(re.escape, made.split("\0"))) for made in _MADE.findall(text))
    return any(re.fullmatch(pattern, name) for pattern in patterns for name in names)


def _given(pbx: Pbx) -> dict[str, set[str]]:
    """Return what each variable is given in the dial plan; what a subroutine returns is ``GOSUB_RETVAL``."""
    made = dict(Reach(pbx).assigned)
    made["GOSUB_RETVAL"] = {
        step.data
        for context in pbx.contexts
        for step in _steps(context)
        if step.app.lower() == "return" and step.data
    }
    return made
