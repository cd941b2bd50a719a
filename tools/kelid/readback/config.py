"""A conf file with all that it includes -> its sections, resolved, as Asterisk has them when it has read the file.

The reading follows main/config.c: ``ast_config_internal_load`` (how deep includes go), ``config_text_file_load`` (globs,
comments that go on from file to file), ``process_text_line`` (templates, ``(+)``, ``+=``), ``does_category_match``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kelid.findings import Finding, Severity, Where
from kelid.model.pbx import Option, Section
from kelid.readback.files import Files
from kelid.readback.lines import BLANKS, ConfText, Kind, Line, read_conf
from kelid.readback.told import Told

DEEPEST = 11
"""Files within files, the first one counted: main/config.c's MAX_INCLUDE_LEVEL is 10, and the file itself is one more."""

MOST_READS = 4000
"""Files that one conf file brings in, each time counted; a hostile one could ask for 10 to the power of 10."""

MOST_LINES = 1_000_000
"""Lines that one conf file has with all that it includes, and with what templates make of them."""

_LONGEST_VALUE = 1 << 16
_SAME = 100
_NAME = 79
"""Bytes of a section's name that Asterisk keeps (include/asterisk/config.h: CONFIG name[80])."""

_LITERAL = re.compile(r"[A-Za-z0-9_ :/@%&=~,<>\"'!#;-]*\Z")


@dataclass(slots=True)
class Category:
    """A section while lines come in: what it inherited and its own options together, in order.

    ``plain`` is False once a later line changed it in place (``(+)``, ``+=``); then ``own`` doesn't tell all.
    """

    name: str
    where: Where
    template: bool = False
    options: list[Option] = field(default_factory=list)
    own: list[Option] = field(default_factory=list)
    inherits: list[str] = field(default_factory=list)
    plain: bool = True
    places: dict[str, list[int]] = field(default_factory=dict)
    """Name -> where its options stand in ``options``, as far as ``noted``."""
    noted: int = 0

    def named(self, name: str) -> list[int]:
        """Return where the options of that very name stand."""
        for at in range(self.noted, len(self.options)):
            self.places.setdefault(self.options[at].key, []).append(at)
        self.noted = len(self.options)
        return self.places.get(name, [])

    @property
    def resolved(self) -> Section:
        """Return it with all of its options."""
        return Section(self.name, tuple(self.options), self.where)

    @property
    def written(self) -> Section:
        """Return it as it was written: its own options, and what it inherits by name."""
        return Section(self.name, tuple(self.own), self.where, self.template, tuple(self.inherits))


class Config:
    """What a conf file comes to. ``categories`` are in order, templates among them; ``texts`` the files, losing nothing.

    ``refused`` is True where Asterisk would read none of it; it was read on here all the same.
    """

    def __init__(self, path: str) -> None:
        """Nothing is read yet."""
        self.path = path
        self.categories: list[Category] = []
        self.told = Told()
        self.texts: dict[str, ConfText] = {}
        self.refused = False

    def sections(self) -> Iterator[Category]:
        """Yield what is no template."""
        return (category for category in self.categories if not category.template)

    @property
    def findings(self) -> list[Finding]:
        """Return what was found on the way."""
        return self.told.findings()

    def first(self, name: str) -> Category | None:
        """Return the first section of that name, in whatever case: the only one that Asterisk asks for by name."""
        return next((item for item in self.sections() if item.name.lower() == name.lower()), None)


def read_config(files: Files, path: str, shown: Callable[[str], str] = str) -> Config:
    """Given a folder and the path of a conf file in it, return what Asterisk reads from it.

    ``shown`` turns a path of the folder into the file's name in findings and places.
    """
    reader = _Reader(files, Config(path), shown)
    reader.files([path])
    return reader.config


class _Stop(Exception):  # noqa: N818  (it is no error: it is how a file ends early)
    """Asterisk reads no further in this file."""


