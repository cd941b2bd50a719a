"""YAML text -> a tree of nodes that know their line and column; everything that YAML can do beyond that is refused.

Built from libyaml's events, without recursion, so that neither deep nesting nor aliases can cost more than a glance.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, NamedTuple

import yaml
from yaml._yaml import CParser

from kelid.findings import Finding, Where

MAX_BYTES = 4_000_000
"""A site of 5,000 extensions has some 2.5 MB of YAML."""
MAX_NODES = 400_000
MAX_DEPTH = 16
MAX_FINDINGS = 50
"""What is wrong with one file fits on some screens; more of the same helps nobody."""

_FORBIDDEN = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # invisible ones
    "\u200b\u200d-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"  # zero width, line and direction marks
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    # The zero-width non-joiner belongs between two letters of the Arabic script, and nowhere else.
    "|(?<![\u0620-\u065f\u066e-\u06d5\u06fa-\u06ff\u0750-\u077f])\u200c"
    "|\u200c(?![\u0620-\u065f\u066e-\u06d5\u06fa-\u06ff\u0750-\u077f])"
)
_PRINTABLE = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
"""Those of the forbidden characters that Python calls printable. All these are compiled where they are needed."""
_BREAK = r"[\t\n\r]"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LEFT_OUT = "\n"
"""In place of a key whose value is left out; no key that is taken has a line break."""
_QUOTES = frozenset("'\"")
_ODD_SPACES = frozenset(
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)


Mark = Any
"""A place as libyaml tells it: ``line`` and ``column``, counted from 0."""


class Scalar(NamedTuple):
    """A text as it was written. ``plain`` is True if it was neither quoted nor a block; ``sealed`` if tagged ``!vault``."""

    text: str
    plain: bool
    sealed: bool
    file: str
    mark: Mark

    @property
    def where(self) -> Where:
        """Return where it stands; made when it is asked for, which for most texts is never."""
        return Where(self.file, self.mark.line + 1, self.mark.column + 1)


class Sequence:
    """A list."""

    __slots__ = ("items", "where")

    def __init__(self, items: list[Node], where: Where) -> None:
        """Keep what was read."""
        self.items = items
        self.where = where


class Mapping:
    """A mapping: keys in order, with the mark of each key and its value."""

    __slots__ = ("items", "keys", "where")

    def __init__(self, items: dict[str, Node], keys: dict[str, Mark], where: Where) -> None:
        """Keep what was read."""
        self.items = items
        self.keys = keys
        self.where = where

    def key_place(self, key: str) -> Where:
        """Return where a key stands; where the mapping begins if it hasn't got it."""
        mark = self.keys.get(key)
        return Where(self.where.file, mark.line + 1, mark.column + 1) if mark else self.where


Node = Scalar | Sequence | Mapping


class _Stopped(Exception):  # noqa: N818 - not an error, the way out of the loop
    pass


