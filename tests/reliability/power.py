"""The power goes away: whatever the disk may hold then, the boot unit of the way back makes it the old or the new release.

A killed host loses nothing that its kernel holds in memory, so power cuts are replayed: what the agent did to the disk is
recorded once, and every state that the record allows is written out and given to the unit's own program, which then believes
that the machine has just been booted.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from kelid.lab.processes import wait_until
from reliability.cases import Case, Fault
from reliability.disks import Disk, Op, Recorder, Replay, State
from reliability.ground import AGENT, STATE, Ground, Side, expect, tree_of
from reliability.server_faults import asked_of
from reliability.traced import MUTATING, OPENING, traced

SCRATCH = re.compile(r"(releases/|media/)?\.(incoming|stage|tmp|new)-[^/]*$")
"""Folders that an apply works in. States that differ in these alone are one."""
REPLAYED = "/root/replayed"
RECORDED_CALLS = ("-xx", "-s", "100000000", "-e", f"trace={','.join((*MUTATING, *OPENING, 'close'))}")
DRAWS = 6
"""States by chance after each moment."""

BOOT = f"""\
set -e
mount --make-rprivate /
mount --bind {REPLAYED} /{STATE}
mount -t tmpfs none /run/asterisk
umount /proc/sys/kernel/random/boot_id
test -e /{STATE}/armed.json || exit 0
exec {AGENT} undo --why unit
"""
"""What the machine does when it comes up: the unit's condition and its program, on the replayed disk, with no Asterisk yet.

A container has a boot_id of its own mounted over the kernel's; without that it is another boot."""


@dataclass
class Story:
    """What two agents did to the disk: ``begin``, and then ``confirm`` or ``undo``; and between which operations."""

    end: str
    before: Side
    after: Side
    base: Disk
    ops: list[Op] = field(default_factory=list)
    begun: int = 0
    """How many operations are begin's."""

    def allowed(self, moment: int) -> tuple[Side, ...]:
        """Return what may be in force when the power goes away after that operation."""
        if moment >= len(self.ops) - 1:  # the answer was given
            return (self.after,) if self.end == "confirm" else (self.before,)
        if moment < self.begun or self.end == "undo":
            return (self.before,)
        return (self.before, self.after)


_stories: dict[tuple[int, str], Story] = {}


def story_of(ground: Ground, end: str) -> Story:
    """Record what begin and its end do to the disk. Kept for the next time."""
    key = (id(ground), end)
    if key in _stories:
        return _stories[key]
    before = ground.which()
    after = ground.other(before)
    ground.told_of_undo()
    base = Disk.read(ground.root / STATE)
    recorder = Recorder(base, f"/{STATE}")
    story = Story(end, before, after, base)
    for verb in ("begin", end):
        asked = asked_of(after, verb)
        said, trace = traced(ground, [AGENT, *asked.words], asked.feed, *RECORDED_CALLS)
        expect(said.code == 0, f"{verb}, while it is recorded: {said}")
        recorder.read(trace.encode())
        if verb == "begin":
            story.begun = len(recorder.ops)
    story.ops = recorder.ops
    live = Disk.read(ground.root / STATE)
    expect(
        live.digest(SCRATCH) == recorder.disk.digest(SCRATCH),
        "the record doesn't lead to what is on the disk: "
        + str(sorted({path for path, _ in set(contents(live)) ^ set(contents(recorder.disk))})[:8]),
    )
    _stories[key] = story
    return story


def contents(disk: Disk) -> list[tuple[str, str]]:
    """Return all paths with what is there."""
    return [
        (path, f"{node.kind} {node.mode:o} {node.uid} {node.gid} {node.target} {hash(node.data)}")
        for path, node in disk.walk()
    ]


def states(ground: Ground, story: Story, chance: random.Random) -> dict[tuple[str, tuple[str, ...]], State]:
    """Return all states that a power cut may leave, by their digest and by what may be in force; one of each."""
    found: dict[tuple[str, tuple[str, ...]], State] = {}

    def take(made: Iterator[State]) -> None:
        for state in made:
            found.setdefault((state.digest, tuple(side.name for side in story.allowed(state.moment))), state)

    replay = Replay(story.base, story.ops, SCRATCH)
    take(replay.in_order())
    take(replay.without_order(chance, DRAWS))
    return found


