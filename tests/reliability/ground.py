"""The ground that the campaign stands on: a clinic's phone system in use, two releases of its site, and the oracle.

The oracle knows nothing of how an apply works. It looks from outside: the bytes of the live tree, what the running Asterisk
answers, the call that is up all the while, exit codes, and what a second run does.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import operator_shell
from kelid import pipeline
from kelid.findings import Exit
from kelid.lab import Host, Lab, LabError, Phone
from kelid.lab.processes import cgroup, in_cgroup, make_cgroup, pids, wait_until

SITE = "noor-clinic"
SAMPLES = pipeline.root() / "sites"
TRUNK_HOST = "sip.mokhaberat.example"
STATE = Path("var/lib/kelid")
AGENT = "/usr/local/lib/kelid/agent"
RECORDED = "/root/recorded"
LIMIT = 120.0
"""Seconds that one program on the server may take; strace makes it some times slower."""

EDITS: tuple[tuple[str, str, str], ...] = (
    ("queues.yml", "timeout: 20", "timeout: 22"),
    ("ivrs.yml", 'digits: "4"', 'digits: "5"'),
    ("extensions.yml", "fa: آزمایشگاه", "fa: آزمایشگاه خون"),
)
"""What the new release changes: queues, the dial plan, an endpoint; and a prompt is another one."""

WRAPPER = f"""\
#!/bin/sh
# Keeps what the control node asks of the agent, so that the very same can be asked again under strace.
folder={RECORDED}/$(date +%s%N)
mkdir -p "$folder"
for word in "$@"; do printf '%s\\0' "$word"; done > "$folder/words"
cat > "$folder/input"
exec {AGENT}.real "$@" < "$folder/input"
"""


COMPILED = f"""\
import importlib._bootstrap_external as made, io, zipfile
path = "{AGENT}"
found, out = zipfile.ZipFile(path), io.BytesIO()
out.write(b"#!/usr/bin/python3\\n")
with zipfile.ZipFile(out, "a") as packed:
    for name in found.namelist():
        code = compile(found.read(name), path + "/" + name, "exec", dont_inherit=True)
        packed.writestr(name + "c", made._code_to_timestamp_pyc(code))
open(path, "wb").write(out.getvalue())
"""
"""Run on the host: makes of the agent's program the same one with its modules compiled. Else Python does so at each start of it,
which takes a fifth of all of a campaign's time."""


class Broken(AssertionError):
    """What must hold in every case doesn't."""


def expect(condition: object, what: str) -> None:
    """Raise Broken unless the condition holds."""
    if not condition:
        raise Broken(what)


@dataclass(frozen=True)
class Said:
    """A program on the server that has ended: exit status (minus the signal's number if one killed it) and output."""

    code: int
    output: str
    errors: str = ""

    @property
    def answer(self) -> dict[str, Any]:
        """Return the one JSON object that the agent prints; an empty one where it printed none."""
        try:
            found = json.loads(self.output)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def __str__(self) -> str:
        """Return what a report shows of it."""
        found = "; ".join(str(entry.get("text")) for entry in self.answer.get("log") or ())
        said = f"{self.answer.get('message') or self.output[-300:]} {found[:300]} {self.errors[-300:]}"
        return f"exit {self.code}: {' '.join(said.split())}"


@dataclass(frozen=True)
class Asked:
    """What the control node asked of the agent: the words after its name, and what it fed it."""

    words: tuple[str, ...]
    feed: bytes

    @property
    def verb(self) -> str:
        """Return the agent's verb."""
        return self.words[0]


@dataclass(frozen=True)
class Side:
    """One of the two releases: its name, the digests of its tree, what an Asterisk that reads it must answer, and how it is
    applied on top of the other one."""

    name: str
    tree: Mapping[str, str]
    marks: tuple[tuple[str, str], ...]
    asked: tuple[Asked, ...] = ()

    def ask(self, verb: str) -> Asked:
        """Return what is asked of the agent's verb when this release is applied."""
        return next(one for one in self.asked if one.verb == verb)


