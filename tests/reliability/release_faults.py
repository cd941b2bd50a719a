"""What is wrong with what is sent: a plan that isn't true any more, a bit that changed, a release that Asterisk doesn't take."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from kelid.findings import Exit
from kelid.lab.processes import wait_until
from reliability.cases import Case, Fault
from reliability.ground import AGENT, INSIDE, LIMIT, Asked, Ground, Said, Side, expect, unpacked
from reliability.node_faults import apply_again, ways

BITS, CUT_OFF = 60, 30
"""Archives with one bit changed, and archives that end too early."""


def untouched(ground: Ground, before: Side, process: str) -> None:
    """Raise Broken unless the old release is in force, nothing is armed, and Asterisk has gone on all the while."""
    expect(ground.which() is before, "the tree has changed")
    expect(not ground.armed, "something waits for a confirmation")
    expect(ground.asterisk_pid() == process, "Asterisk was restarted")
    ground.reads(before)
    ground.call_goes_on()


# -- what is sent is damaged


def damaged(ground: Ground, how: str, chance_at: float) -> str:
    """Send an archive with one bit changed, or its first part: it is refused, or it is the very release all the same."""
    before, process = ground.which(), ground.asterisk_pid()
    after = ground.other(before)
    asked = after.ask("begin")
    at = int(chance_at * len(asked.feed))
    feed = asked.feed[:at] if how == "end" else flipped(asked.feed, at, int(chance_at * 2**40) % 8)
    said = ground.agent(Asked(asked.words, feed))
    if said.code == 0:  # some bits of gzip's and tar's heads mean nothing
        expect(ground.which() is after, "a damaged archive is taken, and the tree isn't the release")
        ground.settle(before, after)
    else:
        untouched(ground, before, process)
    expect(
        how != "end" or said.code != 0, f"an archive that ends at {at} of {len(asked.feed)} bytes is taken"
    )
    ground.clean()
    return str(said.answer.get("code") or "the same release")


def flipped(data: bytes, at: int, bit: int) -> bytes:
    """Return the bytes with one bit changed."""
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


# -- the plan isn't true any more


def stale(ground: Ground, what: str) -> str:
    """Ask for something that was planned against another server or another site."""
    before, after = ways(ground)
    process = ground.asterisk_pid()
    if what == "base":
        asked = after.ask("begin")
        words = tuple(
            after.name if asked.words[n - 1] == "--base" else word for n, word in enumerate(asked.words)
        )
        said = ground.agent(Asked(words, asked.feed))
        expect(said.answer.get("code") == "stale_base" and said.code != 0, f"a base that isn't there: {said}")
    else:
        digest = json.loads(ground.kelid("plan", "--json").output)["digest"]
        if what == "site":  # the site is changed after the plan was approved
            path = ground.site / "queues.yml"
            path.write_text(
                path.read_text(encoding="utf-8").replace("retry: 5", "retry: 6"), encoding="utf-8"
            )
        elif what == "server":  # the server is changed after the plan was approved
            ground.host.shell("echo '; by hand' >> /var/lib/kelid/current/queues.conf")
        else:  # one bit of the digest
            digest = f"{int(digest[0], 16) ^ 1:x}{digest[1:]}"
        said = ground.kelid("apply", "--yes", "--plan-digest", digest)
        expect(said.code == Exit.REFUSED, f"a plan that isn't true any more ({what}): {said}")
        ground.git("checkout", "-q", ".")
        if what == "server":
            ground.host.shell("sed -i '/^; by hand$/d' /var/lib/kelid/current/queues.conf")
    untouched(ground, before, process)
    return apply_again(ground, after)


def plan_file(ground: Ground, what: str, chance_at: float) -> str:
    """Apply a plan that was written down and isn't true any more, or of which one bit was changed."""
    before, after = ways(ground)
    process = ground.asterisk_pid()
    path = ground.folder / "plan.json"
    said = ground.kelid("plan", "--out", str(path))
    expect(said.code == Exit.CHANGES and path.exists(), f"a plan is written down: {said}")
    if what == "bit":
        body = path.read_bytes()
        path.write_bytes(flipped(body, int(chance_at * len(body)), int(chance_at * 2**40) % 7))
    elif what == "site":
        queues = ground.site / "queues.yml"
        queues.write_text(
            queues.read_text(encoding="utf-8").replace("retry: 5", "retry: 6"), encoding="utf-8"
        )
    elif what == "server":
        ground.host.shell("echo '; by hand' >> /var/lib/kelid/current/queues.conf")
    elif what == "done":
        ground.converge(after)
    said = ground.kelid("apply", "--yes", what=str(path))
    ground.git("checkout", "-q", ".")
    path.unlink()
    if what == "done":  # no mistake: there is nothing left to do
        expect(said.code == Exit.OK, f"a plan that is done already: {said}")
        expect(ground.which() is after, "the tree has changed")
        return "nothing to do"
    if what == "server":
        ground.host.shell("sed -i '/^; by hand$/d' /var/lib/kelid/current/queues.conf")
    refused_with = (Exit.REFUSED, Exit.INVALID, Exit.USAGE)
    expect(said.code in refused_with, f"a plan that isn't true any more ({what}): {said}")
    untouched(ground, before, process)
    return f"kelid {said.code}; {apply_again(ground, after)}"


