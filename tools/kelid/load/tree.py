"""YAML text -> a tree of nodes that know their line and column; everything that YAML can do beyond that is refused.

Built from libyaml's events, without recursion, so that neither deep nesting nor aliases can cost more than a glance.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml._yaml import CParser

from kelid.findings import Finding, Where

MAX_BYTES = 4_000_000
"""A site of 5,000 extensions has some 2.5 MB of YAML."""
MAX_NODES = 400_000
MAX_DEPTH = 16
MAX_FINDINGS = 50
"""What is wrong with one file fits on some screens; more of the same helps nobody."""

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # invisible ones
    "\u200b\u200d-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"  # zero width, line and direction marks
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    # The zero-width non-joiner belongs between two letters of the Arabic script, and nowhere else.
    "|(?<![\u0620-\u065f\u066e-\u06d5\u06fa-\u06ff\u0750-\u077f])\u200c"
    "|\u200c(?![\u0620-\u065f\u066e-\u06d5\u06fa-\u06ff\u0750-\u077f])"
)
_BREAK = re.compile(r"[\t\n\r]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_QUOTED = "'\""


class Scalar:
    """A text as it was written. ``plain`` is True if it was neither quoted nor a block; ``sealed`` if tagged ``!vault``."""

    __slots__ = ("plain", "sealed", "text", "where")

    def __init__(self, text: str, plain: bool, sealed: bool, where: Where) -> None:
        """Keep what was read."""
        self.text = text
        self.plain = plain
        self.sealed = sealed
        self.where = where


class Sequence:
    """A list."""

    __slots__ = ("items", "where")

    def __init__(self, items: list[Node], where: Where) -> None:
        """Keep what was read."""
        self.items = items
        self.where = where


class Mapping:
    """A mapping: keys in order, with the place of each key and its value."""

    __slots__ = ("items", "keys", "where")

    def __init__(self, items: dict[str, Node], keys: dict[str, Where], where: Where) -> None:
        """Keep what was read."""
        self.items = items
        self.keys = keys
        self.where = where


Node = Scalar | Sequence | Mapping


class _Open:
    """A container that is being read: a mapping keeps the key whose value comes next."""

    __slots__ = ("key", "node", "skip")

    def __init__(self, node: Mapping | Sequence) -> None:
        self.node = node
        self.key: str | None = None
        self.skip = False


class _Stopped(Exception):  # noqa: N818 - not an error, the way out of the loop
    pass


class _Reader:
    def __init__(self, file: str, lines: list[str], vault: bool) -> None:
        self.file = file
        self.lines = lines
        self.vault = vault
        self.findings: list[Finding] = []
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.documents = 0
        self.nodes = 0

    def say(self, where: Where, code: str, message: str, fix: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(where, code, message, fix))

    def show(self, text: str) -> str:
        """Return the text for a message; in secrets.yml nothing but the names is ever shown."""
        return "this value" if self.vault else short(text)

    def at(self, mark: Any) -> Where:
        return Where(self.file, mark.line + 1, mark.column + 1)

    def place(self, node: Node) -> None:
        """Put a finished key, or a value, where it belongs."""
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if isinstance(top.node, Sequence):
            top.node.items.append(node)
        elif top.key is None:
            self.key(top, top.node, node)
        else:
            if not top.skip:
                top.node.items[top.key] = node
            top.key, top.skip = None, False

    def key(self, top: _Open, mapping: Mapping, node: Node) -> None:
        if not isinstance(node, Scalar):
            self.say(
                node.where,
                "L008",
                "a key must be a word, not a list or a mapping",
                "quote it if it is a text",
            )
            top.key, top.skip = "", True
            return
        top.key = node.text
        if node.text == "<<":
            self.say(
                node.where,
                "L007",
                "merge keys are not taken",
                "write the values out, or use defaults in site.yml",
            )
            top.skip = True
        elif node.text in mapping.keys:
            first = mapping.keys[node.text]
            self.say(
                node.where,
                "L002",
                f"the key {short(node.text)} stands here twice",
                f"first on line {first.line}; keep one",
            )
            top.skip = True
        else:
            mapping.keys[node.text] = node.where

    def is_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].node, Mapping) and self.stack[-1].key is None

    def open(self, node: Mapping | Sequence, event: Any) -> None:
        if event.anchor:
            self.anchor(node.where)
        if event.tag:
            self.tag(node.where, event.tag)
        if self.is_key():
            self.say(
                node.where,
                "L008",
                "a key must be a word, not a list or a mapping",
                "quote it if it is a text",
            )
            raise _Stopped
        if len(self.stack) >= MAX_DEPTH:
            self.say(
                node.where, "L009", f"nested deeper than {MAX_DEPTH} levels", "no file of a site needs that"
            )
            raise _Stopped
        self.stack.append(_Open(node))

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

    def scalar(self, event: Any) -> None:
        where = self.at(event.start_mark)
        plain = not event.style
        sealed = event.tag == "!vault" and self.vault
        if event.anchor:
            self.anchor(where)
        if event.tag and not sealed:
            self.tag(where, event.tag)
        if plain and not event.tag and event.value in _NULLS:
            self.null(where, event.value)
        elif not sealed and not (event.value.isascii() and event.value.isprintable()):
            bad = FORBIDDEN.search(event.value) or _BREAK.search(event.value)
            if bad:
                character = bad.group()[0]
                self.say(
                    where,
                    "L010",
                    f"the text holds {_name(character)}",
                    "write it on one line, without that character",
                )
        self.place(Scalar(event.value, plain, sealed, where))

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

    def alias(self, event: Any) -> None:
        where = self.at(event.start_mark)
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
        self.place(Scalar("", False, False, where))

    def run(self, text: str) -> None:
        parser: Any = CParser(text)
        while True:
            event = parser.get_event()
            if event is None:
                return
            self.nodes += 1
            if self.nodes > MAX_NODES:
                self.say(
                    Where(self.file),
                    "L009",
                    f"more than {MAX_NODES} values in one file",
                    "no site needs that",
                )
                raise _Stopped
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self.scalar(event)
            elif kind is yaml.MappingStartEvent:
                self.open(Mapping({}, {}, self.at(event.start_mark)), event)
            elif kind is yaml.SequenceStartEvent:
                self.open(Sequence([], self.at(event.start_mark)), event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self.place(self.stack.pop().node)
            elif kind is yaml.AliasEvent:
                self.alias(event)
            elif kind is yaml.DocumentStartEvent:
                self.documents += 1
                if self.documents > 1:
                    self.say(
                        self.at(event.start_mark),
                        "L011",
                        "a second document begins here",
                        "one file holds one document",
                    )
                    raise _Stopped

    def fault(self, problem: yaml.YAMLError) -> None:
        """Say what libyaml can't read; where it is a value that YAML can't carry bare, say how to write it."""
        mark: Any = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
        if mark is None:
            self.say(Where(self.file), "L001", "this is not YAML", str(problem).splitlines()[0])
            return
        where = self.at(mark)
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
        what = str(getattr(problem, "problem", "") or "unknown fault")
        self.say(
            where,
            "L001",
            f"this is not YAML: {what}",
            "look at this line and the one before: indent, colon, quotes",
        )


def read_tree(text: str, file: str, *, vault: bool = False) -> tuple[Node | None, list[Finding]]:
    """Given the text of one YAML file and its name as shown, return the tree and what is wrong with the text.

    The tree is None if the text has no document or can't be read to its end. ``vault`` allows the tag ``!vault``.
    """
    lines = text.split("\n")
    reader = _Reader(file, lines, vault)
    for number, line in enumerate(lines, 1):
        if line.isascii() and line.isprintable():
            continue
        bad = FORBIDDEN.search(line) or re.search(r"\t|\r(?!$)", line)
        if bad:
            where = Where(file, number, bad.start() + 1)
            fix = "indent with spaces" if bad.group() == "\t" else "delete it; editors often don't show it"
            reader.say(where, "L010", f"the line holds {_name(bad.group()[0])}", fix)
    if reader.findings:
        return None, reader.findings
    try:
        reader.run(text)
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


_BARE = re.compile(
    r"^(?P<before>\s*(?:- +)*(?:[A-Za-z0-9_]+: +)?(?:- +)*)(?P<value>[\[*&!%@`|>{].*?)\s*(?:\s#.*)?$"
)
_BARE_FLOW = re.compile(
    r"(?<=[\[{,: ])(?P<value>[*&%@`][^\s,\]}]*)(?=\s*[,\]}])"
    r"|(?<=: )(?P<hash>#[*#0-9]*)(?=\s*[,}])"
    r"|(?P<set>\[[0-9-]+\][^\s,\]}]+)"
)


def _bare(line: str) -> tuple[int, str] | None:
    """Return column and text of a value on the line that should have been quoted, or None."""
    match = _BARE_FLOW.search(line)
    if match and not _inside_quotes(line, match.start()):
        return match.start() + 1, match.group("value") or match.group("hash") or match.group("set")
    match = _BARE.match(line)
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
    return any(line[:position].count(quote) % 2 for quote in _QUOTED)
