"""Who answers the queues of a site: always, or while logged in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from kelid.findings import Where
from kelid.model.record import Record
from kelid.model.site import Extension, Queue, Site


class Login(Record):
    """An extension that may log in to a queue by feature code: its penalty there, and where that is allowed."""

    UNCOMPARED: ClassVar[frozenset[str]] = frozenset({"where"})

    extension: Extension
    queue: Queue
    penalty: int
    where: Where


def logins(site: Site) -> Iterator[Login]:
    """Yield who may log in where, queue by queue: who is named, then those whose class is and who aren't members anyway."""
    extensions = site.by_number
    for queue in site.queues:
        named = set()
        for member in queue.dynamic.members:
            named.add(member.extension)
            if member.extension in extensions:
                yield Login(
                    extension=extensions[member.extension],
                    queue=queue,
                    penalty=member.penalty,
                    where=member.place("extension"),
                )
        classes = {
            name: queue.dynamic.place(f"permission_classes.{index}")
            for index, name in enumerate(queue.dynamic.permission_classes)
        }
        if not classes:
            continue
        named |= {member.extension for member in queue.members}
        for extension in site.extensions:
            if extension.permission_class in classes and extension.number not in named:
                where = classes[extension.permission_class]
                yield Login(extension=extension, queue=queue, penalty=0, where=where)


def queues_of(site: Site) -> dict[str, list[Queue]]:
    """Return the number of each extension that may answer a queue, always or when logged in -> those queues."""
    found: dict[str, list[Queue]] = {}
    for queue in site.queues:
        for member in queue.members:
            found.setdefault(member.extension, []).append(queue)
    for login in logins(site):
        found.setdefault(login.extension.number, []).append(login.queue)
    return found
