"""Extensions and their priorities: what never matches, what stops in the middle, what takes too much."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.findings import Severity
from kelid.lint.registry import Fault, rule
from kelid.lint.view import STANDARD, View
from kelid.model.pbx import Context, Exten
from kelid.model.specificity import matches, sort_key

LONGEST = 79
"""Characters of an extension that a channel can have (include/asterisk/channel.h: AST_MAX_EXTENSION is 80)."""

_CLASSES = re.compile(r"\[[^\]]*\]?")
_UNMARKED = re.compile(r"[0-9*#+XZN.!\[\]-]*(?:[XZN.!]|\[[0-9-]+\])")
_WORD = re.compile(r"[A-Za-z]{2,}")


@rule("Z201")
def no_first_priority(view: View) -> Iterator[Fault]:
    """An extension begins at priority 1."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            first, step = next(iter(exten.numbered), (0, None))
            # With a label it is a subroutine that is gone to by that name.
            if step is None or first == 1 or step.label:
                continue
            if any(1 in dict(other.numbered) for other in context.extens if _same(other, exten)):
                continue
            what = f"extension {exten.name!r} in {context.name!r} begins at {first}: no call gets in"
            yield step.where, what, "number its steps from 1 on"


def _same(one: Exten, other: Exten) -> bool:
    return one is not other and sort_key(one.pattern) == sort_key(other.pattern)


@rule("Z202")
def gap_in_priorities(view: View) -> Iterator[Fault]:
    """An extension's priorities have no gap."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            before = 0
            for priority, step in exten.numbered:
                # n+101 was where a busy Dial went in Asterisk 1.0; a label says that a jump is meant.
                if before and priority != before + 1 and not step.label:
                    what = f"extension {exten.name!r} in {context.name!r} goes from {before} to {priority}: the call ends"
                    yield step.where, what, "number the steps without a gap, or write n"
                before = priority


@rule("Z211", Severity.WARNING)
def shadowed_extension(view: View) -> Iterator[Fault]:
    """Every extension can be reached: none before it takes all of its numbers."""
    for context in view.pbx.contexts:
        # Within a context only a pattern with ! comes before one that it takes wholly (main/pbx.c: ext_cmp).
        wide = [item for item in context.extens if item.pattern.startswith("_") and "!" in item.pattern]
        for exten in context.extens:
            view.spend(4 * len(wide) + 1)
            if not exten.pattern.startswith("_") or exten.caller is not None:
                continue
            for other in wide:
                if (
                    other.caller is None
                    and sort_key(other.pattern) < sort_key(exten.pattern)
                    and covers(other.pattern, exten.pattern)
                ):
                    what = f"{exten.pattern!r} never matches: {other.pattern!r} is tried before it and takes all its numbers"
                    yield exten.where, what, "take one of the two out, or make it narrower"
                    break


@rule("Z212", Severity.WARNING)
def dead_include(view: View) -> Iterator[Fault]:
    """An included context has something that is not taken before it."""
    for context in view.pbx.contexts:
        before = [exten for exten in context.extens if exten.caller is None]
        for include in context.includes:
            target = view.contexts.get(include.context)
            dialled = _dialled(target) if target else []
            if target and dialled and not target.includes and not target.switches:
                view.spend(len(before) * len(dialled) // 8 + 1)
                exact = {sort_key(item.pattern) for item in before}
                wide = [item for item in before if item.pattern.startswith("_")]
                hidden = [
                    exten
                    for exten in dialled
                    if sort_key(exten.pattern) in exact
                    or any(covers(item.pattern, exten.pattern) for item in wide)
                ]
                if len(hidden) == len(dialled):
                    what = f"{context.name!r} includes {include.context!r} in vain: all its numbers are taken before"
                    yield include.where, what, "include it earlier, or take the line out"
            if target and not include.times and not target.includes:
                before += [exten for exten in target.extens if exten.caller is None]


def _dialled(context: Context) -> list[Exten]:
    return [exten for exten in context.extens if exten.pattern not in STANDARD]


def covers(wide: str, narrow: str) -> bool:
    """Return True if one extension takes every number that the other takes."""
    if not narrow.startswith("_"):
        return matches(wide, narrow)
    if not wide.startswith("_"):
        return False
    mine, theirs = sort_key(wide)[1], sort_key(narrow)[1]
    if isinstance(mine, bytes) or isinstance(theirs, bytes):
        return False
    for at, (rank, bits) in enumerate(mine):
        if rank in {_DOT, _BANG}:
            rest = theirs[at][0] if at < len(theirs) else _END
            return rank == _BANG or rest not in {_BANG, _END}
        if at >= len(theirs):
            return False
        other, other_bits = theirs[at]
        if _END in {rank, other}:
            return rank == other
        if other in {_DOT, _BANG, _BROKEN} or rank == _BROKEN:
            return False
        if (-bits) | (-other_bits) != -bits:
            return False
    return False


_DOT, _BANG, _END, _BROKEN = 0x18000, 0x28000, 0x30000, 0x40000


@rule("Z213", Severity.WARNING)
def takes_everything(view: View) -> Iterator[Fault]:
    """No pattern takes the extensions that Asterisk itself goes to: i, t, h, s."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            if exten.pattern in {"_.", "_!"}:
                what = f"{exten.pattern!r} takes h, i, t and s too: it runs again when the call ends"
                yield exten.where, what, "write _X. or _[0-9*#+]."


