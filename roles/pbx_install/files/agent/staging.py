"""A private Asterisk beside the live one, which loads a release before the live one does."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import dialplan, silent
from .adapt import Adapter
from .conf import directories
from .disk import tree_files
from .faults import fault
from .live import BOOT_LIMIT, Asterisk
from .logs import LOAD, MAX_LOG, explain, read_log
from .packages import merged
from .scrub import Scrubber
from .tools import until

LOOKS = 3
"""How often the private Asterisk is asked before something counts as missing."""
STUBBED = re.compile(r"res_pjsip_outbound_registration\.c\Z")
STAGE_SCRIPT = r"""
set -e
mount --make-rprivate /
mount --bind "$STAGE" "$STAGE"
while IFS=: read -r live private; do
  if [ -d "$live" ]; then mount --bind "$STAGE/$private" "$live"; fi
done < "$STAGE/binds"
mount -o remount,bind,ro / 2>/dev/null || true
ip link set lo up
while read -r address; do ip address add "$address" dev lo 2>/dev/null || true; done < "$STAGE/addresses"
exec "$PROGRAM" -C "$STAGE/asterisk.conf" -f -U asterisk -G asterisk
"""
"""What runs between ``unshare`` and the staged Asterisk: live folders are covered by empty ones, the rest is read-only."""


def end_staged(home: Path) -> None:
    """End every staged Asterisk whose files lie under ``home``.

    It is the first process of its own space, so all that it started ends with it. ``unshare --kill-child`` alone wouldn't
    do: the kernel forgets that order when Asterisk changes its user.
    """

    def found() -> list[int]:
        pids = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = entry.read_bytes().split(b"\0")
                if words[1:2] == [b"-C"] and words[2].startswith(os.fsencode(f"{home}/")):
                    pids.append(int(entry.parent.name))
        return pids

    for pid in found():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not found(), 5.0)


@dataclass(frozen=True)
class Program:
    """An Asterisk that is not installed: the unpacked packages of one, whose folders stand in for those of the live one."""

    root: Path
    binary: Path
    libraries: Path
    folders: dict[str, Path]
    """What asterisk.conf calls them (``astmoddir``...), and the live ones."""

    @classmethod
    def of(cls, root: Path, conf: Path) -> Program:
        """Given unpacked packages and the live asterisk.conf, find the program in them."""
        live = directories(conf)
        modules = Path(live["astmoddir"])
        return cls(
            root=root,
            binary=root / "usr/sbin/asterisk",
            libraries=root / str(modules.parent.parent).lstrip("/"),
            folders={name: Path(live[name]) for name in ("astmoddir", "astdatadir")},
        )


@dataclass
class Stage:
    """A private Asterisk beside the live one: no network but its own ``lo``, no live folder that it could write to."""

    tree: Path
    live: Asterisk
    home: Path
    gid: int
    uid: int
    adapter: Adapter = field(default_factory=Adapter)
    process: subprocess.Popen[bytes] | None = None
    program: Program | None = None
    """Another Asterisk than the installed one."""

    @property
    def etc(self) -> Path:
        """The staged copy of the release."""
        return self.home / "etc-staged"

    def prepare(self) -> None:
        """Copy the tree, change in the copy what can't work without a network, and write its asterisk.conf."""
        live = directories(self.live.conf)
        for name in ("db", "spool", "log", "run"):
            (self.home / name).mkdir()
        shutil.copytree(self.tree, self.etc, ignore=lambda folder, names: {".kelid"} & set(names))
        for relative, path in tree_files(self.etc).items():
            path.write_bytes(
                self.adapter.adapt(relative, path.read_text(errors="surrogateescape")).encode(errors="surrogateescape")
            )
        logger = self.etc / "logger.conf"
        text = logger.read_text(errors="surrogateescape") if logger.exists() else "[general]\n"
        more = "[logfiles](+)" if re.search(r"^\[logfiles\]", text, re.MULTILINE) else "[logfiles]"
        logger.write_bytes(
            f"{text.rstrip()}\n\n{more}\nkelid-stage => warning,error\n".encode(errors="surrogateescape")
        )
        own = {
            **live,
            "astetcdir": self.etc,
            "astdbdir": self.home / "db",
            "astspooldir": self.home / "spool",
            "astlogdir": self.home / "log",
            "astrundir": self.home / "run",
        }
        if self.program:
            own.update({name: self.home / name for name in self.program.folders})
        rows = "".join(f"{key} => {value}\n" for key, value in own.items())
        (self.home / "asterisk.conf").write_text(f"[directories]\n{rows}\n[options]\nnocolor = yes\n")
        covered = (("astspooldir", "spool"), ("astlogdir", "log"), ("astrundir", "run"))
        (self.home / "binds").write_text("".join(f"{live[key]}:{name}\n" for key, name in covered))
        (self.home / "addresses").write_text("".join(f"{address}\n" for address in sorted(self.adapter.addresses)))
        for folder, _, names in os.walk(self.home):
            os.chown(folder, self.uid, self.gid)
            for name in names:
                os.chown(os.path.join(folder, name), self.uid, self.gid)
        if self.program:  # last: what these links lead to is the live one's
            for name, there in self.program.folders.items():
                merged(self.program.root / str(there).lstrip("/"), there, self.home / name)

    def start(self) -> None:
        """Start the private Asterisk; it ends with us whatever happens."""
        script = self.home / "stage.sh"
        script.write_text(STAGE_SCRIPT)
        console = (self.home / "console").open("wb")
        with console:
            self.process = subprocess.Popen(
                ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", str(script)),
                env={**os.environ, "STAGE": str(self.home), "LC_ALL": "C", **self.started()},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def started(self) -> dict[str, str]:
        """Return what says which Asterisk is started."""
        if self.program is None:
            return {"PROGRAM": "asterisk"}
        return {"PROGRAM": str(self.program.binary), "LD_LIBRARY_PATH": str(self.program.libraries)}

    def stop(self) -> None:
        """End the private Asterisk with everything that it started."""
        end_staged(self.home)
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def log(self) -> str:
        """Return what it has logged so far (at most the first 4 MiB), and what it printed before its log was open."""
        text = ""
        for path in (self.home / "console", self.home / "log" / "kelid-stage"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                text += file.read(MAX_LOG).decode(errors="replace") + "\n"
        return text

    def judge(self, manifest: Mapping[str, Any], scrub: Scrubber) -> list[dict[str, Any]]:
        """Load the tree and return what is wrong with it; an empty list means that Asterisk takes all of it.

        The log tells some faults; the rest is silent and is found by counting what was loaded.
        """
        self.prepare()
        self.start()
        asterisk = Asterisk(self.home / "asterisk.conf")
        process = self.process
        assert process is not None
        up = (
            until(
                lambda: process.poll() is not None or (self.home / "run" / "asterisk.ctl").exists(),
                BOOT_LIMIT,
            )
            and process.poll() is None
        )
        if not (up and asterisk.booted(BOOT_LIMIT)):
            found = self.logged(scrub)
            last = [row for row in self.log().splitlines() if row.strip()][-3:]
            return found or [
                {
                    "level": "ERROR",
                    "file": "",
                    "line": 0,
                    "type": "",
                    "id": "",
                    "text": f"Asterisk didn't start: {scrub(' '.join(last))}",
                }
            ]
        unsaid = self.unsaid(asterisk, manifest)
        if unsaid and process.poll() is not None:  # it lacks nothing: there is nobody left who could tell
            unsaid = [fault("", 0, "", "", "Asterisk ended by itself after it had loaded the release")]
        size = -1

        def settled() -> bool:
            nonlocal size
            before, size = size, len(self.log())
            return before == size

        until(settled, 2.0, pause=0.03)
        logged = self.logged(scrub)
        said = {(entry["file"], entry["id"]) for entry in logged if entry["id"]}
        return [
            *logged,
            # What the log tells with its reason need not be told again as something that is missing.
            *[{**entry, "text": scrub(entry["text"])} for entry in unsaid if (entry["file"], entry["id"]) not in said],
        ]

    def unsaid(self, asterisk: Asterisk, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the faults that the log doesn't tell, as far as each of three looks finds them.

        On a busy machine Asterisk loses lines of what it lists: it waits 0.1 s for a reader and then goes on without him
        (ast_cli in main/cli.c). What is missing in one list and there in the next was only not told.
        """
        found = self.look(asterisk, manifest)
        for _ in range(LOOKS - 1):
            if not found:
                break
            again = self.look(asterisk, manifest)
            found = [entry for entry in found if entry in again]
        return found

    def look(self, asterisk: Asterisk, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Ask the private Asterisk once for what its log doesn't tell."""
        seen, told = asterisk.observe(), asterisk.ask_all(silent.ASKED)
        return [
            *silent.missing(self.tree, manifest.get("expect", {}), seen),
            *silent.objects(self.tree, told),
            *silent.contexts(self.tree, told),
            *silent.queues(self.tree, seen["members"]),
            *silent.mailboxes(self.tree, Path(directories(self.live.conf)["astmoddir"])),
            *silent.rest(self.tree, told),
            *silent.addresses(self.tree, silent.own_addresses()),
            *silent.ports(self.tree, silent.taken_ports()),
            *dialplan.faults(told, asterisk),
        ]

    def logged(self, scrub: Scrubber) -> list[dict[str, Any]]:
        """Return the entries of the staged log that tell of a fault in the release."""
        found = []
        for entry in read_log(self.log()):
            if STUBBED.search(entry["source"]) and re.search(r"respon|attempt|retry", entry["text"], re.IGNORECASE):
                continue  # a registration without a network fails; that says nothing of the release
            if LOAD.search(entry["source"]):
                continue
            if "realtime" in entry["text"].lower() and "priority" in entry["text"].lower():
                continue
            found.append(explain(entry, self.tree, scrub))
        return found