@dataclass
class Ground:
    """The lab host, its site's repository, the phones of the call that is up, and the two releases."""

    lab: Lab
    host: Host
    folder: Path
    sides: list[Side] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    calls: int = 0
    """How many calls were placed, so how often the one that is up was lost, and one."""
    _gone_on: set[str] = field(default_factory=set)
    """What the states are like from which an apply went to its end."""
    _heard: int = 0
    _leader: int = 0

    # -- the site's repository

    @property
    def site(self) -> Path:
        """Return the site's folder."""
        return self.folder / "sites" / SITE

    def git(self, *words: str) -> str:
        """Run git in the repository; return what it prints."""
        who = ("-c", "user.name=tests", "-c", "user.email=tests@kelid.example")
        return subprocess.run(
            ["git", *who, *words],
            cwd=self.folder,
            check=True,
            env=operator_shell.environment(),
            capture_output=True,
            text=True,
        ).stdout.strip()

    def write(self, new: bool) -> None:
        """Make the site's files those of the old or of the new release."""
        self.git("checkout", "-q", "new" if new else "main")

    def make_repository(self) -> None:
        """Copy the sample site into a repository of its own: ``main`` is the old release, ``new`` the new one."""
        shutil.copytree(SAMPLES / SITE, self.site)
        shutil.copy(SAMPLES / pipeline.SAMPLE_PASSWORD, self.folder / "sites")
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "as ordered")
        self.git("checkout", "-q", "-b", "new")
        for name, before, after in EDITS:
            path = self.site / name
            text = path.read_text(encoding="utf-8")
            expect(text.count(before) == 1, f"{before!r} stands {text.count(before)} times in {name}")
            path.write_text(text.replace(before, after), encoding="utf-8")
        shutil.copy(self.site / "media" / "closed.wav", self.site / "media" / "holiday.wav")
        self.git("commit", "-q", "-a", "-m", "as wished")
        self.git("checkout", "-q", "main")

    def secrets(self) -> dict[str, str]:
        """Return the site's opened vault."""
        sites = self.folder / "sites"
        return pipeline.secrets_of(sites, pipeline.check(sites, SITE), None)

    # -- kelid on the control node

    def words(self, verb: str, *arguments: str, what: str = SITE, **server: str) -> list[str]:
        """Return the command line of ``kelid VERB WHAT``; ``server`` overrides how the host is reached."""
        options = {
            "--address": self.host.address,
            "--identity": str(self.lab.key),
            "--known-hosts": str(self.lab.known_hosts),
            **{f"--{key.replace('_', '-')}": value for key, value in server.items()},
        }
        return [
            sys.executable,
            "-m",
            "kelid",
            verb,
            what,
            *(word for pair in options.items() for word in pair),
            *arguments,
        ]

    def kelid(self, verb: str, *arguments: str, limit: float = 300, **server: str) -> Said:
        """Run kelid to its end. Raise Broken if it takes longer than ``limit`` seconds."""
        process = self.start(verb, *arguments, **server)
        try:
            output, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired as problem:
            process.kill()
            process.wait()
            raise Broken(f"kelid {verb} hung for {limit:.0f} s") from problem
        return Said(process.returncode, output, errors)

    def start(self, verb: str, *arguments: str, **server: str) -> subprocess.Popen[str]:
        """Start kelid and return its process."""
        return subprocess.Popen(
            in_cgroup(make_cgroup(self.lab.name, "node"), self.words(verb, *arguments, **server)),
            cwd=self.folder,
            env=operator_shell.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    # -- the server, from outside

    @property
    def leader(self) -> int:
        """Return the number, on this machine, of the host's first process."""
        if self._leader and Path(f"/proc/{self._leader}/root/var").exists():
            return self._leader
        for group in cgroup(self.lab.name, "hosts").glob(f"{self.host.name}.*"):
            for pid in pids(group):
                status = Path(f"/proc/{pid}/status")
                if status.exists() and re.search(r"^NSpid:\t\d+\t1$", status.read_text(), re.M):
                    self._leader = pid
                    return pid
        raise LabError(f"{self.host.name} isn't running")

    @property
    def root(self) -> Path:
        """Return the host's root folder as this machine sees it."""
        return Path(f"/proc/{self.leader}/root")

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command line that runs a program in the host's namespaces, as root, without ssh."""
        enter = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "--"]
        return in_cgroup(make_cgroup(self.lab.name, "inside"), [*enter, *argv])

    def run(self, *argv: str, feed: bytes = b"", limit: float = LIMIT) -> Said:
        """Run a program on the host; return how it ended."""
        done = subprocess.run(
            self.inside(argv), input=feed, capture_output=True, timeout=limit, check=False, env=INSIDE
        )
        return Said(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )

    def agent(self, asked: Asked) -> Said:
        """Ask the agent what the control node asked it."""
        return self.run(AGENT, *asked.words, feed=asked.feed)

    def asterisk(self, command: str) -> str:
        """Return what the live Asterisk answers."""
        return self.run("asterisk", "-rx", command).output

    @property
    def armed(self) -> bool:
        """Return whether a change waits for its confirmation."""
        return (self.root / STATE / "armed.json").exists()

    def clock_runs(self) -> bool:
        """Return whether the timer of the way back counts, or its unit is at work."""
        states = self.run("systemctl", "is-active", "kelid-undo.timer", "kelid-undo.service").output.split()
        return "active" in states or "activating" in states

    def asterisk_pid(self) -> str:
        """Return the number of the live Asterisk's process on its host."""
        return self.run("systemctl", "show", "-P", "MainPID", "asterisk").output.strip()

    def running_agents(self) -> list[str]:
        """Return the command lines of the agents that are at work on the host, and of staged Asterisks."""
        lines = self.run("ps", "-eo", "args").output.splitlines()
        return [line for line in lines if re.search(rf"{AGENT}\b|asterisk -C /var/lib/kelid/", line)]

    # -- the oracle

    def tree(self) -> dict[str, str]:
        """Return the live tree: path below it -> mode, owner and sha256 of its bytes."""
        return tree_of(self.root / STATE)

    def which(self) -> Side:
        """Return the release that the live tree is, byte for byte. Raise Broken if it is neither of the two."""
        tree = self.tree()
        for side in self.sides:
            if tree == side.tree:
                return side
        nearest = min(self.sides, key=lambda side: len(set(side.tree.items()) ^ set(tree.items())))
        odd = sorted({path for path, _ in set(nearest.tree.items()) ^ set(tree.items())})
        raise Broken(f"the live tree is neither release; nearest {nearest.name[:12]}, differing in {odd[:8]}")

    def reads(self, side: Side) -> None:
        """Raise Broken unless the running Asterisk has read that release."""
        for command, pattern in side.marks:
            said = self.asterisk(command)
            expect(
                re.search(pattern, said),
                f"Asterisk doesn't read {side.name[:12]}: {command}: {said[-200:]!r}",
            )

    def other(self, side: Side) -> Side:
        """Return the other release."""
        return self.sides[1 - self.sides.index(side)]

    def timer_elapses(self) -> None:
        """Do what the timer does when its time has come, and wait for its end."""
        self.run("systemctl", "start", "kelid-undo.service")
        wait_until("the way back", lambda: not self.armed, timeout=60)

    def settle(self, before: Side, after: Side, *, confirmed: bool = False) -> Side:
        """After whatever happened: the tree is old or new; what waits for a confirmation has its clock, which brings the old
        release back. Return the release that then is in force, whole, read, with the call still up."""
        found = self.which()
        if self.armed:
            expect(self.clock_runs(), "a change waits for its confirmation and no clock runs")
            self.timer_elapses()
            expect(self.which() is before, f"after the undo the tree is not {before.name[:12]}")
        elif not confirmed:
            expect(found is before, f"{after.name[:12]} is in force and nobody confirmed it")
        found = self.which()
        self.reads(found)
        self.call_goes_on()
        return found

    def last_receipt(self) -> dict[str, Any]:
        """Return the last line of the server's journal, {} where there is none."""
        journal = self.root / STATE / "receipts.jsonl"
        lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
        return dict(json.loads(lines[-1])) if lines else {}

    def told_of_undo(self) -> None:
        """Have the server tell that it went back by itself, if it did and nobody was told yet: the next apply then begins."""
        if self.last_receipt().get("event") != "undone":
            return
        said = self.agent(stale(self.other(self.which())))
        expect(said.answer.get("code") in {"went_back", "stale_base"}, f"a base that isn't there: {said}")

    def begun(self, after: Side) -> None:
        """Put a release in force, unconfirmed, while nothing goes wrong."""
        said = self.agent(after.ask("begin"))
        if said.answer.get("code") == "went_back":
            said = self.agent(after.ask("begin"))
        expect(said.code == 0 and self.armed, f"begin, while nothing goes wrong: {said}")

    def converge(self, after: Side) -> None:
        """Apply the release again, as if nothing had happened; raise Broken unless it is in force then, and nothing is left."""
        said = self.agent(after.ask("begin"))
        if (
            said.answer.get("code") == "went_back"
        ):  # told once, with an exit status that isn't 0, and then it goes on
            expect(said.code != 0, f"it says that the server went back, and exits with {said.code}")
            said = self.agent(after.ask("begin"))
        expect(said.code == 0 and said.answer.get("ok"), f"run again, begin ends with {said}")
        said = self.agent(after.ask("confirm"))
        expect(said.code == 0 and said.answer.get("ok"), f"run again, confirm ends with {said}")
        expect(self.which() is after, "run again, it is not the new release")
        expect(not self.armed, "run again and confirmed, it still waits for a confirmation")
        self.reads(after)
        self.call_goes_on()
        self.clean()

    def goes_on(self, after: Side) -> None:
        """Apply the release again, to its end, wherever that wasn't done yet; from a state that is like one from which it went well,
        only what an apply does first is done: it sweeps up what another one left, and nothing else may have changed."""
        likeness = self.likeness()
        if likeness not in self._gone_on:
            self.converge(after)
            self._gone_on.add(likeness)
            return
        found = self.which()
        said = self.agent(stale(self.other(found)))
        expect(said.answer.get("code") in {"went_back", "stale_base"}, f"a base that isn't there: {said}")
        expect(self.which() is found, "what was only swept is another tree")
        self.call_goes_on()
        self.clean()

    def likeness(self) -> str:
        """Return a digest of all that an apply finds: what lies on the disk, byte for byte, but of the folders that it works in only
        whether there are any, and of the journal only what happened last; its units, logs, timer and programs."""
        found = []
        state = self.root / STATE
        for folder, folders, names in os.walk(state):
            for name in (*folders, *names):
                path = Path(folder, name)
                inside = str(path.relative_to(state))
                about = path.lstat()
                row = f"{SUFFIX.sub('', inside)} {about.st_mode:o} {about.st_uid}:{about.st_gid} "
                if path.is_symlink():
                    row += str(path.readlink())
                elif inside == "receipts.jsonl":
                    row += last_event(path)
                elif path.is_file() and not SUFFIX.search(inside):
                    row += hashlib.sha256(path.read_bytes()).hexdigest()
                found.append(row)
            folders[:] = [name for name in folders if not SUFFIX.search(name)]
        for elsewhere, pattern in (("run/systemd/system", "kelid*"), ("var/log/asterisk", "kelid*")):
            found += [str(path) for path in (self.root / elsewhere).glob(pattern)]
        found += [
            SUFFIX.sub("", re.sub(r"^\S*python3 ", "", line)).split(" --")[0]
            for line in self.running_agents()
        ]
        found.append(str(self.clock_runs()))
        return hashlib.sha256("\n".join(sorted(set(found))).encode()).hexdigest()

    def clean(self) -> None:
        """Raise Broken if something is left that a finished apply must not leave."""
        state = self.root / STATE
        left = [
            path.name for folder in (state, state / "releases", state / "media") for path in folder.glob(".*")
        ]
        expect(not left, f"left behind: {left}")
        expect(not self.running_agents(), f"still running: {self.running_agents()}")

    # -- the call that is up

    def place_call(self) -> None:
        """Have one phone call the other, and keep that call."""
        one, other = self.phones
        for phone in self.phones:
            phone.quiet()
        one.call("103")
        other.wait_incoming()
        other.answer()
        one.wait_answered()
        self.calls += 1
        self._heard = 0

    def call_goes_on(self) -> None:
        """Raise Broken unless the call that was placed before is up, and sound arrives on both sides."""
        if not self.phones:
            return
        try:
            before = [phone.packets().get("received", -1) for phone in self.phones]
            wait_until(
                "sound on both sides",
                lambda: all(
                    phone.packets().get("received", -1) > count >= 0
                    for phone, count in zip(self.phones, before, strict=True)
                ),
                timeout=5,
            )
        except LabError as problem:
            raise Broken(f"the call that was up is not any more: {problem}") from problem

    def renew_call(self) -> None:
        """Place the call anew if a case ended it, so that the next one has its own."""
        try:
            self.call_goes_on()
        except Broken:
            self.end_calls()
            self.place_call()

    def end_calls(self) -> None:
        """Let the phones hang up what they take for a call."""
        for phone in self.phones:
            phone.talker.forget()
            if phone.packets():
                phone.hangup()

    def mend(self) -> None:
        """After a case that broke something: bring the ground to one of the two releases, with a call up, as well as it goes."""
        for pid in self.run("pgrep", "-f", rf"^(/usr/bin/)?python3 {AGENT}").output.split():
            self.run("kill", "-9", pid)
        if self.armed:
            self.run("systemctl", "start", "kelid-undo.service")
            wait_until("the way back", lambda: not self.armed, timeout=60)
        if self.tree() not in [side.tree for side in self.sides]:
            self.write(new=False)
            said = self.kelid("apply", "--yes")
            if said.code != Exit.OK:
                raise LabError(f"the ground can't be mended: {said}")
        self.renew_call()

    def back_after_boot(self) -> None:
        """After a boot of the host: wait for its Asterisk and the phones, and place the call anew (a boot ends it)."""
        self.host.wait_asterisk()
        self.end_calls()
        for phone in self.phones:
            phone.register()
        for phone in self.phones:
            phone.wait_registered()
        self.place_call()

    # -- made

    def prepare(self) -> None:
        """Install, apply both releases once and learn how; leave the old one in force, with a call up."""
        self.make_repository()
        # The trunk's host must be there: one whose name doesn't resolve is an object that Asterisk loses at a reload.
        self.lab.create_telco(
            "02188001234", self.secrets()["trunk_mokhaberat"], name="telco", aliases=[TRUNK_HOST]
        )
        said = self.kelid("install")
        expect(said.code == Exit.OK, f"install: {said}")
        said = self.kelid("apply", "--yes")
        expect(said.code == Exit.OK, f"the first apply: {said}")
        trees = [self.tree()]
        names = [self.current()]
        self.host.shell(f"mv {AGENT} {AGENT}.real; mkdir {RECORDED}")
        self.host.write(AGENT, WRAPPER, mode="0755")
        asked = []
        for new in (True, False):
            self.write(new)
            said = self.kelid("apply", "--yes")
            expect(said.code == Exit.OK, f"an apply while nothing goes wrong: {said}")
            asked.append(self.recorded())
            if new:
                trees.append(self.tree())
                names.append(self.current())
        self.host.shell(f"mv {AGENT}.real {AGENT}; rm -r {RECORDED}")
        self.host.shell(f"cp {AGENT} {AGENT}.packed")
        said = self.run("python3", "-", feed=COMPILED.encode())
        expect(said.code == 0, f"compiling the agent: {said}")
        expect(trees[0] == self.tree(), "back on the old release, the tree is another one")
        marks = (
            (("dialplan show 4@ivr-departments", "'4'"), ("pjsip show endpoint 105", '"آزمایشگاه"'),
             ("dialplan show 5@ivr-departments", "no existence")),
            (("dialplan show 5@ivr-departments", "'5'"), ("pjsip show endpoint 105", '"آزمایشگاه خون"'),
             ("dialplan show 4@ivr-departments", "no existence")),
        )  # fmt: skip
        self.sides = [
            Side(name, tree, mark, apply)
            for name, tree, mark, apply in zip(names, trees, marks, (asked[1], asked[0]), strict=True)
        ]
        for number in ("101", "103"):
            phone = self.lab.phone(
                f"phone{number}", number, self.secrets()[f"extension_{number}"], self.host.name
            )
            self.phones.append(phone)
            phone.register()
        for phone in self.phones:
            phone.wait_registered()
        self.place_call()

    def recorded(self) -> tuple[Asked, ...]:
        """Return what was asked of the agent since the last look, in order."""
        folder = self.root / RECORDED.lstrip("/")
        found = []
        for path in sorted(folder.iterdir()):
            words = (path / "words").read_bytes().decode().split("\0")[:-1]
            found.append(Asked(tuple(words), (path / "input").read_bytes()))
            shutil.rmtree(path)
        return tuple(found)

    def current(self) -> str:
        """Return the name of the release in force."""
        return (self.root / STATE / "current").readlink().name


