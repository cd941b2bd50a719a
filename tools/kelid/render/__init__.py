"""Pbx -> Bundle: the templates print, nothing is decided here, and every value passes the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kelid.findings import Finding, Where
from kelid.model.bundle import Bundle
from kelid.model.pbx import ConfFile, Context, Exten, Hint, Include, Option, Pbx, Section, Step
from kelid.render import gate
from kelid.render.gate import Refused, escape

__all__ = ["Refused", "escape", "refusals", "render"]

DIALPLAN = "extensions.conf"

_MARK = "\x1f"
"""Ends a line that stands for YAML, before the number of its place; the gate lets no value hold it."""


@cache
def _environment() -> Environment:
    # Conf files are no HTML: the gate is what escapes here.
    return Environment(  # noqa: S701
        loader=PackageLoader("kelid.render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(pbx: Pbx) -> Bundle:
    """Given what Asterisk gets, return it as text, file by file, with the YAML place behind each line.

    Raise Refused (a KelidError) for text that would not reach Asterisk as what it is.
    """
    files: dict[str, str] = {}
    lines: dict[str, tuple[Where | None, ...]] = {}
    for file in pbx.files:
        printer = _Printer(pbx.site, file.path)
        files[file.path], lines[file.path] = printer.sections(file)
    printer = _Printer(pbx.site, DIALPLAN)
    files[DIALPLAN], lines[DIALPLAN] = printer.dialplan(pbx)
    for item in pbx.lists:
        path = gate.list_path(item.path, Where(""))
        # No head: an application takes every line as an entry.
        files[path] = "".join(f"{gate.list_line(line.text, line.where)}\n" for line in item.lines)
        lines[path] = tuple(line.where if line.where.file else None for line in item.lines)
    paths = sorted(files)
    return Bundle(
        site=pbx.site,
        asterisk=pbx.asterisk,
        files={path: files[path] for path in paths},
        media=pbx.media,
        lines={path: lines[path] for path in paths},
    )


def refusals(contexts: Iterable[Context]) -> Iterator[Finding]:
    """Yield what ``render`` would refuse of each line of these contexts, all of it and not only the first."""
    printer = _Printer("", DIALPLAN)
    for context in contexts:
        lines: list[Callable[[], str]] = [partial(printer.context_name, context)]
        lines += [partial(printer.include_line, include) for include in context.includes]
        lines += [partial(printer.hint_line, hint) for hint in context.hints]
        lines += [
            partial(printer.step_line, exten, step, False) for exten in context.extens for step in exten.steps
        ]
        lines += [
            partial(printer.step_line, exten, exten.steps[0], True) for exten in context.extens if exten.steps
        ]
        for line in lines:
            try:
                line()
            except Refused as refused:
                yield from refused.findings


class _Printer:
    """Writes the lines of one file and keeps the place behind each."""

    def __init__(self, site: str, path: str) -> None:
        self.site = site
        self.path = path
        self.places: list[Where] = []

    def sections(self, file: ConfFile) -> tuple[str, tuple[Where | None, ...]]:
        return self._print("sections.conf.j2", file=file)

    def dialplan(self, pbx: Pbx) -> tuple[str, tuple[Where | None, ...]]:
        return self._print("extensions.conf.j2", globals=pbx.globals, contexts=pbx.contexts)

    def _print(self, template: str, **values: Any) -> tuple[str, tuple[Where | None, ...]]:
        helpers: dict[str, Callable[..., str]] = {
            "head": self.head,
            "section_name": self.section_name,
            "option_line": self.option_line,
            "global_line": self.global_line,
            "context_name": self.context_name,
            "include_line": self.include_line,
            "hint_line": self.hint_line,
            "step_line": self.step_line,
        }
        text = _environment().get_template(template).render(**helpers, **values)
        printed: list[str] = []
        places: list[Where | None] = []
        for marked in text.splitlines():
            line, _, number = marked.partition(_MARK)
            printed.append(line)
            places.append(self.places[int(number)] if number else None)
        return "".join(f"{line}\n" for line in printed), tuple(places)

    def _line(self, text: str, where: Where) -> str:
        text = gate.line(text, where)
        if not where.file:
            return text
        self.places.append(where)
        return f"{text}{_MARK}{len(self.places) - 1}"

    def head(self) -> str:
        site = gate.name(self.site, Where(""))
        return f"; {self.path} of {site}, written by kelid: change the site's YAML, not this file."

    def section_name(self, section: Section) -> str:
        return self._line(f"[{gate.name(section.name, section.where)}]", section.where)

    def option_line(self, section: Section, option: Option) -> str:
        key = gate.name(option.key, option.where)
        text = gate.value(option.value, option.where, path=self.path, key=key)
        return self._line(f"{key} = {text}".rstrip(), option.where)

    def global_line(self, option: Option) -> str:
        key = gate.name(option.key, option.where)
        return self._line(f"{key} = {gate.value(option.value, option.where)}".rstrip(), option.where)

    def context_name(self, context: Context) -> str:
        return self._line(f"[{gate.name(context.name, context.where)}]", context.where)

    def include_line(self, include: Include) -> str:
        text = gate.name(include.context, include.where)
        if include.times:
            text = f"{text},{gate.times(include.times, include.where)}"
        return self._line(f"include => {text}", include.where)

    def hint_line(self, hint: Hint) -> str:
        exten = gate.pattern(hint.exten, hint.where)
        return self._line(f"exten => {exten},hint,{gate.value(hint.device, hint.where)}", hint.where)

    def step_line(self, exten: Exten, step: Step, first: bool) -> str:
        where = step.where if step.where.file else exten.where
        label = f"({gate.label(step.label, where)})" if step.label else ""
        call = f"{gate.app(step.app, where)}({gate.value(step.data, where)})"
        if first:
            return self._line(f"exten => {gate.pattern(exten.pattern, where)},1{label},{call}", where)
        return self._line(f" same => n{label},{call}", where)
