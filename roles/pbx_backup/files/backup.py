#!/usr/bin/python3
"""Back a PBX up with restic, prove the backup, and put one back: the program behind `kelid backup` and `kelid restore`.

It runs on the PBX as root and needs Python 3.9, restic 0.11 and OpenSSH's client. Every verb prints one JSON object and
exits with 0 when its "ok" is true, else with 1 and a "code" that says what is wrong. Secrets come over standard input
(`settings`) and then lie in /etc/kelid; none is ever an argument of a process.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import fcntl
import grp
import hashlib
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

FORMAT = 1
STORE_ALIAS = "kelid-backup-store"
"""The name under which the store's host key stands in known_hosts, so that a store that moved keeps its key."""
READ_BACK_ALL = 1 << 30
"""Up to this many bytes a new backup is read back whole; above, what is new is, and a seventh of the store each day."""
SPARE = 32 << 20
"""Bytes that must stay free on the PBX's own disk."""
MARKER = "restoring"
"""While this file exists in the work folder Asterisk must not start: a restore was cut off half-way."""
PARTS: dict[str, tuple[str, ...]] = {
    "config": ("/etc/asterisk/asterisk.conf", "/var/lib/kelid/journal.jsonl"),
    "astdb": ("/var/lib/asterisk/astdb.sqlite3",),
    "voicemail": ("/var/spool/asterisk/voicemail",),
    "recordings": ("/var/spool/asterisk/monitor",),
    "prompts": ("/var/lib/asterisk/sounds/custom", "/usr/share/asterisk/sounds/custom"),
    "cdr": ("/var/log/asterisk/cdr-csv", "/var/log/asterisk/cdr-custom", "/var/log/asterisk/cel-custom"),
    "queue_log": (),
}
"""Contents of a policy -> places, as Debian's packages have them; what is found by a pattern stands in ``_collect``."""
ADOPTED = "0" * 64
"""The release that pbx_install makes of what it finds: on a new machine nothing of the client's."""
OWN_NAMES = (".kelid-backup", ".kelid-restore")
QUIET_EVENTS = {"QUEUESTART", "CONFIGRELOAD"}
"""Lines of queue_log that an Asterisk writes by itself, so they are no data of the client's."""
QUIET_FAMILIES = {"pbx", "registrar", "subscription_persistence", "dundi", "SIP", "IAX", "config"}
"""Families of astdb that an Asterisk fills by itself."""

TROUBLE: tuple[tuple[str, str], ...] = (
    (
        "host_key_changed",
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|No \S+ host key is known",
    ),
    ("access_denied", r"Permission denied|Too many authentication failures|Load key .*: (invalid|error)"),
    (
        "unreachable",
        r"Connection refused|Connection timed out|No route to host|Network is unreachable|Could not resolve hostname"
        r"|Connection closed by|Connection reset|kex_exchange_identification|Broken pipe|Name or service not known",
    ),
    ("disk_full", r"no space left on device|No space left on device|disk quota exceeded|Disk quota exceeded"),
    ("wrong_password", r"wrong password or no key found|config cannot be loaded: ciphertext"),
    ("locked", r"already locked|unable to create lock|repository is locked"),
    (
        "corrupt",
        r"ciphertext verification failed|invalid data returned|does not match|not found in (?:repository|index)"
        r"|hash mismatch|damaged|repository contains errors|Pack .* contains|data blob .* not found"
        r"|unable to load (?:index|tree|snapshot|blob)|wrong (?:length|size|hash)|invalid (?:blob|header|file|pack)"
        r"|has length|pack .*(?:missing|truncated)|returned error.*(?:EOF|does not exist)",
    ),
    ("unreachable", r"unable to start the sftp session|ssh command exited|connection lost|unexpected packet"),
)

ADVICE = {
    "unreachable": "the backup store can't be reached; check its address, port and network",
    "host_key_changed": "the store shows another host key than the one in backup.yml; find out why before you change it",
    "access_denied": "the store refuses the key of this PBX, or the folder; check the account and its authorized_keys",
    "wrong_password": "the repository does not open with this site's backup password",
    "locked": "another process holds the repository; a lock left by a dead one goes by itself after 30 minutes",
    "corrupt": "the repository is damaged; keep it, take a backup into a new one, and see `restic repair`",
    "failed": "restic failed",
}