def last_event(journal: Path) -> str:
    """Return what happened last, as a journal of receipts has it; "" where its last line is no entry."""
    try:
        return str(json.loads(journal.read_text(encoding="utf-8").splitlines()[-1])["event"])
    except (ValueError, LookupError, TypeError):
        return ""


def stale(side: Side) -> Asked:
    """Return what asks for a release on top of one that the server doesn't have: it is refused before anything is staged."""
    asked = side.ask("begin")
    words = (side.name if asked.words[n - 1] == "--base" else word for n, word in enumerate(asked.words))
    return Asked(tuple(words), asked.feed)


SUFFIX = re.compile(
    r"(?<=\.(?:tmp|new|old)-)[^/ ]+|(?<=\.stage-)[^/ ]+|(?<=\.cancel-)[^/ ]+|(?<=\.incoming-)[^/ ]+"
)
"""What tells apart the folders in which applies work."""

INSIDE = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}
"""The environment of programs that run on the host without ssh."""


def tree_of(state: Path) -> dict[str, str]:
    """Given a folder /var/lib/kelid, return the tree that its ``current`` leads to: path -> mode, owner and sha256."""
    link = state / "current"
    if not link.is_symlink():
        return {}
    root = state / link.readlink()
    found = {}
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name != ".kelid"]
        for name in names:
            path = Path(folder, name)
            about = path.lstat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(root))] = (
                f"{about.st_mode & 0o7777:04o} {about.st_uid}:{about.st_gid} {digest}"
            )
    return found


def unpacked(archive: bytes) -> dict[str, bytes]:
    """Return the members of a release archive."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {
            member.name: (tar.extractfile(member) or io.BytesIO()).read()
            for member in tar.getmembers()
            if member.isreg()
        }


@contextmanager
def ground_of(lab: Lab, folder: Path, *, progress: Any = print) -> Iterator[Ground]:
    """Build the ground in a lab; what was started ends with the block."""
    begin = time.monotonic()
    ground = Ground(lab, lab.create_host("pbx", "pbx"), folder)
    try:
        ground.prepare()
        progress(f"the ground is ready after {time.monotonic() - begin:.0f} s")
        yield ground
    finally:
        for phone in ground.phones:
            phone.stop()
