"""Pbx -> Bundle: the templates print, nothing is decided here, and every value passes the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from kelid.findings import Finding, Where
from kelid.model.bundle import Bundle
from kelid.model.pbx import Context, Pbx
from kelid.render import gate
from kelid.render.gate import Refused, escape
from kelid.render.heads import head
from kelid.render.printer import Printer

__all__ = ["Refused", "escape", "refusals", "render"]

DIALPLAN = "extensions.conf"


def render(pbx: Pbx) -> Bundle:
    """Given what Asterisk gets, return it as text, file by file, with the YAML place behind each line.

    Raise Refused (a KelidError) for text that would not reach Asterisk as what it is.
    """
    site = gate.name(pbx.site, Where(""))
    files: dict[str, str] = {}
    lines: dict[str, tuple[Where | None, ...]] = {}
    plain: set[str] = set()
    for file in pbx.files:
        printer = Printer(file.path, plain)
        printer.sections(file.sections)
        top = head("sections.conf.j2", path=file.path, site=site)
        files[file.path], lines[file.path] = printer.finish(top)
    printer = Printer(DIALPLAN, plain)
    for option in pbx.globals:
        printer.option(option)
    printer.contexts(pbx.contexts)
    falls = "yes" if pbx.autofallthrough else "no"
    top = head("extensions.conf.j2", path=DIALPLAN, site=site, autofallthrough=falls)
    files[DIALPLAN], lines[DIALPLAN] = printer.finish(top)
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
    printer = Printer(DIALPLAN)
    for context in contexts:
        lines: list[Callable[[], None]] = [partial(printer.context_name, context)]
        lines += [partial(printer.include, include) for include in context.includes]
        lines += [partial(printer.hint, hint) for hint in context.hints]
        lines += [
            partial(printer.step, exten, step, False) for exten in context.extens for step in exten.steps
        ]
        lines += [
            partial(printer.step, exten, exten.steps[0], True) for exten in context.extens if exten.steps
        ]
        for line in lines:
            try:
                line()
            except Refused as refused:
                yield from refused.findings
