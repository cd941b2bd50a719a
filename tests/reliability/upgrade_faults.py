"""An upgrade of Asterisk's packages that is killed in the midst of dpkg, or whose way back is: the old packages are whole again.

dpkg on the host stops itself where a case wants it to: at one of its own system calls (strace sends it a SIGSTOP) or in a
maintainer script. Then whoever is meant is killed by SIGKILL, and the server is left to itself.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from kelid.lab.processes import cgroup, pids, wait_until
from newer_packages import NAMES, NEWER, offer
from reliability.cases import Case, Fault
from reliability.ground import AGENT, INSIDE, STATE, Ground, Said, expect
from reliability.traced import SystemCall, calls_of

LIMIT = 420.0
"""Seconds that one step may take: a download, a staged Asterisk and a dpkg on a busy machine."""
ALSO = "asterisk-lab-addition"
"""A package that only the new ones want."""
NEW = "22.10.2"
DPKG = "/usr/local/sbin/dpkg"
"""Comes before the real one on the agent's path; there only while a case runs."""

STOPS = """#!/bin/sh
case " $* " in *" -i "*)
  if test -e /run/stop-dpkg; then rm /run/stop-dpkg; kill -STOP $$; fi;;
esac
exec /usr/bin/dpkg "$@"
"""
PAUSE = "/usr/local/sbin/pause-here"
PAUSES = """#!/bin/sh
test "$(cat /run/stop-in 2>/dev/null)" != "$*" || { rm /run/stop-in; kill -STOP $$; }
"""
"""Called by each maintainer script with its name and what it is called with: stops where ``/run/stop-in`` says that."""
MARKED = (
    """for script in preinst postinst prerm postrm; do
  test -e $at$script || printf '#!/bin/sh\\nset -e\\n' > $at$script
  chmod 755 $at$script
"""
    f'  sed -i "1a test ! -x {PAUSE} || {PAUSE} $name.$script \\"\\$1\\"" $at$script\n'
    "done\n"
)
MARK_NEW = f"""
case $name in asterisk) sed -i 's/^Depends: /Depends: {ALSO}, /' DEBIAN/control;; esac
at=DEBIAN/; {MARKED}
"""
MARK_OLD = f"""
cd /var/lib/dpkg/info
for name in {" ".join(NAMES)}; do at=$name.; {MARKED} done
"""
SCRIPTS = (
    "asterisk.prerm upgrade",  # the old ones go
    "asterisk.preinst upgrade",  # before the new files are there
    "asterisk.postrm upgrade",  # beside the new files
    "asterisk-modules.postrm upgrade",
    "asterisk-config.preinst upgrade",
    "asterisk.postinst configure",
    "asterisk-config.postinst configure",
    "asterisk-modules.postinst configure",
)
"""What a maintainer script is called with, in an upgrade and in the way back."""
KINDS = ("rename", "unlink", "fsync", "link", "clone", "vfork", "clone3", "write", "mkdir", "chmod")
"""dpkg's own system calls that change something."""
EACH = 12
"""So many calls of each kind and verb are tried, spread evenly over all of them: dpkg makes thousands."""
WHO = ("all", "agent", "dpkg", "boot")
"""Who is killed: the agent with dpkg and its children; one of both; the whole machine, which is booted then."""

MISSED = "dpkg made fewer calls this time"
"""What a case says whose call didn't come: dpkg doesn't make the same number each time."""

OURS = r"""
dpkg-query -L asterisk asterisk-modules asterisk-config | sort -u | while read -r path; do
  test -f "$path" && ! test -L "$path" && echo "$path"; done | xargs -d '\n' sha256sum
find /etc/asterisk /usr/sbin /usr/lib/*/asterisk /usr/share/asterisk-lab-addition ! -type d -printf '%p %m %u:%g\n' 2>/dev/null | sort
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' | sort
dpkg --audit
"""
"""Tells all that there is of Asterisk's packages: their files with digests, what else lies there, all packages' states."""


@dataclass
class Packages:
    """What the ground's packages are, and dpkg's calls in an upgrade and in a way back in which nothing goes wrong."""

    before: list[str]
    calls: dict[str, list[SystemCall]] = field(default_factory=dict)


_known: dict[int, Packages] = {}


