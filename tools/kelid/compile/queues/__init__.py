"""Queues: queues.conf, the penalty rules, the way in and out, and what members and supervisors dial."""

from __future__ import annotations

from kelid.compile.queues import callbacks, conf, logins, members, supervisors, ways
from kelid.model.pbx import ConfFile, Context
from kelid.model.site import Site

__all__ = ["contexts", "files"]


def files(site: Site) -> tuple[ConfFile, ...]:
    """Return the conf files of the queues; Asterisk wants that of the rules also where there are none."""
    return (conf.queues(site), conf.rules(site))


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the contexts of the queues."""
    if not site.queues:
        return ()
    return (
        *ways.contexts(site),
        *callbacks.contexts(site),
        *members.contexts(site),
        *logins.contexts(site),
        *supervisors.contexts(site),
    )
