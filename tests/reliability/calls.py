"""Applies under load: sipp keeps calls up and sets up new ones while the server is changed over and over.

The comparison is fair to a machine that has little: in both halves of a run the same applies are made, with the same work on
this machine. In the first half they go to a twin of the server that has no calls; in the second to the server itself.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex

from kelid.findings import Exit
from kelid.lab import Host
from kelid.lab.network import make_namespace, namespace_name, remove_namespace
from kelid.lab.processes import end_cgroup, in_cgroup, make_cgroup, wait_until
from reliability.cases import Case, Fault
from reliability.ground import AGENT, Ground, expect

SIPP = Path(__file__).with_name("sipp")
CALLER, CALLED = "102", "104"
STANDING = 4
"""Calls that are up through a whole half."""
SECONDS = 4.0
"""How long a new call stands."""
STATISTICS = ("-trace_stat", "-fd", "1")
RATE, STRICT_RATE = 1.0, 4.0
"""New calls a second; many where the slowest one per cent of them is judged."""


@dataclass(frozen=True)
class Half:
    """What was seen in one half: calls set up, calls that went wrong, set-up times and gaps (ms), packets, longest first."""

    calls: int
    failed: int
    standing: int
    setup: tuple[float, ...]
    gaps: tuple[float, ...]
    packets: int
    seconds: float

    def setup_at(self, share: float) -> float:
        """Return the set-up time (ms) that this share of the calls doesn't exceed."""
        return self.setup[min(len(self.setup) - 1, int(share * len(self.setup)))] if self.setup else 0.0

    @property
    def longest(self) -> float:
        """Return the longest gap between two packets of a stream (ms)."""
        return max(self.gaps, default=20.0)

    def gap_at(self, share: float) -> float:
        """Return the gap (ms) that this share of the packets doesn't exceed; below 30 ms it isn't told apart from 20."""
        longer = int((1 - share) * self.packets)
        return sorted(self.gaps, reverse=True)[longer] if longer < len(self.gaps) else 20.0

    def __str__(self) -> str:
        """Return the numbers that count."""
        return (
            f"{self.calls} calls, {self.failed} failed, {self.standing} of {STANDING} standing ones up to the end; set-up p50 "
            f"{self.setup_at(0.5):.0f} p99 {self.setup_at(0.99):.0f} ms; gaps p99.9 {self.gap_at(0.999):.0f}, longest "
            f"{self.longest:.0f} ms in {self.packets} packets; {self.seconds:.0f} s"
        )


