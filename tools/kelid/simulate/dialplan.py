"""The dial plan as Asterisk searches it: contexts with their extensions in order, patterns, includes, labels.

Built once for each Pbx; a context is sorted when it is first searched, a step made ready when it is first taken.
As pbx_find_extension, _extension_match_core and ext_cmp in main/pbx.c, with ``extenpatternmatchnew=no``, Asterisk's default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Hint, Pbx, Section, Step
from kelid.model.specificity import SortKey, sort_key
from kelid.simulate.applications import find
from kelid.simulate.substitute import Template, template
from kelid.simulate.timing import timing
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run

MATCH, CAN_MATCH, MATCH_MORE = "match", "canmatch", "matchmore"
"""How much of an extension a text must be: all of it; all or a beginning; a beginning, with more to come."""

HINT = -1
"""The priority of a hint."""

MOST_INCLUDES = 128
"""Contexts that one search goes through (AST_PBX_MAX_STACK)."""


class ReadyStep:
    """A step ready to be taken. Of an application that the oracle doesn't know, ``function`` raises UnknownHere.

    ``app`` is the name as the application is registered (AMI shows that one): ``BackGround``. ``template`` is None where
    the arguments are ``constant``.
    """

    __slots__ = ("app", "constant", "function", "template", "where")

    def __init__(self, step: Step, asterisk: int) -> None:
        """Find the application and take its arguments apart."""
        application = find(step.app, asterisk)
        self.app = application.name if application else step.app
        self.function: Callable[[Run, str], int | str] = (
            application.function if application else _unknown(step.app)
        )
        made = template(step.data)
        self.constant: str = made.constant if made.constant is not None else ""
        self.template: Template | None = None if made.constant is not None else made
        self.where: Where = step.where


def _unknown(name: str) -> Callable[[Run, str], int | str]:
    def unknown(run: Run, data: str) -> int | str:
        raise UnknownHere(f"application {name}")

    return unknown


class Entry:
    """One extension of a context: all steps of one pattern and one caller's pattern."""

    __slots__ = ("_asterisk", "_raw", "caller", "has_first", "hint", "labels", "pattern", "steps")

    def __init__(self, pattern: str, caller: str | None, asterisk: int) -> None:
        """Begin without steps."""
        self.pattern = pattern
        self.caller = caller
        self.hint: Hint | None = None
        self.has_first = False
        self.labels: dict[str, int] = {}
        self.steps: dict[int, ReadyStep] = {}
        self._raw: dict[int, Step] = {}
        self._asterisk = asterisk

    def add(self, exten: Exten) -> None:
        """Add steps. A priority or a label that is there already stays, as ast_add_extension2 refuses a second one."""
        for priority, step in exten.numbered:
            if priority in self._raw:
                continue
            self._raw[priority] = step
            if step.label:
                self.labels.setdefault(step.label, priority)
        self.has_first = 1 in self._raw

    def step(self, priority: int) -> ReadyStep | None:
        """Return the step of that priority, or None."""
        ready = self.steps.get(priority)
        if ready is None:
            raw = self._raw.get(priority)
            if raw is not None:
                ready = self.steps[priority] = ReadyStep(raw, self._asterisk)
        return ready

    def has(self, priority: int) -> bool:
        """Return True if there is a step of that priority, or for HINT a hint."""
        return priority in self._raw if priority != HINT else self.hint is not None

    def raw(self) -> dict[int, Step]:
        """Return the steps by priority, as they are written."""
        return self._raw