class _Reader:
    def __init__(self, files: Files, config: Config, shown: Callable[[str], str]) -> None:
        self.tree = files
        self.config = config
        self.shown = shown
        self.level = 1
        self.stack: list[str] = []
        self.current: Category | None = None
        self.by_name: dict[str, list[Category]] = {}
        self.reads = 0
        self.lines = 0
        self.told: set[str] = set()

    def find(
        self, where: Where, code: str, message: str, fix: str = "", severity: Severity = Severity.ERROR
    ) -> None:
        self.config.told.add(where, code, message, fix, severity)

    def files(self, paths: list[str]) -> bool:
        """Read files one after the other, as one ``#include`` names them; return False if Asterisk stopped in one."""
        category, depth = self.current, 0
        for path in paths:
            text = self.tree.text(path)
            if text is None:
                why = self.tree.unreadable.get(path, "it is not there")
                self.find(
                    Where(self.shown(path)), "Z010", f"could not be read: {why}", severity=Severity.WARNING
                )
                continue
            if path in self.tree.cut and path not in self.told:
                self.told.add(path)
                what = "the files are larger than what is looked at together; the end of this one was not"
                self.find(Where(self.shown(path)), "Z010", what, severity=Severity.WARNING)
            self.reads += 1
            conf = self._conf(path, text, depth)
            depth = conf.depth
            self.stack.append(path)
            try:
                for line in conf.lines:
                    category = self.line(line, category)
            except _Stop:
                return False
            finally:
                self.stack.pop()
            if depth:
                what = "a comment of many lines (;--) is not closed, and hides all that follows"
                self.find(Where(self.shown(path)), "Z001", what, "close it with --;", Severity.WARNING)
        return True

    def _conf(self, path: str, text: str, depth: int) -> ConfText:
        known = self.config.texts.get(path)
        if known is not None and not depth:
            return known
        conf = read_conf(self.shown(path), text, depth)
        self.config.texts.setdefault(path, conf)
        if known is None:
            self._encoding(path, text)
        return conf

    def _encoding(self, path: str, text: str) -> None:
        if not text.isascii():
            bad = next((at for at, character in enumerate(text) if "\udc80" <= character <= "\udcff"), None)
            if bad is not None:
                place = Where(self.shown(path), text.count("\n", 0, bad) + 1)
                what = "is not UTF-8; its bytes are kept, but what they spell can't be told"
                self.find(place, "Z014", what, "save the file as UTF-8", Severity.NOTE)

    def line(self, line: Line, category: Category | None) -> Category | None:
        """Take a line; return the section that the next one belongs to. Raise _Stop where Asterisk reads no further."""
        self.count(line, 1)
        if line.kind is Kind.OPTION:
            if category is None:
                fix = "write a [section] before it"
                self.stop(line, "Z003", f"{_short(line.raw)} stands before any section", fix)
            else:
                self.option(line, category)
        elif line.kind is Kind.SECTION:
            return self.section(line)
        elif line.kind is Kind.DIRECTIVE:
            self.directive(line)
        elif line.kind is Kind.GARBAGE:
            what = f"{_short(line.value)} {line.problem}"
            if line.fatal:
                self.stop(line, "Z002", what, "correct it")
            elif category is None and line.problem == "has no =":
                self.stop(line, "Z003", f"{_short(line.value)} stands before any section", "take it out")
            else:
                self.find(
                    line.where,
                    "Z001",
                    f"Asterisk passes over this line: {what}",
                    "correct it",
                    Severity.WARNING,
                )
        return category

    def count(self, line: Line, number: int) -> None:
        """Count lines, and what templates make of them. Raise _Stop when there are more than anybody needs."""
        self.lines += number
        if self.lines > MOST_LINES:
            if "lines" not in self.told:
                self.told.add("lines")
                what = f"more than {MOST_LINES:,} lines with all that is included; the rest was not looked at"
                self.find(line.where, "Z010", what, severity=Severity.WARNING)
            raise _Stop

    def stop(self, line: Line, code: str, what: str, fix: str) -> None:
        """Tell of a line at which Asterisk gives up. In a file that was included, it only leaves the rest of that file."""
        if len(self.stack) > 1:
            self.find(line.where, code, f"Asterisk reads no further in this file: {what}", fix)
            raise _Stop
        self.config.refused = True
        self.find(line.where, code, f"Asterisk refuses the whole file: {what}", fix)

    def option(self, line: Line, category: Category) -> None:
        if line.append:
            places = category.named(line.name)
            if places:
                # ast_variable_update changes the first of that name and value, where it stands.
                old = category.options[places[-1]].value
                near = (at for at in places[:_SAME] if category.options[at].value.lower() == old.lower())
                first = next(near, places[-1])
                value = f"{old}{line.value}".strip(BLANKS)
                if len(value) > _LONGEST_VALUE:
                    what = f"{line.name!r} is longer than {_LONGEST_VALUE} here, and was not added to"
                    self.find(line.where, "Z010", what, severity=Severity.WARNING)
                    return
                category.options[first] = Option(line.name, value, category.options[first].where)
                category.plain = False
                return
        option = Option(line.name, line.value.strip(BLANKS) if line.append else line.value, line.where)
        category.options.append(option)
        category.own.append(option)

    # --- sections --------------------------------------------------------------------------------

    def section(self, line: Line) -> Category:
        name = line.name[:_NAME]
        fresh: Category | None = Category(name, line.where)
        category = fresh
        assert category is not None  # noqa: S101
        for word in line.templates.split(",") if line.templates is not None else ():
            if word == "!":
                category.template = True
            elif word.startswith("+"):
                found = self._named(name, line, word[1:])
                if found is None:
                    fix = "write the section above it"
                    self.stop(line, "Z009", f"there is no section [{name}] above that could be added to", fix)
                    continue
                if fresh is not None:
                    found.template |= fresh.template
                    found.options += fresh.options
                    fresh = None
                category = self.current = found
                category.plain = False
            else:
                base = next(iter(self.by_name.get(word.lower(), ())), None)
                if word == "":
                    base = next(iter(self.config.categories), None)
                if base is None:
                    fix = "write the template above it, or take the name out"
                    self.stop(line, "Z009", f"[{name}] inherits {word!r}, which is not above it", fix)
                    continue
                self.count(line, len(base.options))
                category.options += base.options
                category.inherits.append(word)
        if fresh is not None:
            self.config.categories.append(fresh)
            self.by_name.setdefault(name.lower(), []).append(fresh)
            self.current = fresh
        return category

    def _named(self, name: str, line: Line, condition: str) -> Category | None:
        """Return the first section of that name that fits what stands after the ``+``: ``type=endpoint``."""
        wanted: list[tuple[str, str]] = []
        templates = ""
        for part in condition.split("&") if condition else ():
            key, equals, value = (text.strip(BLANKS) for text in part.partition("="))
            if key == "TEMPLATES":
                templates = value.lower()
            elif not equals or not _LITERAL.match(key) or not _LITERAL.match(value):
                what = f"the condition {condition!r} of (+...) is more than can be judged here"
                self.find(line.where, "Z009", what, "write name=value", Severity.WARNING)
            else:
                wanted.append((key, value))
        for category in self.by_name.get(name.lower(), ()):
            if category.template and not templates:
                continue
            if templates == "restrict" and not category.template:
                continue
            # A regular expression without special characters is found anywhere in the text.
            if all(any(key in o.key and value in o.value for o in category.options) for key, value in wanted):
                return category
        return None

    # --- directives ------------------------------------------------------------------------------

    def directive(self, line: Line) -> None:
        word = line.name.lower()
        if word not in {"include", "tryinclude", "exec"}:
            what = f"Asterisk knows no directive #{line.name}"
            self.find(line.where, "Z007", what, "a comment begins with ;", Severity.WARNING)
            return
        wanted = line.value
        if not wanted:
            self.find(line.where, "Z007", f"#{line.name} names nothing", "name a file", Severity.WARNING)
            return
        if word == "exec":
            what = f"a program's output would be read here, and no program is started: {_short(wanted)}"
            self.find(
                line.where, "Z006", what, "save what it prints as a file, and include that", Severity.WARNING
            )
            return
        if wanted[0] in '"<' and len(wanted) > 1 and wanted[-1] == (">" if wanted[0] == "<" else '"'):
            wanted = wanted[1:-1]
        self.include(line, wanted, attempt=word == "tryinclude")

    def include(self, line: Line, wanted: str, *, attempt: bool) -> None:
        paths = self.tree.find(wanted)
        if paths is None:
            what = f"{_short(wanted)} lies outside of the folder and was not read"
            fix = "copy it into the folder, and include it from there"
            self.find(line.where, "Z005", what, fix, Severity.WARNING)
            return
        if not paths:
            if not attempt:
                what = f"there is no file {_short(wanted)}; Asterisk then reads nothing more of this one"
                fix = "bring the file, or write #tryinclude"
                self.config.refused |= len(self.stack) <= 1
                self.find(line.where, "Z004", what, fix)
            return
        around = [path for path in paths if path in self.stack]
        if around:
            ring = " -> ".join([*self.stack[self.stack.index(around[0]) :], around[0]])
            self.find(
                line.where,
                "Z008",
                f"the files include each other without end: {ring}",
                "take one include out",
            )
            paths = [path for path in paths if path not in self.stack]
            if not paths:
                return
        if self.level >= DEEPEST:
            what = f"includes lie {self.level} deep here, and Asterisk goes no deeper than {DEEPEST - 1}"
            if attempt:
                self.find(line.where, "Z008", what, "include it from a file above", Severity.WARNING)
            else:
                self.stop(line, "Z008", what, "include it from a file above")
            return
        if self.reads >= MOST_READS:
            if "reads" not in self.told:
                self.told.add("reads")
                what = f"more than {MOST_READS} files are included; this one and the rest were not looked at"
                self.find(line.where, "Z010", what, severity=Severity.WARNING)
            return
        self.level += 1
        if self.files(paths):
            # Asterisk doesn't count back where it stopped in a file.
            self.level -= 1


def _short(text: str) -> str:
    text = text.strip(BLANKS)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
