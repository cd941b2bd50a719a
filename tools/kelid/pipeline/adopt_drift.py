"""What was changed on a server by hand, written into the site's YAML: a change to review, and nothing but what is proven.

Nobody can turn rendering round. So a change of YAML is guessed (the value behind the line, in its own words; a key of the
object; an item of a list; a file of the site's own dial plan), made in a draft, and taken only if the site then
renders nearer to the server and nowhere farther from it. Where no such change is found, one is taken that gives the whole
object what it has on the server, and with which only few other objects follow (a lamp for each member of a queue): those
are told, as an apply will change them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kelid.compare.objects import compare_objects, kind_of
from kelid.edit.document import Document
from kelid.edit.document import Path as YamlPath
from kelid.edit.write import Value
from kelid.findings import KelidError, Where
from kelid.model.pbx import Option, Pbx, Section
from kelid.model.plan import JOINED, Action, Detail, ObjectChange
from kelid.pipeline.drafts import Draft
from kelid.pipeline.drift import MASK, compared, printable_change, read_files
from kelid.readback.lines import BLANKS

MOST_TRIES = 300
"""Guesses that are tried for one server: each is a check of the site."""

MOST_FOLLOW = 5
"""Objects that may change along with one that is adopted."""

CUSTOM = "custom/from-server.conf"
"""The file of the site's own dial plan that gets contexts which somebody added on the server."""

Edit = Callable[[Draft], None]
"""Changes a draft; raises KelidError or LookupError where it can't."""

Fact = tuple[str, str, str, str, str | None, str | None]
"""One difference: action, kind and name of the object, key of the detail, before and after."""


class Adopted(NamedTuple):
    """What came of it: the draft to be written, the changes that it holds, and those that it doesn't, with why."""

    draft: Draft
    taken: tuple[ObjectChange, ...]
    left: tuple[tuple[ObjectChange, str], ...]
    follows: tuple[ObjectChange, ...] = ()


def adopt(sites: Path, site: str, told: Mapping[str, Any]) -> Adopted:
    """Given what the agent's ``readout`` told of a site's server, return a draft with what can be said in YAML of it.

    Raise KelidError if the site is not valid, or the server has no release of kelid's to tell what was changed there.
    """
    _, sides = compared(sites, site, told)
    Draft(sites, site).need_valid()
    if sides.release is None or sides.git is None:
        raise KelidError(
            f"{site}: the server has no release of kelid's, so nobody can tell what was changed there"
        )
    work = _Work(sites, site, sides.server, sides.git, dict(told["files"]))
    conflicting = {(item.kind, item.name) for item in compare_objects(sides.release, sides.git)}
    left: list[tuple[ObjectChange, str]] = []
    wanted = []
    for change in compare_objects(sides.release, sides.server):
        if not _facts([change]) & work.facts:
            continue  # git says the same already
        if (change.kind, change.name) in conflicting:
            left.append((printable_change(change), "drift.why.git"))
        else:
            wanted.append(change)
    for follow in (0, MOST_FOLLOW):
        for change in wanted:
            # What was taken moves lines: then all places are looked up anew.
            while _facts([change]) & work.facts and any(
                work.attempt(edit, change, follow) for edit in work.guesses(change)
            ):
                pass
    taken = []
    for change in wanted:
        rest = _rest(change, work.facts)
        done = _without(change, rest)
        if done is not None:
            taken.append(printable_change(done))
        if rest is not None:
            why = "drift.why.model"
            if _secret(rest) or (work.new_context(rest) and MASK in work.context_text(rest)):
                why = "drift.why.secret"
            left.append((printable_change(rest), why))
    return Adopted(work.draft(), tuple(taken), tuple(left), tuple(map(printable_change, work.follows())))