class Searched:
    """A context ready to be searched."""

    __slots__ = (
        "_asterisk",
        "_cache",
        "_context",
        "_entries",
        "_exact",
        "_patterns",
        "includes",
        "name",
        "switches",
    )

    def __init__(self, context: Context, asterisk: int) -> None:
        """Take the context; its extensions are sorted when they are first asked for."""
        self.name = context.name
        self.includes = tuple((include.context, include.times) for include in context.includes)
        self.switches = context.switches
        self._context = context
        self._asterisk = asterisk
        self._entries: tuple[Entry, ...] | None = None
        self._exact: dict[str, tuple[Entry, ...]] = {}
        self._patterns: tuple[Entry, ...] = ()
        self._cache: dict[str, tuple[Entry, ...]] = {}

    def merge(self, context: Context) -> None:
        """Add a second section of the same name."""
        mine = self._context
        self._context = Context(
            mine.name,
            mine.extens + context.extens,
            mine.includes + context.includes,
            mine.hints + context.hints,
            mine.where,
            mine.switches + context.switches,
            mine.ignorepats + context.ignorepats,
        )
        self.includes = tuple((include.context, include.times) for include in self._context.includes)
        self.switches = self._context.switches

    @property
    def ignorepats(self) -> tuple[str, ...]:
        """Dialled beginnings after which the dial tone goes on."""
        return self._context.ignorepats

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All extensions in Asterisk's order: the first that matches wins."""
        if self._entries is None:
            merged: dict[tuple[SortKey, bool, SortKey], Entry] = {}
            for exten in self._context.extens:
                self._entry(merged, exten.pattern, exten.caller).add(exten)
            for hint in self._context.hints:
                entry = self._entry(merged, hint.exten, None)
                entry.hint = entry.hint or hint
            ordered = sorted(merged.items(), key=lambda item: item[0])
            self._entries = tuple(entry for _, entry in ordered)
            exact: dict[str, list[Entry]] = {}
            for entry in self._entries:
                if entry.pattern[:1] != "_":
                    exact.setdefault(entry.pattern.replace("-", ""), []).append(entry)
            self._exact = {text: tuple(found) for text, found in exact.items()}
            self._patterns = tuple(entry for entry in self._entries if entry.pattern[:1] == "_")
        return self._entries

    def _entry(
        self, merged: dict[tuple[SortKey, bool, SortKey], Entry], pattern: str, caller: str | None
    ) -> Entry:
        # those for some callers stand before the one for all
        key = (sort_key(pattern), caller is None, sort_key(caller or ""))
        entry = merged.get(key)
        if entry is None:
            entry = merged[key] = Entry(pattern, caller, self._asterisk)
        return entry

    def matching(self, exten: str) -> tuple[Entry, ...]:
        """Return the extensions that the text matches, in order. The text has no undecided characters."""
        found = self._cache.get(exten)
        if found is None:
            if self._entries is None:
                _ = self.entries
            found = self._exact.get(exten.replace("-", ""), ())
            if self._patterns:
                found += tuple(entry for entry in self._patterns if match(entry.pattern, exten, MATCH))
            if len(self._cache) > 10_000:
                self._cache.clear()
            self._cache[exten] = found
        return found


_CLASSES = {
    "X": frozenset("0123456789"),
    "Z": frozenset("123456789"),
    "N": frozenset("23456789"),
}


@lru_cache(65536)
def positions(pattern: str) -> tuple[frozenset[str] | str, ...]:
    """Return what a pattern allows at each position: a set of characters, ``.`` or ``!``; without the underscore.

    Whatever stands after ``.`` or ``!`` has no meaning for a match but counts for the order. An empty set is a ``[`` that
    never ends: it matches nothing.
    """
    made: list[frozenset[str] | str] = []
    at = 1
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "-":
            continue
        if character in ".!":
            made.append(character)
        elif character == "[":
            end = pattern.find("]", at)
            if end < 0:
                made.append(frozenset())
                break
            characters: set[str] = set()
            while at < end:
                first = pattern[at]
                if at + 2 < end and pattern[at + 1] == "-":
                    characters.update(map(chr, range(ord(first), ord(pattern[at + 2]) + 1)))
                    at += 3
                else:
                    characters.add(first)
                    at += 1
            at = end + 1
            if characters:  # an empty set isn't there at all
                made.append(frozenset(characters))
        else:
            made.append(_CLASSES.get(character.upper()) or frozenset(character))
    return tuple(made)


