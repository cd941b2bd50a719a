"""Asking an Asterisk: any through its control socket, the live one also by its service and its log."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from . import cli
from .conf import control_socket, directories
from .disk import remove
from .logs import MAX_LOG, read_log, tells_of_release
from .refusal import Refusal
from .scrub import Scrubber
from .tables import (
    parse_channels,
    parse_contacts,
    parse_endpoints,
    parse_left,
    parse_mailboxes,
    parse_members,
    parse_names,
    parse_queues,
    parse_registrations,
    parse_waiting,
)
from .tools import run, until

BOOT_LIMIT = 90.0
"""Seconds that a staged or restarted Asterisk gets until it is fully booted."""
CONTEXTS = cli.names("dialplan show")
"""The names of all contexts. `dialplan show` itself locks all contexts until its last line is written (conlock in main/pbx.c):
with 800 steps, each call that looks for its next step meanwhile waits for up to 50 ms, with more steps longer."""
LOG_GUARD = 'trap "" HUP INT TERM; cat >/dev/null; asterisk -C "$1" -rx "logger remove channel $2"; rm -f "$3"'
"""What waits for the end of the agent (its standard input then ends), and takes away a log that was made for a moment."""


@dataclass(frozen=True)
class Asterisk:
    """One running Asterisk, asked through its control socket; ``conf`` is its asterisk.conf."""

    conf: Path

    def ask(self, command: str, limit: float = 20.0) -> str:
        """Return what the command line says; "" when there is nobody to ask, or no answer in time.

        Raise Refusal ``overloaded`` where a list never comes whole: nothing may be judged by half of one.
        """
        try:
            return cli.ask(control_socket(self.conf), command, limit)
        except cli.Cut as problem:
            raise overloaded(problem) from problem
        except OSError:
            return ""

    def ask_all(self, commands: Iterable[str]) -> dict[str, str]:
        """Return what the command line says to each of the lists, asked all at once; "" when there is nobody to ask.

        Raise Refusal ``overloaded`` where one doesn't come whole, or not in time.
        """

        def ask(command: str) -> str:
            try:
                return cli.ask(control_socket(self.conf), command, 20.0)
            except (cli.Cut, *cli.NOT_IN_TIME) as problem:
                raise overloaded(problem) from problem
            except OSError:
                return ""

        asked = list(commands)
        with ThreadPoolExecutor(len(asked)) as pool:
            return dict(zip(asked, pool.map(ask, asked)))

    def running(self) -> bool:
        """Return whether it answers."""
        return "active channel" in self.ask("core show channels count", limit=10)

    def booted(self, limit: float) -> bool:
        """Wait until all modules are loaded, at most ``limit`` seconds; return whether they are."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if "fully booted" in self.ask("core waitfullybooted", limit=max(1.0, end - time.monotonic())):
                return True
            time.sleep(0.02)
        return False

    def version(self) -> str:
        """Return the version of the one that runs ("22.10.1"), "" where none does."""
        return version_in(self.ask("core show version"))

    def channels(self) -> int:
        """Return how many channels are active."""
        found = re.search(r"(\d+) active channel", self.ask("core show channels count"))
        return int(found.group(1)) if found else 0

    def started(self) -> str:
        """Return what tells this run of it from every other: its process, and when that began; "" where it can't be told."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(Path(directories(self.conf)["astrundir"], "asterisk.pid").read_text())
            began = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
            return f"{pid}.{began}"
        return ""

    def waiting(self) -> dict[str, int]:
        """Return how many callers wait in each queue in which somebody does."""
        return {name: count for name, count in parse_waiting(self.ask("queue show")).items() if count}

    def observe(self) -> dict[str, Any]:
        """Return the names of what it has loaded, and the state of registrations, contacts, channels and queue members.

        ``calls`` is unique id -> seconds of each channel, ``started`` names this run of Asterisk, ``now`` is the server's time.
        """
        commands = {
            "contexts": CONTEXTS,
            "endpoints": "pjsip show endpoints",
            "queues": "queue show",
            "mailboxes": "voicemail show users",
            "registrations": "pjsip show registrations",
            "contacts": "pjsip show contacts",
            "channels": "core show channels concise",
        }
        told = self.ask_all(commands.values())
        answers = {kind: told[command] for kind, command in commands.items()}
        calls = parse_channels(answers["channels"])
        return {
            "contexts": parse_names(answers["contexts"]),
            "endpoints": parse_endpoints(answers["endpoints"]),
            "queues": parse_queues(answers["queues"]),
            "mailboxes": parse_mailboxes(answers["mailboxes"]),
            "registrations": parse_registrations(answers["registrations"]),
            "contacts": parse_contacts(answers["contacts"]),
            "channels": len(calls),
            "calls": calls,
            "members": parse_members(answers["queues"]),
            "started": self.started(),
            "now": time.time(),
        }


@dataclass(frozen=True)
class Live(Asterisk):
    """The server's own Asterisk, which runs as a service and logs while calls go on."""

    def service(self, verb: str, scrub: Scrubber) -> None:
        """Start or restart Asterisk; without the order of units, because the undo unit is ordered before it and would wait."""
        done = run("systemctl", "--job-mode=ignore-dependencies", verb, "asterisk.service", limit=BOOT_LIMIT + 30)
        if done.returncode:
            raise Refusal("reload_failed", f"systemd can't {verb} Asterisk: {scrub(done.stderr.strip())}")

    @contextlib.contextmanager
    def log(self, levels: str, word: str) -> Iterator[Path]:
        """Let Asterisk log these levels to a file of its own; yield the file, and take both away at the end.

        They go too when the agent is killed in the middle: a busy Asterisk would fill the disk. So a shell waits for the
        agent's end, whatever that is, and does it.
        """
        name = f"kelid-{word}-{os.getpid()}"
        path = Path(directories(self.conf)["astlogdir"], name)
        guard = subprocess.Popen(
            ("sh", "-c", LOG_GUARD, "kelid-log", str(self.conf), name, str(path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        try:
            self.ask(f"logger add channel {name} {levels}")
            yield path
        finally:
            guard.communicate()
            remove(path)

    @contextlib.contextmanager
    def watch(self) -> Iterator[Callable[[], list[dict[str, str]]]]:
        """Watch the live log: yield a function that returns the errors since, without those that belong to a call."""
        with self.log("error", "watch") as path:

            def text() -> str:
                with contextlib.suppress(OSError), path.open("rb") as file:
                    return file.read(MAX_LOG).decode(errors="replace")
                return ""

            def errors() -> list[dict[str, str]]:
                size = -1

                def settled() -> bool:
                    nonlocal size
                    before, size = size, len(text())
                    return before == size

                until(settled, 1.0, pause=0.03)
                return [entry for entry in read_log(text(), levels=("ERROR",)) if tells_of_release(entry)]

            yield errors

    def left(self, since: float) -> list[list[str]]:
        """Return [queue, member] of the queue members that did something themselves since that time."""
        path = Path(directories(self.conf)["astlogdir"], "queue_log")
        with contextlib.suppress(OSError), path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MAX_LOG))
            return parse_left(file.read(MAX_LOG).decode(errors="replace"), since)
        return []

    def members(self) -> list[dict[str, Any]]:
        """Return the members of the queues."""
        return parse_members(self.ask("queue show"))

    def give_members_back(self, members: Sequence[Mapping[str, Any]]) -> None:
        """Put back dynamic members, pauses and their reasons that the change took away.

        A reload of queues forgets why a member of queues.conf pauses, and a restart that it pauses at all.
        """
        now = {(item["queue"], item["interface"]): item for item in self.members()}
        for member in members:
            key = (member["queue"], member["interface"])
            if member["dynamic"] and key not in now:
                self.ask(
                    f'queue add member {key[1]} to {key[0]} penalty {member["penalty"]} as "{member["name"]}"'
                    f" state_interface {member.get('state') or key[1]}"
                )
            reason = str(member.get("reason", "")).replace('"', "")
            there = now.get(key, {})
            if member["paused"] and (not there.get("paused") or there.get("reason") != reason):
                because = f' reason "{reason}"' if reason else ""
                self.ask(f"queue pause member {key[1]} queue {key[0]}{because}")


def overloaded(problem: OSError) -> Refusal:
    """Return why nothing can be said of an Asterisk that didn't get to tell what it has."""
    return Refusal(
        "overloaded",
        f"the server is too busy to say what Asterisk has loaded ({problem}); try again when it is quieter",
    )


def version_in(text: str) -> str:
    """Return the version that an Asterisk tells of itself ("22.10.1"), "" where the text has none."""
    found = re.search(r"Asterisk (?:certified[/-])?(\d+(?:\.\d+)*)", text)
    return found.group(1) if found else ""


def asterisk_version() -> str:
    """Return the installed Asterisk's version ("22.10.1"), "" where there is none."""
    return version_in(run("asterisk", "-V").stdout)
