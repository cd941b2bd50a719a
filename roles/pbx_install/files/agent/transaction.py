"""The verbs that change what is in force: begin, confirm and undo, each with the lock held."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from .archive import unpack
from .conf import directories
from .disk import remove
from .live import asterisk_version
from .lock import locked
from .places import ADOPTED
from .reading import added_modules, put_in_force, read_back, settle
from .refusal import Refusal
from .releases import differing
from .scrub import Scrubber, secret_values
from .server import Server
from .staging import Stage, end_staged
from .tools import boot_id

LOCK_WAIT = 300.0
"""Seconds that the undo waits for the lock: a begin that is still under way ends before."""


class Laps:
    """How long each step of a change took."""

    def __init__(self) -> None:
        """Start the clock."""
        self.seconds: dict[str, float] = {}
        self._clock = time.monotonic()

    def __call__(self, name: str) -> None:
        """Note the seconds since the step before."""
        now = time.monotonic()
        self.seconds[name], self._clock = round(now - self._clock, 3), now


class Transaction:
    """One change of a server, from the archive to its confirmation or its undoing."""

    def __init__(self, server: Server) -> None:
        """Keep the server."""
        self.server = server
        self.at = server.at

    # -- begin

    def begin(self, archive: IO[bytes], base: str, within: int, restart: str) -> dict[str, Any]:
        """Given a release archive, put it in force with the way back armed.

        Raise Refusal; its answer says whether something had been switched and was undone.
        """
        lap = Laps()
        releases = self.server.releases
        with locked(self.at.state):
            self.sweep()
            armed = self.server.way_back.record()
            if armed:
                raise Refusal(
                    "busy",
                    f"release {armed['release'][:12]} is in force and not confirmed yet; confirm or undo it first",
                )
            current = releases.current()
            if directories(self.at.asterisk_conf)["astetcdir"].rstrip("/") != str(self.at.current):
                raise Refusal(
                    "not_installed",
                    "Asterisk doesn't read kelid's releases yet; run `kelid install` (or the playbook install) first",
                )
            incoming = Path(tempfile.mkdtemp(dir=self.at.state, prefix=".incoming-"))
            try:
                manifest = unpack(archive, incoming)
                lap("unpack")
                name = manifest["release"]
                if name == current and not releases.drift(current) and releases.media_there(manifest):
                    return {
                        "ok": True,
                        "changed": False,
                        "release": name,
                        "previous": name,
                        "reloads": [],
                        "restarted": False,
                        "seconds": lap.seconds,
                    }
                if base != current and not (base == "none" and current in ("", ADOPTED)):
                    raise Refusal(
                        "stale_base",
                        f"the server has release {current[:12] or 'none'}, the plan was made against {base[:12]}; plan again",
                        current=current,
                    )
                fits(manifest)
                fresh = releases.place(incoming, manifest)
                lap("write")
                self.server.scrub = Scrubber(
                    secret_values(fresh) | (secret_values(self.at.releases / current) if current else set())
                )
                not_staged = self.stage(fresh, manifest)
                lap("stage")
                told = self.switch(fresh, manifest, current, within, restart, lap)
                return {**told, "seconds": lap.seconds, "not_staged": not_staged}
            finally:
                remove(incoming)
                self.sweep()

    def sweep(self) -> None:
        """Take away what an agent left that was killed half-way. Only with the lock held."""
        for pattern in (".incoming-*", ".stage-*", ".tmp-*", "releases/.new-*", "media/.tmp-*"):
            for path in self.at.state.glob(pattern):
                if path.name.startswith(".stage-"):
                    end_staged(path)
                remove(path)

    def stage(self, release: Path, manifest: Mapping[str, Any]) -> list[str]:
        """Load the release in a private Asterisk. Return what couldn't be staged; raise Refusal ``staging_failed``."""
        server = self.server
        home = Path(tempfile.mkdtemp(dir=self.at.state, prefix=".stage-"))
        os.chmod(home, 0o750)
        stage = Stage(tree=release, live=server.live, home=home, uid=server.uid, gid=server.gid)
        try:
            found = stage.judge(manifest, server.scrub)
        finally:
            stage.stop()
            remove(home)
        if found:
            server.journal.add("begin", release=manifest["release"], result="staging_failed")
            raise Refusal(
                "staging_failed",
                f"Asterisk doesn't take the release whole ({len(found)} findings); the running system was not touched",
                found,
            )
        return stage.adapter.not_staged

    def switch(
        self, fresh: Path, manifest: Mapping[str, Any], current: str, within: int, restart: str, lap: Laps
    ) -> dict[str, Any]:
        """Arm the way back, flip, put the change in force; on any failure go back at once."""
        server, live, releases = self.server, self.server.live, self.server.releases
        name = str(manifest["release"])
        previous = current
        running = live.running()
        changed = differing(self.at.releases / current, fresh) if current else set(manifest["files"])
        modules = added_modules(changed, manifest, self.at.releases / current, fresh) if current else None
        restarting = running and modules is None
        if restarting:
            may_restart(restart, live.channels())
        if name == current:
            # The release is there, but somebody changed its files: what is in force moves aside under another name.
            previous = f"{name}.drift-{int(time.time())}"
            releases.keep(self.at.releases / name, previous, symlinks=True)
        releases.put(fresh, name)
        before = live.observe() if running else {}
        members = live.members() if running else []
        record = {
            "release": name,
            "previous": previous,
            "armed_at": int(time.time()),
            "confirm_within": within,
            "boot": boot_id(),
            "restart": restarting or not running,
            "members": members,
            "changed": sorted(changed),
        }
        server.way_back.arm(record)
        lap("arm")
        try:
            releases.flip(name)
            lap("flip")
            done = put_in_force(server, manifest, changed, modules or [], restarting, running)
            lap("reload")
            settle(server, manifest)
            if restarting or "queues.conf" in changed:
                live.give_members_back(self.kept(members, manifest))
            lap("settle")
        except BaseException as problem:
            log = problem.log if isinstance(problem, Refusal) else []
            self.back(record, "begin failed")
            if isinstance(problem, Refusal):
                raise Refusal(problem.code, f"{problem}; the old release is back", log, undone=True) from problem
            raise
        server.journal.add("begin", release=name, previous=previous, result="armed")
        return {
            "ok": True,
            "changed": True,
            "release": name,
            "previous": previous,
            "reloads": done,
            "restarted": restarting or not running,
            "before": before,
        }

    @staticmethod
    def kept(members: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return those of the members whose queue the release has."""
        queues = manifest.get("expect", {}).get("queues", ())
        return [member for member in members if member["queue"] in queues]

    # -- the end of it

    def back(self, record: Mapping[str, Any], why: str) -> None:
        """Go back to the release before, make Asterisk read it, give queues their members back, and disarm."""
        previous, name = str(record["previous"]), str(record["release"])
        if previous and (self.at.releases / previous).is_dir():
            self.server.releases.flip(previous)
        problem = ""
        # After a reboot systemd starts Asterisk when we are through, unless this is not the first try.
        if record.get("boot") == boot_id() or self.server.live.running():
            try:
                read_back(self.server, record)
            except Refusal as refusal:
                problem = str(refusal)
        self.server.way_back.disarm()
        self.server.journal.add("undo", release=name, previous=previous, result=problem or "undone", why=why)

    def confirm(self, name: str) -> dict[str, Any]:
        """Take the armed way back away: the release stays. Asking twice is no mistake."""
        server = self.server
        with locked(self.at.state, wait=10):
            record, current = server.way_back.record(), server.releases.current()
            if record is None and current == name:
                return {"ok": True, "release": name, "changed": False}
            if record is None or record["release"] != name:
                raise Refusal(
                    "not_armed",
                    f"release {name[:12]} isn't waiting for a confirmation; the server has {current[:12] or 'none'}",
                )
            server.way_back.disarm()
            server.journal.add("confirm", release=name, result="confirmed")
            server.releases.prune(str(record["previous"]))
            return {"ok": True, "release": name, "changed": True}

    def undo(self, name: str = "", why: str = "asked") -> dict[str, Any]:
        """Go back to the release before the armed one."""
        server = self.server
        with locked(self.at.state, wait=LOCK_WAIT):
            record = server.way_back.record()
            if record is None or (name and record["release"] != name):
                raise Refusal("not_armed", "nothing is waiting for a confirmation, so there is nothing to undo")
            server.scrub = Scrubber(secret_values(self.at.releases / str(record["release"])))
            self.back(record, why)
            return {"ok": True, "release": server.releases.current(), "undone": True}


def fits(manifest: Mapping[str, Any]) -> None:
    """Raise Refusal unless the server's Asterisk is the one that the release was made for."""
    version = asterisk_version()
    if not version:
        raise Refusal("not_installed", "no Asterisk here; run `kelid install` (or the playbook install) first")
    if int(version.split(".")[0]) != manifest.get("asterisk"):
        raise Refusal(
            "wrong_asterisk",
            f"the release is made for Asterisk {manifest.get('asterisk')}, the server has {version}; correct servers.asterisk in site.yml",
        )


def may_restart(restart: str, channels: int) -> None:
    """Given what was asked for and how many channels are active, raise Refusal where Asterisk must not be restarted now."""
    if restart == "never":
        raise Refusal("restart_needed", "this change needs a restart of Asterisk, and --restart never was given")
    if restart == "idle" and channels:
        raise Refusal(
            "calls_active",
            f"this change needs a restart of Asterisk, and {channels} channels are active; try again when it is quiet",
        )
