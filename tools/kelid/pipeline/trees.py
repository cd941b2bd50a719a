"""A configuration folder of Asterisk's that somebody else wrote: read once, for every command that takes ``--tree``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kelid.findings import Finding
from kelid.model import record
from kelid.model.printable import printable
from kelid.readback import Tree, read_tree

VERSIONS = (16, 22)
"""Versions of Asterisk whose ways are known; others are taken for the nearest."""


def tree(folder: Path, *, asterisk: int = 0) -> Tree:
    """Given a folder like /etc/asterisk, return what Asterisk reads from it, and what was found on the way.

    ``asterisk`` is the major version; 0 guesses it: 16 where a dial plan uses what 22 doesn't have any more. Findings and
    places name files as ``folder/path``. Raise KelidError for a folder that holds no configuration.
    """
    read = read_tree(folder, asterisk=asterisk or VERSIONS[-1])
    return read if asterisk else replace(read, pbx=record.replace(read.pbx, asterisk=guess(read)))


def guess(read: Tree) -> int:
    """Return the version that a tree was written for, as far as its files tell: chan_sip and Macro are gone in 22."""
    if read.pbx.file("sip.conf") is not None and read.pbx.file("pjsip.conf") is None:
        return VERSIONS[0]
    if any(step.app.lower() == "macro" for c in read.pbx.contexts for e in c.extens for step in e.steps):
        return VERSIONS[0]
    return VERSIONS[-1]


def lint_tree(folder: Path, *, asterisk: int = 0) -> list[Finding]:
    """Given a folder like /etc/asterisk, return all that is wrong with its dial plan, and what could not be read of it."""
    from kelid.lint import lint

    read = tree(folder, asterisk=asterisk)
    found = [_printable(item) for item in (*read.findings, *lint(read.pbx, place=str(folder)))]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.sort_key)


def lint_site(sites: Path, site: str) -> list[Finding]:
    """Given a site of the directory, return what is wrong with the dial plan that is made of it.

    Raise KelidError with the findings of ``kelid check`` if the site is not valid.
    """
    from kelid import pipeline
    from kelid.lint import lint

    return lint(pipeline.check(sites, site).pbx, place=f"{sites}/{site}")


def _printable(finding: Finding) -> Finding:
    """Return a finding that no terminal takes for orders: other people's files may hold any bytes."""
    return finding._replace(
        where=finding.where._replace(file=printable(finding.where.file)), message=printable(finding.message)
    )