def told(ground: Ground) -> list[str]:
    """Return what there is of Asterisk's packages on the host."""
    return ground.run("sh", "-c", OURS, limit=LIMIT).output.splitlines()


def upgrade_words(*more: str) -> list[str]:
    """Return what asks the agent for an upgrade that does not wait for calls."""
    return [AGENT, "upgrade", "--restart", "now", *more]


def packages_of(ground: Ground) -> Packages:
    """Return the ground's packages; the first time newer ones are offered, and dpkg's system calls are learned."""
    if id(ground) not in _known:
        expect(ground.run("sh", "-c", MARK_OLD).code == 0, "the installed packages' scripts")
        offer(ground.host, "+deb14u1", NEWER, control=MARK_NEW, also=ALSO)
        packages = _known[id(ground)] = Packages(told(ground))
        for verb in ("upgrade", "undo"):
            packages.calls[verb] = learned(ground, verb)
        whole(ground, "after the first way back")
        ground.back_after_boot()
    return _known[id(ground)]


# -- dpkg, stopped


def start(ground: Ground, verb: str) -> subprocess.Popen[bytes]:
    """Start an upgrade, or the way back from one, on the host."""
    words = upgrade_words() if verb == "upgrade" else [AGENT, "undo", "--why", "unit"]
    return subprocess.Popen(
        ground.inside(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=INSIDE,
    )


def at_work(ground: Ground) -> dict[int, str]:
    """Return the processes that were started on the host by cases, with their command lines."""
    found = {}
    for pid in pids(cgroup(ground.lab.name, "inside")):
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            if words and "nsenter" not in words.split()[0]:
                found[pid] = words
    return found


def stopped(ground: Ground, process: subprocess.Popen[bytes]) -> int:
    """Return the number of a process on the host that has stopped itself. Raise Broken where all comes to an end before."""

    def there() -> int:
        for pid in at_work(ground):
            with suppress(OSError):
                if re.search(r"^State:\tT", Path(f"/proc/{pid}/status").read_text(), re.M):
                    return pid
        if process.poll() is not None:
            output, errors = process.communicate()
            expect(False, f"nothing stopped: {Said(process.returncode, output.decode(), errors.decode())}")
        return 0

    return wait_until("dpkg to be stopped", there, timeout=LIMIT, interval=0.005)


def tracing(ground: Ground, pid: int, *options: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Attach strace to a stopped process and let that go on; return strace, and the file that it writes."""
    out = ground.folder / f"dpkg-{os.getpid()}"
    out.unlink(missing_ok=True)
    tracer = subprocess.Popen(
        ["strace", "-y", "-o", str(out), *options, "-p", str(pid)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    status = Path(f"/proc/{pid}/status")
    wait_until(
        "strace to attach",
        lambda: not re.search(r"^TracerPid:\t0$", status.read_text(), re.M),
        timeout=20,
        interval=0.002,
    )
    os.kill(pid, signal.SIGCONT)
    return tracer, out


def learned(ground: Ground, verb: str) -> list[SystemCall]:
    """Do the verb to its end while nothing goes wrong; return dpkg's system calls that change something."""
    ground.told_of_undo()
    with stops(ground):
        ground.run("touch", "/run/stop-dpkg")
        process = start(ground, verb)
        tracer, out = tracing(ground, stopped(ground, process), "-e", f"trace={','.join(KINDS)}", "-s", "60")
        output, errors = process.communicate(timeout=LIMIT)
        tracer.wait(20)
    said = Said(process.returncode, output.decode(), errors.decode())
    expect(said.code == 0, f"{verb}, while nothing goes wrong: {said}")
    return calls_of(out.read_text(errors="replace"))


class stops:  # noqa: N801 - reads as what it is: with stops(ground)
    """Has dpkg and maintainer scripts stop themselves where they are told to, for the time of the block."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def __enter__(self) -> None:
        self.ground.host.write(DPKG, STOPS, mode="0755")
        self.ground.host.write(PAUSE, PAUSES, mode="0755")

    def __exit__(self, *_: Any) -> None:
        self.ground.run("rm", "-f", DPKG, PAUSE, "/run/stop-dpkg", "/run/stop-in")


# -- the oracle


def whole(ground: Ground, when: str) -> None:
    """Raise Broken unless all of Asterisk's packages are the old ones, byte for byte, and nothing else is left of an upgrade."""
    before, now = set(_known[id(ground)].before), set(told(ground))
    odd = sorted(before ^ now)
    expect(not odd, f"{when}, the packages are not the old ones, whole: {len(odd)} lines differ: {odd[:6]}")
    for path in ("/usr/sbin/policy-rc.d", f"/{STATE}/upgrade", f"/{STATE}/armed.json", f"/usr/share/{ALSO}"):
        expect(ground.run("test", "-e", path).code == 1, f"{when}, {path} is left")


def version(ground: Ground) -> str:
    """Return the version of the Asterisk that runs."""
    words = ground.asterisk("core show version").split()
    return words[1].partition("+")[0] if len(words) > 1 else ""


def elapses(ground: Ground) -> None:
    """Do what the timer does when its time has come, and wait until the server has gone back; it has all night for it."""
    expect(ground.clock_runs(), "an upgrade waits for its confirmation and no clock runs")
    ground.run("systemctl", "start", "--no-block", "kelid-undo.service")
    wait_until("the way back", lambda: not ground.armed, timeout=LIMIT)


def converges(ground: Ground) -> None:
    """Upgrade again, as if nothing had happened: the new packages are in force. Then go back to the old ones."""
    said = ground.run(*upgrade_words(), limit=LIMIT)
    if said.answer.get("code") == "went_back":
        expect(said.code != 0, f"it says that the server went back, and exits with {said.code}")
        said = ground.run(*upgrade_words(), limit=LIMIT)
    expect(said.code == 0 and said.answer.get("ok"), f"run again, it ends with {said}")
    expect(version(ground) == NEW, f"run again, Asterisk {version(ground)} runs")
    states = ground.run(
        "dpkg-query", "-W", "-f", "${Version} ${db:Status-Abbrev}\n", *NAMES
    ).output.splitlines()
    expect(all(line.endswith("+deb14u1 ii ") for line in states), f"run again, the packages are {states}")
    expect(not ground.run("dpkg", "--audit").output, "run again, dpkg is not at peace")
    said = ground.run(AGENT, "undo", limit=LIMIT)
    expect(said.code == 0 and said.answer.get("undone"), f"asked to go back from the new packages: {said}")
    whole(ground, "undone on request")


# -- killed


def kill(ground: Ground, verb: str, who: str, at: SystemCall | str) -> str:
    """Kill at one of dpkg's system calls, or in a maintainer script; the server alone has the old packages whole again."""
    packages_of(ground)
    ground.told_of_undo()
    side, old = ground.which(), version(ground)
    if verb == "undo":
        said = ground.run(*upgrade_words(), limit=LIMIT)
        expect(said.code == 0 and ground.armed, f"an upgrade while nothing goes wrong: {said}")
    process = ground.asterisk_pid()
    with stops(ground):
        ended = strike(ground, verb, who, at)
        if who == "boot":
            ground.lab.boot_host(ground.host.name)
            ground.host.wait_asterisk(timeout=LIMIT)
    if ground.armed:
        elapses(ground)
    if ended == MISSED:
        whole(ground, "not killed, and back")
        return ended
    expect(ground.which() is side, "the release is another one")
    whole(ground, f"killed ({who}) at {at}")
    expect(version(ground) == old, f"Asterisk {version(ground)} runs, and not {old}")
    ground.reads(side)
    if verb == "upgrade" and who != "boot":  # it goes on with what it has open, and nothing has been cut
        expect(
            ground.asterisk_pid() == process,
            "Asterisk was restarted, though the new packages never were in force",
        )
        ground.call_goes_on()
    judge_receipt(ground, who, verb)
    converges(ground)
    ground.back_after_boot()  # another Asterisk runs: the phones sign on, and a call is made
    ground.call_goes_on()
    return ended


def strike(ground: Ground, verb: str, who: str, at: SystemCall | str) -> str:
    """Start the verb, have it stopped at that place, and kill who is meant; return how it ended."""
    expect(
        ground.run(
            "sh", "-c", f"echo '{at}' > /run/stop-in" if isinstance(at, str) else "touch /run/stop-dpkg"
        ).code
        == 0,
        "where to stop",
    )
    process = start(ground, verb)
    tracer = None
    pid = stopped(ground, process)
    if isinstance(at, SystemCall):
        tracer, out = tracing(
            ground, pid, "-e", f"trace={at.name}", "-e", f"inject={at.name}:signal=STOP:when={at.number}"
        )
        call = f"{at.name}("  # before the first of them, strace has only told that it found dpkg stopped

        def there() -> bool:
            return "stopped by SIGSTOP" in out.read_text(errors="replace").partition(call)[2]

        wait_until(
            "dpkg to come there, or to its end",
            lambda: there() or tracer.poll() is not None,
            timeout=LIMIT,
            interval=0.005,
        )
        if tracer.poll() is not None:
            process.wait(LIMIT)
            return MISSED
    try:
        return _killed(ground, process, who, pid, tracer)
    finally:
        if tracer:
            tracer.kill()
            tracer.wait(20)


def _killed(
    ground: Ground,
    process: subprocess.Popen[bytes],
    who: str,
    pid: int,
    tracer: subprocess.Popen[bytes] | None,
) -> str:
    """Kill who is meant; the rest goes on. Return how the one ended who was asked for it."""
    if who == "boot":
        ground.lab.kill_host(ground.host.name)
        process.communicate(timeout=60)
        return "the machine was killed"
    there = at_work(ground)
    is_dpkg = re.compile(r"(\S*/)?dpkg .*(-i|--purge|--configure) ")
    meant = [
        pid for pid, words in there.items()
        if who == "all" or (who == "agent" and AGENT in words) or (who == "dpkg" and is_dpkg.match(words))
    ]  # fmt: skip
    expect(meant and pid in there, f"somebody is missing among {there} (stopped: {pid})")
    for each in sorted(meant):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    if tracer and pid not in meant:  # a process that is traced doesn't always hear that it may go on
        tracer.terminate()
        tracer.wait(20)
    for each in there.keys() - set(meant):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGCONT)
    output, errors = process.communicate(timeout=LIMIT)
    said = Said(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))
    expect(said.code != 0 or who == "dpkg", f"killed, it ends with {said}")
    if who == "dpkg" and said.answer.get("code") == "dpkg_failed":
        expect(said.answer.get("undone"), f"dpkg was killed, and the answer is {said}")
    return f"{len(meant)} killed, exit {said.code} {said.answer.get('code') or ''}".strip()


