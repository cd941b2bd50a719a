"""The repository: whether it is there and ours, the snapshots of this site, and which of them are kept."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .files import utc
from .pbx import Pbx
from .restic import Restic
from .settings import Settings
from .store import Store
from .trouble import Trouble


def moment(snapshot: Mapping[str, Any]) -> datetime:
    """Return when a snapshot was taken. restic writes nanoseconds, or Z, which Python 3.9 doesn't read."""
    text = re.sub(r"\.(\d{1,6})\d*", lambda found: "." + found.group(1).ljust(6, "0"), snapshot["time"])
    return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)


class Repository:
    """A restic repository at a store, seen by one site."""

    def __init__(self, pbx: Pbx, settings: Settings) -> None:
        """Only keep what is given; ``open`` looks at the store."""
        self.pbx = pbx
        self.settings = settings
        self.site = settings.site
        self.store = Store(pbx, settings)
        self.restic = Restic(pbx, settings, self.store)

    def open(self, *, may_create: bool) -> None:
        """Make sure that the repository is there, is ours and opens. Create it on first use only, where nothing is."""
        names = self.store.names()
        known = self.pbx.state().get("repository_id")
        if not names:
            if not may_create:
                raise Trouble("no_repository", "there is no backup repository at the store")
            if known:
                raise Trouble(
                    "repository_gone",
                    "the repository that this PBX backed up to is gone, and no new one is made in its place: "
                    "is the store's disk mounted? To begin anew, remove /var/lib/kelid/backup/state.json",
                )
            self.restic.run("init")
        elif "config" not in names:
            raise Trouble(
                "corrupt",
                "the repository's folder is not empty but holds no repository; nothing was written there",
            )
        if not may_create:
            return  # the next question to restic tells whether it opens
        identity = json.loads(self.restic.run("cat", "--quiet", "config"))["id"]
        if known and known != identity:
            raise Trouble(
                "repository_gone",
                "another repository lies where this PBX's own was; nothing was written there",
            )
        if known != identity:
            self.pbx.remember(repository_id=identity)

    def snapshots(self) -> list[dict[str, Any]]:
        """Return this site's snapshots, oldest first, as restic describes them."""
        out = self.restic.run(
            "snapshots", "--json", "--no-lock", "--host", self.site, "--tag", f"site={self.site}"
        )
        found: list[dict[str, Any]] = json.loads(out) or []
        return sorted(found, key=moment)

    def snapshot(self, wanted: str) -> dict[str, Any]:
        """Given ``latest`` or the start of an id, return the snapshot. Raise Trouble if there is none of this site."""
        found = self.snapshots()
        if wanted != "latest":
            found = [
                item
                for item in found
                if re.fullmatch(r"[0-9a-f]{6,64}", wanted) and item["id"].startswith(wanted)
            ]
        if not found:
            what = "no backup of this site" if wanted == "latest" else f"no backup {wanted!r} of this site"
            raise Trouble("no_snapshot", f"the store holds {what}")
        return found[-1]

    def forget(self) -> int:
        """Forget this site's snapshots that the policy doesn't keep, remove their data, return how many went."""
        keep = self.settings.keep
        policy = [
            part
            for span in ("daily", "weekly", "monthly")
            if keep.get(span)
            for part in (f"--keep-{span}", str(keep[span]))
        ]
        if not policy:
            return 0  # a policy that keeps nothing is a mistake, never an order to delete everything
        site = ("--host", self.site, "--tag", f"site={self.site}", "--group-by", "host")
        out = self.restic.run("forget", "--json", *site, *policy, "--prune")
        groups: list[dict[str, Any]] = next(
            (json.loads(line) for line in out.splitlines() if line.startswith("[")), []
        )
        return sum(len(group.get("remove") or ()) for group in groups)

    def check(self, *, whole: bool) -> None:
        """Look at the repository as a whole; unless all was just read back, with a seventh of its data, all in a week."""
        seventh = [] if whole else [f"--read-data-subset={time.gmtime().tm_yday % 7 + 1}/7"]
        self.restic.run("check", *seventh, failing="corrupt")

    def listing(self) -> dict[str, Any]:
        """Return this site's backups, oldest first."""
        self.open(may_create=False)
        found = []
        for item in self.snapshots():
            tags = dict(tag.split("=", 1) for tag in item.get("tags", []) if "=" in tag)
            found.append(
                {
                    "id": item["id"][:8],
                    "time": utc(moment(item).timestamp()),
                    "size": int(tags.get("bytes", 0)),
                    "files": int(tags.get("files", 0)),
                    "release": tags.get("release", ""),
                    "commit": tags.get("commit", ""),
                }
            )
        return {
            "ok": True,
            "site": self.site,
            "snapshots": found,
            "last_taken_here": self.pbx.state().get("last"),
        }
