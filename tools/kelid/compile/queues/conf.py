"""queues.conf and queuerules.conf."""

from __future__ import annotations

from kelid.compile.conf import Value, section
from kelid.compile.queues import members
from kelid.compile.text import sound
from kelid.model.pbx import ConfFile, Option, Section
from kelid.model.site import PenaltyStep, Queue, QueueSounds, Site
from kelid.model.site.queues import SOUNDS

STARTDELAY_SINCE = 20
"""The major version of Asterisk that knows periodic-announce-startdelay."""

_UNLESS_DEFAULT: dict[str, tuple[str, str | int | bool]] = {
    "weight": ("weight", 0),
    "servicelevel": ("servicelevel", 0),
    "penalty_rule": ("defaultrule", ""),
    "penaltymemberslimit": ("penaltymemberslimit", 0),
    "autofill": ("autofill", True),
    "autopause": ("autopause", "no"),
    "autopausedelay": ("autopausedelay", 0),
    "autopausebusy": ("autopausebusy", False),
    "autopauseunavail": ("autopauseunavail", False),
    "timeoutrestart": ("timeoutrestart", False),
    "timeoutpriority": ("timeoutpriority", "app"),
    "memberdelay": ("memberdelay", 0),
    "reportholdtime": ("reportholdtime", False),
    "setinterfacevar": ("setinterfacevar", False),
    "setqueuevar": ("setqueuevar", False),
    "setqueueentryvar": ("setqueueentryvar", False),
    "announce_position_only_up": ("announce-position-only-up", False),
    "announce_round_seconds": ("announce-round-seconds", 0),
    "min_announce_frequency": ("min-announce-frequency", 15),
    "announce_to_first_user": ("announce-to-first-user", False),
    "random_periodic_announce": ("random-periodic-announce", False),
    "relative_periodic_announce": ("relative-periodic-announce", False),
}
"""Key -> option of queues.conf, and the value with which Asterisk does the same where it is left out (app_queue.c)."""


def queues(site: Site) -> ConfFile:
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
    body: dict[str, Value] = {
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
        "announce-holdtime": (queue.announce_holdtime, queue.place("announce_holdtime")),
    }
    if queue.announce_position in {"limit", "more"}:
        place = queue.place("announce_position_limit")
        body["announce-position-limit"] = (queue.announce_position_limit, place)
    for key, (name, default) in _UNLESS_DEFAULT.items():
        value = queue.__dict__[key]
        if value != default:
            body[name] = ("yes" if value is True else "no" if value is False else value, queue.place(key))
    if queue.keys or queue.callback:
        place = queue.place("keys" if queue.keys else "callback")
        body["context"] = (f"queue-{queue.name}-keys", place)
    if gosub := answered(queue):
        body["membergosub"] = (gosub, queue.place("recording"))
    body |= _announcements(site, queue)
    found = section(queue.name, body, queue.place("name"))
    lines = tuple(members.option(site, member, site.by_number[member.extension]) for member in queue.members)
    return Section(found.name, found.options + lines, found.where)


def answered(queue: Queue) -> str:
    """Return the subroutine for the member's channel when a call is answered, as queues.conf takes it; "" for none."""
    if queue.recording != "always" and not queue.supervisors:
        return ""
    return f"queue-{queue.name}-answered"


def _announcements(site: Site, queue: Queue) -> dict[str, Value]:
    body: dict[str, Value] = {}
    if queue.announce:
        body["announce"] = (sound(site, queue.announce), queue.place("announce"))
    if queue.periodic_announce:
        place = queue.place("periodic_announce")
        told = ",".join(sound(site, prompt) for prompt in queue.periodic_announce)
        body["periodic-announce"] = (told, place)
        body["periodic-announce-frequency"] = (
            queue.periodic_announce_frequency,
            queue.place("periodic_announce_frequency"),
        )
        if queue.periodic_announce_startdelay >= 0 and site.servers.asterisk >= STARTDELAY_SINCE:
            place = queue.place("periodic_announce_startdelay")
            body["periodic-announce-startdelay"] = (queue.periodic_announce_startdelay, place)
    usual = QueueSounds()
    for word in SOUNDS:
        prompt = getattr(queue.sounds, word)
        if prompt != getattr(usual, word):
            text = sound(site, prompt) if prompt else ""
            body[f"queue-{word}"] = (text, queue.sounds.place(word))
    return body


def rules(site: Site) -> ConfFile:
    """Return queuerules.conf."""
    return ConfFile(
        "queuerules.conf",
        tuple(
            Section(
                rule.name,
                tuple(Option("penaltychange", change(step), step.place("after")) for step in rule.steps),
                rule.place("name"),
            )
            for rule in site.penalty_rules
        ),
    )


def change(step: PenaltyStep) -> str:
    """Return a step as queuerules.conf takes it: seconds, highest, lowest and raised penalty; empty is no change."""
    return f"{step.after},{step.max_penalty},{step.min_penalty},{step.raise_penalty}".rstrip(",") + (
        "" if step.max_penalty or step.min_penalty or step.raise_penalty else ","
    )
