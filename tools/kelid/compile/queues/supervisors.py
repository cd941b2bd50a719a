"""Supervisors: who may listen to the calls of which queues, whisper to the member, or barge in.

The member's channel carries the names of its queue in SPYGROUP while a call of the queue goes on (``ways``), and ChanSpy
takes channels of the supervisor's groups only: no other call of the same phone can be listened to.
"""

from __future__ import annotations

from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Site

MODES = {"listen": "", "whisper": "w", "barge": "B"}
"""What a supervisor may do -> ChanSpy's option."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return a context for each thing that a supervisor of the site may do: ``queue-listen``, with the supervisors' numbers.

    SPIED is the beginning of the channel's name, empty for any.
    ``q``: no tones; ``S``: it ends when there is nobody to listen to.
    """
    found = []
    for mode, option in MODES.items():
        groups: dict[str, tuple[list[str], Where]] = {}
        for queue in site.queues:
            for supervisor in queue.supervisors:
                if mode in supervisor.may:
                    place = supervisor.place("extension")
                    groups.setdefault(supervisor.extension, ([], place))[0].append(f"queue-{queue.name}")
        if groups:
            found.append(
                Context(
                    f"queue-{mode}",
                    tuple(
                        Exten(
                            number,
                            (
                                Step("ChanSpy", f"${{SPIED}},qS{option}g({':'.join(names)})", where=where),
                                Step("Hangup", where=where),
                            ),
                            where,
                        )
                        for number, (names, where) in groups.items()
                    ),
                )
            )
    return tuple(found)
