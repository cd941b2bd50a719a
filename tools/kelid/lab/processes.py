"""Running programs, waiting with a limit, and the control groups by which a lab finds its processes again."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from kelid.lab.errors import LabError

Progress = Callable[[str], None]
"""Is told one short line for each step that takes a while."""

CGROUP_NAME = "kelid-lab"
"""The control group, in the version 2 hierarchy, under which every process of every lab lives."""

RUN = Path("/run/kelid-lab")
"""State of the labs; gone after a reboot, as are their processes."""

_OWN_CGROUP_MOUNT = RUN / ".cgroup2"

_JOIN = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
"""Shell text: enter the control group given as $0, then become the program."""


def quiet(_line: str) -> None:
    """Take a line of progress and say nothing."""


def run(
    argv: Sequence[str | Path], *, input: str | None = None, check: bool = True, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a program, wait at most ``timeout`` seconds and return its result with both outputs as text.

    Raise LabError with the end of its error output if it fails and ``check`` is set, or if it takes too long.
    """
    words = [str(word) for word in argv]
    feed: dict[str, Any] = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=timeout, check=False, **feed
        )
    except subprocess.TimeoutExpired as problem:
        raise LabError(f"took longer than {timeout:g} s: {' '.join(words)}") from problem
    except OSError as problem:
        raise LabError(f"could not start {words[0]}: {problem}") from problem
    if check and done.returncode:
        raise LabError(
            f"exit {done.returncode}: {' '.join(words)}\n{(done.stderr or done.stdout).strip()[-2000:]}"
        )
    return done


T = TypeVar("T")


def wait_until(what: str, ready: Callable[[], T], *, timeout: float, interval: float = 0.02) -> T:
    """Ask ``ready`` until it returns something true, and return that. Raise LabError after ``timeout`` seconds."""
    end = time.monotonic() + timeout
    while True:
        answer = ready()
        if answer:
            return answer
        if time.monotonic() > end:
            raise LabError(f"waited {timeout:g} s for {what}")
        time.sleep(interval)


def cgroup_root() -> Path:
    """Return where the version 2 hierarchy is mounted; mount it in a place of our own if it is nowhere."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2" and Path(where, "cgroup.procs").exists():
            return Path(where)
    _OWN_CGROUP_MOUNT.mkdir(parents=True, exist_ok=True)
    run(["mount", "-t", "cgroup2", "none", _OWN_CGROUP_MOUNT])
    return _OWN_CGROUP_MOUNT


def cgroup(*names: str) -> Path:
    """Return the path of a lab's control group, made or not: ``cgroup("lab", "pbx-1")``."""
    return cgroup_root().joinpath(CGROUP_NAME, *names)


def make_cgroup(*names: str) -> Path:
    """Make a control group (and those above it) and return its path."""
    group = cgroup(*names)
    group.mkdir(parents=True, exist_ok=True)
    return group


def in_cgroup(group: Path, argv: Sequence[str | Path]) -> list[str]:
    """Return the command that enters the control group and then becomes the given program."""
    return ["/bin/sh", "-c", _JOIN, str(group), *(str(word) for word in argv)]


def pids(group: Path) -> list[int]:
    """Return the processes of a control group and of all below it."""
    found: list[int] = []
    for folder, _, _ in os.walk(group):
        try:
            found += [int(line) for line in Path(folder, "cgroup.procs").read_text(encoding="ascii").split()]
        except OSError:
            continue  # it went away, or holds threads only
    return found


def end_cgroup(group: Path, *, timeout: float = 10) -> None:
    """Kill whatever runs in a control group and below, at once, and remove it. Nothing is done if it isn't there."""
    if not group.exists():
        return
    try:
        (group / "cgroup.kill").write_text("1", encoding="ascii")
    except OSError as problem:
        if group.exists():
            raise LabError(f"could not kill the processes of {group}") from problem
    # Killed processes leave their group some milliseconds later; until then rmdir says "busy".
    wait_until(f"the end of {group.name}", lambda: _removed(group), timeout=timeout, interval=0.01)


def leave_cgroups() -> None:
    """If no lab has a control group any more, remove the folder of them, and the mount that we made for it."""
    with suppress(OSError):
        cgroup().rmdir()
        if os.path.ismount(_OWN_CGROUP_MOUNT):
            run(["umount", _OWN_CGROUP_MOUNT], check=False)
            _OWN_CGROUP_MOUNT.rmdir()


def _removed(group: Path) -> bool:
    """Try to remove the folders of a control group from the bottom up; return True when it is gone."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return not group.exists()


def ip_json(*words: str) -> list[dict[str, Any]]:
    """Return what ``ip -j WORDS`` lists; nothing if it fails."""
    done = run(["ip", "-j", *words], check=False)
    return list(json.loads(done.stdout or "[]")) if done.returncode == 0 else []
