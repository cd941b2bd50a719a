"""A private Asterisk: a tree of conf files, in folders and a network of its own, with a clock that can be moved."""

from __future__ import annotations

import asyncio
import math
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import wave
from typing import Any

from .manager import CONF, Event, Manager

LIMIT = 60
"""Seconds for anything that takes part of one on an idle machine."""

ETC, DB, SPOOL, LOG, RUN = map(
    pathlib.Path,
    ("/etc/asterisk", "/var/lib/asterisk", "/var/spool/asterisk", "/var/log/asterisk", "/run/asterisk"),
)
SHOWN = (ETC, DB, SPOOL, LOG, RUN)
"""Folders that dial plans show and name. The program has mounts of its own there, which are gone with it."""

PINGS = 8
"""How often the clock is asked before it is set: on a busy machine some answers are late."""

LOGGER = (
    "[general]\ndateformat = %F %T.%3q\nqueue_log = no\n[logfiles]\nmessages.log => notice,warning,error\n"
)


MOST_MEMORY = 6 << 30
"""Bytes of address space for Asterisk, which begins with one GiB: a dial plan that makes channels without an end stops."""

BOUNDED = ["prlimit", f"--as={MOST_MEMORY}", "setpriv", "--pdeathsig", "KILL"]
"""Starts a program that has no more memory than that, and ends with whoever started it (util-linux)."""


def library() -> str:
    """Return the path of libfaketime for programs with threads."""
    return str(next(pathlib.Path("/usr/lib").glob("**/libfaketimeMT.so.1")))