@rule("Z214", Severity.WARNING)
def letters_that_are_classes(view: View) -> Iterator[Fault]:
    """A word in a pattern has no letter that stands for digits: n, x and z do."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            if not exten.pattern.startswith("_"):
                continue
            for word in _WORD.findall(_CLASSES.sub(" ", exten.pattern[1:])):
                if re.search("[nxzNXZ]", word) and re.search("[^nxzNXZ]", word):
                    what = f"{word!r} in {exten.pattern!r} has a letter that stands for digits (n 2-9, x 0-9, z 1-9)"
                    yield exten.where, what, "write such a letter in brackets: [n]"
                    break


@rule("Z215")
def broken_pattern(view: View) -> Iterator[Fault]:
    """A pattern's brackets close, and nothing stands behind . or !."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            if not exten.pattern.startswith("_"):
                continue
            bare = _CLASSES.sub("", exten.pattern)
            if exten.pattern.count("[") > exten.pattern.count("]"):
                yield (
                    exten.where,
                    f"a bracket of {exten.pattern!r} is not closed: it matches nothing",
                    "close it",
                )
            elif re.search(r"[.!].", bare):
                what = f"Asterisk doesn't look at what stands behind . or ! in {exten.pattern!r}"
                yield exten.where, what, "take it out"


@rule("Z216", Severity.WARNING)
def pattern_without_underscore(view: View) -> Iterator[Fault]:
    """A pattern begins with an underscore."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            name = exten.pattern
            if _UNMARKED.fullmatch(name) and (len(name) > 1 or name in ".!"):
                what = f"{name!r} is no pattern without an underscore: only these very characters match"
                yield exten.where, what, f"write _{name}"


@rule("Z217", Severity.WARNING)
def quotes_in_a_name(view: View) -> Iterator[Fault]:
    """An extension has no quotes in its name."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            if '"' in exten.pattern or "'" in exten.pattern:
                yield (
                    exten.where,
                    f"the quotes belong to the name {exten.pattern}: nobody dials them",
                    "take them out",
                )


@rule("Z218")
def name_is_too_long(view: View) -> Iterator[Fault]:
    """An extension is not longer than a channel can dial."""
    for context in view.pbx.contexts:
        for exten in context.extens:
            if not exten.pattern.startswith("_") and len(exten.pattern.encode("utf-8", "replace")) > LONGEST:
                what = f"an extension of {len(exten.pattern)} characters: a channel has {LONGEST} at most"
                yield exten.where, what, "cut it"


@rule("Z219", Severity.WARNING)
def includes_each_other(view: View) -> Iterator[Fault]:
    """Contexts don't include each other in a circle."""
    done: set[str] = set()
    for start in view.contexts:
        path: dict[str, None] = {}
        stack = [(start, iter(view.contexts[start].includes))] if start not in done else []
        if stack:
            path[start] = None
        while stack:
            name, rest = stack[-1]
            view.spend()
            include = next(rest, None)
            if include is None:
                done.add(name)
                path.pop(name, None)
                stack.pop()
            elif include.context in path:
                ring = [*path][[*path].index(include.context) :]
                what = f"the contexts include each other: {' -> '.join([*ring, include.context])}"
                yield include.where, what, "take one include out"
            elif include.context in view.contexts and include.context not in done:
                path[include.context] = None
                stack.append((include.context, iter(view.contexts[include.context].includes)))