class _Reader:
    def __init__(self, file: str, text: str, vault: bool) -> None:
        self.file = file
        self.text = text
        self.vault = vault
        self.findings: list[Finding] = []
        self.root: Node | None = None
        self.documents = 0

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def say(self, where: Where, code: str, message: str, fix: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(where, code, message, fix))

    def show(self, text: str) -> str:
        """Return the text for a message; in secrets.yml nothing but the names is ever shown."""
        return "this value" if self.vault else short(text)

    def at(self, event: Any) -> Where:
        return Where(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def unwanted(self, mapping: Mapping, key: str, where: Where) -> None:
        """Say why a key, and its value, are left out."""
        if key == "<<":
            fix = "write the values out, or use defaults in site.yml"
            self.say(where, "L007", "merge keys are not taken", fix)
        else:
            first = mapping.key_place(key)
            text = f"the key {short(key)} stands here twice"
            self.say(where, "L002", text, f"first on line {first.line}; keep one")

    def container(self, event: Any, where: Where, *, depth: int, is_key: bool) -> None:
        """Refuse what can't be a list or a mapping here."""
        if event.anchor:
            self.anchor(where)
        if event.tag:
            self.tag(where, event.tag)
        if is_key:
            fix = "quote it if it is a text"
            self.say(where, "L008", "a key must be a word, not a list or a mapping", fix)
            raise _Stopped
        if depth >= MAX_DEPTH:
            text = f"nested deeper than {MAX_DEPTH} levels"
            self.say(where, "L009", text, "no file of a site needs that")
            raise _Stopped

    def anchor(self, where: Where) -> None:
        self.say(where, "L003", "anchors are not taken", "write the value out; quote it if it begins with &")

    def tag(self, where: Where, tag: str) -> None:
        if tag == "!vault":
            self.say(
                where, "L004", "!vault belongs into secrets.yml alone", "put the value there and name it here"
            )
        else:
            self.say(
                where,
                "L004",
                f"the tag {self.show(tag)} is not taken",
                "leave it out; quote it if it is a text",
            )

    def odd(self, event: Any) -> bool:
        """Judge a scalar that is more than printable ASCII; return True if it is sealed."""
        text, plain = event.value, not event.style
        sealed = event.tag == "!vault" and self.vault
        if sealed and not event.anchor:
            return True
        where = self.at(event)
        if event.anchor:
            self.anchor(where)
        if event.tag and not sealed:
            self.tag(where, event.tag)
        if plain and not event.tag and text in _NULLS:
            self.null(where, text)
        elif not sealed and not (text.isascii() and text.isprintable()):
            bad = re.search(_FORBIDDEN, text) or re.search(_BREAK, text)
            if bad and event.style in _QUOTES and event.end_mark.line > event.start_mark.line:
                what = f"the quote that begins here is closed on line {event.end_mark.line + 1} only"
                self.say(where, "L010", what, "close it on this line; a text has no line breaks")
            elif bad:
                what = f"the text holds {_name(bad.group()[0])}"
                self.say(where, "L010", what, "write it on one line, without that character")
        return sealed

    def null(self, where: Where, text: str) -> None:
        if text:
            self.say(
                where,
                "L005",
                f"{text} means that there is no value",
                "leave the key out; quote it if it is a text",
            )
            return
        rest = (
            self.lines[where.line - 1][where.column - 1 :].lstrip() if where.line <= len(self.lines) else ""
        )
        if rest == "#" or (rest.startswith("#") and rest[1:2].strip()):
            self.say(
                where,
                "L006",
                f"what begins with # is a comment: {self.show(rest)}",
                "quote it if it is a text",
            )
        else:
            self.say(where, "L005", "there is no value here", 'leave the key out; an empty text is ""')

    def alias(self, event: Any, where: Where) -> None:
        text = f"*{event.anchor}"
        if re.fullmatch(r"\*[0-9*#]*", text):
            fix = "quote it" if self.vault else f'quote it: "{text}"'
            self.say(where, "L006", f"YAML reads {self.show(text)} as an alias", fix)
        else:
            self.say(
                where,
                "L003",
                f"aliases are not taken: {self.show(text)}",
                "write the value out; quote it if it is a text",
            )

    def run(self) -> None:  # noqa: PLR0915 - one loop without calls: it runs once for each value of a site
        """Read the events and build the tree."""
        next_event = CParser(self.text).get_event
        file, new = self.file, tuple.__new__
        scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
        mapping_start, sequence_start = yaml.MappingStartEvent, yaml.SequenceStartEvent
        mapping_end, sequence_end = yaml.MappingEndEvent, yaml.SequenceEndEvent
        around: list[tuple[Mapping | Sequence | None, str | None]] = []
        items: dict[str, Node] = {}  # those of the mapping that is read
        keys: dict[str, Mark] = {}
        holder: Mapping | Sequence | None = None
        key: str | None = ""  # of the value that comes next; None where a mapping's key comes next
        for _ in range(MAX_NODES):
            event: Any = next_event()
            kind = event.__class__
            node: Node
            if kind is scalar_event:
                value, mark = event.value, event.start_mark
                sealed = False
                if (
                    event.tag is not None
                    or event.anchor is not None
                    or value in _NULLS
                    or not value.isprintable()
                    or (event.style == '"' and not value.isascii())
                ):
                    sealed = self.odd(event)
                if key is not None:
                    node = new(Scalar, (value, not event.style, sealed, file, mark))
                elif value not in keys and value != "<<":
                    keys[value] = mark
                    key = value
                    continue
                else:
                    self.unwanted(holder, value, self.at(event))  # type: ignore[arg-type]  # a mapping: a key is read
                    key = _LEFT_OUT
                    continue
            elif kind is mapping_end or kind is sequence_end:
                node = holder  # type: ignore[assignment]  # what ends has begun
                holder, key = around.pop()
                if holder.__class__ is Mapping:
                    items, keys = holder.items, holder.keys
            elif kind is mapping_start or kind is sequence_start:
                where = self.at(event)
                if event.anchor or event.tag or key is None or len(around) >= MAX_DEPTH:
                    self.container(event, where, depth=len(around), is_key=key is None)
                around.append((holder, key))
                if kind is mapping_start:
                    items, keys = {}, {}
                    holder, key = Mapping(items, keys, where), None
                else:
                    holder, key = Sequence([], where), ""
                continue
            elif kind is alias_event:
                self.alias(event, self.at(event))
                node = Scalar("", False, False, file, event.start_mark)
                if key is None:
                    key = _LEFT_OUT
                    continue
            elif event is None:
                return
            else:
                if kind is yaml.DocumentStartEvent:
                    self.documents += 1
                    if self.documents > 1:
                        what = "a second document begins here"
                        self.say(self.at(event), "L011", what, "one file holds one document")
                        raise _Stopped
                continue
            if holder.__class__ is Mapping:
                if key is not _LEFT_OUT:
                    items[key] = node  # type: ignore[index]  # a value comes behind its key
                key = None
            elif holder is None:
                self.root = node
            else:
                holder.items.append(node)  # type: ignore[union-attr]  # no mapping, so a list
        self.say(Where(file), "L009", f"more than {MAX_NODES} values in one file", "no site needs that")
        raise _Stopped

    def fault(self, problem: yaml.YAMLError) -> None:
        """Say what libyaml can't read; where it is a value that YAML can't carry bare, say how to write it."""
        mark: Any = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
        if mark is None:
            self.say(Where(self.file), "L001", "this is not YAML", str(problem).splitlines()[0])
            return
        context_mark: Any = getattr(problem, "context_mark", None)
        # A lone # makes the rest of its line a comment, and the fault shows on the next line only.
        near = (mark.line, context_mark.line if context_mark else mark.line, max(mark.line - 1, 0))
        for line_number in dict.fromkeys(near):
            bare = _bare(self.lines[line_number]) if line_number < len(self.lines) else None
            if bare:
                column, value = bare
                quoted = f"'{value}'" if '"' in value or "\\" in value else f'"{value}"'
                self.say(
                    Where(self.file, line_number + 1, column),
                    "L006",
                    f"YAML can't carry {self.show(value)} bare",
                    "quote it" if self.vault else f"quote it: {quoted}",
                )
                return
        from kelid.load.syntax import LOOK, advice  # noqa: PLC0415  (only for a text that isn't YAML)

        wrong = advice(problem, self.lines)
        self.say(
            Where(self.file, wrong.line + 1, wrong.column + 1),
            "L001",
            "this is not YAML" if self.vault else wrong.message,
            LOOK if self.vault else wrong.fix,
        )


def read_tree(text: str, file: str, *, vault: bool = False) -> tuple[Node | None, list[Finding]]:
    """Given the text of one YAML file and its name as shown, return the tree and what is wrong with the text.

    The tree is None if the text has no document or can't be read to its end. ``vault`` allows the tag ``!vault``.
    """
    reader = _Reader(file, text, vault)
    plain = text.replace("\n", "").isprintable() and (text.isascii() or not re.search(_PRINTABLE, text))
    for number, line in enumerate(() if plain else reader.lines, 1):
        if line.isascii() and line.isprintable():
            continue
        bad = re.search(_FORBIDDEN, line) or re.search(r"\t|\r(?!$)", line)
        if bad:
            where = Where(file, number, bad.start() + 1)
            fix = "indent with spaces" if bad.group() == "\t" else "delete it; editors often don't show it"
            reader.say(where, "L010", f"the line holds {_name(bad.group()[0])}", fix)
        elif (indented := line.lstrip(" "))[:1] in _ODD_SPACES:
            where = Where(file, number, len(line) - len(indented) + 1)
            reader.say(where, "L010", f"the line is indented with {_name(indented[0])}", "indent with spaces")
    if reader.findings:
        return None, reader.findings
    try:
        reader.run()
    except _Stopped:
        return None, reader.findings
    except yaml.YAMLError as problem:
        reader.fault(problem)
        return None, reader.findings
    if reader.root is None:
        reader.say(Where(file, 1, 1), "L012", "the file is empty", "write what it should hold, or delete it")
    return reader.root, reader.findings


def short(text: str) -> str:
    """Return the text between quotes, cut where it is long, for a message."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _name(character: str) -> str:
    known = {"\t": "a tab", "\n": "a line break", "\r": "a line break", "\ufeff": "a byte order mark"}
    if character in known:
        return known[character]
    return f"the invisible character U+{ord(character):04X}"


_BARE = r"^(?P<before>\s*(?:- +)*(?:[A-Za-z0-9_]+: +)?(?:- +)*)(?P<value>[\[*&!%@`|>{].*?)\s*(?:\s#.*)?$"
_BARE_FLOW = (
    r"(?<=[\[{,: ])(?P<value>[*&%@`][^\s,\]}]*)(?=\s*[,\]}])"
    r"|(?<=: )(?P<hash>#[*#0-9]*)(?=\s*[,}])"
    r"|(?P<set>\[[0-9-]+\][^\s,\]}]+)"
)
"""Compiled when they are asked for: only for a text that isn't YAML."""


def _bare(line: str) -> tuple[int, str] | None:
    """Return column and text of a value on the line that should have been quoted, or None."""
    match = re.search(_BARE_FLOW, line)
    if match and not _inside_quotes(line, match.start()):
        return match.start() + 1, match.group("value") or match.group("hash") or match.group("set")
    match = re.match(_BARE, line)
    if match is None:
        return None
    value = match.group("value")
    if value[0] in "[{":
        # A list or a mapping that is closed and goes on, like [2-9]XX, was meant as a text.
        close = "]" if value[0] == "[" else "}"
        end = value.find(close)
        if end < 0 or not re.match(r"[^\s,]", value[end + 1 : end + 2] or " ") or "," in value[:end]:
            return None
    elif value[0] in "|>" and re.fullmatch(r"[|>][+-]?[1-9]?[+-]?", value):
        return None
    return match.start("value") + 1, value


def _inside_quotes(line: str, position: int) -> bool:
    return any(line[:position].count(quote) % 2 for quote in _QUOTES)
