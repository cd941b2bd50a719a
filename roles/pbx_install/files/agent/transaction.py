"""The verbs that change what is in force: begin, rollback, confirm and undo, each with the lock held."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .archive import unpack
from .conf import directories
from .disk import remove
from .guard import touched
from .history import lately, story
from .live import BOOT_LIMIT, asterisk_version
from .lock import locked
from .packages import put_back
from .places import ADOPTED
from .quiet import drain, may_restart
from .reading import added_modules, put_in_force, read_back, settle
from .receipts import came_from
from .refusal import Refusal
from .releases import differing
from .scrub import Scrubber, secret_values
from .server import Server
from .staging import Program, Stage, end_staged
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


@dataclass
class Change:
    """What is asked for: what the plan saw on the server (``base``, ``state``), how, and on whose account.

    ``base`` is a release or ``none``, ``state`` the digest of what lies on the disk ("" takes any). ``within`` are the seconds
    until the way back acts, ``limit`` those that calls get to end where ``restart`` waits for that.
    """

    base: str
    state: str = ""
    verb: str = "apply"
    within: int = 180
    restart: str = "idle"
    limit: float = 0.0
    account: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give the change a name of its own, unless the control node did, and note where it came from."""
        self.account.setdefault("change", secrets.token_hex(8))
        if "came_from" not in self.account:
            self.account["came_from"] = came_from()

    @property
    def overrides(self) -> Mapping[str, str]:
        """Return what the change may touch, by name, and why."""
        return self.account.get("overrides") or {}


