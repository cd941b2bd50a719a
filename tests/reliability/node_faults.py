"""What goes wrong between control node and server: the node dies, the network goes away, the server is another one."""

from __future__ import annotations

import os
import random
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import operator_shell
from kelid.findings import Exit
from kelid.lab.network import address_in, short_name
from kelid.lab.processes import cgroup, end_cgroup, in_cgroup, make_cgroup, pids, run, wait_until
from reliability.cases import Case, Fault
from reliability.ground import AGENT, STATE, Broken, Ground, Said, Side, expect
from reliability.proxy import Proxy, proxy

PHASES = (
    "connecting",
    "status",
    "begin",
    "staging",
    "armed",
    "flipped",
    "begun",
    "verifying",
    "confirming",
    "confirmed",
)
"""The phases of an apply, as they show on the server."""
HANGS = 240.0
"""Seconds after which an apply hangs, whatever the network does."""


def agents(ground: Ground) -> list[str]:
    """Return the command lines of all processes of the host, and of those that were started in it without ssh."""
    found = []
    booted = cgroup(ground.lab.name, "hosts").glob(f"{ground.host.name}.*")
    for group in (*booted, cgroup(ground.lab.name, "inside")):
        for pid in pids(group):
            try:
                found.append(
                    Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
            except OSError:
                continue
    return found


def reached(ground: Ground, phase: str, after: Side, seen: set[str]) -> bool:
    """Return whether an apply of that release is in the phase now, or was."""
    lines = agents(ground) if phase in {"status", "begin", "staging", "verifying", "confirming"} else []

    def at_work(verb: str) -> bool:
        return any(re.search(rf"{AGENT} {verb}\b", line) for line in lines)

    current = ground.current() == after.name
    if ground.armed:
        seen.add("armed")
    if current and ground.armed:
        seen.add("flipped")
    return {
        "connecting": True,
        "status": at_work("status"),
        "begin": at_work("begin"),
        "staging": any("asterisk -C /var/lib/kelid/" in line for line in lines),
        "armed": ground.armed,
        "flipped": current and ground.armed,
        "begun": "flipped" in seen
        and not any(re.search(rf"{AGENT} begin\b", line) for line in agents(ground)),
        "verifying": "flipped" in seen and at_work("observe"),
        "confirming": at_work("confirm"),
        "confirmed": "flipped" in seen and current and not ground.armed,
    }[phase]


def wait_for_phase(ground: Ground, phase: str, after: Side, process: subprocess.Popen[str]) -> bool:
    """Wait until the apply is in the phase; return False if it ended before."""
    seen: set[str] = set()
    found = wait_until(
        f"the phase {phase}",
        lambda: (
            "reached"
            if reached(ground, phase, after, seen)
            else "ended"
            if process.poll() is not None
            else ""
        ),
        timeout=HANGS,
        interval=0.003,
    )
    return found == "reached"


def server_rests(ground: Ground) -> None:
    """Wait until no agent is at work on the server."""
    wait_until(
        "the agents on the server to end", lambda: not ground.running_agents(), timeout=150, interval=0.2
    )


def apply_again(ground: Ground, after: Side) -> str:
    """Apply with kelid, as somebody would who saw the last one fail; return how often it took. It says each time what is.

    The first answer after an undo may be that there was one (exit status not 0), but then the next one is the release.
    """
    said = ground.kelid("apply", "--yes")
    told = [str(said.code)]
    if said.code == Exit.ROLLED_BACK:  # it says that the server went back by itself, once
        said = ground.kelid("apply", "--yes")
        told.append(str(said.code))
    expect(said.code == Exit.OK, f"applied again, kelid ends with {', '.join(told)}: {said}")
    expect(ground.which() is after, "applied again, it is not the new release")
    expect(not ground.armed, "applied again, it waits for a confirmation")
    ground.reads(after)
    ground.call_goes_on()
    ground.clean()
    return f"again: {', '.join(told)}"


def ways(ground: Ground) -> tuple[Side, Side]:
    """Return what is in force and what comes next, with the site's files written for that."""
    before = ground.which()
    after = ground.other(before)
    ground.write(new=after is ground.sides[1])
    return before, after


# -- the control node dies


def node_dies(ground: Ground, phase: str, late: float) -> str:
    """Kill all of the control node's processes in a phase of an apply."""
    before, after = ways(ground)
    group = f"node.{secrets.token_hex(4)}"
    words = in_cgroup(make_cgroup(ground.lab.name, group), ground.words("apply", "--yes"))
    process = subprocess.Popen(
        words, cwd=ground.folder, env=operator_shell.environment(), text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        there = wait_for_phase(ground, phase, after, process)
        time.sleep(late)
    finally:
        end_cgroup(cgroup(ground.lab.name, group))
        process.wait()
    server_rests(ground)
    armed = ground.armed
    if armed:
        said = ground.kelid("apply", "--yes")
        expect(said.code == Exit.REFUSED, f"an apply on top of one that nobody confirmed: {said}")
    found = ground.settle(
        before, after, confirmed=phase in {"confirming", "confirmed"} or not there or late > 0
    )
    again = apply_again(ground, after)
    state = "armed" if armed else "not armed"
    return f"{state}, then {'old' if found is before else 'new'}; {again}"


def deaths(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield deaths in each phase, at its begin and some moment later."""
    for phase in PHASES:
        yield Case(phase, partial(node_dies, phase=phase, late=0.0))
        for number in range(2):
            late = chance.uniform(0.05, 4.0 if phase in {"connecting", "staging"} else 0.6)
            yield Case(f"{phase}/later/{number}", partial(node_dies, phase=phase, late=late))


# -- the network goes away


@contextmanager
def through_proxy(ground: Ground, **how: object) -> Iterator[tuple[Proxy, dict[str, str]]]:
    """Put a proxy before the host; yield it and how kelid reaches the host through it."""
    address = address_in(ground.lab.subnet, 252)
    run(["ip", "address", "replace", f"{address}/24", "dev", short_name(ground.lab.name)])
    known = ground.folder / "known_hosts"
    known.write_text(f"{address} {ground.lab.host_key(ground.host.name)}\n", encoding="utf-8")
    with proxy((address, 22), (ground.host.address, 22), **how) as made:
        yield made, {"address": address, "known_hosts": str(known)}


def cut_at(ground: Ground, *, up: int | None, down: int | None, silent: bool) -> str:
    """Cut the network after so many bytes of an apply."""
    before, after = ways(ground)
    with through_proxy(ground, cut_up=up, cut_down=down, silent=silent) as (made, server):
        said = ground.kelid("apply", "--yes", limit=HANGS, **server)
        gone = made.gone
    return after_cut(ground, before, after, said, gone)


def cut_in(ground: Ground, *, phase: str, silent: bool) -> str:
    """Cut the network in a phase of an apply."""
    before, after = ways(ground)
    with through_proxy(ground, silent=silent) as (made, server):
        process = ground.start("apply", "--yes", **server)
        if wait_for_phase(ground, phase, after, process):
            made.cut()
        try:
            output, errors = process.communicate(timeout=HANGS)
        except subprocess.TimeoutExpired as problem:
            process.kill()
            process.wait()
            raise Broken(
                f"kelid hung for {HANGS:.0f} s when the network went away in the phase {phase}"
            ) from problem
        said, gone = Said(process.returncode, output, errors), made.gone
    return after_cut(ground, before, after, said, gone)


def after_cut(ground: Ground, before: Side, after: Side, said: Said, gone: bool) -> str:
    """Judge what an apply said whose network went away, wait until the server has ended what it began, and apply again."""
    server_rests(ground)
    found = ground.which()
    if said.code == Exit.OK:
        expect(found is after and not ground.armed, f"kelid says that all went well, and it didn't: {said}")
    elif not gone:
        raise Broken(f"the network stayed, and kelid ends with {said}")
    else:
        expected = (Exit.UNREACHABLE, Exit.FAILURE, Exit.REFUSED, Exit.ROLLED_BACK, Exit.UNKNOWN)
        expect(said.code in expected, f"when the network went away kelid ends with {said}")
        if said.code == Exit.ROLLED_BACK:
            expect(
                found is before and not ground.armed,
                f"kelid says that the old release is back, and it isn't: {said}",
            )
    armed = ground.armed
    found = ground.settle(before, after, confirmed=True)
    again = apply_again(ground, after)
    return f"kelid {said.code}, {'armed' if armed else 'not armed'}, {'old' if found is before else 'new'}; {again}"


_bytes: dict[int, tuple[int, int]] = {}


def bytes_of_apply(ground: Ground) -> tuple[int, int]:
    """Return how many bytes an apply sends and gets through a network that stays. Kept for the next time."""
    if id(ground) not in _bytes:
        _, after = ways(ground)
        with through_proxy(ground) as (made, server):
            said = ground.kelid("apply", "--yes", limit=HANGS, **server)
            _bytes[id(ground)] = (made.up, made.down)
        expect(
            said.code == Exit.OK and ground.which() is after,
            f"an apply through a proxy that carries everything: {said}",
        )
    return _bytes[id(ground)]


def cuts(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield cuts at many offsets each way, and in each phase; most break the connections, some are silent."""
    up, down = bytes_of_apply(ground)
    for number in range(24):
        at = chance.randrange(1, up)
        yield Case(f"up/{number}", partial(cut_at, up=at, down=None, silent=False))
    for number in range(12):
        at = chance.randrange(1, down)
        yield Case(f"down/{number}", partial(cut_at, up=None, down=at, silent=False))
    for phase in PHASES[1:]:
        yield Case(phase, partial(cut_in, phase=phase, silent=False))
    for phase in ("begin", "staging", "flipped", "verifying"):
        yield Case(f"{phase}/silent", partial(cut_in, phase=phase, silent=True))
    for number in range(4):
        at = chance.randrange(up // 4, up)
        yield Case(f"up/silent/{number}", partial(cut_at, up=at, down=None, silent=True))


# -- the server is another one


def wrong_key(ground: Ground, verb: str) -> str:
    """Meet a server with another host key than the known one: nothing is sent that a login has, and no agent is started."""
    before, after = ways(ground)
    with through_proxy(ground) as (made, server):
        key = ground.folder / f"other-{secrets.token_hex(4)}"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        public = " ".join(key.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])
        Path(server["known_hosts"]).write_text(f"{server['address']} {public}\n", encoding="utf-8")
        journal = ground.root / STATE / "receipts.jsonl"
        written = journal.read_bytes()
        logins = ground.run(
            "sh", "-c", "journalctl -u ssh.service -u ssh.socket --no-pager | grep -c Accepted || true"
        ).output
        said = ground.kelid(verb, *(["--yes"] if verb == "apply" else []), limit=HANGS, **server)
        expect(said.code == Exit.UNREACHABLE, f"a server with another host key: kelid ends with {said}")
        expect(
            re.search("host key", said.errors, re.I),
            f"kelid doesn't say that it is the host key: {said.errors[-300:]}",
        )
        # The key exchange is some 2 to 4 kB a connection; a release is a hundred times that.
        expect(made.up < 8192 * max(1, made.connections), f"{made.up} bytes were sent to a stranger")
        again = ground.run(
            "sh", "-c", "journalctl -u ssh.service -u ssh.socket --no-pager | grep -c Accepted || true"
        ).output
        expect(logins == again, "somebody logged in at a server with another host key")
        expect(
            journal.read_bytes() == written, "the server's journal has a line of an apply that nobody sent"
        )
    expect(ground.which() is before, "the tree has changed")
    ground.call_goes_on()
    return f"{made.up} bytes sent in {made.connections} connections; {apply_again(ground, after) if verb == 'apply' else ''}"


def strangers(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield meetings with a server whose key is another one."""
    yield Case("plan", partial(wrong_key, verb="plan"))
    yield Case("apply", partial(wrong_key, verb="apply"))


# -- two at once


def two_nodes(ground: Ground, apart: float) -> str:
    """Let two control nodes apply the same release at once, or some seconds apart."""
    _, after = ways(ground)
    found: list[Said] = []
    threads = [
        threading.Thread(target=lambda: found.append(ground.kelid("apply", "--yes", limit=HANGS)))
        for _ in range(2)
    ]
    threads[0].start()
    time.sleep(apart)
    threads[1].start()
    for thread in threads:
        thread.join()
    codes = sorted(said.code for said in found)
    expect(
        len(codes) == 2 and codes[0] == Exit.OK,
        f"of two applies at once none ends well: {[str(s) for s in found]}",
    )
    expect(
        codes[1] in (Exit.OK, Exit.REFUSED),
        f"of two applies at once one ends with {codes[1]}: {[str(s) for s in found]}",
    )
    expect(
        ground.which() is after and not ground.armed, "after two applies at once the release is not in force"
    )
    ground.reads(after)
    ground.call_goes_on()
    ground.clean()
    return f"kelid {codes[0]} and {codes[1]}"


def two_agents(ground: Ground, apart: float) -> str:
    """Let two agents begin at once on the server: one has the lock, the other says busy or that the base is stale."""
    before = ground.which()
    after = ground.other(before)
    found: list[Said] = []
    threads = [
        threading.Thread(target=lambda: found.append(ground.agent(after.ask("begin")))) for _ in range(2)
    ]
    threads[0].start()
    time.sleep(apart)
    threads[1].start()
    for thread in threads:
        thread.join()
    good = [said for said in found if said.code == 0]
    bad = [said for said in found if said.code != 0]
    expect(len(good) == 1 and len(bad) == 1, f"two begins at once: {[str(said) for said in found]}")
    expect(bad[0].answer.get("code") in {"busy", "stale_base"}, f"the second of two begins: {bad[0]}")
    expect(ground.which() is after and ground.armed, "of two begins at once none is in force")
    said = ground.agent(after.ask("confirm"))
    expect(said.code == 0, f"confirming one of two: {said}")
    ground.reads(after)
    ground.call_goes_on()
    ground.clean()
    return str(bad[0].answer["code"])


PAUSES: tuple[tuple[str, Callable[[Ground, Side], bool]], ...] = (
    (
        "before the lock",
        lambda ground, after: any(f"python3 {AGENT} begin" in line for line in agents(ground)),
    ),
    (
        "with the lock",
        lambda ground, after: any("asterisk -C /var/lib/kelid/" in line for line in agents(ground)),
    ),
    ("armed", lambda ground, after: ground.armed),
    ("flipped", lambda ground, after: ground.armed and ground.current() == after.name),
)


def paused(ground: Ground, where: str, when: Callable[[Ground, Side], bool]) -> str:
    """Stop an agent (SIGSTOP) in the middle of begin while its clock runs out and another one comes; then let it go on."""
    before = ground.which()
    after = ground.other(before)
    asked = after.ask("begin")
    words = [
        word if asked.words[number - 1] != "--confirm-within" else "3"
        for number, word in enumerate(asked.words)
    ]
    process = subprocess.Popen(
        ground.inside([AGENT, *words]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    feeding = threading.Thread(target=lambda: _feed(process, asked.feed), daemon=True)
    feeding.start()
    wait_until(f"an agent {where}", lambda: when(ground, after), timeout=60, interval=0.001)
    pid = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()[0])
    os.kill(pid, signal.SIGSTOP)
    stopped_armed = ground.armed
    other = ground.agent(after.ask("begin"))
    second = str(other.answer.get("code") or "ok")
    if other.code == 0 and other.answer.get("changed"):
        ground.agent(after.ask("confirm"))
    else:
        expect(second in {"busy", "stale_base"}, f"beside one that is paused {where}: {other}")
    if stopped_armed:
        # Its clock runs out while it stands there with the lock.
        wait_until(
            "the clock to run out", lambda: "kelid-undo.service" in _jobs(ground), timeout=30, interval=0.2
        )
    os.kill(pid, signal.SIGCONT)
    os.kill(process.pid, signal.SIGCONT)  # nsenter stops with its child
    process.wait(LIMIT_OF_PAUSED)
    late = Said(process.returncode, process.stdout.read().decode() if process.stdout else "")
    wait_until("nothing that waits for a confirmation", lambda: not ground.armed, timeout=60, interval=0.2)
    server_rests(ground)
    found = ground.which()
    if second == "ok":
        expect(
            found is after,
            f"one finished meanwhile, and then its release is not in force; the late one: {late}",
        )
        expect(
            late.code != 0 or not late.answer.get("changed"),
            f"one that comes late changes what another did: {late}",
        )
    else:
        expect(found is before, f"nobody confirmed it, and it is in force; the late one: {late}")
    ground.reads(found)
    ground.call_goes_on()
    if found is before:
        ground.converge(after)
    return f"the other: {second}; the paused one: {late.answer.get('code') or 'ok'}"


LIMIT_OF_PAUSED = 120


def _jobs(ground: Ground) -> str:
    """Return the units of the way back that are at work or have failed on the host."""
    said = ground.run(
        "systemctl", "list-units", "--no-legend", "--state=activating,active,failed", "kelid-undo.service"
    )
    return said.output


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    """Feed a process; one that ended before has had enough."""
    assert process.stdin is not None
    try:
        process.stdin.write(data)
        process.stdin.close()
    except OSError:
        pass


def together(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield two at once, and one that is paused while another finishes."""
    for number in range(6):
        yield Case(
            f"agents/{number}", partial(two_agents, apart=0.0 if number == 0 else chance.uniform(0, 3))
        )
    for number in range(4):
        yield Case(f"nodes/{number}", partial(two_nodes, apart=0.0 if number == 0 else chance.uniform(0, 8)))
    for where, when in PAUSES:
        yield Case(f"paused/{where.replace(' ', '-')}", partial(paused, where=where, when=when))


FAULTS = (
    Fault(
        "node",
        "the control group of kelid, ansible and ssh killed when the server shows a phase of the apply",
        deaths,
        1,
    ),
    Fault(
        "cut",
        "a proxy before sshd that breaks its connections, or falls silent, after so many bytes or in a phase",
        cuts,
        1,
    ),
    Fault(
        "host-key", "known_hosts has another key than the server; a proxy counts what is sent", strangers, 0
    ),
    Fault(
        "together",
        "two control nodes or two agents at once; one stopped (SIGSTOP) while its clock runs out",
        together,
        1,
    ),
)
