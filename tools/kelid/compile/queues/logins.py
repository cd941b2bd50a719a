"""How members log in and out of queues and pause, each for the own phone only: what the feature codes go on in.

``queue-codes`` has one extension for each thing that can be done; it finds in ``queue-logins`` (who may log in where) or
``queue-list`` (any queue) what it is to be done to, and ``queue-member`` does it to one queue. Who is logged in is kept by
Asterisk itself (``persistentmembers``); lamps watch ``Custom:QLOGIN101`` (in any queue) and ``Custom:QLOGIN600*101`` (in the
one with number 600), which the codes set, and pauses as Asterisk tells of them itself.
"""

from __future__ import annotations

from kelid.compile.features.phone import OWN, say
from kelid.compile.queue_phones import CALLING
from kelid.compile.queues.members import state
from kelid.compile.text import name_of, name_place
from kelid.findings import Where
from kelid.model.pbx import Context, Exten, Step
from kelid.model.queue_members import Login, logins
from kelid.model.site import Queue, Site

ALL = "0"
"""What stands for all queues in ``queue-list``, and for a queue without a number: no object has this number."""

_WHOLE = f"DEVICE_STATE(Custom:QLOGIN{OWN})"
_ONE = f"DEVICE_STATE(Custom:QLOGIN${{ARG2}}*{OWN})"


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the contexts that the codes for members go on in."""
    allowed = tuple(logins(site))
    found = (_codes(log_in=bool(allowed)), _member(log_in=bool(allowed)), _list(site))
    return (*found, _logins(site, allowed)) if allowed else found


def _codes(*, log_in: bool) -> Context:
    """Return ``queue-codes``. QUEUE is "" for all queues, else a queue's number and a star; DONE is 1 if one was done."""
    any_queue = f'queue-list,${{IF($["${{QUEUE}}" = ""]?{ALL}:${{QUEUE:0:-1}})}}'
    pauses = (
        _code("pause", any_queue, (), "dictate/pause", "activated"),
        _code("unpause", any_queue, (), "dictate/pause", "de-activated"),
        # PAUSED is the state of the lamp that the phone's key has.
        Exten("pause-toggle", (Step("Goto", '${IF($["${PAUSED}" = "INUSE"]?unpause:pause)},1'),)),
    )
    if not log_in:
        return Context("queue-codes", pauses)
    toggle = f'${{IF($["${{DEVICE_STATE(Custom:QLOGIN${{QUEUE}}{OWN})}}" = "INUSE"]?logout:login)}},1'
    return Context(
        "queue-codes",
        (
            _code("login", f"queue-logins,${{QUEUE}}{OWN}", _whole_lamp(), "agent-loginok"),
            _code("logout", any_queue, _whole_lamp(), "agent-loggedoff"),
            Exten("login-toggle", (Step("Goto", toggle),)),
            *pauses,
        ),
    )


def _code(way: str, target: str, after: tuple[Step, ...], *sounds: str) -> Exten:
    return Exten(
        way,
        (
            Step("Set", "DONE=0"),
            Step("Set", f"PHONE={CALLING}"),
            Step("GosubIf", f"${{DIALPLAN_EXISTS({target},1)}}?{target},1({way})"),
            *after,
            Step("GotoIf", "$[${DONE} = 0]?refused"),
            say(*sounds),
            Step("Hangup"),
            say("ss-noservice", label="refused"),
            Step("Hangup"),
        ),
    )


def _whole_lamp() -> tuple[Step, ...]:
    """Return the steps that light the lamp of all queues where the phone is logged in to any that it may log in to."""
    own = f"queue-logins,{OWN},1"
    return (
        Step("Set", "IN=0"),
        Step("GosubIf", f"${{DIALPLAN_EXISTS({own})}}?{own}(count)"),
        Step("Set", f"{_WHOLE}=${{IF($[${{IN}} > 0]?INUSE:NOT_INUSE)}}"),
    )


def _member(*, log_in: bool) -> Context:
    """Return ``queue-member``: it does one thing to one queue. ARG1 its name, ARG2 its number or 0, ARG3 the penalty."""
    pauses = (
        _paused("pause", "PauseQueueMember", "PQMSTATUS", "PAUSED"),
        _paused("unpause", "UnpauseQueueMember", "UPQMSTATUS", "UNPAUSED"),
    )
    return Context("queue-member", (_login(), _logout(), _count(), *pauses) if log_in else pauses)


