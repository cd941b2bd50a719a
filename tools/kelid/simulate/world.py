"""The answers of a known world to what the dial plan asks."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from kelid.model.call import (
    ANSWERS,
    BUSY,
    CONGESTION,
    NO_ANSWER,
    UNAVAILABLE,
    Question,
    World,
)
from kelid.model.trace import Asked
from kelid.simulate.members import Member, last_called, members
from kelid.simulate.state import CALLED

if TYPE_CHECKING:
    from kelid.simulate.run import Run

STATUS = {
    ANSWERS: "ANSWER",
    BUSY: "BUSY",
    NO_ANSWER: "NOANSWER",
    UNAVAILABLE: "CHANUNAVAIL",
    CONGESTION: "CONGESTION",
}
"""The DIALSTATUS that a device in that state makes, when it is the only one."""


PRESSED = frozenset({"key", "password", "directory"})
"""Kinds of questions that somebody answers with keys: how long it takes is up to them."""


class Answers:
    """Answers from a World, one after the other; ``asked`` holds them."""

    def __init__(self, world: World, slow: float = 0.0) -> None:
        """Take the world as it is when the call comes in. ``slow``: seconds that an answer by keys takes."""
        self.world = world
        self.slow = slow
        self.asked: list[Asked] = []
        self.waits = 0
        """How many times keys have been waited for."""
        self._pressing = ""
        self.run: Run | None = None
        """Whose questions these are, to note where they were asked."""

    def aside(self, run: Run) -> Answers:
        """Return the answers to a run that looks ahead: the same, and nothing of it is noted here."""
        made = Answers(self.world, self.slow)
        made.waits, made._pressing, made.run = self.waits, self._pressing, run
        return made

    def __call__(self, question: Question) -> str:
        """Return the answer."""
        answer = self._answer(question)
        run = self.run
        at = (run.step_count - 1, run.elapsed) if run else (-1, 0.0)
        self.asked.append(Asked(question, answer, *at))
        if run and self.slow and answer and question.kind in PRESSED:
            run.elapsed += self.slow
        return answer

    def _answer(self, question: Question) -> str:
        world = self.world
        kind, subject = question.kind, question.subject
        if world.answers:
            given = world.answers.get(f"{kind}:{subject}")
            if given is None and kind not in ("database", "database-has", "key"):
                given = world.answers.get(kind)
            if given is not None:
                return given
        if kind == "key":
            return self._key(subject)
        if kind == "database-has":
            return "1" if subject in world.database else "0"
        if kind == "database":
            return world.database.get(subject, "")
        if kind == "dial":
            return self._dial(subject)
        if kind == "device":
            return self._device(subject)
        if kind == "contacts":
            return "0" if self.state(f"PJSIP/{subject}") == UNAVAILABLE else "1"
        if kind == "queue":
            return self._queue(subject, question.answers)
        if kind == "global":
            return world.globals.get(subject, "")
        return question.answers[0] if question.answers else ""

    def _key(self, subject: str) -> str:
        if subject.startswith(CALLED):
            if "+" in subject.rpartition(",")[2]:
                return ""
            return "" if self.world.answers.get("confirm") == "reject" else "1"
        if "+" not in subject.rpartition(",")[2]:
            presses = self.world.presses
            self._pressing = presses[self.waits] if self.waits < len(presses) else ""
            self.waits += 1
        key, self._pressing = self._pressing[:1], self._pressing[1:]
        return key

    def state(self, device: str) -> str:
        """Return what the device does when it is called; ``PJSIP/0912...@trunk`` is the device ``PJSIP/trunk``."""
        devices = self.world.devices
        found = devices.get(device)
        if found is None:
            found = devices.get(device_of(device), self.world.otherwise)
        return found

    def _dial(self, subject: str) -> str:
        """Return the DIALSTATUS of devices that ring at once, as wait_for_answer in apps/app_dial.c adds them up."""
        devices = subject.split("&")
        states = [self.state(device) for device in devices]
        if ANSWERS in states:
            first = devices[states.index(ANSWERS)]
            return "ANSWER" if first == devices[0] else f"ANSWER {first}"
        for state in (NO_ANSWER, BUSY, CONGESTION):
            if state in states:
                return STATUS[state]
        return "CHANUNAVAIL"

    def _queue(self, name: str, answers: tuple[str, ...]) -> str:
        """Return how the wait ends: the first member who would answer takes the call; where none would, the time passes.

        Where it isn't the first of all members, who it is stands after the answer; after TIMEOUT who was called last.
        """
        if self.run is None:
            return answers[0]
        working = members(self.run.pbx, name)
        for member in working:
            if self._takes(member):
                return answers[0] if member is working[0] else f"{answers[0]} {member.interface}"
        if not working:
            return answers[0]
        if all(self._phone(member) == UNAVAILABLE for member in working) and "JOINEMPTY" in answers:
            return "JOINEMPTY"
        if "TIMEOUT" not in answers:
            return answers[0]
        seconds = float(dict(self.run.events[-1].details).get("seconds") or 0) if self.run.events else 0.0
        section = self.run.dialplan.sections("queues.conf")[name]
        return f"TIMEOUT {last_called(section, working, self._rings, seconds)}".rstrip()

    def _rings(self, member: Member) -> bool | None:
        """Return whether a member's phone rings when a queue calls it, None where it can't be called."""
        one = member.interface
        what = self._phone(member)
        if what == UNAVAILABLE or (one.startswith("PJSIP/") and "@" in one):
            return None
        if not member.in_use and (one in self.world.in_use or self._calls(one)):
            return None
        return what == NO_ANSWER

    def _phone(self, member: Member) -> str:
        """Return what the phone of a member does; ``Local/101@queue-phones/n`` rings that of 101."""
        one = member.interface
        if one.startswith("Local/"):
            return self.state(f"PJSIP/{one[6:].partition('@')[0]}")
        return self.state(one)

    def _takes(self, member: Member) -> bool:
        """Return True if a queue calls this member and he answers.

        Who has a call isn't called a second time, if the queue says so. A number behind a trunk has no state of its own that
        could be known: nobody calls it.
        """
        return self._phone(member) == ANSWERS and self._rings(member) is not None

    def _calls(self, device: str) -> bool:
        """Return True if the device is the one that calls, and was answered."""
        first = self.run.levels[0].channel if self.run and self.run.levels else None
        return first is not None and f"{first.technology}/{first.endpoint}" == device and bool(first.answered)

    def _device(self, subject: str) -> str:
        if subject.startswith("Custom:"):
            return self.world.database.get(f"CustomDevstate/{subject[7:]}", "UNKNOWN")
        if subject in self.world.in_use:
            return "INUSE"
        return "UNAVAILABLE" if self.state(subject) == UNAVAILABLE else "NOT_INUSE"


@lru_cache(16384)
def device_of(dialled: str) -> str:
    """Return the device of what Dial is given: ``PJSIP/0912@trunk`` -> ``PJSIP/trunk``, ``DAHDI/g1/0912`` ->
    ``DAHDI/g1``.
    """
    technology, _, rest = dialled.partition("/")
    if technology.upper() == "LOCAL":
        return f"{technology}/{rest.partition('/')[0]}"
    rest, _, _ = rest.partition("/") if "@" not in rest.partition("/")[0] else (rest, "", "")
    name = rest.rpartition("@")[2].partition("/")[0]
    return f"{technology}/{name}"
