"""Who may come in by ssh, and what he may do as root: sshd's and sudo's files, tried before they count, and taken back.

A wrong line here shuts everybody out, also who would mend it. So a login is tried first, with all of sshd's and sudo's real
files and these ones among them, from the address that the present ssh session comes from; and then they share the armed way
back, for what the trial can't know.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from .disk import remove, write_whole
from .places import Places
from .refusal import Refusal
from .session import Session, session
from .tools import run, until
from .trial import TWO_NETWORKS, words_of

AGENT = "/usr/local/lib/kelid/agent"
SSH = "ssh.service"
READS = 10.0
"""Seconds that sshd gets to read its files again."""

LOGIN = (
    r"""
set -e
home=$1
shift
"""
    + TWO_NETWORKS
    + r"""
for folder in ssh/sshd_config.d sudoers.d; do
  if test -d "$home/${folder##*/}"; then mount --bind "$home/${folder##*/}" "/etc/$folder"; fi
done
mkdir -p /run/sshd
/usr/sbin/sshd -t
if command -v visudo >/dev/null; then visudo -cq; fi
/usr/sbin/sshd -D -e -p "$port" -o ListenAddress="$server" -o PidFile=none -o StrictModes=no \
  -o AuthorizedKeysFile="$home/key.pub" </dev/null >"$home/log" 2>&1 & inside=$!
turn=0
until cat /proc/net/tcp /proc/net/tcp6 | grep -q ' 0A '; do
  turn=$((turn + 1))
  kill -0 "$inside" && test "$turn" -lt 200 || { tail -n 3 "$home/log" >&2; exit 1; }
  sleep 0.05
done
while test $# -gt 0; do
  if said=$(there ssh -n -F none -i "$home/key" -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10 -p "$port" "$1@$server" "$2" 2>&1 >/dev/null)
  then echo "in $1"; else echo "out $1 $(echo "$said" | tail -n 2 | tr '\n' ' ')"; fi
  shift 2
done
"""
)
"""Logs in as each user from the control node's address, in two private networks, with the new files and a key that only this sshd
takes. Prints for each whether he came in and could do what he is there for."""

File = Optional[Mapping[str, Any]]
"""A file: ``text``, ``mode``, ``uid``, ``gid``; None where there is none."""
Odd = Mapping[str, tuple[File, File]]
"""By path what a file is, and what it is to be."""


def asked_of(data: bytes) -> Mapping[str, Any]:
    """Return what the control node asks for: texts of ``sshd`` and ``sudoers`` (none for what stays), and the ``user``.

    Raise Refusal ``bad_access`` for what is no such thing.
    """
    try:
        found = json.loads(data)
        if all(isinstance(found.get(name) or "", str) for name in ("sshd", "sudoers", "user")):
            return dict(found)
    except (ValueError, AttributeError):
        pass
    raise Refusal(
        "bad_access", "what the control node wants of ssh and sudo can't be read; is kelid as new as the agent?"
    )


@dataclass(frozen=True)
class Access:
    """sshd's and sudo's files of ours on this server."""

    at: Places

    def odd(self, asked: Mapping[str, Any]) -> Odd:
        """Return which of the files aren't what is asked for."""
        found: dict[str, tuple[File, File]] = {}
        for name, path, mode in (("sshd", self.at.sshd, 0o644), ("sudoers", self.at.sudoers, 0o440)):
            if asked.get(name):
                was = read(path)
                will = {"text": str(asked[name]), "mode": mode, "uid": 0, "gid": 0}
                if was != will:
                    found[str(path)] = (was, will)
        return found

    # -- before

    def judge(self, odd: Odd, user: str) -> None:
        """Raise Refusal where the files are wrong, or with them ``user`` or who is here now couldn't come in any more.

        ``bad_access``: sshd or sudo refuse them; ``shut_out``.
        """
        if not odd:
            return
        with self.trial_home() as home:
            for path, (_, will) in odd.items():
                folder = home / Path(path).parent.name
                shutil.copytree(Path(path).parent, folder, symlinks=True)
                put(folder / Path(path).name, will)
                if Path(path) == self.at.sudoers:
                    done = run("visudo", "-cf", str(folder / Path(path).name))
                else:
                    done = run("/usr/sbin/sshd", "-t", "-f", str(folder / Path(path).name))
                if done.returncode:
                    said = (done.stderr or done.stdout).strip().replace(str(folder), str(Path(path).parent))
                    raise Refusal("bad_access", f"{path} would be wrong: {said[-500:]}")
            caller = session()
            ends = caller.ends() if caller else None
            if caller and ends:
                self.comes_in(home, caller, ends, user)

    @staticmethod
    @contextlib.contextmanager
    def trial_home() -> Iterator[Path]:
        """Make a folder for a trial, which others may enter: sshd reads a user's keys as that user."""
        home = Path(tempfile.mkdtemp(dir="/run", prefix="kelid-login-"))
        try:
            os.chmod(home, 0o755)
            yield home
        finally:
            remove(home)

    @staticmethod
    def comes_in(home: Path, caller: Session, ends: tuple[str, str], user: str) -> None:
        """Raise Refusal ``shut_out`` unless who is here now and ``user`` come in, and ``user`` may ask the agent as root."""
        done = run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "key"))
        if done.returncode:
            raise Refusal("bad_access", f"a login can't be tried: {done.stderr.strip()[-300:]}")
        os.chmod(home / "key.pub", 0o644)
        wanted = {caller.user: "true"}
        with contextlib.suppress(KeyError):
            if user:
                as_root = "" if pwd.getpwnam(user).pw_uid == 0 else "sudo -n "
                wanted[user] = f"{as_root}{shlex.quote(AGENT)} status"
        words = words_of(ends[0], ends[1], caller.port, sys.executable)
        pairs = [word for pair in wanted.items() for word in pair]
        done = run("unshare", "--net", "--mount", "sh", "-c", LOGIN, "login", str(home), *words, *pairs, limit=90.0)
        if done.returncode:
            raise Refusal(
                "bad_access", f"sshd or sudo refuse their files: {done.stderr.strip()[-500:] or done.returncode}"
            )
        for line in done.stdout.splitlines():
            how, _, rest = line.partition(" ")
            name, _, said = rest.partition(" ")
            if how == "out":
                why = said.strip()[-300:] or last_of(home / "log")
                raise Refusal(
                    "shut_out",
                    f"with sshd's files as they would be, {name} could not come in from {ends[1]} and do his work ({why}); "
                    "look at AllowUsers, Match and the like in /etc/ssh",
                )

    # -- in force

    def put(self, odd: Odd) -> None:
        """Put the files in place and have sshd read its own. Raise Refusal ``bad_access``, OSError."""
        for path, (_, will) in odd.items():
            put(Path(path), will)
        if str(self.at.sudoers) in odd:
            done = run("visudo", "-cq")
            if done.returncode:
                raise Refusal("bad_access", f"sudo refuses its files: {(done.stderr or done.stdout).strip()[-500:]}")
        if str(self.at.sshd) in odd:
            problem = read_again()
            if problem:
                raise Refusal("bad_access", f"sshd doesn't read its files: {problem}")

    def back(self, saved: Mapping[str, File]) -> str:
        """Have the files be what they were; return what went wrong with sshd then, "" for nothing. Raise OSError."""
        for path, was in saved.items():
            put(Path(path), was)
        return read_again() if str(self.at.sshd) in saved else ""