def _login() -> Exten:
    done = '$["${AQMSTATUS}" = "ADDED" | "${AQMSTATUS}" = "MEMBERALREADY"]'
    return Exten(
        "login",
        (
            Step("AddQueueMember", "${ARG1},${PHONE},${ARG3},,${MEMBER_NAME},${MEMBER_STATE}"),
            Step("ExecIf", f"{done}?Set(DONE=1)"),
            Step("ExecIf", f"$[${{DONE}} & ${{ARG2}}]?Set({_ONE}=INUSE)"),
            Step("Return"),
        ),
    )


def _logout() -> Exten:
    return Exten(
        "logout",
        (
            Step("RemoveQueueMember", "${ARG1},${PHONE}"),
            Step("ExecIf", '$["${RQMSTATUS}" = "REMOVED"]?Set(DONE=1)'),
            Step("ExecIf", f"$[${{ARG2}}]?Set({_ONE}=NOT_INUSE)"),
            Step("Return"),
        ),
    )


def _count() -> Exten:
    """Return what sets IN where the phone is among the members, by Asterisk's own list."""
    return Exten(
        "count",
        (
            Step("Set", "LOCAL(members)=${QUEUE_MEMBER_LIST(${ARG1})}"),
            Step("ExecIf", "$[${FIELDNUM(members,\\,,${PHONE})} > 0]?Set(IN=1)"),
            Step("Return"),
        ),
    )


def _paused(way: str, application: str, status: str, word: str) -> Exten:
    return Exten(
        way,
        (
            Step(application, "${ARG1},${PHONE}"),
            Step("ExecIf", f'$["${{{status}}}" = "{word}"]?Set(DONE=1)'),
            Step("Return"),
        ),
    )


def _logins(site: Site, allowed: tuple[Login, ...]) -> Context:
    """Return ``queue-logins``: ``101`` does ARG1 to every queue that 101 may log in to, ``600*101`` to one."""
    by_extension: dict[str, list[Login]] = {}
    for login in allowed:
        by_extension.setdefault(login.extension.number, []).append(login)
    extens = []
    for number, those in by_extension.items():
        extension = those[0].extension
        place = name_place(extension, site.language)
        named = Step("Set", f"MEMBER_NAME={name_of(extension.names, site.language)}", where=place)
        watched = Step("Set", f"MEMBER_STATE={state(extension)}", where=extension.place("number"))
        extens.append(Exten(number, _each(those, named, watched), those[0].where))
        extens += [
            Exten(f"{login.queue.number}*{number}", _each([login], named, watched), login.where)
            for login in those
            if login.queue.number
        ]
    return Context("queue-logins", tuple(extens))


def _each(those: list[Login], *before: Step) -> tuple[Step, ...]:
    return (
        *before,
        *(_do(login.queue, str(login.penalty), login.where) for login in sorted(those, key=_by_queue)),
        Step("Return", where=those[0].where),
    )


def _by_queue(login: Login) -> str:
    """Return what logins are sorted by: the order of the queues in their file makes no other dial plan."""
    return login.queue.name


def _do(queue: Queue, penalty: str, where: Where) -> Step:
    return Step(
        "Gosub", f"queue-member,${{ARG1}},1({queue.name},{queue.number or ALL},{penalty})", where=where
    )


def _list(site: Site) -> Context:
    """Return ``queue-list``: ``600`` does ARG1 to the queue with that number, ``0`` to all queues.

    Asterisk pauses a member in all queues by one step; logging out is one step for each queue that lets somebody log in.
    """
    dynamic = sorted(
        (q for q in site.queues if q.dynamic.members or q.dynamic.permission_classes),
        key=lambda queue: queue.name,
    )
    every = [Step("Gosub", f"queue-member,${{ARG1}},1(,{ALL},0)"), Step("Return")]
    if dynamic:
        every.insert(0, Step("GotoIf", '$["${ARG1}" = "logout"]?each'))
        first, *others = (_do(queue, "0", queue.dynamic.where) for queue in dynamic)
        every += [Step(first.app, first.data, "each", first.where), *others, Step("Return")]
    return Context(
        "queue-list",
        (
            Exten(ALL, tuple(every)),
            *(
                Exten(
                    queue.number,
                    (_do(queue, "0", queue.place("number")), Step("Return", where=queue.place("number"))),
                    queue.place("number"),
                )
                for queue in site.queues
                if queue.number
            ),
        ),
    )
