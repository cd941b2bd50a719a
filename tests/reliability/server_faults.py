"""What goes wrong on the server itself: the agent is killed at a system call, or the disk has no room for one."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import partial

from reliability.cases import Case, Fault
from reliability.ground import AGENT, Asked, Ground, Side, expect
from reliability.traced import MUTATING, OPENING, SystemCall, failing_at, killed_at, record

TAKES_ROOM = {
    *OPENING, "write", "pwrite64", "writev", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "symlink", "symlinkat",
    "link", "linkat", "fsync", "fdatasync", "fallocate", "sendfile", "copy_file_range", "ftruncate",
}  # fmt: skip
"""System calls that may find no room."""
ON_A_DISK = re.compile(r"[<\"]/(var|run|etc|usr|tmp|root)/")
VERBS = ("begin", "confirm", "undo")
KILLED = -9


def undo_of(side: Side) -> Asked:
    """Return what asks the agent to undo that release."""
    return Asked(("undo", side.name), b"\n")


def asked_of(side: Side, verb: str) -> Asked:
    """Return what asks for the verb, of the way to that release."""
    return undo_of(side) if verb == "undo" else side.ask(verb)


_calls: dict[tuple[int, str], list[SystemCall]] = {}


def calls_of_verb(ground: Ground, verb: str) -> list[SystemCall]:
    """Return the system calls of a verb that change something, from a run in which nothing goes wrong. Kept for the next time."""
    key = (id(ground), verb)
    if key not in _calls:
        before = ground.which()
        after = ground.other(before)
        ground.told_of_undo()
        if verb != "begin":
            ground.begun(after)
        asked = asked_of(after, verb)
        said, _calls[key] = record(ground, [AGENT, *asked.words], asked.feed)
        expect(said.code == 0, f"{verb}, while nothing goes wrong: {said}")
        ground.settle(before, after, confirmed=verb == "confirm")
    return _calls[key]


# -- killed


def kill(ground: Ground, verb: str, at: SystemCall) -> str:
    """Kill the agent at a system call of a verb; the ground is old or new, and the same apply goes on from there."""
    before = ground.which()
    after = ground.other(before)
    process = ground.asterisk_pid()
    if verb != "begin":
        ground.begun(after)
    asked = asked_of(after, verb)
    said = killed_at(ground, [AGENT, *asked.words], asked.feed, at)
    expect(said.code in (0, KILLED), f"killed at {at}, it ends with {said}")
    found = ground.settle(before, after, confirmed=verb == "confirm")
    ground.goes_on(after)
    expect(ground.asterisk_pid() == process, "Asterisk was restarted")
    reached = "killed" if said.code == KILLED else "not reached"
    return f"{reached}, then {'old' if found is before else 'new'}"


def kills(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield a case for each system call that changes something, and one past the last of each kind."""
    for verb in VERBS:
        calls = calls_of_verb(ground, verb)
        for at in calls:
            yield Case(f"{verb}/{at}", partial(kill, verb=verb, at=at))
        for name in sorted({at.name for at in calls}):
            past = SystemCall(name, max(at.number for at in calls if at.name == name) + 1, "")
            if name not in OPENING:
                yield Case(f"{verb}/{past}/past", partial(kill, verb=verb, at=past))


# -- no room


def no_room(ground: Ground, verb: str, at: SystemCall, ever: bool) -> str:
    """Let a system call find no room (once, or ever after): the answer is true, and the same again brings the new release."""
    before = ground.which()
    after = ground.other(before)
    if verb != "begin":
        ground.begun(after)
    asked = asked_of(after, verb)
    said = failing_at(ground, [AGENT, *asked.words], asked.feed, at, "ENOSPC", ever=ever)
    answer = said.answer
    if not answer and ever and at.name == "write":
        # strace leaves no room for the answer either, which no disk does to a pipe: judged as one that was killed.
        found = ground.settle(before, after, confirmed=verb == "confirm")
        ground.goes_on(after)
        return f"no answer, then {'old' if found is before else 'new'}"
    expect(answer, f"without room at {at} the agent gives no answer: {said}")
    expect((said.code == 0) == bool(answer.get("ok")), f"the exit status isn't the answer's: {said}")
    if verb == "begin" and not answer["ok"]:
        found = ground.which()
        if "nothing was changed" in answer["message"] or answer.get("undone"):
            expect(
                found is before and not ground.armed,
                f"it says that nothing is changed, and that isn't so: {said}",
            )
    if verb == "begin" and answer["ok"]:
        expect(
            ground.armed and ground.which() is after,
            f"it says that the release is in force, and that isn't so: {said}",
        )
    if verb == "confirm" and answer["ok"]:
        expect(ground.which() is after and not ground.armed, f"it says that the release is confirmed: {said}")
    found = ground.settle(before, after, confirmed=verb == "confirm")
    ground.goes_on(after)
    return f"{'ok' if answer['ok'] else answer['code']}, then {'old' if found is before else 'new'}"


def rooms(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield a case for each system call that needs room on a disk, twice: room comes back at once, or not while it runs."""
    for verb in VERBS:
        for at in calls_of_verb(ground, verb):
            if at.name in TAKES_ROOM and ON_A_DISK.search(at.text):
                yield Case(f"{verb}/{at}", partial(no_room, verb=verb, at=at, ever=False))
                if at.name != "openat":  # a process that can open nothing any more can't even read
                    yield Case(f"{verb}/{at}/ever", partial(no_room, verb=verb, at=at, ever=True))


FAULTS = (
    Fault(
        "kill",
        f"strace -e inject=CALL:signal=KILL:when=N on the agent, for each of {len(MUTATING)} kinds of call",
        kills,
        4,
    ),
    Fault(
        "no-room", "strace -e inject=CALL:error=ENOSPC:when=N on the agent, once and from then on", rooms, 3
    ),
)
