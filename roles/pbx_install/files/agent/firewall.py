"""The firewall of a release: nftables' rules, fail2ban's jail, and the proof that they don't shut the control node out.

A release may have them; they come into force once the server was hardened (the mark ``/etc/kelid/hardened``), and from then
on with every release, under the same armed way back as all else. The rules name no host: what their names were looked up
as stands in sets of the table, and is looked up again by a timer. What was found is kept, for a day on which no name
server answers.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .disk import remove, write_whole
from .places import Places
from .refusal import Refusal
from .session import Session, session
from .tools import run, until
from .trial import TWO_NETWORKS, words_of

RULES = "firewall.list"
BANS = "bans.list"
TRUSTED = "trusted.list"
"""The files of a release (tools/kelid/compile/firewall.py)."""
TABLE = ("inet", "kelid")
JAIL = "kelid-asterisk"
JAIL_FILE, TRUSTED_FILE = "kelid.local", "kelid-trusted.local"
"""What is put into fail2ban's folder of jails."""
NAME = re.compile(r"# name ([a-z0-9_]{1,30}) ([A-Za-z0-9.-]{1,253})\Z")
"""A line of the rules: a set, and a name whose addresses belong into it."""
LOOK_UP = 6.0
"""Seconds that looking one name up may take; all are looked up at once."""

KNOCK = (
    """
set -e
nft -f "$1"
shift
"""
    + TWO_NETWORKS
    + r"""
"$python" -c '
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], int(sys.argv[2])), family=family) as door:
    door.settimeout(20)
    door.accept()
' "$server" "$port" & inside=$!
there "$python" -c '
import socket, sys, time
end = time.monotonic() + 4
while time.monotonic() < end:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=max(0.1, end - time.monotonic())).close()
    except ConnectionRefusedError:
        time.sleep(0.02)  # nobody listens yet, or the rules reject
    except OSError:
        continue
    else:
        print("open")
        break
' "$server" "$port"
"""
)
"""Knocks at the ssh port from the control node's address, in two private networks: one has the rules, the other is outside."""