class Private:
    """An Asterisk that runs. Its clock is ``true time since start * rate + offset``, as libfaketime reads it from a file."""

    def __init__(self, heard: Any) -> None:
        """Given who is told the manager's events."""
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="witness-"))
        for folder in SHOWN:
            folder.mkdir(exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
        self.heard = heard
        self.process: subprocess.Popen[bytes] | None = None
        self.rate = 1.0
        self.offset = 0.0

    async def start(self, files: dict[str, str], media: list[str], rate: float, clock: float | None) -> None:
        """Start on a tree. ``clock``: what it shows then (seconds since 1970); ``rate``: how fast its time goes.

        Without a ``clock`` the time is the true one, and Asterisk as fast as it is: libfaketime costs a third of that.
        """
        await self.stop()
        shutil.rmtree(self.top)
        self.top.mkdir()
        for folder in SHOWN:
            empty(folder)
        for path in (SPOOL / "voicemail", SPOOL / "monitor", SPOOL / "tmp", LOG / "cdr-csv"):
            path.mkdir()
        for name, text in {**files, "manager.conf": CONF, "logger.conf": LOGGER}.items():
            self.write(name, text)
        for name in media:
            silence(pathlib.Path("/var/lib/kelid/media", name))
        modules = next(pathlib.Path("/usr/lib").glob("**/asterisk/modules"))
        self.conf = self.top / "asterisk.conf"
        self.conf.write_text(
            f"[directories]\nastetcdir => {ETC}\nastmoddir => {modules}\nastdbdir => {DB}\n"
            f"astspooldir => {SPOOL}\nastrundir => {RUN}\nastlogdir => {LOG}\n"
            f"astvarlibdir => {DB}\nastdatadir => /usr/share/asterisk\nastkeydir => {DB}\n"
            "astagidir => /usr/share/asterisk/agi-bin\n[options]\nverbose = 3\ndebug = 0\nmaxload = 0\n"
        )
        self.rate = rate if clock is not None else 1.0
        self.clock_file = self.top / "clock"
        self.begin = time.time()
        self.faked = clock is not None
        self.set_file((clock or self.begin) - self.begin)
        clocked = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_RESET": "1",
            "NO_FAKE_STAT": "1",
            "TZ": "UTC",
        }
        self.process = subprocess.Popen(
            [*BOUNDED, "asterisk", "-C", str(self.conf), "-f", "-g"],
            env={**os.environ, **(clocked if self.faked else {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + LIMIT
        while True:
            self.manager = Manager(self.heard)
            try:
                await self.manager.connect(LIMIT)
                break
            except (OSError, asyncio.TimeoutError):
                self.alive(end)
                await asyncio.sleep(0.02)
        while "fully booted" not in await self.manager.command("core waitfullybooted"):
            self.alive(end)
        if clock is not None:
            await self.calibrate()
            await self.set_clock(clock)

    def write(self, name: str, text: str) -> None:
        """Write one file of the tree."""
        path = ETC / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")

    def alive(self, end: float) -> None:
        """Raise RuntimeError with its log if it has ended, or the time is over."""
        if time.monotonic() > end or self.process is None or self.process.poll() is not None:
            raise RuntimeError("Asterisk did not start: " + " / ".join(self.log()[-5:]))

    def log(self) -> list[str]:
        """Return what it complained of so far."""
        try:
            text = (LOG / "messages.log").read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return text.splitlines()

    # -- the clock

    def set_file(self, offset: float) -> None:
        """Write the difference and the rate for libfaketime, at once or not at all; it is rounded up."""
        offset = math.ceil(offset * 1000) / 1000
        self.offset = offset
        fresh = self.top / "clock.new"
        fresh.write_text(f"{offset:+.3f} x{self.rate:g}\n" if self.rate != 1 else f"{offset:+.3f}\n")
        fresh.rename(self.clock_file)

    async def now(self) -> float:
        """Return the time that Asterisk has, in seconds since 1970."""
        answer = await self.manager.act("Ping")
        return float(answer["Timestamp"])

    async def calibrate(self) -> None:
        """Learn since when the clock is hastened: libfaketime counts from the start of the process.

        What the clock showed was so at some time until the answer came. The latest is taken, of the quickest answer:
        a clock that is set is never early by that (a call that is to come at nine would find it closed), and late by little.
        """
        waits: list[tuple[float, float, float]] = []
        for _ in range(PINGS):
            before = time.time()
            shown = await self.now()
            real = time.time()
            waits.append((real - before, real, shown))
        _, real, shown = min(waits)
        # shown = begin + (real - begin) * rate + offset
        self.begin = real - (shown - real - self.offset) / (self.rate - 1) if self.rate != 1 else real

    async def set_clock(self, moment: float) -> None:
        """Let the clock show the moment now, and run on from there."""
        real = time.time()
        self.set_file(moment - (self.begin + (real - self.begin) * self.rate))

    # -- what is kept between calls

    async def log_out(self) -> None:
        """Take those out of the queues who logged in during a call; nobody else is paused, or rests after a call."""
        queue = ""
        await self.manager.command("queue reset stats")
        for line in (await self.manager.command("queue show")).splitlines():
            head = re.match(r"(\S+)\s+has \d+ calls", line)
            member = re.match(r"\s+(?:.*?\(([\w]+/[^)\s]+)[^)]*\)|([\w]+/\S+)) .*\((?:dynamic|paused)", line)
            if head:
                queue = head[1]
            elif member and "(paused" in line and "(dynamic)" not in line:
                await self.manager.command(f"queue unpause member {member[1] or member[2]} queue {queue}")
            elif member:
                await self.manager.command(f"queue remove member {member[1] or member[2]} from {queue}")

    async def forget(self, database: dict[str, str]) -> None:
        """Empty astdb but for who is registered, and fill it with these values (``FAMILY/KEY``)."""
        shown = await self.manager.command("database show")
        lamps = re.findall(r"^/CustomDevstate/(\S+) ", shown, re.MULTILINE)
        hints = await self.manager.command("core show hints") if lamps else ""
        for lamp in lamps:
            # Asterisk remembers the state of a lamp beside astdb, and its console sets none back to unknown. Of several
            # devices together an invalid one says as little; one alone is off.
            among = re.search(rf"&Custom:{re.escape(lamp)}\b|Custom:{re.escape(lamp)}&", hints)
            state = "INVALID" if among else "NOT_INUSE"
            await self.manager.command(f"devstate change Custom:{lamp} {state}")
        families = {line.split("/")[1] for line in shown.splitlines() if line.startswith("/")}
        for family in sorted(families - {"registrar", "pbx"}):
            await self.manager.command(f"database deltree {family}")
        for name, value in database.items():
            family, _, key = name.rpartition("/")
            await self.manager.act("DBPut", Family=family, Key=key, Val=value)

    async def stop(self) -> None:
        """End it, if it runs."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.kill()
        process.wait()
        await self.manager.close()

    def remove(self) -> None:
        """Remove its folders."""
        shutil.rmtree(self.top, ignore_errors=True)


def empty(folder: pathlib.Path) -> None:
    """Remove all that is in a folder."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def silence(path: pathlib.Path) -> None:
    """Make six seconds of silence, unless the sound is there: long enough to press a key meanwhile."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16 * 6000))


__all__ = ["Event", "Private"]