class _Work:
    """The edits that were taken so far, and how far the site is from the server with them."""

    def __init__(self, sites: Path, site: str, server: Pbx, git: Pbx, files: Mapping[str, str]) -> None:
        self.sites, self.site, self.server, self.files = sites, site, server, files
        self.edits: list[Edit] = []
        self.pbx = Draft(sites, site).check().pbx
        self.changes = compare_objects(git, server)
        self.facts = _facts(self.changes)
        self.known = {(item.kind, item.name) for item in self.changes}
        self.left = MOST_TRIES

    def draft(self, *more: Edit) -> Draft:
        """Return a draft with the edits that were taken, and more."""
        draft = Draft(self.sites, self.site)
        for edit in (*self.edits, *more):
            edit(draft)
        return draft

    def follows(self) -> list[ObjectChange]:
        """Return what an apply changes on the server because of the edits, though nobody changed it there."""
        found = []
        for item in self.changes:
            if (item.kind, item.name) not in self.known:
                turned = {Action.ADD: Action.REMOVE, Action.REMOVE: Action.ADD}.get(item.action, item.action)
                details = tuple(Detail(one.key, one.after, one.before) for one in item.details)
                found.append(
                    ObjectChange(
                        action=turned, kind=item.kind, name=item.name, details=details, where=item.where
                    )
                )
        return found

    def attempt(self, edit: Edit, change: ObjectChange, follow: int) -> bool:
        """Take an edit if the site then is nearer to the server in something, and farther in nothing; return whether.

        With ``follow`` it may be farther in so many other objects, if nothing is left of the change.
        """
        if not self.left:
            return False
        self.left -= 1
        with contextlib.suppress(KelidError, LookupError, ValueError):
            checked = self.draft(edit).check()
            if not checked.valid:
                return False
            made = read_files(checked.bundle.files, checked.pbx.asterisk)
            changes = compare_objects(made, self.server)
            facts = _facts(changes)
            others = {fact[1:3] for fact in facts - self.facts}
            whole = not _facts([change]) & facts and len(others) <= follow and not others & self.known
            if facts < self.facts or (follow and whole):
                self.edits.append(edit)
                self.changes, self.facts, self.pbx = changes, facts, checked.pbx
                return True
        return False

    # --- guesses -----------------------------------------------------------------------------------

    def guesses(self, change: ObjectChange) -> Iterator[Edit]:
        """Yield edits that may give an object what it has on the server, the likeliest first."""
        if change.kind in {"context", "dial plan"}:
            yield from self._context(change)
            return
        section = self._section(change)
        if section is None or change.action is not Action.CHANGE:
            return
        for detail in change.details:
            before = _values(detail.before)
            after = _values(detail.after)
            gone = [value for value in before if value not in after]
            new = [value for value in after if value not in before]
            options = [option for option in section.options if option.key == detail.key]
            if len(gone) == len(new):
                for old, fresh in zip(gone, new, strict=True):
                    yield from self._replaced(section, options, old, fresh)
            if not before and len(new) == 1:
                yield from self._added(section, detail.key, new[0])
            for old in gone:
                yield from self._removed(options, old)
            for fresh in new:
                yield from self._listed(options, fresh)

    def _section(self, change: ObjectChange) -> Section | None:
        """Return the section of the site's own PBX that an object is, with the places of its options."""
        for file in self.pbx.files:
            for section in file.resolved:
                if section.name == change.name and kind_of(file.path, section) == change.kind:
                    return section
        return None

    def _replaced(self, section: Section, options: Sequence[Option], old: str, fresh: str) -> Iterator[Edit]:
        """Yield edits of the value behind an option; of a key of the object where no line gave it."""
        for option in options:
            if option.value == old:
                yield from _at(option.where, lambda document, path: _in_words(document, path, old, fresh))
                yield from self._added(section, option.key, fresh)

    def _added(self, section: Section, key: str, value: str) -> Iterator[Edit]:
        """Yield edits that give the object a key of that name."""
        for name in dict.fromkeys((key, key.replace("-", "_"), key.replace("_", "-"))):
            for typed in _typed(value):
                yield _setting(section.where, name, typed)

    def _removed(self, options: Sequence[Option], old: str) -> Iterator[Edit]:
        """Yield edits that take away the key, or the item of a list, behind an option."""
        for option in options:
            if option.value == old:
                yield _removal(option.where, item=True)
                yield _removal(option.where, item=False)

    def _listed(self, options: Sequence[Option], fresh: str) -> Iterator[Edit]:
        """Yield edits that add an item to the list from which options of that name came, like the items there."""
        for option in options[-1:]:
            yield from _like(option, fresh)

    def _context(self, change: ObjectChange) -> Iterator[Edit]:
        """Yield the edit that brings a context, which is new on the server, into the site's own dial plan."""
        text = self.context_text(change) if self.new_context(change) else ""
        if text and MASK not in text:
            yield _custom(self.sites / self.site / CUSTOM, text)

    def new_context(self, change: ObjectChange) -> bool:
        """Return whether a change belongs to a context that is new on the server."""
        if change.kind not in {"context", "dial plan"} or change.action is not Action.ADD:
            return False
        return _context_of(change) not in {context.name for context in self.pbx.contexts}

    def context_text(self, change: ObjectChange) -> str:
        """Return the lines of the context that a change belongs to, as the server has them."""
        return _context_text(self.files.get("extensions.conf", ""), _context_of(change))


