"""A caller's place is kept: a channel of its own waits in the queue, and calls the caller when a member answers it.

The caller presses a key, hears the own number and says yes with 1, or types another. A caller ID can be made up and a number
typed, so only numbers that fit the patterns are called, no more often in an hour than allowed, never those for help, and
only where the class may call. ``Originate`` dials ``Local/NUMBER*PLACE@queue-NAME-place``: that end waits in the queue,
unanswered, at the caller's place; the member's answer answers it, and only then the other end goes on and calls the number.
"""

from __future__ import annotations

from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.features.limits import guard
from kelid.compile.queues.ways import penalties
from kelid.compile.text import literal
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Queue, QueueCallback, Site

DIGITS = "0-9+"
"""The characters of FILTER that a number has; the star parts it from the place."""

LONGEST = 20
AGAIN = 60
"""Seconds until a place is taken again in a queue that let it go, because nobody was there."""

TRIES = 3
"""How often a caller is asked for a number."""

MACRO_UNTIL = 20
"""The last major version of Asterisk whose Queue has an argument for a macro, before that for a subroutine."""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the contexts of the queues that keep places: what the caller is asked, the numbers, who waits and is called."""
    return tuple(
        context
        for queue in site.queues
        if queue.callback
        for context in (
            _asked(queue, queue.callback),
            _numbers(queue, queue.callback),
            _place(site, queue, queue.callback),
            _called(queue, queue.callback),
        )
    )


def _asked(queue: Queue, callback: QueueCallback) -> Context:
    where = callback.place("digit")
    paid = f"class-{callback.permission_class},{callback.prepend}${{CALL_BACK}},1"
    back = f"queues,{queue.name},wait"
    place = "${IF($[0${QUEUEPOSITION} > 0]?${QUEUEPOSITION}:1)}"
    wait = f"Local/${{CALL_BACK}}*${{PLACE}}@queue-{queue.name}-place/n"
    steps = (
        Step("Set", f"PLACE={place}"),
        Step("Set", "ASKED=0"),
        Step("Set", f"CALL_BACK=${{FILTER({DIGITS},${{CALLERID(num)}})}}"),
        Step("GotoIf", f"${{DIALPLAN_EXISTS(queue-{queue.name}-numbers,${{CALL_BACK}},1)}}?read"),
        Step("Set", "ASKED=$[${ASKED} + 1]", label="ask"),
        Step("GotoIf", f"$[${{ASKED}} > {TRIES}]?{back}"),
        Step("Read", f"CALL_BACK,vm-enter-num-to-call,{LONGEST},,1,10"),
        Step("Set", f"CALL_BACK=${{FILTER({DIGITS},${{CALL_BACK}})}}"),
        Step("GotoIf", f"$[${{DIALPLAN_EXISTS(queue-{queue.name}-numbers,${{CALL_BACK}},1)}} = 0]?wrong"),
        Step("Playback", "vm-num-i-have", label="read"),
        Step("SayDigits", "${CALL_BACK}"),
        # Any key but 1 asks for another number; nothing pressed goes back to the queue.
        Step("Read", "YES,to-call-this-number&vm-press&digits/1,1,,1,5"),
        Step("GotoIf", f'$["${{YES}}" = ""]?{back}'),
        Step("GotoIf", '$["${YES}" != "1"]?ask'),
        Step("GotoIf", f"${{DIALPLAN_EXISTS(emergency,{callback.prepend}${{CALL_BACK}},1)}}?wrong"),
        Step("GotoIf", f"$[${{DIALPLAN_EXISTS({paid})}} = 0]?wrong"),
        *guard(f"queue-{queue.name}", callback.calls_per_hour, "full"),
        Step("Originate", f"{wait},exten,queue-{queue.name}-called,${{CALL_BACK}},1,{callback.max_wait},a"),
        Step("Playback", "auth-thankyou&vm-goodbye"),
        Step("Hangup"),
        Step("Playback", "invalid", label="wrong"),
        Step("Goto", "ask"),
        Step("Playback", "please-try-call-later", label="full"),
        Step("Goto", back),
    )
    placed = tuple(Step(step.app, step.data, step.label, where) for step in steps)
    return Context(f"queue-{queue.name}-callback", (Exten("s", placed, where),), where=where)


def _numbers(queue: Queue, callback: QueueCallback) -> Context:
    return Context(
        f"queue-{queue.name}-numbers",
        tuple(
            Exten(
                pattern if not set(pattern) & set("XZN.!") else f"_{pattern}",
                (Step("NoOp", where=callback.place(f"numbers.{index}")),),
                callback.place(f"numbers.{index}"),
            )
            for index, pattern in enumerate(callback.numbers)
        ),
        where=callback.place("numbers"),
    )


def _place(site: Site, queue: Queue, callback: QueueCallback) -> Context:
    """Return who waits: the channel's extension is the number, a star and the place."""
    where = callback.where
    prefix = f"{literal(queue.caller_id_prefix)} " if queue.caller_id_prefix else ""
    gosub = ",," if site.servers.asterisk > MACRO_UNTIL else ",,,"
    # Queue's arguments: name, options, URL, announcement, timeout, AGI, (macro,) subroutine, rule, position.
    waiting = f"{queue.name},{NO_REDIRECT},,,{callback.max_wait},{gosub},${{PLACE}}"
    steps = (
        Step("Set", f"CALLER=${{FILTER({DIGITS},${{CUT(EXTEN,*,1)}})}}"),
        Step("Set", "PLACE=${FILTER(0-9,${CUT(EXTEN,*,2)})}"),
        Step("Set", "CALLERID(num)=${CALLER}"),
        Step("Set", f"CALLERID(name)={prefix}${{CALLER}}"),
        *penalties(site, queue),
        Step("Queue", waiting, label="wait"),
        # Nobody was there: the place is kept until the time is over, when Originate ends this channel.
        Step("Wait", str(AGAIN)),
        Step("Goto", "wait"),
    )
    placed = tuple(Step(step.app, step.data, step.label, where) for step in steps)
    return Context(f"queue-{queue.name}-place", (Exten("_[0-9+]!", placed, where),), where=where)


def _called(queue: Queue, callback: QueueCallback) -> Context:
    where = callback.place("permission_class")
    number = f"{callback.prepend}${{FILTER({DIGITS},${{EXTEN}})}}"
    onward = Step("Goto", f"class-{callback.permission_class},{number},1", where=where)
    return Context(f"queue-{queue.name}-called", (Exten("_[0-9+]!", (onward,), where),), where=where)