@dataclass(frozen=True)
class Firewall:
    """The firewall of this server, as releases bring it."""

    at: Places

    def on(self) -> bool:
        """Return whether this server was hardened: whether its releases' rules are put in force."""
        return self.at.hardened.exists()

    # -- before

    def judge(self, tree: Path) -> None:
        """Raise Refusal where the rules of a release can't come into force, or would shut the present ssh session out.

        ``no_firewall``: programs are missing; ``bad_rules``: nft refuses them; ``shut_out``.
        """
        text = self.text(tree)
        if text is None:
            return
        if self.on() and text == self.text(self.at.current) and self.in_force(self.at.current):
            return  # nothing changes by it for whoever came in by these very rules
        for program in ("nft", "fail2ban-client"):
            if not shutil.which(program):
                raise Refusal(
                    "no_firewall", f"{program} is not on the server; run `kelid harden` (or the playbook harden)"
                )
        rules = text + self.elements(text, self.look_up(tree))
        done = run("nft", "--check", "--file", "-", feed=rules.encode())
        if done.returncode:
            raise Refusal("bad_rules", f"nft refuses the rules: {done.stderr.strip()[:1000] or done.returncode}")
        caller = session()
        if caller and not self.opens(rules, caller):
            raise Refusal(
                "shut_out",
                f"the rules would drop ssh from {caller.client}, where this change comes from; "
                "add it to firewall.ssh_from in site.yml, or come from one of the networks there",
            )

    def opens(self, rules: str, caller: Session) -> bool:
        """Return whether a new connection of the present session's client would still reach the ssh server.

        It is tried, with the very rules, in private networks of the kernel.
        """
        ends = caller.ends()
        if ends is None:
            return True  # no rule of ours is about the machine itself, and the look from outside tells the rest
        server, client = ends
        with tempfile.TemporaryDirectory(dir=self.at.state, prefix=".stage-knock-") as home:
            path = Path(home) / "rules"
            path.write_text(rules)
            words = words_of(server, client, caller.port, sys.executable)
            done = run("unshare", "--net", "sh", "-c", KNOCK, "knock", str(path), *words, limit=40.0)
        if done.returncode:
            raise Refusal("bad_rules", f"the rules can't be tried: {done.stderr.strip()[-500:] or done.returncode}")
        return done.stdout.strip() == "open"

    # -- in force

    def settle(self, *, bans: bool = True) -> bool:
        """Make what is in force be what the current release says; return whether anything was done.

        Names are as they were found last (``judge`` looks them up, and a timer). Raise Refusal ``bad_rules``, ``bans_failed``.
        """
        tree = self.at.current
        text = self.text(tree) if self.on() else None
        if text is None:
            return self.off()
        found = self.known()
        rules = text + self.elements(text, found)
        digest = hashlib.sha256(rules.encode()).hexdigest()
        changed = not self.loaded(digest)
        if changed:
            self.load(rules)
            write_whole(self.at.loaded, digest.encode())
        return (bans and self.ban(tree, found)) or changed

    def loaded(self, digest: str) -> bool:
        """Return whether rules of this digest were the last to be loaded, and the table is still there."""
        with contextlib.suppress(OSError):
            if self.at.loaded.read_text() == digest:
                return not run("nft", "list", "table", *TABLE).returncode
        return False

    def in_force(self, tree: Path) -> bool:
        """Return whether just the rules of this release are in force, their names as they were found last."""
        text = self.text(tree)
        if text is None or not self.on():
            return not self.at.loaded.exists()
        return self.loaded(hashlib.sha256((text + self.elements(text, self.known())).encode()).hexdigest())

    def load(self, rules: str) -> None:
        """Load the rules, all or none. Raise Refusal ``bad_rules``."""
        done = run("nft", "--file", "-", feed=rules.encode())
        if done.returncode:
            # A set that is there is of another kind: then it goes, with the bans in it, in the same moment.
            fresh = f"table {' '.join(TABLE)} {{\n}}\ndelete table {' '.join(TABLE)}\n{rules}"
            again = run("nft", "--file", "-", feed=fresh.encode())
            if again.returncode:
                raise Refusal("bad_rules", f"nft refuses the rules: {done.stderr.strip()[:1000] or done.returncode}")

    def off(self) -> bool:
        """Take the firewall away, where there is one; return whether there was."""
        jails = [self.at.jails / name for name in (JAIL_FILE, TRUSTED_FILE)]
        if not self.at.loaded.exists() and not any(path.exists() for path in jails):
            return False
        if not run("nft", "list", "table", *TABLE).returncode:
            run("nft", "delete", "table", *TABLE)
        for path in jails:
            remove(path)
        if self.banning():
            run("fail2ban-client", "reload")
        remove(self.at.loaded)
        return True

    # -- bans

    def ban(self, tree: Path, found: Mapping[str, Sequence[str]]) -> bool:
        """Have fail2ban know the release's jail and who is never banned; return whether that was news to it.

        Raise Refusal ``bans_failed``.
        """
        wanted = {JAIL_FILE: self.read(tree, BANS) or "", TRUSTED_FILE: self.trusted(tree, found)}
        changed = False
        for name, text in wanted.items():
            path = self.at.jails / name
            if not path.is_file() or path.read_text(errors="replace") != text:
                write_whole(path, text.encode(), mode=0o644)
                changed = True
        if self.jailed() and not changed:
            return False
        done = run("fail2ban-client", "reload") if self.banning() else run("systemctl", "restart", "fail2ban.service")
        if done.returncode or not until(self.jailed, 15.0, pause=0.1):
            raise Refusal(
                "bans_failed", f"fail2ban doesn't take its jail: {(done.stderr or done.stdout).strip()[-500:]}"
            )
        return True

    def trusted(self, tree: Path, found: Mapping[str, Sequence[str]]) -> str:
        """Return what tells fail2ban whom it never bans: networks, and what names were found as."""
        rows: list[str] = []
        for word in (self.read(tree, TRUSTED) or "").split("\n"):
            rows += [word] if word and is_network(word) else found.get(word, ())
        return (
            "# Made by kelid: who is never banned.\n[DEFAULT]\nignoreip ="
            + "".join(f"\n  {row}" for row in dict.fromkeys(rows))
            + "\n"
        )

    def banning(self) -> bool:
        """Return whether fail2ban runs."""
        return not run("fail2ban-client", "ping").returncode

    def jailed(self) -> bool:
        """Return whether fail2ban runs with our jail."""
        return not run("fail2ban-client", "status", JAIL).returncode

    # -- names

    def look_up(self, tree: Path) -> dict[str, list[str]]:
        """Look up all names that a release's rules and trusted addresses have; return name -> addresses, and keep them.

        A name that nobody answers for is what it was before.
        """
        known = self.known()
        wanted = self.names(tree)
        if not wanted:
            return {}
        with ThreadPoolExecutor(len(wanted)) as pool:
            found = dict(zip(wanted, pool.map(addresses, wanted)))
        told = {name: found[name] or known.get(name, []) for name in wanted}
        # Those of the other releases too: one of them may come back at a moment in which nothing is looked up.
        others = {name for release in self.at.releases.iterdir() for name in self.names(release)}
        kept = {**{name: rows for name, rows in known.items() if name in others}, **told}
        if kept != known:
            with contextlib.suppress(OSError):  # a full disk is no reason to hold a trunk out
                write_whole(self.at.names, json.dumps(kept, sort_keys=True, indent=1).encode())
        return told

    def known(self) -> dict[str, list[str]]:
        """Return what names were found as last."""
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self.at.names.read_text())
            if isinstance(found, dict):
                return {
                    str(name): [str(each) for each in rows if is_network(str(each))] for name, rows in found.items()
                }
        return {}

    def names(self, tree: Path) -> list[str]:
        """Return the names that a release's lists have, sorted."""
        rules = (self.read(tree, RULES) or "").split("\n")
        trusted = (self.read(tree, TRUSTED) or "").split("\n")
        found = {match[2] for match in map(NAME.match, rules) if match}
        return sorted(found | {word for word in trusted if word and not is_network(word)})

    def elements(self, text: str, found: Mapping[str, Sequence[str]]) -> str:
        """Return the lines that fill the sets of the names: what nft takes after the rules."""
        sets: dict[str, set[str]] = {}
        for match in filter(None, map(NAME.match, text.split("\n"))):
            for number in (4, 6):
                sets.setdefault(f"{match[1]}{number}", set())
            for address in found.get(match[2], ()):
                sets[f"{match[1]}{6 if ':' in address else 4}"].add(address)
        rows = []
        for name, members in sorted(sets.items()):
            rows.append(f"flush set {' '.join(TABLE)} {name}")
            if members:
                rows.append(f"add element {' '.join(TABLE)} {name} {{ {', '.join(sorted(members))} }}")
        return "".join(f"{row}\n" for row in rows)

    # -- files

    def text(self, tree: Path) -> str | None:
        """Return the rules of a release, None where it has none."""
        return self.read(tree, RULES)

    @staticmethod
    def read(tree: Path, name: str) -> str | None:
        """Return the text of a file of a release, None where it isn't there."""
        try:
            return (tree / name).read_text()
        except FileNotFoundError:
            return None


def addresses(name: str) -> list[str]:
    """Return the addresses of a name, sorted; none where nobody tells any."""
    done = run("getent", "ahosts", name, limit=LOOK_UP)
    words = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    return sorted(word for word in words if is_network(word))


def is_network(text: str) -> bool:
    """Return whether a text is an address or a network."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