def _values(text: str | None) -> list[str]:
    return [] if text is None else text.split(JOINED)


def _typed(text: str) -> Iterator[Value]:
    """Yield what a text may be in YAML."""
    if text.isascii() and text.isdigit() and (text == "0" or not text.startswith("0")):
        yield int(text)
    if text in {"yes", "no", "true", "false", "on", "off"}:
        yield text in {"yes", "true", "on"}
    yield text
    if "," in text:
        yield [part.strip() for part in text.split(",")]


def _at(where: Where, change: Callable[[Document, YamlPath], Iterable[Callable[[], None]]]) -> Iterator[Edit]:
    """Yield edits of the value that stands at a place: as many as ``change`` has ideas, which only the document tells."""

    def edit(draft: Draft, number: int) -> None:
        document, path = _find(draft, where)
        ideas = list(change(document, path))
        ideas[number]()

    for number in range(8):
        yield lambda draft, number=number: edit(draft, number)  # type: ignore[misc]


def _find(draft: Draft, where: Where) -> tuple[Document, YamlPath]:
    """Return the document and the path of the value at a place. Raise LookupError if there is none."""
    topic = draft.topic(where.file)
    if topic is None:
        raise LookupError(where.file)
    document = draft.document(topic)
    path = document.path_at(where.line, where.column)
    if path is None:
        raise LookupError(str(where))
    return document, path


def _in_words(document: Document, path: YamlPath, old: str, fresh: str) -> Iterator[Callable[[], None]]:
    """Yield ways to write the new value where the old one stands in YAML, in the words of the old one."""
    data = document.data(path)
    if isinstance(data, str):
        head, found, tail = old.partition(data)
        if data and found and fresh.startswith(head) and fresh.endswith(tail):
            middle = fresh[len(head) : len(fresh) - len(tail)]
            for value in _typed(middle):
                yield lambda value=value: document.replace(path, value)  # type: ignore[misc]
        if data in {"true", "false"} and {old, fresh} <= {"yes", "no", "true", "false", "on", "off"}:
            yield lambda: document.replace(path, data != "true")
    elif isinstance(data, list) and data and all(isinstance(item, str) for item in data):
        head, found, tail = old.partition(",".join(data))
        if found and fresh.startswith(head) and fresh.endswith(tail):
            middle = fresh[len(head) : len(fresh) - len(tail)]
            items = [part.strip() for part in middle.split(",") if part.strip()]
            yield lambda: document.replace(path, items)


def _setting(where: Where, key: str, value: Value) -> Edit:
    """Return the edit that sets a key of the object that stands at a place, or that the value there belongs to."""

    def edit(draft: Draft) -> None:
        document, path = _find(draft, where)
        while path and not isinstance(document.data(path), dict):
            path = path[:-1]
        if not path:
            raise LookupError(str(where))
        document.set((*path, key), value)

    return edit


def _removal(where: Where, *, item: bool) -> Edit:
    """Return the edit that takes away what stands at a place; with ``item`` the item of a list that it belongs to."""

    def edit(draft: Draft) -> None:
        document, path = _find(draft, where)
        while item and path and not isinstance(path[-1], int):
            path = path[:-1]
        if len(path) < 2:
            raise LookupError(str(where))
        document.remove(path)

    return edit


