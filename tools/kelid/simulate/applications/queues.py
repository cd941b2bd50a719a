"""Queues: waiting in one, and who works in it. As apps/app_queue.c."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kelid.model.call import Question
from kelid.simulate.applications.dial import new_channel
from kelid.simulate.applications.race import is_late
from kelid.simulate.arguments import atoi, split_arguments
from kelid.simulate.members import Member, members
from kelid.simulate.options import options
from kelid.simulate.state import ELSEWHERE, GO_ON, HANG_UP, SUSPENDED, tell_connected

if TYPE_CHECKING:
    from kelid.model.pbx import Section
    from kelid.simulate.run import Run
    from kelid.simulate.state import Channel, Level, Result

ANSWERED = "ANSWERED"
LEFT = "ABANDON"
"""What the world may answer where the caller hangs up in the queue, with the seconds until then: ``ABANDON 7``."""

_SETTINGS = (
    "strategy", "timeout", "retry", "weight", "wrapuptime", "maxlen", "joinempty", "leavewhenempty", "musicclass",
    "announce", "context", "timeoutpriority", "ringinuse", "autopause", "servicelevel", "memberdelay",
    "announce-frequency", "announce-position", "announce-holdtime", "periodic-announce",
    "periodic-announce-frequency", "reportholdtime", "penaltymemberslimit", "timeoutrestart", "setinterfacevar",
)  # fmt: skip


def _section(run: Run, name: str) -> Section | None:
    return run.dialplan.sections("queues.conf").get(name)


POSITIONS = ("1", "2")
"""Where a caller was in a queue when he left it: the first, or behind others."""


def _settings(run: Run, section: Section | None, settings: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what the queue makes of the call: the call's own settings, the queue's, its members, and their penalties."""
    if section is not None:
        own = run.dialplan.memo.get(("queue", section.name))
        if own is None:
            given = {option.key: option.value for option in section.options}
            own = [(key, given[key]) for key in _SETTINGS if given.get(key)]
            own += [("member", option.value) for option in section.options if option.key == "member"]
            run.dialplan.memo["queue", section.name] = own
        settings += own
    for variable in ("QUEUE_PRIO", "QUEUE_MAX_PENALTY", "QUEUE_MIN_PENALTY", "QUEUE_RAISE_PENALTY"):
        value = run.get(variable)
        if value:
            settings.append((variable, value))
    return settings


_NEVER = ("no", "false", "n", "f", "0", "off", "")
_ALWAYS = ("yes", "true", "y", "t", "1", "on", "")


def _ends(section: Section | None, *, timed: bool) -> tuple[str, ...]:
    """Return how the wait may end, by the queue's settings, if nobody answers and the caller stays (join_queue,
    queue_exec).
    """
    ends = ["TIMEOUT"] if timed else []
    if section is None:
        return (*ends, "FULL", "JOINEMPTY", "LEAVEEMPTY")
    if atoi(section.get("maxlen") or "0") > 0:
        ends.append("FULL")
    if (section.get("joinempty") or "").strip().lower() not in _ALWAYS:
        ends.append("JOINEMPTY")
    if (section.get("leavewhenempty") or "").strip().lower() not in _NEVER:
        ends.append("LEAVEEMPTY")
    return tuple(ends)