def match(
    pattern: str, text: str, mode: str, is_in: Callable[[str, frozenset[str]], bool] | None = None
) -> int:
    """Return 0 if the text doesn't match, 1 if it does, 2 if a ``!`` matched (_extension_match_core).

    ``is_in`` decides about characters that are not decided yet; without it there are none.
    """
    if pattern[:1] != "_":
        wanted, given = pattern.replace("-", ""), text.replace("-", "")
        if len(wanted) < len(given) or (mode == MATCH and len(wanted) != len(given)):
            return 0
        if is_in is None:
            same = wanted.startswith(given)
        else:
            same = all(is_in(one, frozenset(other)) for one, other in zip(given, wanted, strict=False))
        if not same:
            return 0
        return int(len(wanted) > len(given)) if mode == MATCH_MORE else 1
    if mode == MATCH and text[:1] == "_" and sort_key(pattern) == sort_key(text):
        return 1
    wanted_at = positions(pattern)
    at = 0
    for character in text:
        if character == "-":
            continue
        if at == len(wanted_at):
            return 0
        position = wanted_at[at]
        if isinstance(position, str):
            return 1 if position == "." else 2
        if not (character in position if is_in is None else is_in(character, position)):
            return 0
        at += 1
    if at == len(wanted_at):
        return 0 if mode == MATCH_MORE else 1
    if wanted_at[at] == "!":
        return 2
    if not wanted_at[at]:
        return 0
    return 0 if mode == MATCH else 1


@lru_cache(65536)
def overlap(one: str, other: str) -> bool:
    """Return True if some text matches both of two extensions, each a pattern or one number."""
    first, second = (
        positions(name) if name[:1] == "_" else tuple(map(frozenset, name.replace("-", "")))
        for name in (one, other)
    )
    for mine, others in zip_longest(first, second, fillvalue=""):
        if mine == "!" or others == "!":
            return True
        if not mine or not others:
            return False
        if isinstance(mine, str) or isinstance(others, str):
            return True
        if mine.isdisjoint(others):
            return False
    return True