def read(path: Path) -> File:
    """Return a file as it is, None where there is none."""
    try:
        about = path.stat()
        text = path.read_text(errors="surrogateescape")
    except FileNotFoundError:
        return None
    return {"text": text, "mode": stat.S_IMODE(about.st_mode), "uid": about.st_uid, "gid": about.st_gid}


def put(path: Path, file: File) -> None:
    """Have a file be that, or none."""
    if file is None:
        remove(path)
        return
    # Never with a mode that its reader takes offence at: sudo refuses to work at all then.
    write_whole(path, str(file["text"]).encode(errors="surrogateescape"), mode=int(file["mode"]))
    os.chown(path, int(file["uid"]), int(file["gid"]))


def read_again() -> str:
    """Have sshd read its files, and wait until it has; return what went wrong. Where a socket starts it, each start reads."""

    def state() -> str:
        return run("systemctl", "is-active", SSH).stdout.strip()

    until(lambda: state() not in ("activating", "reloading"), READS, pause=0.1)
    if state() != "active":
        return ""
    before = listening()
    done = run("systemctl", "reload", SSH)
    if done.returncode:
        return (done.stderr.strip() or run("/usr/sbin/sshd", "-t").stderr.strip())[-500:] or "it can't be reloaded"
    # It starts itself anew, and listens with other sockets then.
    until(lambda: bool(listening() - before) or state() != "active", READS, pause=0.05)
    return "" if state() == "active" else "it has ended"


def listening() -> set[str]:
    """Return the sockets at which sshd waits for connections, by their numbers in the kernel."""
    main = run("systemctl", "show", "-P", "MainPID", SSH).stdout.strip()
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.listdir(f"/proc/{main}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{main}/fd/{entry}")
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    waiting = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for row in Path(table).read_text().splitlines()[1:]:
                words = row.split()
                if words[3] == "0A":
                    waiting.add(words[9])
    return found & waiting


def last_of(log: Path) -> str:
    """Return the last lines of a trial's sshd."""
    with contextlib.suppress(OSError):
        return "; ".join(log.read_text(errors="replace").splitlines()[-3:])[-300:]
    return "sshd said nothing"