def queue(run: Run, data: str) -> int | str:
    """Wait in a queue: ``name[,options[,url[,announcement[,timeout[,agi[,macro[,gosub[,rule[,position]]]]]]]]]``."""
    if not data:
        run.warn("Queue requires an argument: queuename")
        return HANG_UP
    parts = split_arguments(data, 10)
    parts += [""] * (10 - len(parts))
    name, letters, _, announcement, timeout, agi, macro, gosub, rule, position = parts
    if int(run.pbx.asterisk) >= 21:
        gosub, rule, position = macro, gosub, rule
        parts = split_arguments(data, 9)
        parts += [""] * (9 - len(parts))
        name, letters, _, announcement, timeout, agi, gosub, rule, position = parts
    name = run.settle(name)
    given = options(letters) or {}
    channel = run.channel
    section = _section(run, name)
    if section is None and run.pbx.file("queues.conf") is not None:
        run.warn(f"Unable to join queue '{name}'")
        run.set("QUEUESTATUS", "UNKNOWN")
        return GO_ON
    seconds = str(max(atoi(timeout), 0)) if timeout else ""
    others = [
        (key, text)
        for key, text in (
            ("announcement", announcement),
            ("agi", agi),
            ("gosub", gosub),
            ("rule", rule),
            ("position", position),
        )
        if text
    ]
    settings = _settings(run, section, [("seconds", seconds), ("options", letters), *others])
    exits = (section.get("context") or "") if section is not None else ""
    if channel.musicclass:  # it comes before the queue's own (local_ast_moh_start in res/res_musiconhold.c)
        settings.append(("CHANNEL(musicclass)", channel.musicclass))
    # What members see of the caller (ring_entry in apps/app_queue.c hands it on).
    run.note("queue", name, *settings, ("number", channel.caller), ("name", channel.caller_name))
    keys = tuple(key for key in "1234567890*#" if exits and run.exists(exits, key))
    statuses = _ends(section, timed=bool(seconds) or "n" in given)
    if is_late(run):
        run.set("ABANDONED", "TRUE")
        run.give_up()
        return HANG_UP
    answer, _, who = run.ask(Question("queue", name, (ANSWERED, *statuses, *keys))).partition(" ")
    if answer not in ("FULL", "JOINEMPTY"):
        _tell_variables(run, name, section)
    if answer == ANSWERED:
        gosub = gosub or (section.get("membergosub") if section is not None else "") or ""
        return _answered(run, Answered(name, letters, who or _first(run, name)), gosub)
    if len(answer) == 1:
        run.note("keys", answer)
        channel.context, channel.exten, channel.priority = exits, answer, 0
        return GO_ON
    if answer == LEFT and seconds and atoi(who) >= int(seconds):
        answer, who = "TIMEOUT", ""  # it was over before
    if answer in (LEFT, "TIMEOUT"):
        run.set("ABANDONED", "TRUE")  # record_abandoned
    if answer == LEFT:
        return _left(run, atoi(who))
    if answer == "TIMEOUT" and who:
        _tell_connected(run, letters, _member_channel(run, who))
    if answer == "TIMEOUT" and seconds and not run.spend(int(seconds)):
        return HANG_UP  # whoever waits for this channel gave up before
    run.set("QUEUESTATUS", answer)
    return HANG_UP if channel.hungup else GO_ON


def _left(run: Run, seconds: int) -> int:
    """Let the caller hang up after so many seconds, unless whoever waits for this channel gives up before."""
    if run.left(seconds) > seconds:
        run.spend(seconds)
        run.leave()
    else:
        run.elapsed += run.left()
        run.give_up()
    return HANG_UP


_COUNTS = (
    "QUEUECALLS",
    "QUEUEHOLDTIME",
    "QUEUETALKTIME",
    "QUEUECOMPLETED",
    "QUEUEABANDONED",
    "QUEUESRVLEVELPERF",
)


def _tell_variables(run: Run, name: str, section: Section | None) -> None:
    """Set what a caller who was in the queue knows of it (leave_queue, set_queue_variables)."""
    mentions = run.dialplan.mentions
    if mentions("QUEUEPOSITION"):
        run.set("QUEUEPOSITION", run.ask(Question("queue-info", f"position in {name}", POSITIONS)))
    if section is None or (section.get("setqueuevar") or "").strip().lower() not in _ALWAYS[:-1]:
        return
    run.set("QUEUENAME", name)
    run.set("QUEUEMAX", str(atoi(section.get("maxlen") or "0")))
    run.set("QUEUESTRATEGY", section.get("strategy") or "ringall")
    run.set("QUEUESRVLEVEL", str(atoi(section.get("servicelevel") or "0")))
    for variable in _COUNTS:
        if mentions(variable):
            run.set(variable, run.ask(Question("queue-info", f"{variable} of {name}", (), 8)) or "0")


class Answered(NamedTuple):
    """A queue in which somebody has taken the call: its name, Queue's options, and the interface of who has ("" where the
    configuration doesn't say who works there).
    """

    name: str
    letters: str
    member: str


