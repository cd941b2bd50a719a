"""Asterisk's conf text -> lines without loss -> the resolved Pbx: the way back of what render prints."""

from __future__ import annotations

from kelid.findings import Exit, KelidError, Where
from kelid.model.bundle import Bundle
from kelid.model.pbx import LIST_SUFFIX, ConfFile, ListFile, ListLine, Option, Pbx, Section
from kelid.readback.dialplan import read_dialplan
from kelid.readback.lines import ConfText, Kind, Line, read_conf

__all__ = ["ConfText", "Kind", "Line", "read_conf", "read_dialplan", "readback"]

DIALPLAN = "extensions.conf"


def readback(bundle: Bundle) -> Pbx:
    """Given a bundle, return what Asterisk reads from it: ``readback(render(pbx)) == pbx``.

    Raise KelidError if a file holds what render never prints.
    """
    globals_: tuple[Option, ...] = ()
    contexts_text = ""
    files = []
    lists = []
    for path in sorted(bundle.files):
        if path.endswith(LIST_SUFFIX):
            lists.append(_list(path, bundle.files[path]))
            continue
        conf = read_conf(path, bundle.files[path])
        if path == DIALPLAN:
            globals_, contexts_text = _dialplan_parts(conf)
        else:
            files.append(_file(conf))
    contexts, findings = read_dialplan(DIALPLAN, contexts_text)
    if findings:
        raise KelidError(
            f"the dial plan of {bundle.site} can't be read back", exit=Exit.FAILURE, findings=findings
        )
    return Pbx(
        site=bundle.site,
        asterisk=bundle.asterisk,
        files=tuple(files),
        globals=globals_,
        contexts=contexts,
        media=bundle.media,
        lists=tuple(lists),
    )


def _list(path: str, text: str) -> ListFile:
    rows = text.split("\n")
    return ListFile(path, tuple(ListLine(row, Where(path, n)) for n, row in enumerate(rows[:-1], start=1)))


def _file(conf: ConfText) -> ConfFile:
    sections = list(conf.sections())
    inside = {line.where.line for _, body in sections for line in body}
    for line in conf.lines:
        unread = line.kind in {Kind.GARBAGE, Kind.DIRECTIVE}
        if unread or (line.kind is Kind.OPTION and line.where.line not in inside):
            raise _unreadable(line)
    found = []
    known: set[str] = set()
    for head, body in sections:
        template, inherits = _templates(head, known)
        known.add(head.name)
        found.append(Section(head.name, _options(body), head.where, template, inherits))
    return ConfFile(conf.path, tuple(found))


def _templates(head: Line, known: set[str]) -> tuple[bool, tuple[str, ...]]:
    """Return what stands in the parentheses: whether the section is a template, and which ones above it inherits."""
    if head.templates is None:
        return False, ()
    words = head.templates.split(",")
    template = words[0] == "!"
    inherits = tuple(words[1:] if template else words)
    if not known.issuperset(inherits):
        raise _unreadable(head)
    return template, inherits


def _unreadable(line: Line) -> KelidError:
    return KelidError(f"{line.where}: {line.raw.strip()!r} can't be read back", exit=Exit.FAILURE)


def _options(body: tuple[Line, ...]) -> tuple[Option, ...]:
    return tuple(Option(line.name, line.value, line.where) for line in body)


def _dialplan_parts(conf: ConfText) -> tuple[tuple[Option, ...], str]:
    """Return the global variables, and the text with [general] and [globals] blanked out, on the same lines."""
    globals_: tuple[Option, ...] = ()
    own: set[int] = set()
    for head, body in conf.sections():
        if head.name in {"general", "globals"}:
            own.update(line.where.line for line in (head, *body))
        if head.name == "globals":
            globals_ = _options(body)
    text = "".join("\n" if line.where.line in own else line.raw for line in conf.lines)
    return globals_, text