def judge_receipt(ground: Ground, who: str, verb: str) -> None:
    """Raise Broken unless the journal's last line says what became of the upgrade, and who saw to it."""
    last = ground.last_receipt()
    expect(
        last.get("event") == "undone" and last.get("verb") == "upgrade", f"the journal's last line is {last}"
    )
    expect(
        "package:asterisk" in (last.get("touched") or {}), f"the journal doesn't name the packages: {last}"
    )
    by = {"boot": {"reboot"}, "dpkg": {"agent", "timer"}}.get(who, {"timer"})
    expect(last.get("by") in by, f"{who} killed in {verb}, and undone by {last.get('by')}")


def spread(calls: list[SystemCall], chance: random.Random) -> Iterator[SystemCall]:
    """Yield some calls of each kind, spread over all of them; the last one too."""
    for kind in KINDS:
        found = [call for call in calls if call.name == kind]
        step = max(1, len(found) // EACH)
        yield from {
            call.number: call for call in (*found[chance.randrange(step) :: step], *found[-1:])
        }.values()


def kills(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield a case for each maintainer script and each who, and for dpkg's calls, with whom by chance."""
    for verb in ("upgrade", "undo"):
        for script in SCRIPTS:
            for who in WHO if verb == "upgrade" else ("all", "boot"):
                yield Case(
                    f"{verb}/{who}/{script.replace(' ', '.')}", partial(kill, verb=verb, who=who, at=script)
                )
        for call in spread(packages_of(ground).calls[verb], chance):
            who = chance.choice(WHO if verb == "upgrade" else ("all", "boot"))
            yield Case(f"{verb}/{who}/{call}", partial(kill, verb=verb, who=who, at=call))


FAULTS = (
    Fault(
        "upgrade",
        "dpkg stopped at its own system calls (strace) or in maintainer scripts, then kill -9 on the agent, dpkg, both, or the machine",
        kills,
        1,
    ),
)