class Transaction:
    """One change of a server, from the archive to its confirmation or its undoing."""

    def __init__(self, server: Server) -> None:
        """Keep the server."""
        self.server = server
        self.at = server.at
        self.known: dict[str, Any] = {}
        """What is known of the change so far, for the receipt of its refusal."""

    # -- begin

    def begin(self, archive: IO[bytes], change: Change) -> dict[str, Any]:
        """Given a release archive, put it in force with the way back armed.

        Raise Refusal; its answer says whether something had been switched and was undone.
        """
        lap = Laps()
        releases = self.server.releases
        self.known = {"verb": change.verb, **change.account}
        with locked(self.at.state):
            current = self.ready(change)
            incoming = Path(tempfile.mkdtemp(dir=self.at.state, prefix=".incoming-"))
            try:
                manifest = unpack(archive, incoming)
                lap("unpack")
                name = manifest["release"]
                self.known.update(release=name, previous=current)
                if name == current and not releases.drift(current) and releases.media_there(manifest):
                    return unchanged(name, lap)
                self.unmoved(change, current)
                fits(manifest)
                self.guarded(change, current, manifest)
                fresh = releases.place(incoming, manifest)
                lap("write")
                told = self.judged(fresh, manifest, current, change, lap, put=True)
                return {**told, "seconds": lap.seconds}
            finally:
                remove(incoming)
                remove(self.at.cancelled(change.account["change"]))
                self.sweep()

    def rollback(self, wanted: str, change: Change) -> dict[str, Any]:
        """Put a release that is still on the server in force again, with the way back armed; ``wanted`` is its whole name.

        Raise Refusal as ``begin``; ``no_release``, ``damaged`` where that release can't come back.
        """
        lap = Laps()
        releases = self.server.releases
        self.known = {"verb": change.verb, **change.account, "release": wanted}
        with locked(self.at.state):
            current = self.ready(change)
            self.known.update(previous=current)
            try:
                tree = self.at.releases / wanted
                if not tree.is_dir():
                    raise Refusal("no_release", f"release {wanted[:12]} is not on the server (any more)")
                manifest = releases.manifest(wanted)
                if wanted == current and not releases.drift(current):
                    return unchanged(wanted, lap)
                if wanted == current:
                    raise Refusal(
                        "no_release",
                        "this release is in force; its files were changed by hand: an apply puts them back",
                    )
                self.unmoved(change, current)
                odd = releases.drift(wanted)
                if odd or not releases.media_there(manifest):
                    what = ", ".join(odd[:5]) or "some of its sounds are gone"
                    raise Refusal("damaged", f"release {wanted[:12]} isn't whole any more: {what}")
                if wanted == ADOPTED:
                    manifest = releases.adopted_manifest()
                else:
                    fits(manifest)
                self.known.update(touched=self.touches(current, manifest))
                told = self.judged(tree, manifest, current, change, lap, put=False)
                return {**told, "expect": manifest.get("expect", {}), "seconds": lap.seconds}
            finally:
                remove(self.at.cancelled(change.account["change"]))
                self.sweep()

    @contextmanager
    def held(self, change: Change) -> Iterator[str]:
        """Hold the lock for a change; yield the release in force. Raise Refusal where none may begin."""
        with locked(self.at.state):
            try:
                yield self.ready(change)
            finally:
                remove(self.at.cancelled(change.account["change"]))
                self.sweep()

    def ready(self, change: Change) -> str:
        """Return the release in force, where a change may begin; else raise Refusal. Only with the lock held."""
        self.sweep(keep=change.account["change"])
        armed = self.server.way_back.record()
        if armed:
            raise Refusal(
                "busy",
                f"release {armed['release'][:12]} is in force and not confirmed yet; confirm or undo it first",
            )
        if directories(self.at.asterisk_conf)["astetcdir"].rstrip("/") != str(self.at.current):
            raise Refusal(
                "not_installed",
                "Asterisk doesn't read kelid's releases yet; run `kelid install` (or the playbook install) first",
            )
        lately_back = lately(self.server.receipts.newest())
        if lately_back:
            raise Refusal(
                "went_back", f"{story(lately_back)}; nothing was changed now: look into it, then run this again"
            )
        return self.server.releases.current()

    def unmoved(self, change: Change, current: str) -> None:
        """Raise Refusal ``stale_base`` unless the server is as the plan saw it."""
        if change.base != current and not (change.base == "none" and current in ("", ADOPTED)):
            raise Refusal(
                "stale_base",
                f"the server has release {current[:12] or 'none'}, the plan was made against {change.base[:12]}; plan again",
                current=current,
            )
        if change.state and change.state != self.server.releases.state(current):
            raise Refusal(
                "stale_base",
                "files on the server were changed by hand since the plan was made; plan again",
                current=current,
            )

    def touches(self, current: str, manifest: Mapping[str, Any]) -> dict[str, str]:
        """Return what a release touches that is guarded: name of the override -> what happens to it."""
        after = manifest.get("guard")
        if current == ADOPTED:
            # Nobody knows which of a hand-made configuration's endpoints are extensions: their names tell enough.
            after = {"extensions": manifest.get("expect", {}).get("endpoints", ())}
        # A release of an older kelid says nothing of what it guards.
        return touched(self.server.releases.guarded(current), after) if after else {}

    def guarded(self, change: Change, current: str, manifest: Mapping[str, Any]) -> None:
        """Raise Refusal ``guarded`` where the change touches what nobody named."""
        found = self.touches(current, manifest)
        if not found:
            return
        self.known.update(touched=found)
        unnamed = {name: what for name, what in found.items() if name not in change.overrides}
        if unnamed:
            words = "; ".join(unnamed.values())
            named = " ".join(f"--override {name}" for name in unnamed)
            raise Refusal("guarded", f"{words}; if that is meant, say so: {named}", touched=unnamed)

    def sweep(self, keep: str = "") -> None:
        """Take away what an agent left that was killed half-way. Only with the lock held."""
        for pattern in (".incoming-*", ".stage-*", ".tmp-*", "releases/.new-*", "releases/.old-*", "media/.tmp-*"):
            for path in self.at.state.glob(pattern):
                if path.name.startswith(".stage-"):
                    end_staged(path)
                remove(path)
        if not self.at.armed.exists():  # killed between the end of the record and that of the link that goes with it
            remove(self.at.way_back)
            remove(self.at.upgrade)
        if keep:
            for path in self.at.state.glob(".cancel-*"):
                if path != self.at.cancelled(keep):
                    remove(path)

    def judged(
        self,
        tree: Path,
        manifest: Mapping[str, Any],
        current: str,
        change: Change,
        lap: Laps,
        *,
        put: bool,
    ) -> dict[str, Any]:
        """Load a release in a private Asterisk, and switch to it; with ``put`` it has no name yet."""
        self.server.scrub = Scrubber(
            secret_values(tree) | (secret_values(self.at.releases / current) if current else set())
        )
        if manifest["release"] == ADOPTED:
            # What people made by hand warns of things that never stopped it from working.
            not_staged = ["the server's own configuration from before kelid"]
        else:
            not_staged = self.stage(tree, manifest)
        lap("stage")
        if self.server.firewall.on():
            self.server.firewall.judge(tree)
        told = self.switch(tree, manifest, current, change, lap, put=put)
        return {**told, "not_staged": not_staged}

    def learn(self, *trees: Path) -> None:
        """Learn the secrets of releases, so that no message shows one."""
        self.server.scrub = Scrubber({value for tree in trees for value in secret_values(tree)})

    def stage(self, release: Path, manifest: Mapping[str, Any], program: Program | None = None) -> list[str]:
        """Load the release in a private Asterisk, the installed one or ``program``.

        Return what couldn't be staged; raise Refusal ``staging_failed``.
        """
        server = self.server
        home = Path(tempfile.mkdtemp(dir=self.at.state, prefix=".stage-"))
        os.chmod(home, 0o750)
        stage = Stage(tree=release, live=server.live, home=home, uid=server.uid, gid=server.gid, program=program)
        try:
            found = stage.judge(manifest, server.scrub)
        finally:
            stage.stop()
            remove(home)
        if found:
            raise Refusal(
                "staging_failed",
                f"Asterisk doesn't take the release whole ({len(found)} findings); the running system was not touched",
                found,
            )
        return stage.adapter.not_staged

    def switch(
        self, tree: Path, manifest: Mapping[str, Any], current: str, change: Change, lap: Laps, *, put: bool
    ) -> dict[str, Any]:
        """Arm the way back, flip, put the change in force; on any failure go back at once."""
        server, live, releases = self.server, self.server.live, self.server.releases
        name = str(manifest["release"])
        previous = current
        running = live.running()
        old = self.at.releases / current if current else None
        changed = differing(old, tree) if old else set(manifest["files"])
        modules = added_modules(changed, manifest, old, tree) if old else None
        if ADOPTED in (name, current):
            modules = None  # nobody knows what a reload of a hand-made configuration takes
        restarting = running and modules is None
        mark = self.at.cancelled(change.account["change"])
        if restarting:
            may_restart(live, change.restart, change.limit, mark.exists)
            lap("wait")
        if mark.exists():
            raise Refusal("cancelled", "it was called off before anything was switched")
        if name == current:
            # The release is there, but somebody changed its files: what is in force moves aside under another name.
            previous = f"{name}.drift-{int(time.time())}"
            releases.keep(self.at.releases / name, previous, symlinks=True)
        if put:
            releases.put(tree, name)
        before = live.observe() if running else {}
        members = live.members() if running else []
        draining = restarting and change.restart == "drain"
        record = {
            "release": name,
            "previous": previous,
            "armed_at": int(time.time()),
            "confirm_within": change.within + (int(change.limit + BOOT_LIMIT) if draining else 0),
            "boot": boot_id(),
            "restart": restarting or not running,
            "members": members,
            "changed": sorted(changed),
            "verb": change.verb,
            "account": change.account,
            "touched": self.known.get("touched") or {},
        }
        # Before the switch: a change that nobody can read of afterwards is not made.
        server.receipts.add("begun", must=True, **{**self.known, "release": name, "previous": previous})
        server.way_back.arm(record)
        lap("arm")
        try:
            releases.flip(name)
            lap("flip")
            if server.firewall.settle():
                lap("firewall")
            if draining:
                running = not self.drained(record, change, mark)
                lap("drain")
            done = put_in_force(server, manifest, changed, modules or [], restarting and running, running)
            lap("reload")
            settle(server, manifest)
            if restarting or "queues.conf" in changed:
                live.give_members_back(self.kept(members, manifest))
            lap("settle")
        except BaseException as problem:
            if isinstance(problem, Refusal) and problem.code in ("calls_active", "cancelled"):
                self.put_back(record)  # the running Asterisk has read nothing of it yet
                raise
            raise self.failed(record, problem, "the old release is back") from None
        return {
            "ok": True,
            "changed": True,
            "release": name,
            "previous": previous,
            "reloads": done,
            "restarted": restarting or not running,
            "before": before,
            "change": change.account["change"],
            "touched": record["touched"],
        }

    def drained(self, record: dict[str, Any], change: Change, mark: Path) -> bool:
        """Stop Asterisk when its last call has ended, and start the clock of the way back anew. Return True.

        Raise Refusal ``calls_active`` or ``cancelled`` where it still runs.
        """
        if not drain(self.server.live, change.limit, mark.exists):
            if mark.exists():
                raise Refusal("cancelled", "it was called off while it waited for calls to end; nothing was changed")
            raise Refusal(
                "calls_active",
                f"calls were still up after {change.limit:.0f} s in which new ones were turned away; nothing was changed",
            )
        record["confirm_within"] = change.within + int(BOOT_LIMIT)
        self.server.way_back.rearm(record)
        return True

    @staticmethod
    def kept(members: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return those of the members whose queue the release has."""
        queues = manifest.get("expect", {}).get("queues", ())
        return [member for member in members if member["queue"] in queues]

    # -- the end of it

    def put_back(self, record: Mapping[str, Any]) -> None:
        """Flip to the release before and disarm, where Asterisk has not read the new one."""
        previous = str(record["previous"])
        if previous and (self.at.releases / previous).is_dir():
            self.server.releases.flip(previous)
        self.wall_back(record)
        self.server.way_back.disarm()

    def failed(self, record: Mapping[str, Any], problem: BaseException, words: str) -> BaseException:
        """Go back from a change that didn't come into force, and return what to raise; ``words`` say what is back."""
        scrub = self.server.scrub
        log = problem.log if isinstance(problem, Refusal) else []
        try:
            receipt = self.back(record, "agent", why=scrub(str(problem)))
        except OSError as trouble:
            # No room for that either: the way back stays armed, and nobody may say that nothing is changed.
            return Refusal(
                "failed",
                f"{scrub(str(problem))}; going back: {scrub(str(trouble))}; "
                f"the server goes back by itself within {record['confirm_within']} s",
                log,
            )
        if isinstance(problem, Refusal):
            return Refusal(problem.code, f"{problem}; {words}", log, undone=True, receipt=receipt)
        return problem

    def back(self, record: Mapping[str, Any], by: str, why: str = "") -> dict[str, Any]:
        """Go back to the release before, make Asterisk read it, give queues their members back, and disarm.

        Return the receipt. ``by`` says who did it: ``agent``, ``control`` (the control node), ``timer`` or ``reboot``.
        """
        previous, name = str(record["previous"]), str(record["release"])
        if record.get("packages"):
            files = [Path(file) for file in record["packages"]]
            put_back(files, record.get("added") or (), record.get("fresh") or ())
        if previous and (self.at.releases / previous).is_dir():
            self.server.releases.flip(previous)
        # ssh, sudo and the firewall first: whoever was shut out by the change gets in again.
        problem = "; ".join(filter(None, (self.server.access.back(record.get("access") or {}), self.wall_back(record))))
        # After a reboot systemd starts Asterisk when we are through, unless this is not the first try.
        if record.get("boot") == boot_id() or self.server.live.running():
            try:
                read_back(self.server, record)
            except Refusal as refusal:
                problem = "; ".join(filter(None, (problem, str(refusal))))
        receipt = self.server.receipts.add(
            "undone", **self.of(record), by=by, why=why[:1000], problem=problem, release=name, previous=previous
        )
        self.server.way_back.disarm()
        remove(self.at.upgrade)
        return receipt

    def wall_back(self, record: Mapping[str, Any]) -> str:
        """Put the firewall of the release before in force again; return what went wrong with that, "" for nothing."""
        try:
            if record.get("hardened"):
                remove(self.at.hardened)
            self.server.firewall.settle()
        except (Refusal, OSError) as problem:
            return str(problem)
        return ""

    @staticmethod
    def of(record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a receipt says of an armed change."""
        return {
            "verb": record.get("verb", "apply"),
            **(record.get("account") or {}),
            "touched": record.get("touched"),
        }

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
            # The receipt first: killed in between, the way back adds that it was undone after all.
            receipt = server.receipts.add(
                "confirmed", must=True, **self.of(record), release=name, previous=record["previous"]
            )
            server.way_back.disarm()
            with suppress(OSError):
                server.releases.prune(str(record["previous"]))
            remove(self.at.upgrade)
            return {"ok": True, "release": name, "changed": True, "receipt": receipt}

    def undo(self, name: str = "", why: str = "asked", change: str = "") -> dict[str, Any]:
        """Go back to the release before the armed one; only if that is of this name or change, where one is given.

        A change that is still under way ends at its next step, unswitched, or it is undone when it has switched.
        ``why`` is ``unit`` for the server's own way back, else what a receipt is to say.
        """
        server = self.server
        if change:
            mark = self.at.cancelled(change)
            with suppress(OSError):
                mark.touch()
        try:
            with locked(self.at.state, wait=LOCK_WAIT):
                record = server.way_back.record()
                other = record is not None and (
                    (name and record["release"] != name)
                    or (change and (record.get("account") or {}).get("change") != change)
                )
                if record is None or other:
                    raise Refusal(
                        "not_armed",
                        "nothing is waiting for a confirmation, so there is nothing to undo",
                        current=server.releases.current(),
                        became=server.receipts.became(change) if change else None,
                    )
                server.scrub = Scrubber(secret_values(self.at.releases / str(record["release"])))
                if why == "unit":
                    by, why = ("timer" if record.get("boot") == boot_id() else "reboot"), ""
                else:
                    by = "control"
                receipt = self.back(record, by, server.scrub(why))
                return {"ok": True, "release": server.releases.current(), "undone": True, "receipt": receipt}
        finally:
            if change:
                remove(self.at.cancelled(change))


def unchanged(name: str, lap: Laps) -> dict[str, Any]:
    """Return the answer where the release is in force already."""
    return {
        "ok": True,
        "changed": False,
        "release": name,
        "previous": name,
        "reloads": [],
        "restarted": False,
        "seconds": lap.seconds,
    }


def fits(manifest: Mapping[str, Any]) -> None:
    """Raise Refusal unless the server's Asterisk is the one that the release was made for."""
    version = asterisk_version()
    if not version:
        raise Refusal("not_installed", "no Asterisk here; run `kelid install` (or the playbook install) first")
    fits_version(version, manifest)


def fits_version(version: str, manifest: Mapping[str, Any]) -> None:
    """Raise Refusal unless a version ("22.10.1") is one that the release was made for."""
    if int(version.split(".")[0]) != manifest.get("asterisk"):
        raise Refusal(
            "wrong_asterisk",
            f"the release is made for Asterisk {manifest.get('asterisk')}, the server has {version}; correct servers.asterisk in site.yml",
        )
