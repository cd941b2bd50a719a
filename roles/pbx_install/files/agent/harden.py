"""Who may come in, by ssh and through the firewall: put in force with the way back armed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .disk import write_whole
from .refusal import Refusal
from .tools import boot_id
from .transaction import Change, Laps, Transaction


class Harden:
    """Put the firewall of the release in force, and every later release's with it; before that what sshd and sudo are told."""

    def __init__(self, transaction: Transaction) -> None:
        """Keep the transaction, whose lock, way back and receipts serve this too."""
        self.transaction = transaction
        self.server = transaction.server

    def begin(self, change: Change, asked: Mapping[str, Any], *, dry: bool) -> dict[str, Any]:
        """Put what sshd and sudo are to be told in force (``asked``: see ``Access``), and the rules and bans of the release.

        With ``dry`` only say whether they aren't. Raise Refusal ``no_release``, ``no_firewall``, and those of
        ``Access.judge`` and ``Firewall.judge``.
        """
        lap, server, transaction = Laps(), self.server, self.transaction
        firewall = server.firewall
        transaction.known = {"verb": change.verb, **change.account}
        with transaction.held(change) as current:
            manifest = server.releases.manifest(current)
            change.account.setdefault("commit", manifest.get("commit") or "")
            transaction.known.update(change.account, release=current, previous=current)
            tree = server.at.releases / current
            if not manifest:
                raise Refusal("no_release", "the server has no release of kelid's yet; apply first")
            if firewall.text(tree) is None:
                raise Refusal(
                    "no_firewall", "the server's release has no firewall: write firewall: in site.yml and apply"
                )
            new = not firewall.on()
            odd = server.access.odd(asked)
            told = {"ok": True, "release": current, "previous": current, "reloads": [], "restarted": False}
            told["access"] = {path: {"before": text(was), "after": text(will)} for path, (was, will) in odd.items()}
            if not odd and not new and firewall.in_force(tree) and firewall.jailed():
                return {**told, "changed": False, "expect": {}, "seconds": lap.seconds}
            if dry:
                return {**told, "changed": True, "expect": {}, "seconds": lap.seconds}
            server.access.judge(odd, str(asked.get("user") or ""))
            lap("judge_access")
            firewall.judge(tree)
            lap("judge")
            record: dict[str, Any] = {
                "release": current,
                "previous": current,
                "armed_at": int(time.time()),
                "confirm_within": change.within,
                "boot": boot_id(),
                "restart": False,
                "members": [],
                "changed": [],
                "verb": change.verb,
                "account": change.account,
                "touched": dict.fromkeys(odd, "is another one"),
                "hardened": new,
                "access": {path: was for path, (was, _) in odd.items()},
            }
            before = server.live.observe() if server.live.running() else {}
            transaction.known.update(touched=dict.fromkeys(odd, "is another one"))
            server.receipts.add("begun", must=True, **transaction.known)
            server.way_back.arm(record)
            lap("arm")
            try:
                server.access.put(odd)
                lap("access")
                write_whole(server.at.hardened, b"# The firewall of kelid's releases is put in force here.\n")
                firewall.settle()
                lap("firewall")
            except BaseException as problem:
                raise transaction.failed(record, problem, "what was there before is back") from None
            return {
                **told,
                "changed": True,
                "expect": manifest.get("expect", {}),
                "before": before,
                "change": change.account["change"],
                "seconds": lap.seconds,
            }


def text(file: Mapping[str, Any] | None) -> str:
    """Return the text of a file as ``Access`` knows it, "" for none."""
    return str(file["text"]) if file else ""
