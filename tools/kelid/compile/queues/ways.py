"""The way into a queue and out of it, what callers press while they wait, and what happens when somebody answers."""

from __future__ import annotations

from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.queues.conf import answered
from kelid.compile.sounds import asterisk_language
from kelid.compile.text import go, literal, sound
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Queue, Site

CALLER = "c${FILTER(0-9+*#,${CALLERID(num)})}"
"""Who calls, as an extension; the letter keeps an unknown number from being none."""

_RINGING = {"never": "", "member": "R", "always": "r"}
"""How callers hear the ringing tone -> option of Queue."""

_FULL = "FULL"
_EMPTY = ("JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL")
"""What QUEUESTATUS says when no member could answer (app_queue.c)."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context of the queues, each queue's name is an extension, and those that belong to one of them."""
    found = [Context("queues", tuple(_queue(site, queue) for queue in site.queues))]
    for queue in site.queues:
        if queue.priorities:
            found.append(_callers(queue))
        if queue.keys or queue.callback:
            found.append(_keys(queue))
        if answered(queue):
            found.append(_answered(queue))
    return tuple(found)


def _queue(site: Site, queue: Queue) -> Exten:
    where = queue.place("name")
    steps = [Step("Answer", "500", where=where)]
    if queue.language:
        steps.append(
            Step(
                "Set", f"CHANNEL(language)={asterisk_language(queue.language)}", where=queue.place("language")
            )
        )
    if queue.caller_id_prefix:
        text = f"CALLERID(name)={literal(queue.caller_id_prefix)} ${{CALLERID(name)}}"
        steps.append(Step("Set", text, where=queue.place("caller_id_prefix")))
    if queue.priorities:
        there = f"queue-{queue.name}-callers,{CALLER},1"
        place = queue.place("priorities")
        steps.append(Step("GosubIf", f"${{DIALPLAN_EXISTS({there})}}?{there}", where=place))
    steps += penalties(site, queue)
    if queue.prompt:
        steps.append(Step("Playback", sound(site, queue.prompt), where=queue.place("prompt")))
    steps.append(
        Step(
            "Queue", _arguments(queue), label="wait" if queue.callback else "", where=queue.place("max_wait")
        )
    )
    full, empty = queue.full_destination, queue.empty_destination
    if full:
        steps.append(Step("GotoIf", f'$["${{QUEUESTATUS}}" = "{_FULL}"]?full', where=full.where))
    if empty:
        nobody = " | ".join(f'"${{QUEUESTATUS}}" = "{word}"' for word in _EMPTY)
        steps.append(Step("GotoIf", f"$[{nobody}]?empty", where=empty.where))
    # Waited too long, or what has no way of its own: the queue full, nobody to answer.
    steps.append(go(queue.destination, where=where))
    if full:
        steps.append(go(full, label="full", where=full.where))
    if empty:
        steps.append(go(empty, label="empty", where=empty.where))
    return Exten(queue.name, tuple(steps), where)


_FROM = {
    "QUEUE_MAX_PENALTY": ("max_penalty", 1000),
    "QUEUE_MIN_PENALTY": ("min_penalty", 0),
    "QUEUE_RAISE_PENALTY": ("raise_penalty", 0),
}
"""Variable that Queue begins with -> key of a penalty rule's step, and the value that lets everybody ring."""


def penalties(site: Site, queue: Queue) -> list[Step]:
    """Return the steps that say which penalties ring at first.

    Asterisk goes by its rules only while a caller waits, so a step after 0 seconds comes too late for who is first in line;
    and it leaves what it changed on the channel, for the next queue to go by.
    """
    if not site.penalty_rules:
        return []
    rule = next((item for item in site.penalty_rules if item.name == queue.penalty_rule), None)
    first = next((step for step in rule.steps if step.after == 0), None) if rule else None
    where = queue.place("penalty_rule")
    found = []
    for name, (key, everybody) in _FROM.items():
        written = str(getattr(first, key)) if first else ""
        found.append(Step("Set", f"{name}={written if written.isdigit() else everybody}", where=where))
    return found


def _arguments(queue: Queue) -> str:
    options = NO_REDIRECT + _RINGING[queue.ringing]
    options += "C" if queue.answered_elsewhere else ""
    options += "n" if queue.tries_once else ""
    options += "x" if queue.recording == "on_demand" else ""
    waits = f",,,{queue.max_wait}" if queue.max_wait else ""
    return f"{queue.name},{options}{waits}"


def _callers(queue: Queue) -> Context:
    """Return the list of the callers who wait in front of others: ``c09121234567`` sets QUEUE_PRIO."""
    extens = []
    for item in queue.priorities:
        for index, number in enumerate(item.callers):
            where = item.place(f"callers.{index}")
            pattern = f"_c{number}" if set(number) & set("XZN.") else f"c{number}"
            extens.append(
                Exten(
                    pattern,
                    (Step("Set", f"QUEUE_PRIO={item.priority}", where=where), Step("Return", where=where)),
                    where,
                )
            )
    return Context(f"queue-{queue.name}-callers", tuple(extens), where=queue.place("priorities"))


def _keys(queue: Queue) -> Context:
    extens = [
        Exten(key.digit, (go(key.destination, where=key.place("digit")),), key.place("digit"))
        for key in queue.keys
    ]
    if queue.callback:
        place = queue.callback.place("digit")
        onward = Step("Goto", f"queue-{queue.name}-callback,s,1", where=place)
        extens.append(Exten(queue.callback.digit, (onward,), place))
    return Context(f"queue-{queue.name}-keys", tuple(extens), where=extens[0].where)


def _answered(queue: Queue) -> Context:
    """Return the subroutine for the member's channel, before caller and member hear each other."""
    steps = []
    if queue.supervisors:
        where = queue.place("supervisors")
        steps.append(Step("Set", f"SPYGROUP=queue-{queue.name}", where=where))
    if queue.recording == "always":
        steps.append(Step("Gosub", f"recording,s,1(queue-{queue.name})", where=queue.place("recording")))
    steps.append(Step("Return", where=queue.place("name")))
    return Context(
        f"queue-{queue.name}-answered",
        (Exten("s", tuple(steps), queue.place("name")),),
        where=queue.place("name"),
    )