class Trouble(Exception):
    """What ends a verb: a code for machines, a message for people, and more members for the answer."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        """Keep the code, the message and whatever else the answer shall hold."""
        super().__init__(message)
        self.code = code
        self.more = more


def say(answer: Mapping[str, Any]) -> None:
    """Print the one JSON object of a verb."""
    sys.stdout.write(json.dumps(answer, sort_keys=True) + "\n")
    sys.stdout.flush()


def utc(seconds: float) -> str:
    """Given seconds since the epoch, return ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """Put a file in place by one rename, so that it is the old one or the new one at every moment."""
    new = path.with_name(path.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    new.replace(path)


def user_name(uid: int) -> str:
    """Return the name of a user, or the number as text where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """Return the name of a group, or the number as text where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def user_id(name: str) -> int:
    """Given a user's name (or a number as text), return its number on this machine. Raise Trouble if there is none."""
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        raise Trouble(
            "no_user",
            f"the backup's files belong to user {name!r}, which this machine lacks; run pbx_install",
        ) from None


def group_id(name: str) -> int:
    """Given a group's name (or a number as text), return its number on this machine. Raise Trouble if there is none."""
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise Trouble(
            "no_user",
            f"the backup's files belong to group {name!r}, which this machine lacks; run pbx_install",
        ) from None


def digest_of(path: Path, limit: int | None = None) -> str:
    """Return sha256 of a file, or of its first ``limit`` bytes."""
    total = hashlib.sha256()
    left = limit
    with path.open("rb") as file:
        while True:
            block = file.read(1 << 20 if left is None else min(1 << 20, left))
            if not block:
                return total.hexdigest()
            total.update(block)
            if left is not None:
                left -= len(block)


def last_line_end(path: Path) -> int:
    """Return how many bytes of a log are whole lines: a line that is being written doesn't count."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            end = start
    return 0


def being_written() -> set[tuple[int, int]]:
    """Return (device, inode) of every file that some process holds open for writing: recordings that are not finished."""
    found: set[tuple[int, int]] = set()
    for process in os.listdir("/proc"):
        if not process.isdigit() or int(process) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            for number in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    status = os.stat(f"/proc/{process}/fd/{number}")
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    text = Path(f"/proc/{process}/fdinfo/{number}").read_text(encoding="ascii")
                    if int(text.split("flags:")[1].split()[0], 8) & os.O_ACCMODE != os.O_RDONLY:
                        found.add((status.st_dev, status.st_ino))
    return found


def die_with_parent() -> None:
    """Ask the kernel to end this child when the program that started it dies (PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Program:
    """The places of one PBX and its settings. ``root`` is "/" on a PBX and a folder in tests."""

    def __init__(self, root: Path) -> None:
        """Only compute paths; ``load`` reads the settings."""
        self.root = root
        self.etc = self.place("/etc/kelid")
        self.home = self.place("/var/lib/kelid")
        self.work = self.home / "backup"
        self.cache = self.place("/var/cache/kelid/restic")
        self.settings: dict[str, Any] = {}
        self.children: list[subprocess.Popen[bytes]] = []

    def place(self, path: str) -> Path:
        """Return where a path of the PBX lies on this machine."""
        return self.root / path.lstrip("/")

    def named(self, path: Path) -> str:
        """Return the PBX's name for a place on this machine."""
        return "/" + str(path.relative_to(self.root))

    # ---- settings ------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read /etc/kelid/backup.json. Raise Trouble if this PBX has no backup settings."""
        try:
            self.settings = json.loads((self.etc / "backup.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Trouble(
                "not_set_up", "this PBX has no backup settings; run the backup playbook first"
            ) from None

    @property
    def site(self) -> str:
        """Return the site's name."""
        return str(self.settings["site"])

    def ssh_options(self) -> list[str]:
        """Return ssh's options: our key and the store's host key, nothing from anyone's own configuration."""
        options = [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=yes",
            f"HostKeyAlias={STORE_ALIAS}",
            f"UserKnownHostsFile={self.etc / 'known_hosts'}",
            "GlobalKnownHostsFile=/dev/null",
            "CheckHostIP=no",
            "UpdateHostKeys=no",
            "ConnectTimeout=10",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=4",
        ]
        return [
            "-F",
            "/dev/null",
            "-i",
            str(self.etc / "backup_key"),
            *(part for option in options for part in ("-o", option)),
        ]

    def repository(self) -> tuple[str, list[str]]:
        """Return restic's name of the repository and the options that its connection needs."""
        repository = self.settings["repository"]
        if repository["kind"] == "local":
            return str(repository["path"]), []
        host, user, port = str(repository["host"]), str(repository["user"]), str(repository["port"])
        command = shlex.join(["ssh", *self.ssh_options(), "-p", port, "-l", user, "-s", "--", host, "sftp"])
        bracketed = f"[{host}]" if ":" in host else host
        return f"sftp:{user}@{bracketed}:{repository['path']}", ["-o", f"sftp.command={command}"]

    # ---- restic --------------------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """Return restic's environment. Its days are the site's, so TZ is the site's zone."""
        return {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "TZ": str(self.settings.get("time_zone") or "UTC"),
            "TMPDIR": str(self.work),
            "RESTIC_REPOSITORY": self.repository()[0],
            "RESTIC_PASSWORD_FILE": str(self.etc / "backup.password"),
            "RESTIC_CACHE_DIR": str(self.cache),
        }

    def start(self, arguments: Iterable[str]) -> subprocess.Popen[bytes]:
        """Start restic with its standard output and errors as pipes."""
        try:
            child = subprocess.Popen(
                ["restic", *self.repository()[1], *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environment(),
                preexec_fn=die_with_parent,
            )
        except FileNotFoundError:
            raise Trouble("no_restic", "restic is not installed on this PBX") from None
        self.children.append(child)
        return child

    def restic(self, *arguments: str, failing: str = "failed") -> str:
        """Run restic and return its standard output. A stale lock is removed once, by restic's own rule.

        restic calls a lock stale when it is over 30 minutes old, or its process on this very machine is gone.
        Raise Trouble with ``failing`` as the code of what can't be told more closely.
        """
        for attempt in (1, 2):
            child = self.start(arguments)
            out, err = child.communicate()
            self.children.remove(child)
            if child.returncode == 0:
                return out.decode("utf-8", "replace")
            trouble = self.explain(err.decode("utf-8", "replace"), out.decode("utf-8", "replace"), failing)
            if trouble.code != "locked" or attempt == 2:
                raise trouble
            unlock = self.start(["unlock"])
            unlock.communicate()
            self.children.remove(unlock)
        raise AssertionError("unreachable: the loop returns or raises")

    def explain(self, err: str, out: str = "", failing: str = "failed") -> Trouble:
        """Given what restic or ssh said, return the Trouble that it means."""
        text = err + "\n" + out
        code = next((code for code, pattern in TROUBLE if re.search(pattern, text)), failing)
        if code == failing and "SSH_FX_FAILURE" in text and self.store_is_full():
            code = "disk_full"  # OpenSSH's sftp server has one word for every failure of a write
        lines = [line.strip() for line in err.splitlines() if line.strip() and "@@@@" not in line]
        more = {"where": "store"} if code == "disk_full" else {}
        advice = (
            "the backup store is full; make room there"
            if code == "disk_full"
            else ADVICE.get(code, ADVICE["failed"])
        )
        return Trouble(code, advice, log=lines[-8:], **more)

    def sftp(self, batch: str) -> subprocess.CompletedProcess[str]:
        """Run commands of OpenSSH's sftp on the store."""
        repository = self.settings["repository"]
        host = str(repository["host"])
        bracketed = f"[{host}]" if ":" in host else host
        command = ["sftp", *self.ssh_options(), "-P", str(repository["port"]), "-b", "-"]
        return subprocess.run(
            [*command, f"{repository['user']}@{bracketed}"],
            input=batch,
            capture_output=True,
            text=True,
            check=False,
            env={**self.environment(), "LC_ALL": "C"},
        )

    def store_is_full(self) -> bool:
        """Return True if the store has less than a megabyte left; False also where it doesn't tell."""
        repository = self.settings["repository"]
        if repository["kind"] == "local":
            return shutil.disk_usage(repository["path"]).free < 1 << 20
        answer = self.sftp(f'df "{repository["path"]}"\n')
        numbers = re.search(r"^\s*(\d+)\s+(\d+)\s+(\d+)", answer.stdout, re.MULTILINE)
        return bool(numbers and int(numbers.group(3)) < 1024)  # kilobytes that a user may still fill

    def store_names(self) -> list[str] | None:
        """Return what the repository's folder holds, None if there is no such folder.

        Asked of the store itself, because "not there" and "could not look" must never be taken for one another.
        Raise Trouble if the store can't be asked.
        """
        repository = self.settings["repository"]
        path = str(repository["path"])
        if repository["kind"] == "local":
            try:
                return os.listdir(path)
            except FileNotFoundError:
                return None
            except OSError as problem:
                raise Trouble("unreachable", f"can't look into {path}: {problem.strerror}") from problem
        answer = self.sftp(f'ls -1 "{path}"\n')
        if answer.returncode == 0:
            lines = answer.stdout.splitlines()
            return [
                line.strip().rsplit("/", 1)[-1]
                for line in lines
                if line.strip() and not line.startswith("sftp>")
            ]
        if answer.returncode != 255 and re.search(r"not found|No such file", answer.stderr):
            return None
        raise self.explain(answer.stderr, failing="unreachable")

    def state(self) -> dict[str, Any]:
        """Return what this PBX remembers of its backups."""
        try:
            found = json.loads((self.work / "state.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def remember(self, **values: Any) -> None:
        """Add to what this PBX remembers of its backups."""
        write_whole(self.work / "state.json", json.dumps({**self.state(), **values}).encode(), 0o600)

    def open_store(self, *, may_create: bool) -> None:
        """Make sure that the repository is there, is ours and opens. Create it on first use only, where nothing is."""
        names = self.store_names()
        known = self.state().get("repository_id")
        if not names:
            if not may_create:
                raise Trouble("no_repository", "there is no backup repository at the store")
            if known:
                raise Trouble(
                    "repository_gone",
                    "the repository that this PBX backed up to is gone, and no new one is made in its place: "
                    "is the store's disk mounted? To begin anew, remove /var/lib/kelid/backup/state.json",
                )
            self.restic("init")
        elif "config" not in names:
            raise Trouble(
                "corrupt",
                "the repository's folder is not empty but holds no repository; nothing was written there",
            )
        if not may_create:
            return  # the next question to restic tells whether it opens
        identity = json.loads(self.restic("cat", "--quiet", "config"))["id"]
        if known and known != identity:
            raise Trouble(
                "repository_gone",
                "another repository lies where this PBX's own was; nothing was written there",
            )
        if known != identity:
            self.remember(repository_id=identity)

    def snapshots(self) -> list[dict[str, Any]]:
        """Return this site's snapshots, oldest first, as restic describes them."""
        out = self.restic(
            "snapshots", "--json", "--no-lock", "--host", self.site, "--tag", f"site={self.site}"
        )
        found: list[dict[str, Any]] = json.loads(out) or []
        return sorted(found, key=lambda item: datetime.fromisoformat(_python_time(item["time"])))

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

    def settings_from(self, given: Mapping[str, Any], *, check: bool) -> dict[str, Any]:
        """Put the settings into /etc/kelid and set the timer. Write only what differs; with ``check`` nothing."""
        public = dict(given["public"])
        keys = [
            " ".join(fields[1:3])
            for fields in (line.split() for line in str(given.get("known_hosts") or "").splitlines())
            if len(fields) >= 3 and not fields[0].startswith("#")
        ]
        if public["repository"]["kind"] == "sftp" and not keys:
            raise Trouble(
                "no_host_key", "the store's host key is not set; a backup never goes to an unknown machine"
            )
        hour, minute = re.fullmatch(
            r"([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?", str(public["at"])
        ).groups()  # type: ignore[union-attr]
        zone = str(public["time_zone"])
        if not re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", zone):
            raise Trouble("bad_settings", f"{zone!r} is not a time zone")
        private_key = str(given.get("private_key") or "")
        wanted: dict[Path, tuple[bytes, int]] = {
            self.etc / "backup.json": (json.dumps(public, sort_keys=True, indent=1).encode() + b"\n", 0o600),
            self.etc / "backup.password": (str(given["password"]).rstrip("\n").encode() + b"\n", 0o600),
            self.etc / "backup_key": (
                (private_key.rstrip("\n") + "\n").encode() if private_key else b"",
                0o600,
            ),
            self.etc / "known_hosts": ("".join(f"{STORE_ALIAS} {key}\n" for key in keys).encode(), 0o600),
        }
        systemd = self.place("/etc/systemd/system")
        units = {
            systemd / "kelid-backup.service": (SERVICE.encode(), 0o644),
            systemd / "kelid-backup.timer": (
                TIMER.format(at=f"{hour}:{minute}:00", zone=zone).encode(),
                0o644,
            ),
        }
        changed = [path for path, (data, mode) in {**wanted, **units}.items() if not _is(path, data, mode)]
        if not check and changed:
            for folder, mode in ((self.etc, 0o700), (self.work, 0o700), (systemd, 0o755)):
                folder.mkdir(parents=True, exist_ok=True)
                if folder != systemd:
                    folder.chmod(mode)
            old = {}
            with contextlib.suppress(OSError, ValueError):
                old = json.loads((self.etc / "backup.json").read_text(encoding="utf-8"))
            for path in changed:
                data, mode = {**wanted, **units}[path]
                write_whole(path, data, mode)
            if old and old.get("repository") != public["repository"]:
                self.remember(repository_id=None)
            if self.root == Path("/") and any(path in units for path in changed):
                self.systemctl("daemon-reload")
                self.systemctl("enable", "kelid-backup.timer")
                self.systemctl("restart", "kelid-backup.timer")
        return {"ok": True, "changed": bool(changed), "files": sorted(self.named(path) for path in changed)}

    def systemctl(self, *arguments: str) -> None:
        """Run systemctl. Raise Trouble if it fails."""
        done = subprocess.run(["systemctl", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Trouble(
                "failed", f"systemctl {' '.join(arguments)} failed", log=done.stderr.splitlines()[-5:]
            )

    # ---- the set that goes into a backup -------------------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        """Take a backup, prove it, forget what the policy no longer keeps."""
        started = time.monotonic()
        with self.alone():
            if (self.work / MARKER).exists():
                raise Trouble(
                    "half_restored", "a restore was cut off on this PBX; finish it before backing up"
                )
            self.open_store(may_create=True)
            for attempt in (1, 2, 3):
                try:
                    answer = self.back_up()
                    break
                except Changed as changed:
                    if attempt == 3:
                        raise Trouble(
                            "busy_files", f"files keep changing while they are read: {changed}"
                        ) from changed
            proven = time.monotonic()
            try:
                answer["removed"] = self.forget()
                seventh = (
                    []
                    if answer["read_back"] == "all"
                    else [f"--read-data-subset={time.gmtime().tm_yday % 7 + 1}/7"]
                )
                self.restic("check", *seventh, failing="corrupt")
            except Trouble as trouble:
                trouble.more["snapshot"] = answer["snapshot"]
                trouble.args = (
                    f"backup {answer['snapshot']} stands and is proven, but tidying the store failed: {trouble}",
                )
                raise
            answer["seconds"] = {
                "backup": round(proven - started, 2),
                "tidy": round(time.monotonic() - proven, 2),
            }
            self.remember(
                last={key: answer[key] for key in ("snapshot", "taken", "files", "bytes", "release")}
            )
            return {"ok": True, **answer}

    def back_up(self) -> dict[str, Any]:
        """Gather the set, store it, read it back. Raise Changed if a file changed in between."""
        before = self.last_manifest()
        with Gathered(self, before) as gathered:
            manifest = gathered.manifest
            body = json.dumps(manifest, sort_keys=True).encode()
            write_whole(gathered.main / "manifest.json", body, 0o600)
            size = sum(entry["size"] for entry in manifest["files"].values())
            tags = {
                "site": self.site,
                "release": manifest["release"],
                "commit": manifest["commit"],
                "files": str(len(manifest["files"])),
                "bytes": str(size),
                "manifest": hashlib.sha256(body).hexdigest(),
            }
            ignore = (
                "--ignore-inode" if self.restic_version() < (0, 12) else "--ignore-ctime"
            )  # a hard link touches ctime
            arguments = ["backup", "--json", "--host", self.site, ignore]
            arguments += [
                part for name, value in tags.items() if value for part in ("--tag", f"{name}={value}")
            ]
            out = self.restic(*arguments, "--", *(str(stage) for stage in gathered.stages()))
            summary = next(
                item for item in map(json.loads, out.splitlines()) if item.get("message_type") == "summary"
            )
            short = summary["snapshot_id"]
            try:
                snapshot = {"id": short, "paths": [str(stage) for stage in gathered.stages()]}
                new = [
                    name
                    for name, entry in manifest["files"].items()
                    if before.get(name, {}).get("sha256") != entry["sha256"]
                ]
                whole = size <= READ_BACK_ALL
                self.read_back(snapshot, manifest, None if whole else new)
            except Trouble as trouble:
                changed = [name for name in trouble.more.get("paths", []) if gathered.differs(name)]
                with contextlib.suppress(Trouble):
                    self.restic("forget", short)
                if changed:
                    raise Changed(", ".join(changed)) from trouble
                raise
            write_whole(self.work / "manifest.json", body, 0o600)
            skipped = sorted(gathered.skipped)
            return {
                "snapshot": snapshot["id"][:8],
                "taken": manifest["taken"],
                "site": self.site,
                "release": manifest["release"],
                "commit": manifest["commit"],
                "files": len(manifest["files"]),
                "new": len(new),
                "bytes": size,
                "stored_bytes": summary.get("data_added", 0),
                "read_back": "all" if whole else "new",
                "being_written": skipped,
                "parts": manifest["parts"],
            }

    def last_manifest(self) -> dict[str, dict[str, Any]]:
        """Return the files of the last backup that this PBX took and proved; empty if there is none."""
        try:
            found: dict[str, dict[str, Any]] = json.loads(
                (self.work / "manifest.json").read_text(encoding="utf-8")
            )["files"]
        except (OSError, ValueError, KeyError):
            return {}
        return found

    def restic_version(self) -> tuple[int, ...]:
        """Return restic's version as numbers."""
        found = re.search(r"restic (\d+)\.(\d+)", self.restic("version"))
        return tuple(map(int, found.groups())) if found else (0, 0)

    def forget(self) -> int:
        """Forget this site's snapshots that the policy doesn't keep, remove their data, return how many went."""
        keep = self.settings["keep"]
        policy = [
            part
            for span in ("daily", "weekly", "monthly")
            if keep.get(span)
            for part in (f"--keep-{span}", str(keep[span]))
        ]
        if not policy:
            return 0  # a policy that keeps nothing is a mistake, never an order to delete everything
        site = ("--host", self.site, "--tag", f"site={self.site}", "--group-by", "host")
        out = self.restic("forget", "--json", *site, *policy, "--prune")
        groups: list[dict[str, Any]] = next(
            (json.loads(line) for line in out.splitlines() if line.startswith("[")), []
        )
        return sum(len(group.get("remove") or ()) for group in groups)

    # ---- proof ---------------------------------------------------------------------------------------------------

    def manifest_of(self, snapshot: Mapping[str, Any]) -> dict[str, Any]:
        """Return the manifest inside a snapshot. Raise Trouble if it is not the one that was stored."""
        top = next((path for path in snapshot["paths"] if path.endswith("/backup/set")), None)
        if top is None:
            raise Trouble("no_snapshot", f"snapshot {snapshot['id'][:8]} was not made by kelid")
        body = self.restic("dump", "--no-cache", snapshot["id"], f"{top}/manifest.json").encode()
        tagged = next((tag[9:] for tag in snapshot.get("tags", []) if tag.startswith("manifest=")), "")
        manifest: dict[str, Any] = json.loads(body)
        if hashlib.sha256(body).hexdigest() != tagged or manifest.get("site") != self.site:
            raise Trouble(
                "corrupt", f"the manifest in snapshot {snapshot['id'][:8]} is not the one that was stored"
            )
        if manifest.get("format") != FORMAT:
            raise Trouble(
                "bad_format", f"the backup has format {manifest.get('format')}, this program reads {FORMAT}"
            )
        for name, entry in manifest["files"].items():
            if not _safe(name) or not _safe(entry["stored"]):
                raise Trouble("corrupt", f"the backup names an impossible path: {name}")
        for name in (*manifest["directories"], *manifest["links"]):
            if not _safe(name):
                raise Trouble("corrupt", f"the backup names an impossible path: {name}")
        return manifest

    def read_back(
        self, snapshot: Mapping[str, Any], manifest: Mapping[str, Any], only: list[str] | None
    ) -> int:
        """Stream files out of the store and compare them with the manifest; return how many bytes were read.

        ``only`` names the files that must be read (more may be: whole folders are); None means all.
        Raise Trouble ``corrupt`` with ``paths`` for what is missing or differs. Nothing is written to disk.
        """
        by_place = {entry["stored"]: name for name, entry in manifest["files"].items()}
        expected = set(manifest["files"] if only is None else only)
        tops = sorted(
            snapshot["paths"]
            if only is None
            else {manifest["files"][name]["stored"].rsplit("/", 1)[0] for name in only}
        )
        tops = [
            top for top in tops if not any(top != other and top.startswith(other + "/") for other in tops)
        ]
        seen: set[str] = set()
        wrong: list[str] = []
        total = 0
        for top in tops:
            child = self.start(["dump", "--no-cache", snapshot["id"], top])
            assert child.stdout is not None and child.stderr is not None
            errors: list[bytes] = []
            watch = _drain(child.stderr, errors)
            try:
                with tarfile.open(fileobj=child.stdout, mode="r|") as archive:
                    for member in archive:
                        place = _joined(top, member.name)
                        name = by_place.get(place)
                        if name is None or not member.isreg():
                            continue
                        entry = manifest["files"][name]
                        file = archive.extractfile(member)
                        assert file is not None
                        digest, length = hashlib.sha256(), 0
                        for block in iter(lambda file=file: file.read(1 << 20), b""):  # type: ignore[misc]
                            digest.update(block[: max(0, entry["size"] - length)])
                            length += len(block)
                        total += length
                        seen.add(name)
                        whole = length >= entry["size"] if entry.get("grows") else length == entry["size"]
                        if not whole or digest.hexdigest() != entry["sha256"]:
                            wrong.append(name)
                child.stdout.read()
            except (tarfile.TarError, EOFError):
                pass  # restic's own words follow, or the missing files do
            finally:
                child.stdout.close()
                child.wait()
                watch()
                self.children.remove(child)
            if child.returncode:
                trouble = self.explain(b"".join(errors).decode("utf-8", "replace"))
                trouble.more["paths"] = sorted({*wrong, *(expected - seen)})[:50]
                raise trouble
        wrong += sorted(expected - seen)
        if wrong:
            raise Trouble(
                "corrupt",
                f"{len(wrong)} files in backup {snapshot['id'][:8]} are not what was stored",
                paths=sorted(set(wrong))[:50],
            )
        return total

    def verify(self, wanted: str) -> dict[str, Any]:
        """Read a whole backup back from the store and compare every file with its manifest."""
        started = time.monotonic()
        self.open_store(may_create=False)
        snapshot = self.snapshot(wanted)
        manifest = self.manifest_of(snapshot)
        total = self.read_back(snapshot, manifest, None)
        return {
            "ok": True,
            "snapshot": snapshot["id"][:8],
            "taken": manifest["taken"],
            "release": manifest["release"],
            "files": len(manifest["files"]),
            "bytes": total,
            "seconds": round(time.monotonic() - started, 2),
        }

    def listing(self) -> dict[str, Any]:
        """Return this site's backups, oldest first."""
        self.open_store(may_create=False)
        found = []
        for item in self.snapshots():
            tags = dict(tag.split("=", 1) for tag in item.get("tags", []) if "=" in tag)
            moment = datetime.fromisoformat(_python_time(item["time"])).timestamp()
            found.append(
                {
                    "id": item["id"][:8],
                    "time": utc(moment),
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
            "last_taken_here": self.state().get("last"),
        }

    # ---- restore -------------------------------------------------------------------------------------------------

    def restore(self, wanted: str, *, target: Path | None, force: bool) -> dict[str, Any]:
        """Fetch a backup, verify every file, then put it in place; with ``target`` only fetch and verify there."""
        started = time.monotonic()
        with self.alone(also_applies=target is None):
            if target is None:
                self.refuse_running()
            self.open_store(may_create=False)
            snapshot = self.snapshot(wanted)
            manifest = self.manifest_of(snapshot)
            if target is None and not force:
                self.refuse_other_asterisk(manifest)
            total = sum(entry["size"] for entry in manifest["files"].values())
            answer = {
                "ok": True,
                "snapshot": snapshot["id"][:8],
                "taken": manifest["taken"],
                "release": manifest["release"],
                "commit": manifest["commit"],
                "files": len(manifest["files"]),
                "bytes": total,
                "parts": manifest["parts"],
            }
            if target is not None:
                target.mkdir(parents=True, mode=0o700, exist_ok=True)
                if any(target.iterdir()):
                    raise Trouble("not_empty", f"{target} is not empty")
                staged = self.fetch(snapshot, manifest, target / ".staged")
                for name, place in staged.items():
                    here = target / name.lstrip("/")
                    here.parent.mkdir(parents=True, exist_ok=True)
                    place.replace(here)
                shutil.rmtree(target / ".staged")
                return {**answer, "target": str(target), "seconds": round(time.monotonic() - started, 2)}
            stage = self.restore_stage()
            try:
                staged = self.fetch(snapshot, manifest, stage)
                self.refuse_running()
                newer = [] if (self.work / MARKER).exists() else sorted(self.newer_here(manifest, staged))
                if newer and not force:
                    raise Trouble(
                        "newer_data",
                        f"this PBX holds {len(newer)} things that the backup of {manifest['taken']} lacks or has otherwise, "
                        "for example "
                        + ", ".join(newer[:3])
                        + "; take a backup of them first, or say --force",
                        paths=newer[:50],
                    )
                kept, moved = self.put_in_place(manifest, staged)
            finally:
                shutil.rmtree(stage, ignore_errors=True)
            seconds = round(time.monotonic() - started, 2)
            return {
                **answer,
                "replaced": moved,
                "kept_in": self.named(kept) if moved else None,
                "seconds": seconds,
            }

    def restore_stage(self) -> Path:
        """Return an empty folder on the file system that holds the calls and messages: there a rename suffices."""
        spool = self.place("/var/spool/asterisk")
        self.work.mkdir(parents=True, mode=0o700, exist_ok=True)
        other = spool.is_dir() and spool.stat().st_dev != self.work.stat().st_dev
        stage = spool / ".kelid-restore" if other else self.work / "restore"
        if stage.exists():
            shutil.rmtree(stage)
        return stage

    def fetch(self, snapshot: Mapping[str, Any], manifest: Mapping[str, Any], stage: Path) -> dict[str, Path]:
        """Restore a snapshot into an empty folder and verify it; return path on the PBX -> verified file, owner and mode set."""
        stage.mkdir(parents=True, mode=0o700)
        total = sum(entry["size"] for entry in manifest["files"].values())
        free = shutil.disk_usage(stage).free
        if free < total + SPARE:
            raise Trouble(
                "disk_full",
                f"the backup needs {total >> 20} MB here and {free >> 20} MB are free; nothing was changed",
                where="local",
            )
        try:
            self.restic("restore", "--no-cache", snapshot["id"], "--target", str(stage))
        except Trouble as trouble:
            if trouble.code == "disk_full":
                trouble.args = ("this machine's disk is full; nothing was changed",)
                trouble.more["where"] = "local"
            raise
        staged: dict[str, Path] = {}
        wrong: list[str] = []
        owners = {(entry["user"], entry["group"]) for entry in manifest["files"].values()}
        numbers = {owner: (user_id(owner[0]), group_id(owner[1])) for owner in owners}
        for name, entry in manifest["files"].items():
            place = stage / entry["stored"].lstrip("/")
            try:
                status = place.lstat()
                if entry.get("grows") and stat.S_ISREG(status.st_mode) and status.st_size > entry["size"]:
                    os.truncate(place, entry["size"])
                    status = place.lstat()
                good = (
                    stat.S_ISREG(status.st_mode)
                    and status.st_size == entry["size"]
                    and digest_of(place) == entry["sha256"]
                )
            except OSError:
                good = False
            if not good:
                wrong.append(name)
                continue
            os.chown(place, *numbers[entry["user"], entry["group"]])
            place.chmod(int(entry["mode"], 8))
            os.utime(place, ns=(entry["mtime"], entry["mtime"]))
            staged[name] = place
        if wrong:
            raise Trouble(
                "corrupt",
                f"{len(wrong)} files came back other than they were stored; nothing was changed",
                paths=sorted(wrong)[:50],
            )
        return staged

    def refuse_running(self) -> None:
        """Raise Trouble if an Asterisk runs on this machine (not one of another container that /proc also shows)."""
        here = os.stat(self.root)
        for process in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if (
                    not process.isdigit()
                    or Path(f"/proc/{process}/comm").read_text(encoding="utf-8").strip() != "asterisk"
                ):
                    continue
                there = os.stat(f"/proc/{process}/root")
                if (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino):
                    raise Trouble(
                        "asterisk_running",
                        "Asterisk runs on this machine; stop it first: systemctl stop asterisk",
                    )

    def refuse_other_asterisk(self, manifest: Mapping[str, Any]) -> None:
        """Raise Trouble if the release in the backup was rendered for another major version of Asterisk."""
        if self.root != Path("/") or not manifest.get("asterisk"):
            return
        try:
            said = subprocess.run(["asterisk", "-V"], capture_output=True, text=True, check=False).stdout
        except FileNotFoundError:
            raise Trouble("no_asterisk", "this machine has no Asterisk; run pbx_install first") from None
        found = re.search(r"(\d+)", said)
        if found and int(found.group(1)) != manifest["asterisk"]:
            raise Trouble(
                "wrong_asterisk",
                f"the backup is of an Asterisk {manifest['asterisk']} and this machine has {found.group(1)}; "
                "restore onto the same, or say --force and apply the site again",
            )

    def newer_here(self, manifest: Mapping[str, Any], staged: Mapping[str, Path]) -> Iterator[str]:
        """Yield what of the client's lies here and is not in the backup as it is here.

        A log that the backup holds longer is older here, not newer; what an Asterisk writes by itself on its first start doesn't count.
        """
        for name, place in self.data_here():
            entry = manifest["files"].get(name)
            if name.endswith(".sqlite3") or name.endswith(".db"):
                if entry is None or not _database_within(place, staged[name]):
                    yield name
                continue
            if Path(name).name.startswith("queue_log") and _only_quiet(place):
                continue
            size = place.stat().st_size
            if entry is None or size > entry["size"] or digest_of(place) != digest_of(staged[name], size):
                yield name
        link = self.home / "current"
        target = os.readlink(link) if link.is_symlink() else ""
        wanted = manifest["links"].get("/var/lib/kelid/current", {}).get("target")
        if target and wanted and target != wanted and Path(target).name != ADOPTED:
            yield f"/var/lib/kelid/current -> {target}"

    def data_here(self) -> Iterator[tuple[str, Path]]:
        """Yield (path on the PBX, place) of every file of the client's that lies on this machine."""
        places = [
            self.place(path) for part in ("voicemail", "recordings", "prompts", "cdr") for path in PARTS[part]
        ]
        logs = self.place("/var/log/asterisk")
        if logs.is_dir():
            places += [
                path for path in sorted(logs.iterdir()) if _is_queue_log(path.name) or path.suffix == ".db"
            ]
        places.append(self.place(PARTS["astdb"][0]))
        for top in places:
            if top.is_file() and not top.is_symlink():
                yield self.named(top), top
            for folder, folders, files in os.walk(top):
                folders[:] = [name for name in folders if name not in OWN_NAMES]
                for name in sorted(files):
                    path = Path(folder) / name
                    if not name.startswith(".lock") and path.is_file() and not path.is_symlink():
                        yield self.named(path), path

    def put_in_place(self, manifest: Mapping[str, Any], staged: Mapping[str, Path]) -> tuple[Path, int]:
        """Move the verified files to where they belong, and what lay there aside; return the folder of it and how many.

        Any failure moves everything back. A marker that systemd looks at keeps Asterisk from starting on half a restore.
        """
        aside = self.work / ("replaced-" + datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ"))
        for old in self.work.glob("replaced-*"):
            shutil.rmtree(old)
        marker = self.work / MARKER
        write_whole(marker, (manifest["taken"] + "\n").encode(), 0o600)
        undo: list[Callable[[], None]] = []
        moved = 0
        try:
            wanted = {*manifest["files"], *manifest["links"]}
            leaving = [name for name, _ in self.data_here() if self.covered(name, manifest)]
            known = set(leaving)
            leaving += [name for name in manifest["files"] if name not in known and self.place(name).exists()]
            for suffix in ("-journal", "-wal", "-shm"):
                leaving += [name + suffix for name in manifest["files"] if self.place(name + suffix).exists()]
            for name in leaving:
                here, away = self.place(name), aside / name.lstrip("/")
                away.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
                _move(here, away)
                undo.append(lambda here=here, away=away: _move(away, here))  # type: ignore[misc]
                moved += 1
            for name, entry in sorted(manifest["directories"].items()):
                folder = self.place(name)
                if folder.is_symlink() and folder.lstat().st_uid != 0:
                    # not an administrator's: it could lead the owners and modes that follow anywhere
                    away = aside / name.lstrip("/")
                    away.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
                    _move(folder, away)
                    undo.append(lambda folder=folder, away=away: _move(away, folder))  # type: ignore[misc]
                    moved += 1
                if not folder.is_dir():
                    folder.mkdir(parents=True)
                    undo.append(lambda folder=folder: _rmdir(folder))  # type: ignore[misc]
                os.chown(folder, user_id(entry["user"]), group_id(entry["group"]))
                folder.chmod(int(entry["mode"], 8))
            for name, place in staged.items():
                here = self.place(name)
                here.parent.mkdir(parents=True, exist_ok=True)
                _move(place, here)
                undo.append(lambda here=here: here.unlink())  # type: ignore[misc]
            for name, entry in manifest["links"].items():
                here = self.place(name)
                was = os.readlink(here) if here.is_symlink() else None
                _link(here, entry["target"], entry)
                undo.append(lambda here=here, was=was: _link(here, was, None) if was else here.unlink())  # type: ignore[misc]
            missing = [name for name in wanted if not os.path.lexists(self.place(name))]
            if missing:
                raise Trouble(
                    "failed", f"{len(missing)} files are not in place after all", paths=missing[:50]
                )
            os.sync()
        except BaseException as problem:
            for step in reversed(undo):
                step()
            shutil.rmtree(aside, ignore_errors=True)
            marker.unlink()
            if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
                raise Trouble(
                    "disk_full", "the disk is full; everything is as it was", where="local"
                ) from problem
            raise
        marker.unlink()
        return aside, moved

    def covered(self, name: str, manifest: Mapping[str, Any]) -> bool:
        """Return True if the backup speaks for this file: its part was in the policy when the backup was taken."""
        for part in manifest["contents"]:
            if any(name == path or name.startswith(path + "/") for path in PARTS.get(part, ())):
                return True
        base = name.rsplit("/", 1)[-1]
        return ("queue_log" in manifest["contents"] and _is_queue_log(base)) or (
            "cdr" in manifest["contents"] and base.endswith(".db")
        )

    # ---- one at a time -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def alone(self, *, also_applies: bool = False) -> Iterator[None]:
        """Hold this PBX's backup lock, and with ``also_applies`` the agent's. Raise Trouble ``busy`` if another has it."""
        self.work.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.cache.mkdir(parents=True, mode=0o700, exist_ok=True)
        with contextlib.ExitStack() as held:
            for place in (self.work / "lock", *([self.home / "lock"] if also_applies else [])):
                file = held.enter_context(place.open("a"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise Trouble("busy", "a backup, a restore or an apply is running on this PBX") from None
            if also_applies and (self.home / "armed.json").exists():
                raise Trouble("busy", "a change of this PBX is not confirmed yet; wait for it, or undo it")
            yield


class Changed(Exception):
    """A file changed between the moment when it was gathered and the moment when restic read it."""


class Gathered:
    """The set that goes into a backup: hard links to finished files, copies of databases, and the manifest.

    Links cost no space and hold each file even if Asterisk renames or removes it meanwhile. Each file system has a
    staging folder of its own, because a link can't leave its file system.
    """

    def __init__(self, program: Program, before: Mapping[str, Mapping[str, Any]]) -> None:
        """``before``: the files of the last manifest; a file of equal inode, size and time is not read again."""
        self.program = program
        self.before = before
        self.main = program.work / "set"
        self.by_device: dict[int, Path] = {}
        self.skipped: set[str] = set()
        self.files: dict[str, dict[str, Any]] = {}
        self.directories: dict[str, dict[str, Any]] = {}
        self.links: dict[str, dict[str, Any]] = {}
        self.manifest: dict[str, Any] = {}

    def __enter__(self) -> Gathered:
        """Gather. Raise Trouble ``disk_full`` if the databases' copies don't fit."""
        self.remove()
        self.main.mkdir(parents=True, mode=0o700)
        self.by_device[self.main.stat().st_dev] = self.main
        try:
            self._collect()
        except OSError as problem:
            self.remove()
            if problem.errno == errno.ENOSPC:
                raise Trouble(
                    "disk_full", "this PBX's own disk is full; nothing was stored", where="local"
                ) from problem
            raise
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the links and copies."""
        self.remove()

    def remove(self) -> None:
        """Remove every staging folder, also those that a killed run left."""
        tops = [
            self.program.place(path)
            for part in ("voicemail", "recordings", "cdr", "prompts")
            for path in PARTS[part]
        ]
        for stage in {*self.by_device.values(), self.main, *(top / ".kelid-backup" for top in tops)}:
            if stage.is_dir() and not stage.is_symlink():
                shutil.rmtree(stage)

    def stages(self) -> list[Path]:
        """Return the staging folders, the one with the manifest first."""
        return [self.main, *sorted(stage for stage in self.by_device.values() if stage != self.main)]

    def differs(self, name: str) -> bool:
        """Return True if a gathered file no longer has the bytes that the manifest says."""
        entry = self.files.get(name)
        if entry is None:
            return False
        try:
            return bool(digest_of(Path(entry["stored"]), entry["size"]) != entry["sha256"])
        except OSError:
            return True

    def _collect(self) -> None:
        program, contents = self.program, list(self.program.settings["contents"])
        taken = time.time()
        free = shutil.disk_usage(self.main).free
        need = sum(path.stat().st_size for _, path in self._databases(contents))
        if free < need + SPARE:
            raise Trouble(
                "disk_full",
                f"this PBX's own disk has {free >> 20} MB free and a backup needs {(need + SPARE) >> 20}",
                where="local",
            )
        writing = being_written()
        release = self._release() if "config" in contents else {}
        for part in contents:
            for path in PARTS[part]:
                if part != "astdb":
                    self._tree(part, path, writing, grows=part == "cdr" or path.endswith(".jsonl"))
        if "config" in contents or "prompts" in contents:
            self._tree("prompts" if "prompts" in contents else "config", "/var/lib/kelid/media", writing)
        if "queue_log" in contents:
            logs = program.place("/var/log/asterisk")
            for log in sorted(logs.iterdir()) if logs.is_dir() else []:
                if _is_queue_log(log.name):
                    self._tree("queue_log", program.named(log), writing, grows=True)
        for part, place in self._databases(contents):
            self._database(part, place)
        after = being_written()
        for name, entry in list(self.files.items()):
            status = os.lstat(entry["stored"])
            if (status.st_dev, status.st_ino) in after and not entry.get("grows"):
                self._drop(name)
        for name in list(self.skipped):
            self._drop(name)
        for name in list(self.files):
            self._seal(name)
        parts: dict[str, int] = {}
        for entry in self.files.values():
            parts[entry["part"]] = parts.get(entry["part"], 0) + 1
        self.manifest = {
            "format": FORMAT,
            "site": program.site,
            "taken": utc(taken),
            "release": release.get("release", ""),
            "commit": release.get("commit", ""),
            "asterisk": int(release.get("asterisk", 0)),
            "contents": contents,
            "parts": parts,
            "files": self.files,
            "directories": self.directories,
            "links": self.links,
        }

    def _release(self) -> dict[str, str]:
        """Gather the live release and the link to it; return its name and commit."""
        program = self.program
        link = program.home / "current"
        if not link.is_symlink():
            return {}
        target = os.readlink(link)
        status = link.lstat()
        self.links["/var/lib/kelid/current"] = {
            "target": target,
            "user": user_name(status.st_uid),
            "group": group_name(status.st_gid),
        }
        folder = Path(os.path.normpath(program.home / target))
        self._parents(program.named(folder))
        self._tree("config", program.named(folder), set())
        name, commit, asterisk = folder.name, "", ""
        with contextlib.suppress(OSError, ValueError):
            manifest = json.loads((folder / ".kelid" / "manifest.json").read_text(encoding="utf-8"))
            name, commit = str(manifest.get("release", name)), str(manifest.get("commit", ""))
            asterisk = str(int(manifest.get("asterisk", 0)))
        return {"release": name, "commit": commit, "asterisk": asterisk or "0"}

    def _databases(self, contents: Iterable[str]) -> list[tuple[str, Path]]:
        """Return (part, place) of the SQLite databases that belong to the contents."""
        found = []
        place = self.program.place(PARTS["astdb"][0])
        if "astdb" in contents and place.is_file():
            found.append(("astdb", place))
        logs = self.program.place("/var/log/asterisk")
        if "cdr" in contents and logs.is_dir():
            found += [
                ("cdr", path)
                for path in sorted(logs.glob("*.db"))
                if path.is_file() and not path.is_symlink()
            ]
        return found

    def _database(self, part: str, path: Path) -> None:
        """Copy a database through SQLite's own backup, which sees no half transaction however busy Asterisk is."""
        stored = self.main / "files" / self.program.named(path).lstrip("/")
        stored.parent.mkdir(parents=True, exist_ok=True)
        status = path.stat()
        try:
            with (
                contextlib.closing(
                    sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)
                ) as source,
                contextlib.closing(sqlite3.connect(stored)) as copy,
            ):
                source.backup(copy)
                if copy.execute("pragma integrity_check").fetchone() != ("ok",):
                    raise Trouble(
                        "damaged_here",
                        f"{self.program.named(path)} is damaged on this PBX; nothing was stored",
                    )
        except sqlite3.Error as problem:
            if "full" in str(problem):
                raise Trouble(
                    "disk_full", "this PBX's own disk is full; nothing was stored", where="local"
                ) from problem
            raise Trouble("damaged_here", f"{self.program.named(path)} can't be read: {problem}") from problem
        os.utime(stored, ns=(status.st_mtime_ns, status.st_mtime_ns))
        self._note(part, self.program.named(path), stored, status)
        self.files[self.program.named(path)]["database"] = True

    def _parents(self, name: str) -> None:
        """Note the owner and mode of the folders of ours above a path."""
        folder = Path(name).parent
        while str(folder).startswith("/var/lib/kelid"):
            self._folder(str(folder), self.program.place(str(folder)).stat())
            folder = folder.parent

    def _folder(self, name: str, status: os.stat_result) -> None:
        self.directories[name] = {
            "mode": f"{stat.S_IMODE(status.st_mode):04o}",
            "user": user_name(status.st_uid),
            "group": group_name(status.st_gid),
        }

    def _note(
        self, part: str, name: str, stored: Path, status: os.stat_result, *, grows: bool = False
    ) -> None:
        self.files[name] = {
            "stored": str(stored),
            "size": stored.stat().st_size,
            "mode": f"{stat.S_IMODE(status.st_mode):04o}",
            "user": user_name(status.st_uid),
            "group": group_name(status.st_gid),
            "mtime": status.st_mtime_ns,
            "inode": status.st_ino,
            "part": part,
        }
        if grows:
            self.files[name]["grows"] = True

    def _drop(self, name: str) -> None:
        """Leave out a file that is being written, and with it the other files of the same message."""
        stem = re.match(r"(.*/msg\d+)\.", name)
        same = [other for other in self.files if stem and other.startswith(stem.group(1) + ".")]
        self.skipped.update((name, *same))
        for other in {name, *same} & set(self.files):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.files.pop(other)["stored"])

    def _tree(self, part: str, path: str, writing: set[tuple[int, int]], *, grows: bool = False) -> None:
        """Gather a file, or all files below a folder."""
        top = self.program.place(path)
        try:
            status = top.lstat()
            if stat.S_ISLNK(status.st_mode) and status.st_uid == 0:
                top = Path(os.path.realpath(top))  # an administrator moved it to a bigger disk
                status = top.lstat()
        except FileNotFoundError:
            return
        if stat.S_ISREG(status.st_mode):
            folder = os.open(top.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                self._file(part, path, top.name, folder, writing, grows=grows)
            finally:
                os.close(folder)
            return
        for folder_path, folders, files, folder in os.fwalk(top, follow_symlinks=False):
            below = os.path.relpath(folder_path, top)
            here = path if below == "." else f"{path}/{below}"
            self._folder(here, os.fstat(folder))
            for name in [name for name in folders if name in OWN_NAMES]:
                folders.remove(name)
            for name in list(folders):
                if stat.S_ISLNK(os.lstat(name, dir_fd=folder).st_mode):
                    self._symlink(here, name, folder)
            if part == "voicemail":
                if below.split("/")[-1] == "tmp":
                    self.skipped.update(f"{here}/{name}" for name in files)
                    continue  # messages are recorded here and come into INBOX whole
                self._mailbox(here, folder, writing)
                continue
            for name in files:
                self._file(part, f"{here}/{name}", name, folder, writing, grows=grows)

    def _mailbox(self, here: str, folder: int, writing: set[tuple[int, int]]) -> None:
        """Gather one voicemail folder as it was at one moment.

        app_voicemail renumbers messages when one goes, and a message arrives file by file, its .txt last. It does both
        while it holds the folder's ``.lock``, so: look, link, look again, and begin anew if anything moved.
        """
        limit = time.monotonic() + 5
        while True:
            view = _view(folder)
            sounds = {name.split(".")[0] for name in view if name.startswith("msg")}
            texts = {name.split(".")[0] for name in view if name.startswith("msg") and name.endswith(".txt")}
            patient = time.monotonic() < limit
            if (".lock" in view or sounds != texts) and patient:
                time.sleep(0.02)
                if sounds != texts and _view(folder) == view and ".lock" not in view:
                    limit = min(limit, time.monotonic() + 0.5)  # an orphan stays one; it is data all the same
                continue
            for name in view:
                if not name.startswith(".lock"):
                    self._file("voicemail", f"{here}/{name}", name, folder, writing)
            if _view(folder) == view:
                return
            for name in view:
                if f"{here}/{name}" in self.files:
                    os.unlink(self.files.pop(f"{here}/{name}")["stored"])
            if not patient:
                raise Trouble(
                    "busy_files", f"{here} kept changing for 5 seconds; nothing was stored, try again"
                )

    def _symlink(self, here: str, name: str, folder: int) -> None:
        status = os.lstat(name, dir_fd=folder)
        self.links[f"{here}/{name}"] = {
            "target": os.readlink(name, dir_fd=folder),
            "user": user_name(status.st_uid),
            "group": group_name(status.st_gid),
        }

    def _file(
        self,
        part: str,
        path: str,
        name: str,
        folder: int,
        writing: set[tuple[int, int]],
        *,
        grows: bool = False,
    ) -> None:
        """Link one file into the staging folder of its file system. What is being written is left for the next backup."""
        try:
            status = os.lstat(name, dir_fd=folder)
            if stat.S_ISLNK(status.st_mode):
                self._symlink(path.rsplit("/", 1)[0], name, folder)
                return
            if not stat.S_ISREG(status.st_mode):
                return
            if (status.st_dev, status.st_ino) in writing and not grows:
                self.skipped.add(path)
                return
            stored = self._stage(os.fstat(folder).st_dev, path) / "files" / path.lstrip("/")
            stored.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(name, stored, src_dir_fd=folder, follow_symlinks=False)
            except OSError as problem:
                if problem.errno != errno.EXDEV:
                    raise
                self._copy(name, stored, folder)
        except FileNotFoundError:
            return  # it went before it could be linked
        status = stored.lstat()
        if not stat.S_ISREG(status.st_mode):
            stored.unlink()
            return
        self._note(part, path, stored, status, grows=grows)

    def _stage(self, device: int, path: str) -> Path:
        if device not in self.by_device:
            top = next((top for tops in PARTS.values() for top in tops if path.startswith(top + "/")), None)
            if top is None:
                return self.main  # small things on a file system of their own are copied
            stage = Path(os.path.realpath(self.program.place(top))) / ".kelid-backup"
            stage.mkdir(mode=0o700)
            self.by_device[device] = stage
        return self.by_device[device]

    def _copy(self, name: str, stored: Path, folder: int) -> None:
        """Copy a file that can't be linked, with its time; never through a symbolic link."""
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
        with os.fdopen(source, "rb") as file, stored.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            status = os.fstat(source)
        os.chmod(stored, stat.S_IMODE(status.st_mode))
        os.chown(stored, status.st_uid, status.st_gid)
        os.utime(stored, ns=(status.st_mtime_ns, status.st_mtime_ns))

    def _seal(self, name: str) -> None:
        """Put the digest of a gathered file into the manifest."""
        entry = self.files[name]
        stored = Path(entry["stored"])
        if entry.get("grows"):
            entry["size"] = last_line_end(stored) if not name.endswith((".gz", ".xz")) else entry["size"]
            entry["sha256"] = digest_of(stored, entry["size"])
            return
        old = self.before.get(name, {})
        same = all(old.get(key) == entry[key] for key in ("inode", "size", "mtime"))
        if same and "sha256" in old and not entry.get("database"):
            entry["sha256"] = old["sha256"]
            return
        entry["sha256"] = digest_of(stored)
        status = stored.stat()
        if (status.st_size, status.st_mtime_ns) != (
            entry["size"],
            entry["mtime"],
        ):
            self._drop(name)  # it was changed while it was read: the next backup has it


def _view(folder: int) -> dict[str, tuple[int, int, int]]:
    """Return name -> (inode, size, time) of the files in a folder."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with contextlib.suppress(FileNotFoundError):
            status = os.lstat(name, dir_fd=folder)
            if not stat.S_ISDIR(status.st_mode):
                found[name] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _is_queue_log(name: str) -> bool:
    return re.fullmatch(r"queue_log(?:[.-][0-9.-]+)?(?:\.gz|\.xz)?", name) is not None


def _python_time(text: str) -> str:
    """Given restic's time (nanoseconds, or Z), return one that Python 3.9 reads."""
    text = re.sub(r"\.(\d{1,6})\d*", lambda match: "." + match.group(1).ljust(6, "0"), text)
    return text[:-1] + "+00:00" if text.endswith("Z") else text


def _safe(path: str) -> bool:
    """Return True for an absolute path without steps upwards or control characters."""
    return path.startswith("/") and os.path.normpath(path) == path and not re.search(r"[\x00-\x1f\x7f]", path)


def _joined(top: str, member: str) -> str:
    """Given the folder that was dumped and a member's name, return the member's path in the snapshot.

    Up to restic 0.16 a member's name is the whole path; later ones begin at the folder.
    """
    name = "/" + member.strip("/")
    return name if name == top or name.startswith(top + "/") else top.rstrip("/") + name


def _is(path: Path, data: bytes, mode: int) -> bool:
    try:
        return path.read_bytes() == data and stat.S_IMODE(path.stat().st_mode) == mode
    except OSError:
        return False


def _only_quiet(path: Path) -> bool:
    with path.open("rb") as file:
        return all(
            len(line.split(b"|")) > 4 and line.split(b"|")[4].decode("ascii", "replace") in QUIET_EVENTS
            for line in file
        )


def _database_within(here: Path, staged: Path) -> bool:
    """Return True if a database here has no row of the client's that the backup's copy lacks."""

    def rows(path: Path) -> set[tuple[str, Any]]:
        found: set[tuple[str, Any]] = set()
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as base:
            for (table,) in base.execute("select name from sqlite_master where type = 'table'").fetchall():
                quoted = '"' + table.replace('"', '""') + '"'
                found |= {(table, row) for row in base.execute(f"select * from {quoted}")}  # noqa: S608
        return {
            (table, row)
            for table, row in found
            if not (
                table == "astdb"
                and str(row[0]).split("/")[1:2]
                and str(row[0]).split("/")[1] in QUIET_FAMILIES
            )
        }

    try:
        return rows(here) <= rows(staged)
    except sqlite3.Error:
        return True  # a damaged database here is what people restore for


def _move(old: Path, new: Path) -> None:
    """Rename; where another file system lies between, copy with owner, mode and times under another name, then rename."""
    try:
        old.replace(new)
    except OSError as problem:
        if problem.errno != errno.EXDEV:
            raise
        status = old.lstat()
        part = new.with_name("." + new.name + ".kelid-new")
        shutil.copyfile(old, part, follow_symlinks=False)
        os.chown(part, status.st_uid, status.st_gid, follow_symlinks=False)
        part.chmod(stat.S_IMODE(status.st_mode))
        os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
        part.replace(new)
        old.unlink()


def _rmdir(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _link(place: Path, target: str, entry: Mapping[str, Any] | None) -> None:
    """Make or turn a symbolic link by one rename."""
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name("." + place.name + ".kelid-new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    new.symlink_to(target)
    if entry is not None:
        os.lchown(new, user_id(entry["user"]), group_id(entry["group"]))
    new.replace(place)


def _drain(pipe: Any, into: list[bytes]) -> Callable[[], None]:
    """Read a pipe to its end beside the caller; the returned function waits for that."""
    import threading

    thread = threading.Thread(target=lambda: into.extend(iter(lambda: pipe.read(65536), b"")), daemon=True)
    thread.start()
    return thread.join


SERVICE = """\
# Written by kelid. What a backup holds and where it goes: /etc/kelid/backup.json
[Unit]
Description=Back this PBX up and prove the backup
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/lib/kelid/backup run
# Calls come first
Nice=15
IOSchedulingClass=idle
TimeoutStartSec=10h
"""

TIMER = """\
# Written by kelid from the site's backup.yml
[Unit]
Description=Back this PBX up every day

[Timer]
OnCalendar=*-*-* {at} {zone}
Persistent=true
AccuracySec=1min

[Install]
WantedBy=timers.target
"""


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    top = argparse.ArgumentParser(prog="backup", description="Back a PBX up, prove the backup, put one back.")
    top.add_argument("--root", type=Path, default=Path("/"), help="the PBX's file system (tests)")
    verbs = top.add_subparsers(dest="verb", required=True)
    settings = verbs.add_parser("settings", help="take the settings from standard input")
    settings.add_argument("--check", action="store_true", help="only say whether they differ")
    verbs.add_parser("run", help="take a backup and prove it")
    verbs.add_parser("list", help="show the backups")
    verify = verbs.add_parser("verify", help="read a backup back and compare every file")
    verify.add_argument("--snapshot", default="latest")
    restore = verbs.add_parser("restore", help="put a backup in place (Asterisk must be stopped)")
    restore.add_argument("--snapshot", default="latest")
    restore.add_argument("--target", type=Path, help="only fetch and verify, into this empty folder")
    restore.add_argument(
        "--force", action="store_true", help="also where this PBX holds newer data, which is moved aside"
    )
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run one verb, print its answer, return 0 or 1."""
    options = parser().parse_args(arguments)
    program = Program(options.root.resolve())
    os.umask(0o077)

    def stop(number: int, _: object) -> NoReturn:
        raise Trouble("interrupted", f"ended by signal {number}; nothing is half done")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        if options.verb == "settings":
            answer = program.settings_from(json.load(sys.stdin), check=options.check)
        else:
            program.load()
            if options.verb == "run":
                answer = program.run()
            elif options.verb == "list":
                answer = program.listing()
            elif options.verb == "verify":
                answer = program.verify(options.snapshot)
            else:
                answer = program.restore(options.snapshot, target=options.target, force=options.force)
    except Trouble as trouble:
        answer = {"ok": False, "code": trouble.code, "message": str(trouble), **trouble.more}
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        answer = {
            "ok": False,
            "code": "disk_full" if full else "failed",
            "message": str(problem),
            "where": "local",
        }
    except Exception as problem:
        traceback.print_exc()  # to the journal; whoever called still gets an answer
        answer = {"ok": False, "code": "failed", "message": f"{type(problem).__name__}: {problem}"}
    finally:
        for child in program.children:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
    say(answer)
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
