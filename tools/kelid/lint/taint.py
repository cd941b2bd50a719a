"""What a caller chooses - a dialled number, a name, a header - and where it gets to without being filtered.

Each extension is read once from its first step to its last; between extensions, a variable is unclean if any step anywhere
gives it something unclean, and a subroutine's arguments are if any Gosub gives it such. Until nothing changes any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kelid.findings import Severity, Where
from kelid.lint import text
from kelid.lint.jumps import GOSUB, MACRO, OTHER, jumps, nested
from kelid.lint.registry import Fault, rule
from kelid.lint.view import At, View
from kelid.model.pbx import Context, Exten, Step

_SOURCES = text.words(
    """
    CALLERID SIP_HEADER PJSIP_HEADER PJSIP_HEADERS SIP_HEADERS CONNECTEDLINE REDIRECTING SIPCHANINFO
    PJSIP_HEADER_PARAM SIPPEER
    """
)
_VARIABLES = text.words(
    """
    DNID RDNIS CALLERIDNUM CALLERIDNAME SIPURI SIPDOMAIN SIPCALLID BLINDTRANSFER
    """
)
_CLEAN = text.words(
    """
    FILTER LEN MD5 SHA1 REGEX URIENCODE SQL_ESC SQL_ESC_BACKSLASHES BASE64_ENCODE FIELDQTY KEYPADHASH MATH ABS INC
    DEC DIALPLAN_EXISTS VALID_EXTEN DEVICE_STATE EXTENSION_STATE GROUP_COUNT GROUP_MATCH_COUNT BLACKLIST DB_EXISTS
    EXISTS ISNULL QUOTE CSV_QUOTE STRFTIME VM_INFO QUEUE_MEMBER QUEUE_WAITING_COUNT HASH DIGIT_SUM RAND EPOCH DB
    """
)
"""Functions whose result a caller doesn't choose freely, whatever they are given."""

_PLACES = frozenset({"num", "number", "name", "all", "dnid", "rdnis", "ani", "ani2", "subaddr", ""})
_BY_PLACE = frozenset({"CALLERID", "CONNECTEDLINE", "REDIRECTING"})
_ASKS = ("ODBC_", "REALTIME")
_REGEX = re.compile(r"REGEX\(.*?\$\{([A-Za-z0-9_]+)", re.DOTALL)
_ROUNDS = 6


class Sink(NamedTuple):
    """Something unclean where it does harm. ``kind`` is shell, database, device, place or program."""

    kind: str
    where: Where
    what: str
    source: str


