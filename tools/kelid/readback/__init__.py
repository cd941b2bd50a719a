"""Asterisk's conf text -> lines without loss -> the resolved Pbx: what render prints, and what other people write."""

from __future__ import annotations

from kelid.findings import Exit, KelidError, Where
from kelid.model.bundle import Bundle
from kelid.model.pbx import LIST_SUFFIX, ConfFile, ListFile, ListLine, Option, Pbx
from kelid.readback.config import read_config
from kelid.readback.dialplan import TREE, DialplanReader, read_dialplan
from kelid.readback.files import Files
from kelid.readback.lines import ConfText, Kind, Line, decode, encode, read_conf
from kelid.readback.tree import DIALPLAN, Tree, falls_through, read_tree

__all__ = [
    "ConfText",
    "Kind",
    "Line",
    "Tree",
    "decode",
    "encode",
    "read_conf",
    "read_dialplan",
    "read_tree",
    "readback",
]


def readback(bundle: Bundle) -> Pbx:
    """Given a bundle, return what Asterisk reads from it: ``readback(render(pbx)) == pbx``.

    Raise KelidError if a file holds what render never prints.
    """
    globals_: tuple[Option, ...] = ()
    general: tuple[Option, ...] = ()
    reader = DialplanReader(TREE)
    files = []
    lists = []
    for path in sorted(bundle.files):
        text = bundle.files[path]
        if path.endswith(LIST_SUFFIX):
            lists.append(_list(path, text))
            continue
        config = read_config(Files({path: encode(text)}), path)
        conf = config.texts[path]
        odd = [line for line in conf.lines if line.kind in {Kind.GARBAGE, Kind.DIRECTIVE}]
        if (
            odd
            or config.findings
            or not all(item.plain and "" not in item.inherits for item in config.categories)
        ):
            where = config.findings[0].where if config.findings else odd[0].where if odd else Where(path)
            raise KelidError(f"{where} can't be read back", exit=Exit.FAILURE, findings=config.findings)
        if path == DIALPLAN:
            for category in config.categories:
                if category.name == "general":
                    general = tuple(category.own)
                elif category.name == "globals":
                    globals_ = tuple(category.own)
                else:
                    reader.read(category.name, category.where, category.own)
        else:
            files.append(ConfFile(path, tuple(category.written for category in config.categories)))
    if reader.findings:
        raise KelidError(
            f"the dial plan of {bundle.site} can't be read back", exit=Exit.FAILURE, findings=reader.findings
        )
    return Pbx(
        site=bundle.site,
        asterisk=bundle.asterisk,
        files=tuple(files),
        globals=globals_,
        contexts=reader.result(),
        media=bundle.media,
        lists=tuple(lists),
        autofallthrough=falls_through(general),
    )


def _list(path: str, text: str) -> ListFile:
    rows = text.split("\n")
    return ListFile(path, tuple(ListLine(row, Where(path, n)) for n, row in enumerate(rows[:-1], start=1)))