def _like(option: Option, fresh: str) -> Iterator[Edit]:
    """Yield edits that add an item beside the one behind an option: the same, with what the new value has otherwise."""
    fields = list(zip(re.split("[,/]", option.value), re.split("[,/]", fresh), strict=False))
    swapped = {old: new for old, new in fields if old != new}

    def item_of(draft: Draft) -> tuple[Document, YamlPath, Any]:
        document, path = _find(draft, option.where)
        while path and not isinstance(path[-1], int):
            path = path[:-1]
        if not path:
            raise LookupError(str(option.where))
        return document, path, document.data(path)

    def edit(draft: Draft, keys: int) -> None:
        document, path, data = item_of(draft)
        made: Value
        if isinstance(data, dict):
            chosen = list(data.items())[: keys or None]
            made = {key: _swapped(value, swapped) for key, value in chosen}
        else:
            made = _swapped(data, swapped)
        document.insert(path[:-1], made)

    for keys in (0, 1):
        yield lambda draft, keys=keys: edit(draft, keys)  # type: ignore[misc]


def _swapped(value: Any, words: Mapping[str, str]) -> Value:
    """Return a value of YAML with other words in it; whole numbers stay such."""
    if isinstance(value, str):
        new = words.get(value, value)
        return (
            int(new)
            if value.isdigit() and len(value) < 3 and new.isdigit() and not new.startswith("0")
            else new
        )
    raise LookupError("only plain values are guessed")


def _context_of(change: ObjectChange) -> str:
    """Return the context of a change of one, or of one of its extensions."""
    return change.name.rpartition(" in ")[2] if change.kind == "dial plan" else change.name


def _context_text(text: str, name: str) -> str:
    """Return the lines of a context in a file of the server's, without what is empty; "" if it has none."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        if line.startswith("["):
            inside = line[1:].split("]", 1)[0] == name
        if inside and line.strip(BLANKS):
            kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def _custom(path: Path, text: str) -> Edit:
    """Return the edit that adds a context to a file of the site's own dial plan."""

    def edit(draft: Draft) -> None:
        there = draft.files.get(CUSTOM) or (path.read_bytes() if path.is_file() else b"")
        body = there.decode() + ("\n" if there else "") + text
        draft.put(CUSTOM, body.encode())

    return edit


# --- facts ---------------------------------------------------------------------------------------


def _facts(changes: Iterable[ObjectChange]) -> set[Fact]:
    """Return the differences one by one."""
    found: set[Fact] = set()
    for change in changes:
        head = (change.action.value, change.kind, change.name)
        if change.action is Action.CHANGE:
            for item in change.details:
                before, after = set(_values(item.before)), set(_values(item.after))
                # A list that comes nearer by one item is nearer.
                found |= {(*head, item.key, value, None) for value in before - after}
                found |= {(*head, item.key, None, value) for value in after - before}
                if before == after:
                    found.add((*head, item.key, item.before, item.after))
        else:
            found.add((*head, "", None, None))
    return found


def _rest(change: ObjectChange, facts: set[Fact]) -> ObjectChange | None:
    """Return what is left of a change; None if nothing is."""
    left = tuple(item for item in change.details if _facts([_only(change, (item,))]) & facts)
    if change.action is not Action.CHANGE:
        return change if _facts([change]) & facts else None
    return _only(change, left) if left else None


def _without(change: ObjectChange, rest: ObjectChange | None) -> ObjectChange | None:
    """Return what of a change is not left; None if all is."""
    if rest is None:
        return change
    done = tuple(item for item in change.details if item not in rest.details)
    return _only(change, done) if done else None


def _only(change: ObjectChange, details: tuple[Detail, ...]) -> ObjectChange:
    return ObjectChange(
        action=change.action, kind=change.kind, name=change.name, details=details, where=change.where
    )


def _secret(change: ObjectChange) -> bool:
    """Return whether a change is one of secrets alone."""
    return bool(change.details) and all(MASK in (item.after or "") for item in change.details)