class Taint:
    """What is unclean in a dial plan, and the sinks that it reaches."""

    def __init__(self, view: View) -> None:
        """Read every extension until nothing new becomes unclean."""
        self.view = view
        self.variables: dict[str, str] = {}
        self.arguments: dict[tuple[str, str], dict[str, str]] = {}
        self.places: dict[tuple[str, str], str] = {}
        self.sinks: list[Sink] = []
        self._dialled = view.dialled
        for _ in range(_ROUNDS):
            before = (len(self.variables), sum(map(len, self.arguments.values())), len(self.places))
            self.sinks = []
            for context in view.pbx.contexts:
                for exten in context.extens:
                    self._read(context, exten)
            if before == (len(self.variables), sum(map(len, self.arguments.values())), len(self.places)):
                break

    def _read(self, context: Context, exten: Exten) -> None:
        clean: set[str] = set()
        local: dict[str, str] = dict(self.arguments.get((context.name, exten.pattern), {}))
        number = self._number(context, exten)
        if number:
            local["EXTEN"] = number
        for step in exten.steps:
            self.view.spend()
            if "$" not in step.data:
                given = text.assignment(step.data) if step.app.lower() == "set" else None
                if given and not given.called:
                    local.pop(given.name, None)
                    clean.add(given.name)
                continue
            for item in nested(step):
                self._step(At(context, exten, 0, item), local, clean)
            for name in _REGEX.findall(step.data[: text.LONGEST]):
                # Whoever asks what a value looks like goes on with those that look right.
                local.pop(name, None)
                clean.add(name)

    def _number(self, context: Context, exten: Exten) -> str:
        """Return in words why EXTEN is what a caller wrote, "" where it is not."""
        if not exten.pattern.startswith("_") or not re.search(r"[.!]", exten.pattern):
            return ""
        if (context.name, "") in self.places:
            return self.places[context.name, ""]
        if context.name in self._dialled:
            return "${EXTEN}, whatever was dialled"
        return ""

    def _step(self, at: At, local: dict[str, str], clean: set[str]) -> None:
        step = at.step
        app = step.app.lower()
        if app in {"set", "mset"}:
            for part in text.split(step.data) if app == "mset" else [step.data]:
                given = text.assignment(part)
                if given is None:
                    continue
                source = self.unclean(given.value, local, clean)
                if given.called:
                    if given.name.startswith("ODBC_") and (
                        s := source or self.unclean(given.arguments, local, clean)
                    ):
                        self._sink("database", step, s)
                    if given.name in {"GLOBAL", "HASH", "ARRAY", "LOCAL", "SHARED"}:
                        for name in text.split(given.arguments):
                            self._assign(name.strip(), source, local, clean)
                else:
                    self._assign(given.name, source, local, clean)
        elif app in {"read", "readexten"}:
            self._assign(text.split(step.data)[0].strip(), "", local, clean)
        self._sinks(step, local, clean)
        for jump in jumps(step):
            if jump.kind == OTHER:
                continue
            owner = jump.context or at.context.name
            if jump.kind in {GOSUB, MACRO}:
                for index, value in enumerate(jump.arguments, 1):
                    if source := self.unclean(value, local, clean):
                        self._argument(owner, jump.exten or at.exten.pattern, f"ARG{index}", source)
            dynamic = bool(jump.exten) and not text.constant(jump.exten) and text.constant(owner)
            if dynamic and (source := self.unclean(jump.exten, local, clean)):
                for item in self.view.closure(owner):
                    self.places.setdefault((item.name, ""), source)
            if source := self.unclean(jump.context, local, clean):
                self._sink("place", step, source)

    def _assign(self, name: str, source: str, local: dict[str, str], clean: set[str]) -> None:
        name = name.lstrip("_")
        if source:
            local[name] = source
            clean.discard(name)
            self.variables.setdefault(name, source)
        else:
            local.pop(name, None)
            clean.add(name)

    def _argument(self, context: str, exten: str, name: str, source: str) -> None:
        if not text.constant(context):
            return
        for owner, found in self.view.find(context, exten).extens if text.constant(exten) else ():
            self.arguments.setdefault((owner.name, found.pattern), {}).setdefault(name, source)

    def _sinks(self, step: Step, local: dict[str, str], clean: set[str]) -> None:
        app = step.app.lower()
        parts = text.split(step.data)
        kind, looked = "", ""
        if app in {"system", "trysystem"}:
            kind, looked = "shell", step.data
        elif app in {"agi", "eagi", "deadagi", "externalivr"}:
            kind, looked = "program", step.data
        elif app == "mysql":
            kind, looked = "database", step.data
        elif app in {"dial", "page", "originate"}:
            kind, looked = "device", parts[0]
        elif app == "retrydial" and len(parts) > 3:
            kind, looked = "device", parts[3]
        elif app in {"exec", "tryexec"}:
            kind, looked = "place", step.data.partition("(")[0]
        if kind and (source := self.unclean(looked, local, clean)):
            self._sink(kind, step, source)
        for use in text.uses(step.data):
            if use.called and use.name in {"SHELL", "CURL", "EVAL"}:
                kind = {"SHELL": "shell", "CURL": "program", "EVAL": "place"}[use.name]
                if source := self.unclean(use.arguments, local, clean):
                    self._sink(kind, step, source)
            elif use.called and use.name.startswith(_ASKS) and use.name != "ODBC_FETCH":
                source = self.unclean(use.arguments, local, clean)
                if source:
                    self._sink("database", step, source)

    def _sink(self, kind: str, step: Step, source: str) -> None:
        self.sinks.append(Sink(kind, step.where, step.app, source))

    def unclean(self, value: str, local: dict[str, str], clean: set[str]) -> str:
        """Return in words what of a text a caller chooses, "" for nothing."""
        covered = 0
        for use in text.uses(value[: text.LONGEST]):
            if use.start < covered:
                continue
            if use.called:
                what = text.split(use.arguments)[0].strip().lower()
                if use.name in _SOURCES and (use.name not in _BY_PLACE or what in _PLACES):
                    return f"${{{use.name}({use.arguments})}}"
                if use.name in _CLEAN or use.name in _SOURCES:
                    covered = use.end
            elif use.name in local:
                return (
                    local[use.name]
                    if use.name == "EXTEN"
                    else f"${{{use.name}}}, from {_origin(local[use.name])}"
                )
            elif use.name in _VARIABLES:
                return f"${{{use.name}}}"
            elif use.name not in clean and use.name in self.variables and not use.name.startswith("ARG"):
                return f"${{{use.name}}}, from {_origin(self.variables[use.name])}"
        return ""


def _origin(source: str) -> str:
    return source.rpartition(", from ")[2] or source


def _taint(view: View) -> Taint:
    if "taint" not in view.kept:
        view.kept["taint"] = Taint(view)
    found: Taint = view.kept["taint"]
    return found


def _told(view: View, kind: str, harm: str, fix: str) -> Iterator[Fault]:
    for sink in _taint(view).sinks:
        if sink.kind == kind:
            yield sink.where, f"a caller chooses what {sink.what} {harm}: {sink.source}", fix


_FILTER = "take what belongs: ${FILTER(0-9,...)}"


@rule("Z601")
def caller_in_a_shell(view: View) -> Iterator[Fault]:
    """Nothing that a caller chooses reaches a shell unfiltered."""
    yield from _told(view, "shell", "gives to a shell", _FILTER)


@rule("Z602")
def caller_in_a_database(view: View) -> Iterator[Fault]:
    """Nothing that a caller chooses reaches a database unfiltered."""
    yield from _told(view, "database", "asks a database", f"{_FILTER}, or ${{SQL_ESC(...)}}")


@rule("Z603", Severity.WARNING)
def caller_in_a_device(view: View) -> Iterator[Fault]:
    """Nothing that a caller chooses decides unfiltered which device is called: & calls another one beside it."""
    yield from _told(view, "device", "calls", _FILTER)


@rule("Z604", Severity.WARNING)
def caller_in_a_place(view: View) -> Iterator[Fault]:
    """Nothing that a caller chooses decides unfiltered which context or application comes next."""
    yield from _told(view, "place", "goes to", _FILTER)


@rule("Z605", Severity.WARNING)
def caller_in_a_program(view: View) -> Iterator[Fault]:
    """Nothing that a caller chooses reaches a program or a web address unfiltered."""
    yield from _told(view, "program", "gives to a program", f"{_FILTER}, or ${{URIENCODE(...)}}")