def booted(ground: Ground, story: Story, state: State) -> str:
    """Write a state out, let the unit's program see it, and compare the tree."""
    place = ground.root / REPLAYED.lstrip("/")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    state.disk.write(place)
    allowed = story.allowed(state.moment)
    said = ground.run("unshare", "-m", "sh", "-c", BOOT)
    where = f"power lost after operation {state.moment} of {len(story.ops)} (kept: {state.how})"
    expect(said.code == 0, f"{where}: the unit ends with {said}")
    tree = tree_of(place)
    found = next((side for side in ground.sides if side.tree == tree), None)
    expect(found is not None, f"{where}: the tree is neither release")
    expect(found in allowed, f"{where}: {'old' if found is story.before else 'new'} is in force")
    expect(not (place / "armed.json").exists(), f"{where}: it still waits for a confirmation")
    return "old" if found is story.before else "new"


def power_states(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield a case for each state that the two stories allow."""
    for end in ("confirm", "undo"):
        story = story_of(ground, end)
        for number, state in enumerate(states(ground, story, chance).values()):
            yield Case(f"{end}/{number}", partial(booted, story=story, state=state))


# -- the host itself is cut off and booted


def cut_power(ground: Ground) -> None:
    """Cut the host's power and boot it again, until its Asterisk is there and the phones have signed on."""
    ground.lab.kill_host(ground.host.name)
    ground.lab.boot_host(ground.host.name)
    ground.back_after_boot()


def whole_boot(ground: Ground, end: str, number: int) -> str:
    """Put a state onto the real disk and boot the real host; then apply again."""
    chance = random.Random(number)
    story = story_of(ground, end)
    state = chance.choice(list(states(ground, story, chance).values()))
    disk = ground.lab.disks / ground.host.name / "upper" / STATE
    ground.lab.kill_host(ground.host.name)
    for path in disk.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    state.disk.write(disk)
    ground.lab.boot_host(ground.host.name)
    ground.back_after_boot()
    found = ground.which()
    expect(
        found in story.allowed(state.moment),
        f"after the boot {found.name[:12]} is in force ({state.how}, {state.moment})",
    )
    expect(not ground.armed, "after the boot it still waits for a confirmation")
    ground.reads(found)
    after = ground.other(found)
    ground.converge(after)
    return "old" if found is story.before else "new"


def reboot(ground: Ground, when: str) -> str:
    """Cut the power, or shut down, between flip and confirmation: the old release is back after the boot; apply again."""
    before = ground.which()
    after = ground.other(before)
    ground.begun(after)
    if when == "shut down":
        ground.run("systemctl", "--no-block", "poweroff")
        wait_until("the host to be off", lambda: not ground.host.running, timeout=90)
        ground.host.hang_up()
    else:
        ground.lab.kill_host(ground.host.name)
    ground.lab.boot_host(ground.host.name)
    ground.back_after_boot()
    expect(ground.which() is before, "after the boot the old release is not back")
    expect(not ground.armed, "after the boot it still waits for a confirmation")
    ground.reads(before)
    said = ground.agent(after.ask("confirm"))
    expect(said.code != 0, f"a confirmation that comes after the boot is taken: {said}")
    ground.converge(after)
    return "old"


def boots(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield whole boots: power cuts and shut-downs after the flip, and replayed states on the real disk."""
    for number in range(4):
        yield Case(f"power-cut/{number}", partial(reboot, when="power cut"))
        yield Case(f"shut-down/{number}", partial(reboot, when="shut down"))
    for number in range(8):
        for end in ("confirm", "undo"):
            yield Case(f"state/{end}/{number}", partial(whole_boot, end=end, number=number))


FAULTS = (
    Fault(
        "power",
        "strace's record of begin and confirm or undo, replayed: all states that writes, fsyncs and renames allow, given to the "
        "boot unit's program",
        power_states,
        20,
    ),
    Fault(
        "boot",
        "the host's control group killed, or shut down, and booted; also with replayed states on its disk",
        boots,
        1,
    ),
)