class Dialplan:
    """A Pbx's dial plan, ready to be searched."""

    aligned = False
    """Whether its extensions have got steps of no effect (``aligned.py``), so that nobody may go to one by its number."""

    def __init__(self, pbx: Pbx) -> None:
        """Index the contexts by name."""
        self.asterisk = pbx.asterisk
        self.autofallthrough = pbx.autofallthrough
        self.contexts: dict[str, Searched] = {}
        for context in pbx.contexts:
            there = self.contexts.get(context.name)
            if there is None:
                self.contexts[context.name] = Searched(context, pbx.asterisk)
            else:
                there.merge(context)
        self._timed: dict[str, bool] = {}
        self._found: dict[tuple[str, str], tuple[Entry | str, ...]] = {}
        self._mentions: dict[str, bool] = {}
        self._partly: dict[tuple[str, str, str], bool] = {}
        self._sections: dict[str, dict[str, Section]] = {}
        self._endpoints: frozenset[str] | None = None
        self._language = ""
        self._alone: set[str] | None = None
        self.memo: dict[Any, Any] = {}
        """What applications have found out about the configuration, to be kept as long as that."""
        self._pbx = pbx

    def sections(self, path: str) -> dict[str, Section]:
        """Return the resolved sections of a conf file by their names; of several of one name the last."""
        found = self._sections.get(path)
        if found is None:
            found = self._sections[path] = {section.name: section for section in self._pbx.sections(path)}
        return found

    @property
    def endpoints(self) -> frozenset[str]:
        """The names of the PJSIP endpoints; none at all where the configuration isn't known."""
        if self._endpoints is None:
            self._endpoints = frozenset(
                section.name for section in self._pbx.sections("pjsip.conf", "endpoint")
            )
        return self._endpoints

    @property
    def language(self) -> str:
        """The language of channels that have none of their own (asterisk.conf)."""
        if not self._language:
            section = self.sections("asterisk.conf").get("options")
            self._language = (section.get("defaultlanguage") if section else None) or "en"
        return self._language

    def has_no_language(self, files: str) -> bool:
        """Return True if recordings (``a&b``) are the site's own, of which there is none in a language's folder."""
        if self._alone is None:
            names = {media.name for media in self._pbx.media}
            self._alone = names - {name.rpartition("/")[2] for name in names if "/" in name}
        return all(file.rpartition("/")[2] in self._alone for file in files.split("&"))

    def table_text(self, run: Run, arguments: str) -> str:
        """Return what differs among extensions that are walked as one; here none are."""
        raise UnknownHere(f"table {arguments}")

    def mentions(self, text: str) -> bool:
        """Return True if some step's arguments, or a global variable, hold the text: a variable's name."""
        known = self._mentions.get(text)
        if known is None:
            known = self._mentions[text] = any(
                text in step.data
                for context in self._pbx.contexts
                for exten in context.extens
                for step in exten.steps
            ) or any(text in option.value for option in self._pbx.globals)
        return known

    def searched(self, run: Run, context: str) -> Iterator[Searched]:
        """Yield the context and those it includes at this moment, in Asterisk's order, each once."""
        seen: set[str] = set()
        yield from self._searched(run, context, seen)

    def _searched(self, run: Run, name: str, seen: set[str]) -> Iterator[Searched]:
        lower = name.lower()
        if lower in seen:
            return
        if len(seen) >= MOST_INCLUDES:
            run.warn("Maximum PBX stack exceeded")
            return
        context = self.contexts.get(name)
        if context is None:
            return
        yield context
        seen.add(lower)
        for included, times in context.includes:
            if times:
                spec = timing(times)
                if spec is not None and not run.is_time(spec):
                    continue
            yield from self._searched(run, included, seen)

    def is_timed(self, name: str) -> bool:
        """Return True if what the context includes hangs on the time."""
        known = self._timed.get(name)
        if known is None:
            known = any(times for context in self._reachable(name) for _, times in context.includes)
            self._timed[name] = known
        return known

    def candidates(
        self, run: Run, context: str, exten: str
    ) -> tuple[Entry | str, ...] | Iterator[Entry | str]:
        """Return the extensions that match, in order; a text stands for a switch that is asked in between."""
        symbols = run.symbols
        if symbols is not None and symbols.within(exten):
            return self._walk(run, context, lambda one: self._deciding(one, exten, symbols.is_in))
        if self.is_timed(context):
            return self._walk(run, context, lambda one: one.matching(exten))
        key = (context, exten)
        found = self._found.get(key)
        if found is None:
            if len(self._found) > 50_000:
                self._found.clear()
            found = self._found[key] = tuple(self._walk(run, context, lambda one: one.matching(exten)))
        return found

    def _walk(
        self, run: Run, context: str, matching: Callable[[Searched], tuple[Entry, ...] | Iterator[Entry]]
    ) -> Iterator[Entry | str]:
        for one in self.searched(run, context):
            yield from matching(one)
            for switch in one.switches:
                yield f"{switch.keyword} => {switch.text} of context {one.name}"

    @staticmethod
    def _deciding(one: Searched, exten: str, is_in: Callable[[str, frozenset[str]], bool]) -> Iterator[Entry]:
        for entry in one.entries:
            if match(entry.pattern, exten, MATCH, is_in):
                yield entry

    def find(self, run: Run, context: str, exten: str, priority: int, caller: str) -> ReadyStep | None:
        """Return the step there, or None. Raise UnknownHere where only a switch could tell.

        An extension that matches but lacks the priority is passed over (E_SPAWN goes on to the next that matches).
        """
        found: tuple[Entry | str, ...] | Iterator[Entry | str] | None
        found = self._found.get((context, exten)) if run.symbols is None else None
        for entry in self.candidates(run, context, exten) if found is None else found:
            if isinstance(entry, str):
                raise UnknownHere(entry)
            if entry.caller is not None and not self._is_caller(run, entry.caller, caller):
                continue
            ready = entry.steps.get(priority) or entry.step(priority)
            if ready is not None:
                return ready
        return None

    def entry(self, run: Run, context: str, exten: str, priority: int, caller: str) -> Entry | None:
        """Return the extension that has the priority (HINT: a hint), or None. Raise UnknownHere like ``find``."""
        for entry in self.candidates(run, context, exten):
            if isinstance(entry, str):
                if priority == HINT:
                    continue
                raise UnknownHere(entry)
            if (entry.caller is None or self._is_caller(run, entry.caller, caller)) and entry.has(priority):
                return entry
        return None

    def _is_caller(self, run: Run, pattern: str, caller: str) -> bool:
        if not caller:
            return not pattern
        return bool(match(pattern, caller, MATCH))

    def exists(
        self, run: Run, context: str, exten: str, priority: int = 1, caller: str | None = None
    ) -> bool:
        """Return True if the dial plan has the step. ``caller`` is the caller's number; None: that of the run's channel."""
        return (
            self.entry(run, context, exten, priority, run.channel.caller if caller is None else caller)
            is not None
        )

    def label(self, run: Run, context: str, exten: str, label: str, caller: str | None = None) -> int | None:
        """Return the priority of a label, or None."""
        caller = run.channel.caller if caller is None else caller
        for entry in self.candidates(run, context, exten):
            if isinstance(entry, str):
                return None  # a switch knows no labels
            if entry.caller is not None and not self._is_caller(run, entry.caller, caller):
                continue
            found = entry.labels.get(label)
            if found is not None:
                return found
        return None

    def partly(self, run: Run, context: str, text: str, mode: str, caller: str | None = None) -> bool:
        """Return True if the text can be (CAN_MATCH) or become (MATCH_MORE) an extension with a first priority.

        A ``!`` decides for its context that nothing more is to come.
        """
        caller = run.channel.caller if caller is None else caller
        symbols = run.symbols
        if symbols is None and not self.is_timed(context):
            key = (context, f"{caller}/{text}" if self._asks_callers(context) else text, mode)
            known = self._partly.get(key)
            if known is None:
                if len(self._partly) > 50_000:
                    self._partly.clear()
                known = self._partly[key] = self._is_partly(run, context, text, mode, caller)
            return known
        is_in = symbols.is_in if symbols is not None and symbols.within(text) else None
        return self._is_partly(run, context, text, mode, caller, is_in)

    def collect(self, run: Run, context: str, digits: str, place: int) -> tuple[str, bool] | None:
        """Return what is dialled in all by who has dialled some digits, and whether more could follow.

        None where each key is asked for by itself. ``place`` is which key of a wait is the next.
        """
        return None

    def _asks_callers(self, context: str) -> bool:
        """Return True if the context, or one that it includes, has extensions for some callers only."""
        key = ("asks callers", context)
        known = self.memo.get(key)
        if known is None:
            known = self.memo[key] = any(
                exten.caller is not None for one in self._reachable(context) for exten in one.entries
            )
        return bool(known)

    def _reachable(self, name: str) -> list[Searched]:
        waiting, seen, found = [name], {name}, []
        while waiting:
            context = self.contexts.get(waiting.pop())
            if context is None:
                continue
            found.append(context)
            for included, _ in context.includes:
                if included not in seen:
                    seen.add(included)
                    waiting.append(included)
        return found

    def _is_partly(  # noqa: PLR0917 - what is searched for, and for whom
        self,
        run: Run,
        context: str,
        text: str,
        mode: str,
        caller: str,
        is_in: Callable[[str, frozenset[str]], bool] | None = None,
    ) -> bool:
        for one in self.searched(run, context):
            for entry in one.entries:
                found = match(entry.pattern, text, mode, is_in)
                if not found or (entry.caller is not None and not self._is_caller(run, entry.caller, caller)):
                    continue
                if found == 2 and mode == MATCH_MORE:
                    break
                if entry.has_first:
                    return True
            for switch in one.switches:
                raise UnknownHere(f"{switch.keyword} => {switch.text} of context {one.name}")
        return False

    def hints_otherwise(self, context: str) -> frozenset[str] | None:
        """Return of which numbers another dial plan, walked with this one, has other hints; None: it isn't known."""
        return frozenset()

    def hint(self, run: Run, context: str, exten: str) -> Hint | None:
        """Return the hint of an extension, one of a pattern too, or None."""
        entry = self.entry(run, context, exten, HINT, "")
        return entry.hint if entry else None


_DIALPLANS: dict[int, tuple[Pbx, Dialplan]] = {}
_MOST_KEPT = 8


def dialplan(pbx: Pbx) -> Dialplan:
    """Return the index of the Pbx's dial plan, made once for each; those asked for last are kept."""
    known = _DIALPLANS.get(id(pbx))
    if known is not None and known[0] is pbx:
        return known[1]
    made = Dialplan(pbx)
    while len(_DIALPLANS) >= _MOST_KEPT:
        del _DIALPLANS[next(iter(_DIALPLANS))]
    _DIALPLANS[id(pbx)] = (pbx, made)
    return made
