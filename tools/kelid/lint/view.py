"""A PBX as the rules look at it: asked again and again where a number is found and what leads where, answered once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from kelid.findings import Where
from kelid.lint import text
from kelid.lint.jumps import GOSUB, MACRO, OTHER, Jump, jumps, local, menu
from kelid.model.origins import Origin, origins
from kelid.model.pbx import Context, Exten, Option, Pbx, Step
from kelid.model.specificity import SortKey, matches, sort_key

STANDARD = frozenset({"s", "i", "t", "h", "o", "a", "T", "e", "fax", "failed", "talk"})
"""Extensions that Asterisk itself goes to; none is dialled as a number."""

WORK = 3_000_000
"""Units of work that a rule may do: comparisons of extensions, steps on a way. Some seconds."""


class TooMuch(Exception):  # noqa: N818  (it is no error: a rule ends early, and that is said)
    """A rule would work for too long."""


class At(NamedTuple):
    """A step with all that is around it."""

    context: Context
    exten: Exten
    priority: int
    step: Step


class Way(NamedTuple):
    """Where calls come into the dial plan. ``who`` is a phone, a trunk, ... in words; ``anonymous`` if anybody may call."""

    context: str
    where: Where
    who: str
    anonymous: bool = False


class Found(NamedTuple):
    """What a search comes to: the extensions that take the number, in order; ``open`` if a database is asked besides."""

    extens: tuple[tuple[Context, Exten], ...]
    open: bool


_CONTEXT_KEYS = {
    "sip.conf": {"context", "subscribecontext"},
    "iax.conf": {"context"},
    "chan_dahdi.conf": {"context"},
    "queues.conf": {"context"},
    "voicemail.conf": {"dialout", "callback", "exitcontext"},
    "res_parking.conf": {"context", "comebackcontext"},
    "followme.conf": {"context"},
    "skinny.conf": {"context"},
    "unistim.conf": {"context"},
    "mgcp.conf": {"context"},
    "chan_mobile.conf": {"context"},
    "console.conf": {"context"},
    "xmpp.conf": {"context"},
    "agents.conf": set(),
}
_ENDPOINT_KEYS = {"context", "message_context", "subscribe_context"}


class View:
    """One PBX, with the answers that rules ask for."""

    def __init__(self, pbx: Pbx) -> None:
        """Keep it; all else is worked out when it is first asked for."""
        self.pbx = pbx
        self.work = WORK
        self.contexts = {context.name: context for context in pbx.contexts}
        self.kept: dict[str, Any] = {}
        """What a topic's rules share."""
        self._found: dict[tuple[str, str], Found] = {}
        self._exact: dict[str, dict[SortKey, list[Exten]]] = {}
        self._patterns: dict[str, list[Exten]] = {}

    def spend(self, units: int = 1) -> None:
        """Count work. Raise TooMuch when a rule has had its share."""
        self.work -= units
        if self.work < 0:
            raise TooMuch

    @cached_property
    def steps(self) -> tuple[At, ...]:
        """Every step."""
        return tuple(
            At(context, exten, priority, step)
            for context in self.pbx.contexts
            for exten in context.extens
            for priority, step in exten.numbered
        )

    @cached_property
    def jumps(self) -> tuple[tuple[At, Jump], ...]:
        """Every place that a step names, with the step."""
        return tuple((at, jump) for at in self.steps for jump in jumps(at.step))

    @cached_property
    def others(self) -> tuple[Jump, ...]:
        """Every place that stands outside of steps: hints, members of queues, keys of conferences' menus."""
        found = [
            jump
            for context in self.pbx.contexts
            for hint in context.hints
            for jump in local(hint.device, hint.where)
        ]
        for option in self.options("queues.conf", "member"):
            found += local(option.value.split(",")[0].strip(), option.where)
        for file in self.pbx.files:
            if file.path == "confbridge.conf":
                found += [
                    j for section in file.sections for o in section.options for j in menu(o.value, o.where)
                ]
        return tuple(found)

    def options(self, path: str, key: str) -> Iterator[Option]:
        """Yield every option of that name in a file's sections."""
        for section in self.pbx.sections(path):
            for option in section.options:
                if option.key.lower() == key:
                    yield option

    @cached_property
    def made(self) -> frozenset[str]:
        """Contexts that modules make themselves when they run: those of parking lots, and of phones that register."""
        found = {"parkedcalls"}
        for path, key in (
            ("res_parking.conf", "context"),
            ("sip.conf", "regcontext"),
            ("iax.conf", "regcontext"),
        ):
            found.update(option.value.strip() for option in self.options(path, key))
        found.update(
            o.value for f in self.pbx.files for s in f.resolved for o in s.options if o.key == "regcontext"
        )
        return frozenset(found)

    # --- the search ------------------------------------------------------------------------------

    def _index(self, context: Context) -> tuple[dict[SortKey, list[Exten]], list[Exten]]:
        if context.name not in self._exact:
            exact: dict[SortKey, list[Exten]] = {}
            patterns = []
            for exten in context.extens:
                if exten.pattern.startswith("_"):
                    patterns.append(exten)
                else:
                    exact.setdefault(sort_key(exten.pattern), []).append(exten)
            self._exact[context.name] = exact
            self._patterns[context.name] = sorted(patterns, key=lambda item: sort_key(item.pattern))
        return self._exact[context.name], self._patterns[context.name]

    def closure(self, name: str) -> tuple[Context, ...]:
        """Return a context and all that it includes, at whatever time, in the order in which Asterisk searches."""
        found: dict[str, Context] = {}
        front = [name]
        while front:
            name = front.pop()
            if name in found or name not in self.contexts:
                continue
            self.spend()
            context = found[name] = self.contexts[name]
            front += [include.context for include in reversed(context.includes)]
        return tuple(found.values())

    def find(self, context: str, number: str) -> Found:
        """Return which extensions take a number that is dialled in a context."""
        key = (context, number)
        if key not in self._found:
            extens: list[tuple[Context, Exten]] = []
            asked = False
            for item in self.closure(context):
                exact, patterns = self._index(item)
                extens += [(item, exten) for exten in exact.get(sort_key(number), ())]
                self.spend(len(patterns) // 4 + 1)
                extens += [(item, exten) for exten in patterns if matches(exten.pattern, number)]
                asked = asked or bool(item.switches) or any(i.context in self.made for i in item.includes)
            self._found[key] = Found(tuple(extens), asked or context in self.made)
        return self._found[key]

    def targets(self, at: At, jump: Jump) -> tuple[At, ...] | None:
        """Return the steps that a place may mean; None where that can't be told."""
        context = jump.context or at.context.name
        if not text.constant(context) or jump.exten == "*":
            return None
        if not jump.exten:
            pairs: tuple[tuple[Context, Exten], ...] = ((at.context, at.exten),)
            if jump.context or jump.kind == OTHER:
                return None
        elif not text.constant(jump.exten):
            return None
        else:
            found = self.find(context, jump.exten)
            if found.open:
                return None
            pairs = found.extens
        if not text.constant(jump.priority):
            return None
        goals = []
        for owner, exten in pairs:
            for priority, step in exten.numbered:
                if jump.priority in {str(priority), step.label}:
                    goals.append(At(owner, exten, priority, step))
                    break
        return tuple(goals)

    # --- ways in -------------------------------------------------------------------------------------

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Where calls come in, by the channels' own files."""
        return tuple(Way(one.context, one.where, _who(one), one.anonymous) for one in origins(self.pbx))

    def named_contexts(self) -> Iterator[tuple[Option, str]]:
        """Yield every option of conf files that names a context, with its file."""
        for file in self.pbx.files:
            keys = _CONTEXT_KEYS.get(file.path, set())
            for section in file.resolved:
                endpoint = section.get("type") == "endpoint"
                for option in section.options:
                    key = option.key.lower()
                    if key in keys or (endpoint and key in _ENDPOINT_KEYS):
                        yield option, file.path
                    elif file.path == "voicemail.conf" and "=" in option.value:
                        yield from (
                            (Option(word[0].strip(), word[2].strip(), option.where), file.path)
                            for part in re.split(r"[|,]", option.value)
                            if (word := part.partition("="))[0].strip().lower() in keys
                        )

    @cached_property
    def dialled(self) -> frozenset[str]:
        """Contexts in which callers from the channels' files look for what they dialled, and all that these include."""
        return frozenset(context.name for way in self.ways for context in self.closure(way.context))

    @cached_property
    def subroutines(self) -> frozenset[str]:
        """Contexts that a Gosub or a macro goes to."""
        places = [jump for _, jump in self.jumps if jump.kind in {GOSUB, MACRO}]
        return frozenset(jump.context for jump in places)


def _who(origin: Origin) -> str:
    if origin.technology == "PJSIP":
        return f"endpoint {origin.name!r}"
    return "anybody (allowguest)" if origin.anonymous else origin.name