def _first(run: Run, name: str) -> str:
    return next((member.interface for member in members(run.pbx, name)), "")


def _member_channel(run: Run, member: str) -> Channel:
    """Return the channel that a queue makes to call a member.

    Where an endpoint has no number of its own, it is who is connected with the caller, or else what the caller has dialled
    (ring_entry).
    """
    channel = run.channel
    made = new_channel(run, member)
    if not made.caller:
        if channel.connected:
            made.caller, made.caller_name = channel.connected, channel.connected_name
        else:
            made.caller, made.caller_name = channel.dnid or channel.exten, ""
    return made


def _tell_connected(run: Run, letters: str, peer: Channel) -> None:
    """Let the caller know which member is called."""
    if peer.technology.upper() == "PJSIP" and "I" not in (options(letters) or {}):
        tell_connected(run.channel, peer.caller_name, peer.caller)


def _answered(run: Run, answered: Answered, gosub: str) -> int | str:
    """Let the caller talk with the member who answered, after the subroutine on the member's channel."""
    peer = _member_channel(run, answered.member or f"Queue/{answered.name}")
    if answered.member:
        _tell_connected(run, answered.letters, peer)
    if gosub:
        peer.answered = True
        context, comma, arguments = gosub.partition(",")
        place = f"{context},s,1({arguments})" if comma else f"{context},s,1"
        if run.run_gosub(peer, place, ((_prepared, answered),)) == SUSPENDED:
            return SUSPENDED
    return _talk(run, answered)


def _prepared(run: Run, ended: Level, data: Answered, outcome: Result) -> Result:
    return _talk(run, data)


def _talk(run: Run, answered: Answered) -> Result:
    section = _section(run, answered.name)
    if section is not None and (section.get("setinterfacevar") or "").strip().lower() in _ALWAYS[:-1]:
        known = {member.interface: member for member in members(run.pbx, answered.name)}
        who = known.get(answered.member, Member(answered.member))
        run.set("MEMBERINTERFACE", who.interface)
        run.set("MEMBERNAME", who.name or who.interface)
        run.set("MEMBERPENALTY", str(who.penalty))
    run.note("talks", f"queue {answered.name}")
    if run.answer((_talked, answered)) == SUSPENDED:
        return SUSPENDED
    return _talked(run, None, answered, GO_ON)


def _talked(run: Run, ended: Level | None, data: Answered, outcome: Result) -> Result:
    channel = run.channel
    goes_on = "c" in (options(data.letters) or {})
    question = Question("hangup", f"talk in queue {data.name}", ("no", "yes"))
    if goes_on and not channel.hungup and run.ask(question) == "no":
        run.set("QUEUESTATUS", "CONTINUE")
        return GO_ON
    channel.hungup = True
    if channel.number:
        channel.hangup_cause = 26 if ELSEWHERE in channel.hooks else 16  # as its other half is hung up
    return HANG_UP


def _members(run: Run, name: str) -> dict[str, None]:
    section = _section(run, name)
    found: dict[str, None] = {}
    for option in section.options if section else ():
        if option.key == "member":
            found[option.value.partition(",")[0].strip()] = None
    return found


def _is_member(run: Run, name: str, interface: str) -> bool:
    """Return True if the interface is a member: by the configuration, by this call, or by what the world says."""
    shared = run.shared.get(f"member/{name}/{interface}")
    if shared is not None:
        return shared != ""
    if interface in _members(run, name):
        return True
    return run.learn(Question("queue-info", f"member {interface} of {name}", ("0", "1"))) == "1"


def _is_member_of_any(run: Run, interface: str) -> bool:
    """Return True if the interface is a member of a queue. In which of them makes no difference: all calls ask that once."""
    queues = [name for name in run.dialplan.sections("queues.conf") if name != "general"]
    if run.symbols is None:
        return any(_is_member(run, name, interface) for name in queues)
    if any(interface in _members(run, name) for name in queues):
        return True
    if any(
        text and key.startswith("member/") and key.endswith(f"/{interface}")
        for key, text in run.shared.items()
    ):
        return True
    return run.learn(Question("queue-info", f"member {interface} of a queue", ("0", "1"))) == "1"


