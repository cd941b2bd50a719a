"""Mailboxes and queues: the functions of apps/app_voicemail.c and apps/app_queue.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import is_yes, split_arguments
from kelid.simulate.members import in_order
from kelid.simulate.registry import reads, writes
from kelid.simulate.substitute import set_variable
from kelid.simulate.undecided import settled
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run

COUNTS = ("0", "1")


def mailbox_line(run: Run, mailbox: str, context: str) -> list[str] | None:
    """Return what voicemail.conf says of a mailbox (PIN, name, e-mail, pager, options); None without such a mailbox.

    Raise LookupError where there is no voicemail.conf to tell.
    """
    if run.pbx.file("voicemail.conf") is None:
        raise LookupError(mailbox)
    for section in run.pbx.sections("voicemail.conf"):
        if section.name == context:
            for option in section.options:
                if option.key == mailbox:
                    return option.value.split(",")
    return None


def has_mailbox(run: Run, mailbox: str, context: str) -> bool:
    """Return whether there is such a mailbox."""
    try:
        return mailbox_line(run, mailbox, context) is not None
    except LookupError:
        return run.learn(Question("mailbox", f"{mailbox}@{context}/exists", ("1", "0"))) == "1"


_FIELDS = {"password": 0, "fullname": 1, "email": 2, "pager": 3}


@reads("VM_INFO")
def mailbox_info(run: Run, arguments: str) -> str | None:
    """Return something of a mailbox: ``exists``, ``count``, ``fullname``..."""
    given = split_arguments(settled(run, arguments), 3)
    if len(given) < 2 or not given[0] or not given[1]:
        run.warn("VM_INFO requires an argument (<mailbox>[@<context>],attribute[,folder])")
        return None
    mailbox, _, context = given[0].partition("@")
    context = context or "default"
    if not mailbox:
        return None
    attribute = given[1].lower()
    there = has_mailbox(run, mailbox, context)
    if attribute == "exists":
        return "1" if there else "0"
    if not there:
        return ""
    if attribute == "count":
        folder = given[2] if len(given) > 2 and given[2] else "INBOX"
        return run.learn(Question("mailbox", f"{mailbox}@{context}/{folder}", COUNTS))
    if attribute in _FIELDS and attribute != "password":
        line = mailbox_line(run, mailbox, context) if run.pbx.file("voicemail.conf") else None
        if line is not None:
            at = _FIELDS[attribute]
            if attribute == "email" and at >= len(line):
                raise UnknownHere("VM_INFO() of an e-mail address that isn't there: Asterisk 22 ends by it")
            return line[at].strip() if at < len(line) else ""
    if attribute == "language" and run.pbx.file("voicemail.conf") is not None:
        options = (mailbox_line(run, mailbox, context) or [])[4:]
        given_language = [option for option in "|".join(options).split("|") if option.startswith("language=")]
        return given_language[-1].partition("=")[2] if given_language else run.channel.language
    return run.learn(Question("mailbox", f"{mailbox}@{context}/{attribute}"))


@reads("MAILBOX_EXISTS")
def mailbox_exists(run: Run, arguments: str) -> str:
    """Return 1 if there is such a mailbox (Asterisk 16)."""
    mailbox, _, context = settled(run, arguments).partition("@")
    return "1" if has_mailbox(run, mailbox, context or "default") else "0"


@reads("VMCOUNT")
def message_count(run: Run, arguments: str) -> str | None:
    """Return how many messages a folder of a mailbox has."""
    given = split_arguments(settled(run, arguments), 2)
    if not given or not given[0]:
        return None
    mailbox = given[0] if "@" in given[0] else f"{given[0]}@default"
    folder = given[1] if len(given) > 1 and given[1] else "INBOX"
    return run.learn(Question("mailbox", f"{mailbox}/{folder}", COUNTS))


# -- queues


def has_queue(run: Run, name: str) -> bool:
    """Return whether there is such a queue."""
    if run.pbx.file("queues.conf") is None:
        return run.learn(Question("queue-info", f"{name}/exists", ("1", "0"))) == "1"
    return any(
        section.name == name for section in run.pbx.sections("queues.conf") if section.name != "general"
    )


@reads("QUEUE_EXISTS")
def queue_exists(run: Run, arguments: str) -> str | None:
    """Return 1 if there is such a queue."""
    name = settled(run, arguments)
    if not name:
        run.warn("QUEUE_EXISTS requires an argument: queuename")
        return None
    return "1" if has_queue(run, name) else "0"


_MEMBER_COUNTS = {
    "free": "free", "logged": "logged", "ready": "ready", "count": "count", "penalty": "penalty", "paused": "paused",
    "ringinuse": "ringinuse",
}  # fmt: skip


@reads("QUEUE_MEMBER")
def queue_member(run: Run, arguments: str) -> str | None:
    """Return how many members a queue has that are ``free``, ``logged`` in, ``ready``..., or something of one member."""
    given = split_arguments(settled(run, arguments), 3)
    if not given or not given[0]:
        run.warn("Missing required argument. QUEUE_MEMBER(queuename,option[,interface])")
        return None
    name = given[0]
    option = given[1].lower() if len(given) > 1 else ""
    if not option:
        run.warn("Missing option argument. QUEUE_MEMBER(<queuename>,<option>[,<interface>])")
        return None
    if not has_queue(run, name):
        run.warn(f"queue {name} was not found")
        return "0"
    if option not in _MEMBER_COUNTS:
        run.warn(f"Unknown option {option} provided to QUEUE_MEMBER")
        return "0"
    subject = f"{name}/{option}" + (f"/{given[2]}" if len(given) > 2 and given[2] else "")
    few = ("0", "1")
    if option in ("free", "logged", "ready", "count") and len(given) < 3:
        members = _members(run, name)
        few = (str(members), "0") if members else ("1", "0")
    return run.learn(Question("queue-info", subject, few))


def _members(run: Run, name: str) -> int:
    """Return how many members queues.conf gives a queue."""
    return sum(
        option.key == "member"
        for section in run.pbx.sections("queues.conf")
        if section.name == name
        for option in section.options
    )


@reads("QUEUE_MEMBER_COUNT")
def queue_member_count(run: Run, arguments: str) -> str | None:
    """Return how many members of a queue are logged in."""
    name = settled(run, arguments)
    if not name:
        run.warn("QUEUE_MEMBER_COUNT requires an argument: queuename")
        return None
    return queue_member(run, f"{name},logged")


@writes("QUEUE_MEMBER")
def set_queue_member(run: Run, arguments: str, value: str) -> None:
    """Change something of a queue's member."""
    given = split_arguments(settled(run, arguments), 3)
    name = given[0] if given else ""
    option = given[1].lower() if len(given) > 1 else ""
    who = given[2] if len(given) > 2 else ""
    run.note("member", who, ("queue", name), (option, settled(run, value)))