def plans(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield stale plans, and plans and archives with a bit changed or an end too early."""
    for what in ("base", "site", "server", "digest"):
        yield Case(f"stale/{what}", partial(stale, what=what))
    for what in ("site", "server", "done"):
        yield Case(f"file/{what}", partial(plan_file, what=what, chance_at=0.0))
    for number in range(10):
        yield Case(f"file/bit/{number}", partial(plan_file, what="bit", chance_at=chance.random()))
    for number in range(BITS):
        yield Case(f"bit/{number}", partial(damaged, how="bit", chance_at=chance.random()))
    for number in range(CUT_OFF):
        yield Case(f"end/{number}", partial(damaged, how="end", chance_at=chance.random()))


# -- Asterisk doesn't take it


DOCTORED: Mapping[str, tuple[str, str, str]] = {
    "unknown-application": ("extensions.conf", r"\Z", "\n[doctored]\nexten => s,1,PlayTheHits(loud)\n"),
    "bad-priority": ("extensions.conf", r"\Z", "\n[doctored]\nexten => s,first,NoOp()\n"),
    "no-such-include": ("extensions.conf", r"\Z", "\n[doctored]\ninclude => nowhere-at-all\n"),
    "goto-nowhere": ("extensions.conf", r"\Z", "\n[doctored]\nexten => s,1,Goto(nowhere-at-all,s,1)\n"),
    "no-such-file": ("extensions.conf", r"\Z", "\n#include nowhere-at-all.conf\n"),
    "unclosed": ("extensions.conf", r"\Z", "\n[doctored\nexten => s,1,NoOp()\n"),
    "bad-option": ("pjsip.conf", r"(?m)^max_contacts ?= ?.*$", "max_contacts = many"),
    "unknown-option": ("pjsip.conf", r"(?m)^type ?= ?endpoint$", "type = endpoint\nringtone = loud"),
    "lost-aors": ("pjsip.conf", r"(?m)^type ?= ?aor$", "type = aorr"),
    "lost-endpoints": ("pjsip.conf", r"(?m)^type ?= ?endpoint$", "type = endpointt"),
    "lost-context": ("pjsip.conf", r"(?m)^context ?= ?.*$", "context = nowhere-at-all"),
    "bad-strategy": ("queues.conf", r"(?m)^strategy ?= ?.*$", "strategy = whoever"),
    "lost-queue": ("queues.conf", r"(?m)^\[reception\]$", "[elsewhere]"),
    "lost-mailboxes": ("voicemail.conf", r"(?m)^(\d+) ?=>? ?", r"; \1 => "),
    "lost-dial-plan": ("extensions.conf", r"(?m)^\[ivr-departments\]$", "[ivr-elsewhere]"),
}
"""What is changed in a release that was made well: file, pattern, and what stands there instead (everywhere)."""


def doctored(asked: Asked, file: str, pattern: str, instead: str) -> Asked:
    """Return a request with a release that is whole and says of itself what it is, and that no compiler of ours would make."""
    members = unpacked(asked.feed)
    for folder in ("files", "bundle"):
        path = f"{folder}/{file}"
        text, count = re.subn(pattern, instead, members[path].decode())
        expect(count, f"{path} has no {pattern}")
        members[path] = text.encode()
    manifest = json.loads(members["manifest.json"])
    body = members[f"files/{file}"]
    manifest["files"][file] = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    manifest["release"] = hashlib.sha256(body).hexdigest()
    members["manifest.json"] = json.dumps(manifest).encode()
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return Asked(asked.words, out.getvalue())


def refused(ground: Ground, what: str) -> str:
    """Send a release that Asterisk doesn't take, or not all of: nothing that runs is touched."""
    before, process = ground.which(), ground.asterisk_pid()
    after = ground.other(before)
    said = ground.agent(doctored(after.ask("begin"), *DOCTORED[what]))
    expect(said.code != 0, f"{what} is taken: {said}")
    expect(said.answer.get("code") == "staging_failed", f"{what} is refused for another reason: {said}")
    expect(said.answer.get("log"), f"{what} is refused and nothing says why")
    untouched(ground, before, process)
    ground.clean()
    ground.converge(after)
    return str(said.answer["log"][0]["text"])[:80]


STOPPED, RUNS = 0.15, 0.1
"""Seconds that whoever reads gets no processor, and does: Asterisk waits 0.1 s for him and then loses a line."""


def starving(ground: Ground, asked: Asked) -> Said:
    """Ask the agent while it, and what it asks with, is stopped again and again (the staged Asterisk is in a session of its own)."""
    with subprocess.Popen(
        ground.inside([AGENT, *asked.words]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=INSIDE, start_new_session=True,
    ) as process:  # fmt: skip
        ended = threading.Event()

        def stops() -> None:
            while not ended.wait(RUNS):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGSTOP)
                time.sleep(STOPPED)
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGCONT)

        thread = threading.Thread(target=stops)
        thread.start()
        try:
            output, errors = process.communicate(asked.feed, timeout=LIMIT)
        finally:
            ended.set()
            thread.join()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return Said(process.returncode, output.decode(errors="replace"), errors.decode(errors="replace"))