def add_member(run: Run, data: str) -> int | str:
    """Let somebody work in a queue: ``queue[,interface[,penalty[,options[,name[,state[,wrapup]]]]]]``."""
    if not data:
        run.warn("AddQueueMember requires an argument")
        return HANG_UP
    parts = split_arguments(data, 7)
    parts += [""] * (7 - len(parts))
    name, interface = parts[0], parts[1] or run.channel.name.rpartition("-")[0]
    if _section(run, name) is None and run.pbx.file("queues.conf") is not None:
        run.set("AQMSTATUS", "NOSUCHQUEUE")
        return GO_ON
    if _is_member(run, name, interface):
        run.set("AQMSTATUS", "MEMBERALREADY")
        return GO_ON
    run.shared[f"member/{name}/{interface}"] = "1"
    run.note(
        "member", interface, ("queue", name), ("does", "logs in"), ("penalty", parts[2]), ("name", parts[4])
    )
    run.set("AQMSTATUS", "ADDED")
    return GO_ON


def remove_member(run: Run, data: str) -> int | str:
    """Take somebody out of a queue: ``queue[,interface]``."""
    if not data:
        run.warn("RemoveQueueMember requires an argument (queuename[,interface])")
        return HANG_UP
    parts = split_arguments(data, 2)
    name, interface = parts[0], (parts[1] if len(parts) > 1 else "") or run.channel.name.rpartition("-")[0]
    if _section(run, name) is None and run.pbx.file("queues.conf") is not None:
        run.set("RQMSTATUS", "NOSUCHQUEUE")
    elif run.shared.get(f"member/{name}/{interface}") is None and interface in _members(run, name):
        run.set("RQMSTATUS", "NOTDYNAMIC")
    elif _is_member(run, name, interface):
        run.shared[f"member/{name}/{interface}"] = ""
        run.note("member", interface, ("queue", name), ("does", "logs out"))
        run.set("RQMSTATUS", "REMOVED")
    else:
        run.set("RQMSTATUS", "NOTINQUEUE")
    return GO_ON


def _pause(run: Run, data: str, variable: str, done: str, does: str) -> int | str:
    parts = split_arguments(data, 4)
    parts += [""] * (4 - len(parts))
    name, interface = parts[0], parts[1]
    if not interface:
        run.warn("Missing interface argument to PauseQueueMember ([queuename],interface[,options[,reason]])")
        return HANG_UP
    if not (_is_member(run, name, interface) if name else _is_member_of_any(run, interface)):
        run.set(variable, "NOTFOUND")
        return GO_ON
    run.note("member", interface, ("queue", name or "all"), ("does", does), ("reason", parts[3]))
    run.set(variable, done)
    return GO_ON


def pause_member(run: Run, data: str) -> int | str:
    """Let a member of a queue, or of all queues, rest."""
    return _pause(run, data, "PQMSTATUS", "PAUSED", "pauses")


def unpause_member(run: Run, data: str) -> int | str:
    """Let a member of a queue, or of all queues, go on."""
    return _pause(run, data, "UPQMSTATUS", "UNPAUSED", "goes on")


def queue_log(run: Run, data: str) -> int | str:
    """Write a line into queue_log: ``queue,uniqueid,agent,event[,info]``."""
    parts = split_arguments(data, 5)
    if len(parts) < 4 or not all(parts[:4]):
        run.warn("QueueLog requires arguments (queuename,uniqueid,membername,event[,additionalinfo])")
        return HANG_UP
    run.note("log", "queue", ("queue", parts[0]), ("event", parts[3]))
    return GO_ON


def queue_update(run: Run, data: str) -> int | str:
    """Tell a queue of an outgoing call."""
    run.set("QUSTATUS", "OK")
    return GO_ON


APPLICATIONS = {
    "AddQueueMember": add_member,
    "PauseQueueMember": pause_member,
    "Queue": queue,
    "QueueLog": queue_log,
    "QueueUpdate": queue_update,
    "RemoveQueueMember": remove_member,
    "UnpauseQueueMember": unpause_member,
}