@reads("QUEUE_MEMBER_LIST")
def queue_member_list(run: Run, arguments: str) -> str | None:
    """Return the members of a queue."""
    name = settled(run, arguments)
    if not name:
        run.warn("QUEUE_MEMBER_LIST requires an argument: queuename")
        return None
    if not has_queue(run, name):
        run.warn(f"queue {name} was not found")
        return ""
    others = run.learn(Question("queue-info", f"{name}/list"))
    if run.symbols is not None and run.symbols.within(others):
        return others
    section = run.dialplan.sections("queues.conf").get(name)
    members = {
        option.value.partition(",")[0].strip(): None
        for option in (section.options if section else ())
        if option.key == "member"
    }
    members |= dict.fromkeys(one for one in others.split(",") if one)
    for key, state in run.shared.items():
        if key.startswith(f"member/{name}/"):
            interface = key.removeprefix(f"member/{name}/")
            if state == "1":
                members[interface] = None
            else:
                members.pop(interface, None)
    return ",".join(in_order(section, members))


@reads("QUEUE_MEMBER_PENALTY")
def queue_member_penalty(run: Run, arguments: str) -> str | None:
    """Return the penalty of a member."""
    return run.learn(Question("queue-info", f"{settled(run, arguments)}/penalty", ("0",)))


@reads("QUEUE_WAITING_COUNT")
def waiting(run: Run, arguments: str) -> str | None:
    """Return how many callers wait in a queue."""
    name = settled(run, arguments)
    if not name:
        run.warn("QUEUE_WAITING_COUNT requires an argument: queuename")
        return None
    if not has_queue(run, name):
        return "0"
    return run.learn(Question("queue-info", f"{name}/waiting", ("0", "1", "1000")))


_FROM_FILE = {"QUEUEMAX": "maxlen", "QUEUESTRATEGY": "strategy", "QUEUESRVLEVEL": "servicelevel"}
_VARIABLES = (
    "QUEUEMAX", "QUEUESTRATEGY", "QUEUECALLS", "QUEUEHOLDTIME", "QUEUETALKTIME", "QUEUECOMPLETED", "QUEUEABANDONED",
    "QUEUESRVLEVEL", "QUEUESRVLEVELPERF",
)  # fmt: skip


@reads("QUEUE_VARIABLES")
def queue_variables(run: Run, arguments: str) -> str | None:
    """Set the variables that tell of a queue, if it is to tell them; return 0, or -1 if it isn't, or isn't there."""
    name = settled(run, arguments)
    if not name:
        run.warn("QUEUE_VARIABLES requires an argument: queuename")
        return None
    if not has_queue(run, name) or not any(
        section.name == name and is_yes(section.get("setqueuevar") or "no")
        for section in run.pbx.sections("queues.conf")
    ):
        return "-1"
    known: dict[str, str] = {"QUEUEMAX": "0", "QUEUESTRATEGY": "ringall", "QUEUESRVLEVEL": "0"}
    for section in run.pbx.sections("queues.conf"):
        if section.name == name:
            for variable, option in (
                ("QUEUEMAX", "maxlen"),
                ("QUEUESTRATEGY", "strategy"),
                ("QUEUESRVLEVEL", "servicelevel"),
            ):
                known[variable] = section.get(option) or known[variable]
    for variable in _VARIABLES:
        if run.dialplan.mentions(variable):
            answer = known.get(variable)
            if answer is None:
                answer = run.learn(Question("queue-info", f"{name}/{variable}", ("0", "1")))
            set_variable(run, variable, answer)
    return "0"