def starved(ground: Ground, rounds: int) -> str:
    """Send a release that Asterisk doesn't take and then a good one, again and again, with hardly any time to read answers.

    The one is refused for what it lacks, and the other is never said to lack anything.
    """
    begun = time.monotonic()
    names = sorted(name for name in DOCTORED if name.startswith("lost-"))
    for number in range(rounds):
        before, process = ground.which(), ground.asterisk_pid()
        after = ground.other(before)
        what = names[number % len(names)]
        said = starving(ground, doctored(after.ask("begin"), *DOCTORED[what]))
        expect(
            said.answer.get("code") == "staging_failed",
            f"round {number}: {what} is refused for another reason: {said}",
        )
        untouched(ground, before, process)
        said = starving(ground, after.ask("begin"))
        expect(
            said.code == 0 and said.answer.get("changed"),
            f"round {number}: a good release is refused: {said}",
        )
        said = ground.agent(after.ask("confirm"))
        expect(said.code == 0, f"round {number}: confirm: {said}")
        ground.reads(after)
    ground.call_goes_on()
    ground.clean()
    return f"{rounds} of each in {time.monotonic() - begun:.0f} s"


def refused_by_kelid(ground: Ground, what: str) -> str:
    """Apply a site that passes all checks and that only an Asterisk refuses: the staged one, or the live one alone."""
    before, after = ways(ground)
    process = ground.asterisk_pid()
    if what == "custom":
        custom = ground.site / "custom" / "greeting.conf"
        custom.parent.mkdir()
        custom.write_text(
            "[greeting]\nexten => s,1,Answer()\n same => n,PlayTheHits(loud)\n", encoding="utf-8"
        )
        code = Exit.REFUSED
    else:  # a staged copy has no network, so the live one is the first to look the name up
        path = ground.site / "trunks.yml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("host: sip.", "host: nobody."), encoding="utf-8")
        code = Exit.ROLLED_BACK
    try:
        named = ["--override", "trunk:mokhaberat=it is meant"] if what == "trunk" else []
        said: Said = ground.kelid("apply", "--yes", *named)
    finally:
        ground.git("checkout", "-q", ".")
        shutil.rmtree(ground.site / "custom", ignore_errors=True)
    expect(said.code == code, f"{what}: kelid ends with {said}")
    untouched(ground, before, process)
    return apply_again(ground, after)


