"""An upgrade of Asterisk's own packages as a change: tried beside the live one, with the way back armed, verified, confirmed.

The new packages load the release in force in a private Asterisk first. Then they are installed under the running one, which
goes on with what it has open, calls are let end, and only the restart is a cut. The old packages are made of what was
installed, so that going back needs no repository.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import packages
from .disk import remove
from .live import BOOT_LIMIT, version_in
from .packages import Step
from .quiet import may_restart
from .reading import settle
from .refusal import Refusal
from .staging import Program
from .tools import boot_id, run
from .transaction import Change, Laps, Transaction, fits_version

INSTALL_LIMIT = 900
"""Seconds until the way back acts while packages are installed; from then on it is what the change says."""


class Upgrade:
    """One upgrade of a server's Asterisk, from the question what is newer to the armed way back."""

    def __init__(self, transaction: Transaction) -> None:
        """Keep the transaction, whose lock, way back and receipts serve an upgrade too."""
        self.transaction = transaction
        self.server = transaction.server
        self.at = transaction.at
        self.place = self.at.upgrade

    def begin(self, change: Change, *, dry: bool) -> dict[str, Any]:
        """Bring the newest packages of Asterisk into force; with ``dry`` only say which those are.

        Raise Refusal; its answer says whether something had been switched and was undone.
        """
        lap, transaction, releases = Laps(), self.transaction, self.server.releases
        transaction.known = {"verb": change.verb, **change.account}
        with transaction.held(change) as current:
            manifest = releases.manifest(current)
            change.account.setdefault("commit", manifest.get("commit") or "")
            transaction.known.update(change.account, release=current, previous=current)
            if not manifest:
                raise Refusal(
                    "no_release",
                    "the server has no release of kelid's yet, so nobody can say what must work after an upgrade; apply first",
                )
            steps = packages.newer(sorted(packages.installed()))
            lap("ask")
            what = dict(packages.versions(steps))
            if dry or not steps:
                return {"ok": True, "changed": bool(steps), "release": current, "packages": what, "restarted": False}
            transaction.known.update(touched=what)
            remove(self.place)
            self.place.mkdir(mode=0o750)
            os.chown(self.place, 0, self.server.gid)
            armed = False
            try:
                new = packages.fetch(steps, self.place / "new")
                lap("fetch")
                version = self.tried(new, manifest, current)
                lap("stage")
                old = packages.pack([step.name for step in steps if step.old], self.place / "old")
                lap("pack")
                mark = self.at.cancelled(change.account["change"])
                if self.server.live.running():
                    may_restart(self.server.live, change.restart, change.limit, mark.exists)
                if mark.exists():
                    raise Refusal("cancelled", "it was called off before anything was switched")
                armed = True
                told = self.switch(steps, new, old, version, manifest, change, lap)
            finally:
                if not armed:
                    remove(self.place)
            return {**told, "packages": what, "expect": manifest.get("expect", {}), "seconds": lap.seconds}

    def tried(self, new: Sequence[Path], manifest: dict[str, Any], current: str) -> str:
        """Load the release in force in a private Asterisk of the new packages; return that one's version.

        Raise Refusal ``wrong_asterisk`` where it is another major version, ``staging_failed`` where it doesn't take the release.
        """
        root = self.place / "root"
        packages.unpack(new, root)
        program = Program.of(root, self.server.live.conf)
        done = run("env", f"LD_LIBRARY_PATH={program.libraries}", str(program.binary), "-V")
        version = version_in(done.stdout)
        if not version:
            raise Refusal("staging_failed", f"the new Asterisk doesn't start: {done.stderr.strip()[-500:]}")
        fits_version(version, manifest)
        tree = self.at.releases / current
        self.transaction.learn(tree)
        try:
            self.transaction.stage(tree, manifest, program)
        finally:
            remove(root)
        return version

    def switch(
        self,
        steps: Sequence[Step],
        new: Sequence[Path],
        old: Sequence[Path],
        version: str,
        manifest: dict[str, Any],
        change: Change,
        lap: Laps,
    ) -> dict[str, Any]:
        """Arm the way back, install, restart; on any failure go back to the old packages at once."""
        server, live, transaction = self.server, self.server.live, self.transaction
        current = str(manifest["release"])
        running = live.running()
        before = live.observe() if running else {}
        members = live.members() if running else []
        draining = running and change.restart == "drain"
        record: dict[str, Any] = {
            "release": current,
            "previous": current,
            "armed_at": int(time.time()),
            "confirm_within": INSTALL_LIMIT + int(change.limit),
            "boot": boot_id(),
            "restart": False,  # the old Asterisk runs on until its time has come
            "members": members,
            "changed": [],
            "verb": change.verb,
            "account": change.account,
            "touched": dict(packages.versions(steps)),
            "packages": [str(file) for file in old],
            "added": [step.name for step in steps if not step.old],
            "fresh": packages.brought(new),
        }
        server.receipts.add("begun", must=True, **transaction.known)
        server.way_back.arm(record)
        lap("arm")
        try:
            packages.put_new(new, old, [step.name for step in steps if step.old])
            lap("install")
            mark = self.at.cancelled(change.account["change"])
            if mark.exists():
                raise Refusal("cancelled", "it was called off before Asterisk was restarted")
            if draining:
                transaction.drained(record, change, mark)
                lap("drain")
            elif running and change.restart == "idle" and live.channels():
                raise Refusal(
                    "calls_active", "a call came while the packages were installed; try again when it is quiet"
                )
            record.update(restart=True, confirm_within=change.within + int(BOOT_LIMIT))
            server.way_back.rearm(record)
            live.service("start" if draining or not running else "restart", server.scrub)
            if not live.booted(BOOT_LIMIT):
                raise Refusal("reload_failed", "the new Asterisk didn't come up")
            runs = live.version()
            if runs != version:
                raise Refusal("reload_failed", f"Asterisk {runs or '?'} runs, and not {version} of the new packages")
            lap("restart")
            settle(server, manifest)
            live.give_members_back(transaction.kept(members, manifest))
            lap("settle")
        except BaseException as problem:
            raise transaction.failed(record, problem, "the old packages are back") from None
        return {
            "ok": True,
            "changed": True,
            "release": current,
            "previous": current,
            "reloads": [],
            "restarted": True,
            "before": before,
            "change": change.account["change"],
            "touched": record["touched"],
            "asterisk": version,
        }
