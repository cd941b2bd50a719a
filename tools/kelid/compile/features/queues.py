"""Codes for members and supervisors of queues. What they go on in is in ``compile/queues/``.

A member's code acts on all queues, or on the one whose number follows. A lamp key dials it with the own number (all queues)
or with the queue's number, a star and the own number: another phone's key does nothing.
"""

from __future__ import annotations

from kelid.compile.features.phone import OWN, Asked, own_only
from kelid.compile.queue_phones import PHONES, interface
from kelid.model.pbx import Exten, Hint, Step
from kelid.model.queue_members import queues_of
from kelid.model.site import Site


def members(asked: Asked, way: str) -> tuple[Exten, ...]:
    """Return the code alone, and with what can follow it: a queue's number, or what a lamp key dials."""
    if not _used(asked.site, way):
        return ()
    onward = Step("Goto", f"queue-codes,{way},1")
    state = Step("Set", f"PAUSED=${{EXTENSION_STATE({asked.code}${{QUEUE}}{OWN}@features)}}")
    found = (state, onward) if way == "pause-toggle" else (onward,)
    return (
        asked.exten(*own_only(), Step("Set", "QUEUE="), *found),
        asked.exten(
            *own_only(),
            Step("Set", f"DIALLED=${{FILTER(0-9*,{asked.rest})}}"),
            Step("Set", "QUEUE=${CUT(DIALLED,*,1)}"),
            Step("Set", "WHOSE=${CUT(DIALLED,*,2)}"),
            # With a letter before them they are compared as text: 0101 is not 101.
            Step("GotoIf", f'$["x${{WHOSE}}" != "x" & "x${{WHOSE}}" != "x{OWN}"]?not-own'),
            Step("Set", f'QUEUE=${{IF($["x${{QUEUE}}" = "x{OWN}"]?:${{QUEUE}}*)}}'),
            *found,
            Step("Hangup", "1", label="not-own"),
            after="[0-9].",
        ),
    )


_SPIED = f"${{IF(${{DIALPLAN_EXISTS({PHONES},${{WHOM}},1)}}?Local/${{WHOM}}@{PHONES}:PJSIP/${{WHOM}})}}"
"""How the name of the channel begins on which a queue speaks with the member WHOM."""


def _used(site: Site, way: str) -> bool:
    """Return whether a member can do that at the site: log in only where a queue lets somebody, and else pause."""
    if "log" not in way:
        return bool(site.queues)
    return any(queue.dynamic.members or queue.dynamic.permission_classes for queue in site.queues)


def supervisors(asked: Asked, mode: str) -> tuple[Exten, ...]:
    """Return the code alone, which goes from call to call with the star key, and with a member's number after it."""
    if not any(mode in supervisor.may for queue in asked.site.queues for supervisor in queue.supervisors):
        return ()
    steps = (
        Step("GotoIf", f"${{DIALPLAN_EXISTS(queue-{mode},{OWN},1)}}?may"),
        Step("Hangup", "1"),
        Step("Answer", "500", label="may"),
    )
    onward = Step("Goto", f"queue-{mode},{OWN},1")
    return (
        asked.exten(*steps, Step("Set", "SPIED="), onward),
        asked.exten(
            *steps,
            Step("Set", f"WHOM=${{FILTER(0-9,{asked.rest})}}"),
            Step("Set", f"SPIED={_SPIED}-"),
            onward,
            after="[0-9].",
        ),
    )


def login_hints(asked: Asked) -> tuple[Hint, ...]:
    """Return what lamp keys watch of logins: one pattern for all of them."""
    if not _used(asked.site, "login"):
        return ()
    return (Hint(f"_{asked.code}X.", f"Custom:QLOGIN{asked.rest}", asked.where),)


def pause_hints(asked: Asked) -> tuple[Hint, ...]:
    """Return what lamp keys watch of pauses, as Asterisk tells of them: also of those that no code made."""
    found = []
    for number, queues in queues_of(asked.site).items():
        member = interface(asked.site.by_number[number])
        lamps = {queue.name: f"Queue:{queue.name}_pause_{member}" for queue in queues}
        found.append(Hint(f"{asked.code}{number}", "&".join(sorted(lamps.values())), asked.where))
        found += [
            Hint(f"{asked.code}{queue.number}*{number}", lamps[queue.name], asked.where)
            for queue in queues
            if queue.number
        ]
    return tuple(found)