def bad_releases(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield releases that only Asterisk refuses, and releases that load and lose objects."""
    for what in DOCTORED:
        yield Case(what, partial(refused, what=what))
    for number in range(3):
        yield Case(f"starved/{number}", partial(starved, rounds=10))
    for what in ("custom", "trunk"):
        yield Case(f"kelid/{what}", partial(refused_by_kelid, what=what))


# -- the clock


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
YEARS = (-30, -10, -1, 1, 10, 30)


def clocked(years: int) -> list[str]:
    """Return the words that start a program whose clock is off by so many years; the monotonic clock is as it is."""
    return [
        "env",
        f"LD_PRELOAD={FAKETIME}",
        f"FAKETIME={years * 365:+d}d",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        "NO_FAKE_STAT=1",
    ]


def clock(ground: Ground, end: str, years: int, later: int) -> str:
    """Begin with a clock that is off by some years, move it, and confirm, undo, or let the timer do so."""
    before = ground.which()
    after = ground.other(before)
    asked = after.ask("begin")
    words = [
        "12" if end == "timer" and asked.words[n - 1] == "--confirm-within" else word
        for n, word in enumerate(asked.words)
    ]
    said = ground.run(*clocked(years), AGENT, *words, feed=asked.feed)
    expect(said.code == 0 and said.answer.get("changed"), f"with a clock {years} years off, begin: {said}")
    expect(ground.which() is after, "begun, it is not the new release")
    ground.reads(after)
    drop_in = "/run/systemd/system/kelid-undo.service.d/clock.conf"
    if end == "timer":
        environment = " ".join(word for word in clocked(later)[1:])
        ground.host.write(drop_in, f"[Service]\nEnvironment={environment}\n")
        ground.run("systemctl", "daemon-reload")
        wait_until("the timer to undo the change", lambda: not ground.armed, timeout=60, interval=0.2)
        ground.run("rm", "-f", drop_in)
        ground.run("systemctl", "daemon-reload")
    else:
        verb = Asked(("undo", after.name), b"\n") if end == "undo" else after.ask("confirm")
        said = ground.run(*clocked(later), AGENT, *verb.words, feed=verb.feed)
        expect(said.code == 0, f"with a clock {later} years off, {end}: {said}")
    expect(ground.which() is (after if end == "confirm" else before), f"after {end} it is the wrong release")
    found = ground.settle(before, after, confirmed=True)
    if found is before:
        ground.converge(after)
    ground.clean()
    return "old" if found is before else "new"


def clocks(ground: Ground, chance: random.Random) -> Iterator[Case]:
    """Yield clocks that are off by years, and move between begin and the end."""
    for years in YEARS:
        for end in ("confirm", "undo", "timer"):
            later = chance.choice([other for other in (0, *YEARS) if other != years])
            yield Case(f"{end}/{years:+d}/{later:+d}", partial(clock, end=end, years=years, later=later))


FAULTS = (
    Fault(
        "plan",
        "a base, site, server or digest that isn't the plan's; one bit of the archive; an archive that ends early",
        plans,
        2,
    ),
    Fault(
        "release",
        "releases with a fault that only Asterisk notices, or that loads and loses objects",
        bad_releases,
        2,
    ),
    Fault("clock", "libfaketime on the agent and on the unit of the way back", clocks, 1),
)