class Phones:
    """sipp as two phones, each with an address of its own in the lab: one calls, the other answers."""

    def __init__(self, ground: Ground, rate: float) -> None:
        """Make their addresses. ``rate``: new calls a second."""
        self.ground, self.rate = ground, rate
        self.folder = ground.folder / "sipp"
        self.folder.mkdir(exist_ok=True)
        self.group = make_cgroup(ground.lab.name, f"sipp.{token_hex(4)}")
        self.addresses = {}
        for who in ("caller", "called"):
            self.addresses[who] = ground.lab.free_address()
            make_namespace(ground.lab.name, self.addresses[who])
        secrets = ground.secrets()
        # 20 s of a-law that is no silence and no tone.
        (self.folder / "voice.al").write_bytes(random.Random(1).randbytes(8000 * 20))
        for name, number, more in (("called", CALLED, "5070"), ("caller", CALLER, "")):
            login = f"[authentication username={number} password={secrets[f'extension_{number}']}]"
            path = self.folder / f"{name}.csv"
            path.touch(mode=0o600)
            path.write_text(f"SEQUENTIAL\n{number};{login};{more};\n", encoding="utf-8")

    def close(self) -> None:
        """End what runs there and take the addresses away."""
        end_cgroup(self.group)
        for address in self.addresses.values():
            remove_namespace(namespace_name(self.ground.lab.name, address))

    def start(self, who: str, argv: list[str], log: str) -> subprocess.Popen[bytes]:
        """Start a program at the address of the one who calls or is called. It goes before all else on this machine: what is
        measured is the server, not a meter that waits for its turn.
        """
        space = namespace_name(self.ground.lab.name, self.addresses[who])
        with (self.folder / f"{log}.log").open("wb") as out:
            return subprocess.Popen(
                in_cgroup(self.group, ["chrt", "-f", "10", "nsenter", f"--net=/run/netns/{space}", "--", *argv]),
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def sipp(self, who: str, scenario: str, log: str, *options: str, port: int) -> subprocess.Popen[bytes]:
        """Start sipp with a scenario."""
        address = self.addresses[who]
        words = ["sipp", f"{self.ground.host.address}:5060", "-sf", str(SIPP / f"{scenario}.xml"), "-nostdin"]
        return self.start(who, [*words, "-i", address, "-mi", address, "-p", str(port), *options], log)

    def said(self, log: str) -> str:
        """Return the end of what a program printed."""
        return (self.folder / f"{log}.log").read_text(encoding="utf-8", errors="replace")[-600:]

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Have the called phone signed on and answering for as long as the block runs."""
        register = self.sipp("called", "register", "register", "-m", "1", "-inf", "called.csv", port=5070)
        expect(register.wait(30) == 0, f"sipp can't sign on: {self.said('register')}")
        # From the port at which it answers: the server takes that for its contact.
        process = self.sipp("called", "answer", "answer", "-aa", "-rtp_echo", "-mp", "30000", port=5070)
        try:
            wait_until("the called phone to be there", self.there, timeout=60, interval=0.5)
            yield
        finally:
            process.kill()
            process.wait()

    def there(self) -> bool:
        """Return whether the server takes the called phone for reachable (sipp answers OPTIONS with -aa)."""
        self.ground.asterisk(f"pjsip qualify {CALLED}")
        return bool(re.search(rf"{CALLED}/sip:\S+ +\S+ +Avail", self.ground.asterisk("pjsip show contacts")))

    @contextmanager
    def listening(self, into: dict[str, list[object]]) -> Iterator[None]:
        """Count the packets that the caller gets for as long as the block runs."""
        space = namespace_name(self.ground.lab.name, self.addresses["caller"])
        argv = [
            *("chrt", "-f", "10", "nsenter"),
            f"--net=/run/netns/{space}",
            "--",
            sys.executable,
            str(Path(__file__).with_name("listen.py")),
        ]
        process = subprocess.Popen(
            in_cgroup(self.group, argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            output, _ = process.communicate(timeout=30)
            into.update(json.loads(output))

    def half(self, work: object) -> Half:
        """Keep calls up, set up new ones, do the work meanwhile, and return what was seen."""
        for old in self.folder.glob("call_*"):
            old.unlink()
        streams: dict[str, list[object]] = {}
        begin = time.monotonic()
        with self.listening(streams):
            standing = self.sipp(
                "caller", "call", "standing", "-m", str(STANDING), "-l", str(STANDING), "-r", str(STANDING), "-s", CALLED, *STATISTICS,
                "-inf", "caller.csv", "-d", str(24 * 3600 * 1000), port=5080,
            )  # fmt: skip
            wait_until("the standing calls", lambda: self.up() >= 2 * STANDING, timeout=30, interval=0.2)
            fresh = self.sipp(
                "caller", "call", "fresh", "-r", "1", "-rp", f"{1000 / self.rate:.0f}", "-s", CALLED, "-inf", "caller.csv", "-d", f"{SECONDS * 1000:.0f}",
                "-trace_rtt", "-rtt_freq", "1", *STATISTICS, port=5082,
            )  # fmt: skip
            time.sleep(3)  # calls of before the work count as well
            work()  # type: ignore[operator]
            signals(fresh, signal.SIGUSR1)
            fresh.wait(60)
            still = time.monotonic()
            expect(standing.poll() is None, f"the standing calls have ended: {self.said('standing')}")
        # Counted by sipp, and by the sound that was there up to the end.
        heard = sum(float(str(one[1])) > still - 0.5 for one in streams.values())
        alive = min(heard, int(self.statistics(standing)["CurrentCall"]))
        signals(standing, signal.SIGKILL)
        standing.wait(30)
        self.ground.asterisk("channel request hangup all")
        counts = self.statistics(fresh)
        calls, failed = int(counts["TotalCallCreated"]), int(counts["FailedCall(C)"])
        gaps = [gap for stream in streams.values() for gap in as_list(stream[3])]
        packets = sum(int(str(stream[2])) for stream in streams.values())
        return Half(
            calls, failed, alive, tuple(sorted(self.setups())), tuple(gaps), packets, time.monotonic() - begin
        )

    def up(self) -> int:
        """Return how many channels of the two numbers are up on the server."""
        lines = self.ground.asterisk("core show channels concise").splitlines()
        return sum(
            "!Up!" in line and (f"PJSIP/{CALLER}-" in line or f"PJSIP/{CALLED}-" in line) for line in lines
        )

    def setups(self) -> list[float]:
        """Return the set-up times of all new calls (ms)."""
        found = []
        for path in self.folder.glob("call_*_rtt.csv"):
            with path.open(encoding="utf-8") as file:
                found += [
                    float(row[1])
                    for row in csv.reader(file, delimiter=";")
                    if len(row) > 1 and row[1][:1].isdigit()
                ]
        return found

    def statistics(self, process: subprocess.Popen[bytes]) -> dict[str, str]:
        """Return the last line of what sipp counts."""
        path = self.folder / f"call_{process.pid}_.csv"
        with path.open(encoding="utf-8") as file:
            return list(csv.DictReader(file, delimiter=";"))[-1]


def signals(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the process."""
    if process.poll() is None:
        os.kill(process.pid, number)


def as_list(value: object) -> list[float]:
    """Return a list of numbers that JSON gave."""
    return [float(item) for item in value] if isinstance(value, list) else []


def twin_of(ground: Ground) -> Host:
    """Return the server's twin: the same site, no calls. Made when it is first needed."""
    for host in ground.lab.hosts():
        if host.name == "twin":
            return host
    host = ground.lab.create_host("twin", "pbx")
    try:
        ground.write(new=ground.which() is ground.sides[1])
        for verb, more in (("install", []), ("apply", ["--yes"])):
            said = ground.kelid(verb, *more, address=host.address)
            expect(said.code == Exit.OK, f"the twin: {verb}: {said}")
    except BaseException:
        ground.lab.destroy_host("twin")
        raise
    return host


def applies(ground: Ground, host: Host, count: int) -> None:
    """Apply one release and the other, again and again. Raise Broken if one doesn't end well."""
    at = ground.folder / "at"
    for _ in range(count):
        new = at.read_text() != "new" if at.exists() else True
        ground.write(new=new)
        said = ground.kelid("apply", "--yes", address=host.address)
        expect(said.code == Exit.OK, f"an apply to {host.name} under calls: {said}")
        at.write_text("new" if new else "old")


def asked_again(there: Ground, count: int) -> None:
    """Ask a server's agent for one release and the other, again and again, for all that a control node asks in an apply.

    Raise Broken if one doesn't end well.
    """
    agent = f"{AGENT}.packed" if (there.root / f"{AGENT}.packed".lstrip("/")).exists() else AGENT
    there.told_of_undo()
    for _ in range(count):
        after = there.other(there.which())
        for asked in after.asked:
            said = there.run(agent, *asked.words, feed=asked.feed)
            expect(
                said.code == 0 or asked.verb not in ("begin", "confirm"),
                f"{asked.verb} on {there.host.name} under calls: {said}",
            )
        expect(
            there.which() is after and not there.armed,
            f"an apply to {there.host.name} under calls is not in force",
        )


def under_calls(ground: Ground, count: int, strict: bool) -> str:
    """Apply so often under calls; no call is dropped or refused, no gap is longer, and calls are set up as fast.

    With ``strict`` the server is asked what a control node asks in an apply, without one on this machine: that would take the
    processors from the server and from the meters.
    """
    twin = twin_of(ground)
    phones = Phones(ground, STRICT_RATE if strict else RATE)
    process = ground.asterisk_pid()
    try:
        with phones.answering():
            (ground.folder / "at").write_text("new" if ground.which() is ground.sides[1] else "old")
            if strict:
                there = Ground(ground.lab, twin, ground.folder, ground.sides)
                without = phones.half(partial(asked_again, there, count))
                during = phones.half(partial(asked_again, ground, count))
            else:
                without = phones.half(partial(applies, ground, twin, count))
                (ground.folder / "at").write_text("new" if ground.which() is ground.sides[1] else "old")
                during = phones.half(partial(applies, ground, ground.host, count))
    finally:
        phones.close()
    told = f"{count} applies\n  to the twin: {without}\n  to the server: {during}"
    expect(ground.asterisk_pid() == process, f"Asterisk was restarted; {told}")
    for half in (without, during):
        expect(half.calls >= 3, f"there were hardly any calls; {told}")
        expect(half.failed == 0, f"calls were dropped or refused; {told}")
        expect(half.standing == STANDING, f"standing calls were dropped; {told}")
    expect(during.gap_at(0.999) <= without.gap_at(0.999) + 20, f"gaps are longer; {told}")
    expect(during.setup_at(0.5) <= 2 * max(without.setup_at(0.5), 5), f"set-up takes longer; {told}")
    if strict:
        expect(during.longest <= without.longest + 20, f"the longest gap is longer; {told}")
        expect(during.setup_at(0.99) <= 2 * without.setup_at(0.99), f"the slowest set-ups are slower; {told}")
    ground.renew_call()
    ground.clean()
    return told


def loads(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield the run under calls."""
    yield Case("100", partial(under_calls, count=100, strict=True))


FAULTS = (
    Fault(
        "calls",
        "sipp keeps calls up and sets up new ones, while the server is changed again and again",
        loads,
        0,
        alone=True,
    ),
)
