"""Queues: queues.conf, the music that callers hear, and the way in and out."""

from __future__ import annotations

from kelid.compile.conf import option, section
from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.text import go, name_of
from kelid.findings import NOWHERE
from kelid.model.pbx import ConfFile, Context, Exten, Section, Step
from kelid.model.site import Queue, Site


def conf(site: Site) -> ConfFile:
    """Return queues.conf."""
    general = section(
        "general",
        {
            # Dynamic members belong to the server's users: they outlive a restart.
            "persistentmembers": True,
            "autofill": True,
            "shared_lastcall": True,
        },
    )
    return ConfFile("queues.conf", (general, *(_queue(site, queue) for queue in site.queues)))


def _queue(site: Site, queue: Queue) -> Section:
    names = {extension.number: extension.names for extension in site.extensions}
    body = section(
        queue.name,
        {
            "musicclass": (queue.musicclass, queue.place("musicclass")),
            "strategy": (queue.strategy, queue.place("strategy")),
            "timeout": (queue.timeout, queue.place("timeout")),
            "retry": (queue.retry, queue.place("retry")),
            "wrapuptime": (queue.wrapuptime, queue.place("wrapuptime")),
            "maxlen": (queue.maxlen, queue.place("maxlen")),
            "joinempty": (",".join(queue.joinempty) or "yes", queue.place("joinempty")),
            "leavewhenempty": (",".join(queue.leavewhenempty) or "no", queue.place("leavewhenempty")),
            "ringinuse": (queue.ringinuse, queue.place("ringinuse")),
            "announce-position": (queue.announce_position, queue.place("announce_position")),
            "announce-frequency": (queue.announce_frequency, queue.place("announce_frequency")),
            "announce-holdtime": False,
        },
        queue.place("name"),
    )
    members = tuple(
        option(
            "member",
            f"PJSIP/{m.extension},{m.penalty},{name_of(names.get(m.extension, {}), site.language)},PJSIP/{m.extension}",
            m.place("extension"),
        )
        for m in queue.members
    )
    return Section(body.name, body.options + members, queue.place("name"))


def music(site: Site) -> ConfFile:
    """Return musiconhold.conf with every class that a queue names.

    Until a site brings music of its own, each class plays the folder that the distribution's music package fills.
    """
    classes = {"default": NOWHERE}
    for queue in site.queues:
        classes.setdefault(queue.musicclass, queue.place("musicclass"))
    return ConfFile(
        "musiconhold.conf",
        tuple(
            section(name, {"mode": "files", "directory": "moh", "sort": "random"}, where)
            for name, where in classes.items()
        ),
    )


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context of the queues: each queue's name is an extension."""
    extens = tuple(
        Exten(
            queue.name,
            (
                Step("Answer", "500", where=queue.place("name")),
                Step("Queue", _arguments(queue), where=queue.place("max_wait")),
                # Waited too long, the queue full, nobody to answer: the way on is the same.
                go(queue.destination, where=queue.place("name")),
            ),
            queue.place("name"),
        )
        for queue in site.queues
    )
    return (Context("queues", extens),) if extens else ()


def _arguments(queue: Queue) -> str:
    waits = f",,,{queue.max_wait}" if queue.max_wait else ""
    return f"{queue.name},{NO_REDIRECT}{waits}"
