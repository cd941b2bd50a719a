#!/usr/bin/python3
"""kelid's agent: the whole transaction of a change, on the server itself.

Called over ssh with a verb; reads a release archive from standard input where the verb needs one; prints one JSON
object and exits 0 when that object says ``"ok": true``. One file, the standard library, Python 3.9 or newer.

Whatever goes wrong, and whenever, the server ends on the old release or on the new one, never between: a release is
staged in a private Asterisk first, the way back is armed before the switch, and the switch is one rename.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import grp
import hashlib
import ipaddress
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Callable, NoReturn

ADOPTED = "0" * 64
"""The name of the release that holds what the server had before kelid."""
KEEP = 10
"""How many releases stay on the disk, besides the adopted one."""
MAX_BYTES = 1 << 30
MAX_ENTRIES = 20_000
MAX_LOG = 4 << 20
BOOT_LIMIT = 90.0
"""Seconds that a staged or restarted Asterisk gets until it is fully booted."""
LOCK_WAIT = 300.0
"""Seconds that the undo waits for the lock: a begin that is still under way ends before."""

NAME = re.compile(r"[0-9a-f]{64}(\.drift-[0-9]+)?\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")
MEDIA = re.compile(r"[0-9a-f]{64}\.wav\Z")
TOKEN = re.compile(r"%%secret:[a-z][a-z0-9_]{0,63}%%")
LOG_LINE = re.compile(
    r"\[[^\]]+\] (?P<level>[A-Z]+)\[\d+\](?P<call>\[C-[0-9a-f]+\])?:? (?P<source>[\w./-]+\.(?:c|cc|cpp|h))"
    r"(?::\d+(?: \S+)?)?: (?P<text>.*)"
)
SENSITIVE = re.compile(
    r"(?i)\b(password|secret|md5_cred|md5secret|auth_password|pin|vmsecret|dbpass|passwd|oauth_secret|refresh_token)"
    r"(\s*=>?\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)
STUBBED = re.compile(r"res_pjsip_outbound_registration\.c\Z")
LOAD = re.compile(r"taskprocessor\.c\Z")
"""Sources that tell of a busy machine and never of a configuration: with some hundreds of extensions Asterisk warns of its
own queue of tasks while it loads them, and comes through."""
TRAFFIC = re.compile(r"(chan_\w+|app_\w+|channel|res_pjsip|res_pjsip_session|res_pjsip_registrar|res_rtp_\w+)\.c\Z")
"""Sources that log errors of calls and phones (a called phone that isn't registered): in the live log, where calls go on
while a release is read, they tell nothing of the release. The staged copy has no calls: there they count."""
HARDWARE = ("chan_dahdi.so", "codec_dahdi.so", "res_timing_dahdi.so")
"""Modules that open telephony hardware: never loaded in the staged copy."""
NOWHERE_ADDRESS = "192.0.2.1"
"""What stands for a host name in the staged copy (RFC 5737: reserved for documents, never routed)."""


class Refusal(Exception):
    """The transaction can't go on: a code for machines, a message for people, and the log lines behind it."""

    def __init__(self, code: str, message: str, log: Sequence[Mapping[str, Any]] = (), **more: Any) -> None:
        """Keep what the answer will hold."""
        super().__init__(message)
        self.code = code
        self.log = list(log)
        self.more = more


# ---------------------------------------------------------------------------------------------------- small tools


def run(*command: str, limit: float = 30.0) -> subprocess.CompletedProcess[str]:
    """Run a program without a shell; return what it did. A program that is missing or too slow counts as failed."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as problem:
        return subprocess.CompletedProcess(command, 127, "", str(problem))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"{command[0]} took more than {limit:.0f} s")


def until(condition: Callable[[], bool], limit: float, pause: float = 0.02) -> bool:
    """Wait until the condition holds, at most ``limit`` seconds. Return whether it does."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def sync_dir(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(root: Path) -> None:
    """Make all files and folders under ``root`` survive a power cut."""
    for folder, _, names in os.walk(root):
        for name in names:
            handle = os.open(os.path.join(folder, name), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_dir(Path(folder))


def write_whole(path: Path, data: bytes, mode: int = 0o640, gid: int = -1) -> None:
    """Put ``data`` at ``path`` by one rename: a reader sees the old content or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fchmod(out.fileno(), mode)
            if gid >= 0:
                os.fchown(out.fileno(), 0, gid)
            os.fsync(out.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    sync_dir(path.parent)


def digest_of(path: Path) -> str:
    """Return sha256 of a file's bytes as 64 hexadecimal digits."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            total.update(block)
    return total.hexdigest()


def tree_files(root: Path) -> dict[str, Path]:
    """Return the files of a release, by their path below it, without what is the agent's own (.kelid)."""
    found = {}
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name != ".kelid"]
        for name in names:
            path = Path(folder, name)
            found[str(path.relative_to(root))] = path
    return found


def remove(path: Path) -> None:
    """Take a file, link or folder away; one that isn't there is no problem."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


# --------------------------------------------------------------------------------------------------- conf files


@dataclass(frozen=True)
class Line:
    """One ``key = value`` of a conf file: its section, and its number from 1."""

    number: int
    section: str
    key: str
    value: str


def conf_lines(text: str) -> Iterator[Line]:
    """Yield the options of a conf file. Comments of one line and of many (``;--`` to ``--;``) are left out."""
    section = ""
    in_comment = False
    for number, raw in enumerate(text.splitlines(), 1):
        if in_comment:
            in_comment = "--;" not in raw
            continue
        if raw.lstrip().startswith(";--") and not raw.lstrip().startswith(";---"):
            in_comment = "--;" not in raw
            continue
        line = re.split(r"(?<!\\);", raw, maxsplit=1)[0].strip()
        heading = re.match(r"\[([^\]]*)\]", line)
        if heading:
            section = heading.group(1)
        elif "=" in line:
            key, _, value = line.partition("=")
            yield Line(number, section, key.strip().lower(), value.removeprefix(">").strip())


def directories(asterisk_conf: Path) -> dict[str, str]:
    """Return Asterisk's folders (``astvarlibdir``...): what asterisk.conf says, else the packages' defaults."""
    found = {
        "astetcdir": "/etc/asterisk",
        "astvarlibdir": "/var/lib/asterisk",
        "astdatadir": "/usr/share/asterisk",
        "astspooldir": "/var/spool/asterisk",
        "astlogdir": "/var/log/asterisk",
        "astrundir": "/var/run/asterisk",
    }
    active = False
    for raw in asterisk_conf.read_text(errors="replace").splitlines():
        line = raw.split(";", 1)[0].strip()
        if line.startswith("["):
            active = line.startswith("[directories]") and "(!" not in line
        elif active and "=" in line:
            key, _, value = line.partition("=")
            found[key.strip()] = value.removeprefix(">").strip()
    if "astmoddir" not in found:
        modules = sorted(Path("/usr/lib").glob("**/asterisk/modules"))
        if modules:
            found["astmoddir"] = str(modules[0])
    return found


# ------------------------------------------------------------------------------------------------------ scrubbing


def secret_values(release: Path) -> set[str]:
    """Return every secret value of a release: what stands in its files where its bundle has tokens."""
    found: set[str] = set()
    bundle = release / ".kelid" / "bundle"
    for path, with_tokens in tree_files(bundle).items() if bundle.is_dir() else ():
        try:
            real = (release / path).read_text(errors="replace").splitlines()
        except OSError:
            continue
        for template, line in zip(with_tokens.read_text(errors="replace").splitlines(), real):
            if not TOKEN.search(template):
                continue
            pattern = "(.*?)".join(re.escape(part) for part in TOKEN.split(template))
            match = re.fullmatch(pattern, line)
            for value in match.groups() if match else ():
                found.update((value, re.sub(r"\\(.)", r"\1", value)))
    return {value for value in found if len(value) >= 3}


class Scrubber:
    """Takes secrets out of text before it leaves the server."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Keep the values, the longest first, so that none shows a part of another."""
        ordered = sorted(set(values), key=lambda value: (-len(value), value))
        self._values = (
            re.compile("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in ordered)) if ordered else None
        )

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced by ``***``."""
        # The values that are known first: a rule that goes by words could leave the tail of one.
        text = self._values.sub("***", text) if self._values else text
        return SENSITIVE.sub(r"\1\2***", text)


# ------------------------------------------------------------------------------------------------- Asterisk's log


def read_log(text: str, *, levels: Sequence[str] = ("WARNING", "ERROR")) -> Iterator[dict[str, str]]:
    """Yield the entries of Asterisk's log of these levels; lines that go on belong to the entry before them."""
    current: dict[str, str] | None = None
    for line in text.splitlines():
        match = LOG_LINE.match(line)
        if match:
            if current:
                yield current
            keep = match.group("level") in levels
            current = {key: value or "" for key, value in match.groupdict().items()} if keep else None
        elif current and line.strip():
            current["text"] += " " + line.strip()
    if current:
        yield current


LINE_OF = re.compile(r"(?:at |in |for |on )?line (?P<line>\d+)(?: of (?:file )?['\"]?(?P<file>[^\s'\":,]*))?")
OBJECT_OF = (
    re.compile(r"suitable for category '(?P<id>[^']*)'"),
    re.compile(r"(?:object|endpoint|aor|auth|identify|registration|transport|contact) '(?P<id>[^']+)'", re.IGNORECASE),
    re.compile(r"(?:context|queue|mailbox|extension|Endpoint|AOR) '?(?P<id>[\w@.-]+)'"),
)
FILE_OF_SOURCE = (
    (re.compile(r"pjsip|sorcery|config_options"), "pjsip.conf"),
    (re.compile(r"pbx"), "extensions.conf"),
    (re.compile(r"app_queue"), "queues.conf"),
    (re.compile(r"voicemail"), "voicemail.conf"),
    (re.compile(r"musiconhold"), "musiconhold.conf"),
    (re.compile(r"loader"), "modules.conf"),
    (re.compile(r"logger"), "logger.conf"),
)


def tells_of_release(entry: Mapping[str, str]) -> bool:
    """Return whether an entry of the live log is about what was read, and not about a call or a phone."""
    return not (entry["call"] or LOAD.search(entry["source"]) or TRAFFIC.search(entry["source"]))


def section_at(path: Path, line: int) -> tuple[str, str]:
    """Return (type, id) of the section in which a line of a conf file stands; the type is "" where it has none."""
    try:
        rows = path.read_text(errors="replace").splitlines()
    except OSError:
        return "", ""
    heads = [number for number, row in enumerate(rows, 1) if row.startswith("[")]
    start = max((number for number in heads if number <= line), default=0)
    if not start:
        return "", ""
    end = min((number for number in heads if number > start), default=len(rows) + 1)
    kind = next((row.partition("=")[2].strip() for row in rows[start : end - 1] if re.match(r"type\s*=", row)), "")
    return kind, rows[start - 1][1:].split("]", 1)[0]


def explain(entry: Mapping[str, str], tree: Path, scrub: Scrubber) -> dict[str, Any]:
    """Given one entry of the log and the tree that was loaded, return it with the file, line, type and id that it means."""
    text = entry["text"]
    file, line, kind, name = "", 0, "", ""
    place = LINE_OF.search(text)
    if place:
        line = int(place.group("line"))
        file = (place.group("file") or "").rstrip(".")
    else:
        bare = re.search(r"(?P<file>[\w./-]+\.conf)(?::(?P<line>\d+))?", text)
        if bare:
            file, line = bare.group("file"), int(bare.group("line") or 0)
    file = file.split("/etc-staged/")[-1]
    if file.startswith("/"):
        file = Path(file).name
    if not file:
        file = next((path for source, path in FILE_OF_SOURCE if source.search(entry["source"])), "")
    for pattern in OBJECT_OF:
        found = pattern.search(text)
        if found:
            name = found.group("id")
            break
    if file and line:
        kind, section = section_at(tree / file, line)
        name = name or section
    elif file and name:
        line = next((n for n, row in enumerate(_rows(tree / file), 1) if row.startswith(f"[{name}]")), 0)
        kind = section_at(tree / file, line)[0] if line else ""
    clean = re.sub(r"\S*/etc-staged/", "", scrub(text))
    return {
        "level": entry["level"],
        "file": file,
        "line": line,
        "type": kind,
        "id": scrub(name),
        "text": clean,
    }


def _rows(path: Path) -> list[str]:
    """Return the lines of a file, none where it can't be read."""
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []


# --------------------------------------------------------------------------------------------- asking an Asterisk


@dataclass(frozen=True)
class Asterisk:
    """One running Asterisk, asked through its control socket; ``conf`` is its asterisk.conf."""

    conf: Path

    def ask(self, command: str, limit: float = 20.0) -> str:
        """Return what the command line says; "" when there is nobody to ask."""
        done = run("asterisk", "-C", str(self.conf), "-rx", command, limit=limit)
        return "" if done.returncode else done.stdout

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

    def channels(self) -> int:
        """Return how many channels are active."""
        found = re.search(r"(\d+) active channel", self.ask("core show channels count"))
        return int(found.group(1)) if found else 0

    def observe(self) -> dict[str, Any]:
        """Return the names of what it has loaded, and the state of registrations, contacts and channels."""
        commands = {
            "contexts": "dialplan show",
            "endpoints": "pjsip show endpoints",
            "queues": "queue show",
            "mailboxes": "voicemail show users",
            "registrations": "pjsip show registrations",
            "contacts": "pjsip show contacts",
        }
        with ThreadPoolExecutor(len(commands)) as pool:
            answers = dict(zip(commands, pool.map(self.ask, commands.values())))
        return {
            "contexts": parse_contexts(answers["contexts"]),
            "endpoints": parse_endpoints(answers["endpoints"]),
            "queues": parse_queues(answers["queues"]),
            "mailboxes": parse_mailboxes(answers["mailboxes"]),
            "registrations": parse_registrations(answers["registrations"]),
            "contacts": parse_contacts(answers["contacts"]),
            "channels": self.channels(),
        }


def parse_contexts(text: str) -> list[str]:
    """Return the contexts of ``dialplan show`` that a file made (Asterisk makes some of its own: parking, features)."""
    return sorted(set(re.findall(r"^\[ Context '([^']+)' created by 'pbx_config' \]", text, re.MULTILINE)))


def parse_endpoints(text: str) -> list[str]:
    """Return the names in ``pjsip show endpoints``; the line that explains the columns is none."""
    return sorted(set(re.findall(r"^ Endpoint:  (?!<Endpoint/)([^\s/]+)", text, re.MULTILINE)))


def parse_queues(text: str) -> list[str]:
    """Return the names in ``queue show``."""
    return sorted(set(re.findall(r"^(\S+)\s+has \d+ calls", text, re.MULTILINE)))


def parse_mailboxes(text: str) -> list[str]:
    """Return ``mailbox@context`` of each line of ``voicemail show users``, whose columns are context, mailbox, name."""
    found = set()
    for line in text.splitlines():
        parts = line.split()
        if len(parts) >= 3 and parts[-1].isdigit() and not line.startswith("Context"):
            found.add(f"{parts[1]}@{parts[0]}")
    return sorted(found)


def parse_registrations(text: str) -> dict[str, str]:
    """Return name -> state (``Registered``, ``Unregistered``, ``Rejected``) of ``pjsip show registrations``."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"^ (?!<)([^\s/=]+)/sips?:\S+\s+.*?\b(Registered|Unregistered|Rejected|Stopped)\b", line)
        if match:
            found[match.group(1)] = match.group(2)
    return found


def parse_contacts(text: str) -> list[str]:
    """Return ``aor/uri`` of every contact in ``pjsip show contacts``."""
    return sorted(set(re.findall(r"^  Contact:  (?!<Aor/)(\S+?/sips?:\S+)", text, re.MULTILINE)))


def parse_applications(text: str) -> set[str]:
    """Return the names in ``core show applications``, in small letters (Asterisk doesn't tell them apart)."""
    return {name.lower() for name in re.findall(r"^\s*([A-Za-z_]\w*): ", text, re.MULTILINE)}


def parse_steps(text: str) -> Iterator[tuple[str, str, str, int]]:
    """Yield (application, data, file, line) of each priority in ``dialplan show``."""
    for match in re.finditer(r"^.*?\b\d+\. ([A-Za-z_]\w*)\((.*)\)\s+\[([^\]:]+):(\d+)\]$", text, re.MULTILINE):
        yield match.group(1), match.group(2), match.group(3), int(match.group(4))


def parse_members(text: str) -> list[dict[str, Any]]:
    """Return the members in ``queue show``: queue, interface, name, penalty, whether dynamic, whether paused."""
    found = []
    queue = ""
    for line in text.splitlines():
        head = re.match(r"^(\S+)\s+has \d+ calls", line)
        if head:
            queue = head.group(1)
            continue
        bare = re.sub(r"\x1b\[[0-9;]*m", "", line)
        member = re.match(
            r"^      (.*?)(?: \(([^()]*/[^()]*)(?: from [^()]*)?\))?(?: with penalty (\d+))? \(ringinuse",
            bare,
        )
        if member and queue:
            name, interface = member.group(1), member.group(2) or member.group(1)
            found.append(
                {
                    "queue": queue,
                    "interface": interface,
                    "name": name,
                    "penalty": int(member.group(3) or 0),
                    "dynamic": "(dynamic)" in bare,
                    "paused": "(paused" in bare,
                }
            )
    return found


# -------------------------------------------------------------------------------------------------------- staging

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
exec asterisk -C "$STAGE/asterisk.conf" -f -U asterisk -G asterisk
"""
"""What runs between ``unshare`` and the staged Asterisk: live folders are covered by empty ones, the rest is read-only."""


def is_address(text: str) -> bool:
    """Return whether the text is an IP address or network."""
    try:
        ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return False
    return True


def host_of_uri(uri: str) -> str:
    """Return the host of a SIP URI: ``sip:user@host:5060;transport=udp`` gives ``host``."""
    rest = re.sub(r"^['\"<]*sips?:", "", uri)
    rest = rest.split("@")[-1]
    match = re.match(r"\[[^\]]+\]|[^:;>,'\"]+", rest)
    return match.group(0) if match else ""


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


@dataclass
class Stage:
    """A private Asterisk beside the live one: no network but its own ``lo``, no live folder that it could write to."""

    tree: Path
    live: Asterisk
    home: Path
    gid: int
    uid: int
    not_staged: list[str] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    process: subprocess.Popen[bytes] | None = None

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
                self.adapt(relative, path.read_text(errors="surrogateescape")).encode(errors="surrogateescape")
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
        rows = "".join(f"{key} => {value}\n" for key, value in own.items())
        (self.home / "asterisk.conf").write_text(f"[directories]\n{rows}\n[options]\nnocolor = yes\n")
        covered = (("astspooldir", "spool"), ("astlogdir", "log"), ("astrundir", "run"))
        (self.home / "binds").write_text("".join(f"{live[key]}:{name}\n" for key, name in covered))
        (self.home / "addresses").write_text("".join(f"{address}\n" for address in sorted(self.addresses)))
        for folder, _, names in os.walk(self.home):
            os.chown(folder, self.uid, self.gid)
            for name in names:
                os.chown(os.path.join(folder, name), self.uid, self.gid)

    def adapt(self, path: str, text: str) -> str:
        """Given a file of the tree, return it as the staged copy gets it: the same lines, in the same order."""
        rows = text.split("\n")
        for line in list(conf_lines(text)):
            row, value = rows[line.number - 1], line.value
            replaced = self._adapted(path, line)
            if replaced is None:
                continue
            head, found, tail = row.rpartition(value) if value else (row, "", "")
            rows[line.number - 1] = f"{head}{replaced}{tail}" if found else row
        return "\n".join(rows)

    def _adapted(self, path: str, line: Line) -> str | None:
        """Return the value that stands in the staged copy, or None where the real one can stay."""
        key, value = line.key, line.value
        if path == "modules.conf" and key in ("load", "require", "preload", "preload-require") and value in HARDWARE:
            self.not_staged.append(f"{value} (opens telephony hardware)")
            return "; left out"
        if key in ("bind", "bindaddr", "tlsbindaddr", "udpbindaddr", "media_address", "rtpbindaddr"):
            host = re.sub(r":\d+$", "", value) if value.count(":") == 1 else value.split("]")[0].lstrip("[")
            if is_address(host) and not ipaddress.ip_address(host).is_unspecified:
                self.addresses.add(f"{host}/{128 if ':' in host else 32}")
            return None
        if not path.startswith("pjsip"):
            return "127.0.0.1" if path == "rtp.conf" and key in ("stunaddr", "turnaddr") else None
        if key == "match" and value:
            parts = [part.strip() for part in value.split(",")]
            if all(is_address(part) for part in parts):
                return None
            self.not_staged.append(f"name resolution of {value} ({line.section})")
            return ",".join(part if is_address(part) else NOWHERE_ADDRESS for part in parts)
        if key in ("external_media_address", "external_signaling_address") and not is_address(value):
            self.not_staged.append(f"name resolution of {value} ({line.section})")
            return NOWHERE_ADDRESS
        if key in ("server_uri", "client_uri", "contact"):
            host = host_of_uri(value)
            if key == "server_uri":
                self.not_staged.append(f"registration {line.section}")
                return (
                    value.replace(host, "127.0.0.1", 1) if "@" not in value else value.replace(f"@{host}", "@127.0.0.1")
                )
            if host and not is_address(host):
                return re.sub(rf"(?<=[:@]){re.escape(host)}(?=$|[:;>,'\"])", NOWHERE_ADDRESS, value, count=1)
        if key in ("qualify_frequency", "qualify_2xx_only") and value.isdigit():
            return "0"
        return None

    def start(self) -> None:
        """Start the private Asterisk; it ends with us whatever happens."""
        script = self.home / "stage.sh"
        script.write_text(STAGE_SCRIPT)
        console = (self.home / "console").open("wb")
        with console:
            self.process = subprocess.Popen(
                ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", str(script)),
                env={**os.environ, "STAGE": str(self.home), "LC_ALL": "C"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

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
        seen = asterisk.observe()
        silent = [
            *self.missing(manifest.get("expect", {}), seen),
            *self.dialplan(asterisk, seen),
            *self.endpoints(seen),
        ]
        size = -1

        def settled() -> bool:
            nonlocal size
            before, size = size, len(self.log())
            return before == size

        until(settled, 2.0, pause=0.03)
        return [*self.logged(scrub), *[{**entry, "text": scrub(entry["text"])} for entry in silent]]

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

    def missing(self, expect: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield what the manifest expects and Asterisk didn't load, without a word."""
        files = {
            "contexts": "extensions.conf",
            "endpoints": "pjsip.conf",
            "queues": "queues.conf",
            "mailboxes": "voicemail.conf",
            "registrations": "pjsip.conf",
        }
        for kind, file in files.items():
            for name in sorted(set(expect.get(kind, ())) - set(seen.get(kind, ()))):
                word = "mailbox" if kind == "mailboxes" else kind[:-1]
                head = name.split("@")[0] if kind == "mailboxes" else name
                line = next(
                    (
                        n
                        for n, row in enumerate(_rows(self.tree / file), 1)
                        if re.match(rf"\[{re.escape(head)}\]|{re.escape(head)}\s*=", row)
                    ),
                    0,
                )
                yield silent(file, line, word, name, f"{word} {name} did not load, and Asterisk says nothing of it")

    def dialplan(self, asterisk: Asterisk, seen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield steps whose application nobody knows, and jumps to a context that doesn't exist."""
        applications = parse_applications(asterisk.ask("core show applications"))
        plan = asterisk.ask("dialplan show")
        contexts = set(re.findall(r"^\[ Context '([^']+)'", plan, re.MULTILINE))
        for application, data, file, line in parse_steps(plan):
            if application.lower() not in applications:
                yield silent(file, line, "application", application, f"no application is called {application}")
            elif application.lower() in ("goto", "gosub"):
                target = data.split("(")[0].split(",")
                if len(target) == 3 and "$" not in target[0] and target[0] not in contexts:
                    yield silent(
                        file,
                        line,
                        "context",
                        target[0],
                        f"{application} to context {target[0]}, which doesn't exist",
                    )

    def endpoints(self, seen: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield endpoints whose context doesn't exist, and objects of an unknown type (they vanish without a word)."""
        path = self.tree / "pjsip.conf"
        if not path.exists():
            return
        for line in conf_lines(path.read_text(errors="replace")):
            if line.key == "context" and line.value not in set(seen["contexts"]):
                yield silent("pjsip.conf", line.number, "endpoint", line.section, f"context {line.value} doesn't exist")
            if line.key == "type" and line.value not in PJSIP_TYPES:
                yield silent(
                    "pjsip.conf",
                    line.number,
                    line.value,
                    line.section,
                    f"no object type is called {line.value}",
                )


PJSIP_TYPES = frozenset(
    [
        "acl",
        "aor",
        "asterisk-publication",
        "auth",
        "contact",
        "domain_alias",
        "endpoint",
        "global",
        "identify",
        "inbound-publication",
        "outbound-publish",
        "phoneprov",
        "registration",
        "resource_list",
        "subscription_persistence",
        "system",
        "transport",
        "geolocation",
    ]
)


def silent(file: str, line: int, kind: str, name: str, text: str) -> dict[str, Any]:
    """Return a finding that Asterisk didn't log, in the shape of one that it did."""
    return {"level": "ERROR", "file": file, "line": line, "type": kind, "id": name, "text": text}


# --------------------------------------------------------------------------------------------------- transactions


@dataclass
class Places:
    """Where everything lies. Tests put it elsewhere."""

    state: Path = Path("/var/lib/kelid")
    asterisk_conf: Path = Path("/etc/asterisk/asterisk.conf")
    units: Path = Path("/run/systemd/system")

    @property
    def releases(self) -> Path:
        """The folder of the releases."""
        return self.state / "releases"

    @property
    def current(self) -> Path:
        """The link to the release that Asterisk reads."""
        return self.state / "current"

    @property
    def media(self) -> Path:
        """The folder of the prompts, by the digest of their source."""
        return self.state / "media"

    @property
    def armed(self) -> Path:
        """The record of the way back; there only between the switch and its confirmation."""
        return self.state / "armed.json"


class Agent:
    """The verbs. Each returns the answer or raises Refusal; ``begin``, ``confirm`` and ``undo`` hold the lock."""

    def __init__(self, places: Places) -> None:
        """Keep the places and ask who Asterisk is."""
        self.at = places
        self.live = Asterisk(places.asterisk_conf)
        self.scrub = Scrubber()
        try:
            self.uid, self.gid = pwd.getpwnam("asterisk").pw_uid, grp.getgrnam("asterisk").gr_gid
        except KeyError:
            raise Refusal("not_installed", "no user asterisk here; run the playbook install first") from None

    # -- what is there

    def release(self) -> str:
        """Return the name of the current release; "" where there is none."""
        try:
            return os.path.basename(os.readlink(self.at.current))
        except OSError:
            return ""

    def manifest(self, name: str) -> dict[str, Any]:
        """Return the manifest of a release; an empty one for what was adopted."""
        try:
            found = json.loads((self.at.releases / name / ".kelid" / "manifest.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def drift(self, name: str) -> list[str]:
        """Return the paths of a release whose bytes on the disk are not those of its manifest, missing and extra ones too."""
        wanted = self.manifest(name).get("files")
        if wanted is None:
            return []
        there = tree_files(self.at.releases / name)
        odd = set(wanted) ^ set(there)
        odd.update(path for path in set(wanted) & set(there) if digest_of(there[path]) != wanted[path]["sha256"])
        return sorted(odd)

    def armed(self) -> dict[str, Any] | None:
        """Return the record of the way back, or None."""
        try:
            found = json.loads(self.at.armed.read_text())
        except FileNotFoundError:
            return None
        return found if isinstance(found, dict) else None

    def status(self) -> dict[str, Any]:
        """Return what a plan needs to know."""
        name = self.release()
        bundle = self.at.releases / name / ".kelid" / "bundle" if name else None
        texts = (
            {path: file.read_text(errors="replace") for path, file in tree_files(bundle).items()}
            if bundle and bundle.is_dir()
            else {}
        )
        running = self.live.running()
        return {
            "ok": True,
            "release": name,
            "manifest": self.manifest(name) or None,
            "bundle": texts,
            "drift": self.drift(name) if name else [],
            "armed": self.armed(),
            "asterisk": {"version": asterisk_version(), "running": running},
            "channels": self.live.channels() if running else 0,
            "last": self.last(),
        }

    def observe(self) -> dict[str, Any]:
        """Return what the live Asterisk has loaded."""
        if not self.live.running():
            raise Refusal("not_running", "Asterisk isn't running on the server")
        name = self.release()
        expect = self.manifest(name).get("expect", {})
        return {
            "ok": True,
            "release": name,
            "drift": self.drift(name) if name else [],
            "expect": expect,
            **self.live.observe(),
        }

    # -- the record of what was done

    def journal(self, verb: str, **what: Any) -> None:
        """Add a line to the journal. A full disk must not stop the way back, so that alone is passed over."""
        line = json.dumps({"time": int(time.time()), "verb": verb, **what}, sort_keys=True)
        with contextlib.suppress(OSError), (self.at.state / "journal.jsonl").open("a") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def last(self) -> dict[str, Any] | None:
        """Return the last line of the journal that stands whole, or None."""
        with contextlib.suppress(OSError):
            for line in reversed((self.at.state / "journal.jsonl").read_text(errors="replace").splitlines()[-5:]):
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    return found if isinstance(found, dict) else None
        return None

    @contextlib.contextmanager
    def locked(self, wait: float = 0.0) -> Iterator[None]:
        """Hold the server's one lock; raise Refusal ``busy`` when another holds it for longer than ``wait`` seconds."""
        try:
            handle = os.open(self.at.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except FileNotFoundError:
            raise Refusal("not_installed", f"{self.at.state} isn't there; run the playbook install first") from None

        def take() -> bool:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        try:
            if not until(take, wait, pause=0.2):
                raise Refusal(
                    "busy",
                    "another change is under way on this server; wait until it is through and plan again",
                )
            yield
        finally:
            os.close(handle)

    # -- begin

    def begin(self, archive: IO[bytes], base: str, within: int, restart: str) -> dict[str, Any]:
        """Given a release archive, put it in force with the way back armed.

        Raise Refusal; its answer says whether something had been switched and was undone.
        """
        clock = time.monotonic()
        seconds: dict[str, float] = {}

        def lap(name: str) -> None:
            nonlocal clock
            now = time.monotonic()
            seconds[name], clock = round(now - clock, 3), now

        with self.locked():
            self.sweep()
            armed = self.armed()
            if armed:
                raise Refusal(
                    "busy",
                    f"release {armed['release'][:12]} is in force and not confirmed yet; confirm or undo it first",
                )
            current = self.release()
            if directories(self.at.asterisk_conf)["astetcdir"].rstrip("/") != str(self.at.current):
                raise Refusal(
                    "not_installed",
                    "Asterisk doesn't read kelid's releases yet; run the playbook install first",
                )
            incoming = Path(tempfile.mkdtemp(dir=self.at.state, prefix=".incoming-"))
            try:
                manifest = self.unpack(archive, incoming)
                lap("unpack")
                name = manifest["release"]
                if name == current and not self.drift(current) and self.media_there(manifest):
                    return {
                        "ok": True,
                        "changed": False,
                        "release": name,
                        "previous": name,
                        "reloads": [],
                        "restarted": False,
                        "seconds": seconds,
                    }
                if base != current and not (base == "none" and current in ("", ADOPTED)):
                    raise Refusal(
                        "stale_base",
                        f"the server has release {current[:12] or 'none'}, the plan was made against {base[:12]}; plan again",
                        current=current,
                    )
                self.fits(manifest)
                release = self.place(incoming, manifest)
                lap("write")
                self.scrub = Scrubber(
                    secret_values(release) | (secret_values(self.at.releases / current) if current else set())
                )
                not_staged = self.stage(release, manifest)
                lap("stage")
                return self.switch(release, manifest, current, within, restart, not_staged, seconds, lap)
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

    def unpack(self, archive: IO[bytes], into: Path) -> dict[str, Any]:
        """Unpack the archive; return its manifest. Raise Refusal ``bad_archive`` for anything that a release doesn't have."""

        def bad(why: str) -> NoReturn:
            raise Refusal("bad_archive", f"the archive is refused: {why}")

        total = entries = 0
        seen: set[str] = set()
        try:
            with tarfile.open(fileobj=archive, mode="r|gz") as tar:
                for member in tar:
                    entries += 1
                    total += member.size
                    name = member.name
                    parts = name.split("/")
                    if entries > MAX_ENTRIES or total > MAX_BYTES:
                        bad("it is too large")
                    if not member.isreg():
                        bad(f"{name!r} is not a plain file")
                    if name.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in name:
                        bad(f"{name!r} leads out of it")
                    if name in seen:
                        bad(f"{name!r} is in it twice")
                    if name != "manifest.json" and (len(parts) < 2 or parts[0] not in ("files", "bundle", "media")):
                        bad(f"{name!r} doesn't belong in it")
                    if ".kelid" in parts or (parts[0] == "media" and not (len(parts) == 2 and MEDIA.match(parts[1]))):
                        bad(f"{name!r} is no name for such a file")
                    seen.add(name)
                    target = into / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    source = tar.extractfile(member)
                    if source is None:
                        bad(f"{name!r} can't be read")
                    with target.open("xb") as out:
                        shutil.copyfileobj(source, out, 1 << 20)
            manifest = json.loads((into / "manifest.json").read_bytes())
        except (
            tarfile.TarError,
            EOFError,
            ValueError,
            FileNotFoundError,
            FileExistsError,
            NotADirectoryError,
        ) as problem:
            bad(f"it can't be read ({type(problem).__name__})")
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            bad(f"it can't be read ({problem.strerror or 'damaged'})")
        self.check_manifest(manifest, into, bad)
        return dict(manifest)

    def check_manifest(self, manifest: Any, into: Path, bad: Callable[[str], NoReturn]) -> None:
        """Compare the manifest with what was unpacked; call ``bad`` at the first thing that is wrong."""
        if not isinstance(manifest, dict) or manifest.get("format") != 1:
            bad("its manifest has another format; is the server's agent as new as kelid?")
        if not (isinstance(manifest.get("release"), str) and DIGEST.match(manifest["release"])):
            bad("its release has no proper name")
        wanted, there = manifest.get("files"), tree_files(into / "files")
        if not isinstance(wanted, dict) or set(wanted) != set(there) or not there:
            bad("its files are not those of its manifest")
        for path, file in there.items():
            if digest_of(file) != wanted[path].get("sha256"):
                bad(f"{path} is damaged")
        if set(tree_files(into / "bundle")) != set(there):
            bad("its bundle's files are not those of its manifest")
        if set(tree_files(into / "media")) != set(manifest.get("media", ())):
            bad("its media are not those of its manifest")
        for entry in manifest.get("reloads", ()):
            if not re.fullmatch(r"[A-Za-z0-9_. -]{1,80}", entry.get("command", "")) or "stop" in entry["command"]:
                bad("a reload command is none")

    def fits(self, manifest: Mapping[str, Any]) -> None:
        """Raise Refusal unless the server's Asterisk is the one that the release was made for."""
        version = asterisk_version()
        if not version:
            raise Refusal("not_installed", "no Asterisk here; run the playbook install first")
        if int(version.split(".")[0]) != manifest.get("asterisk"):
            raise Refusal(
                "wrong_asterisk",
                f"the release is made for Asterisk {manifest.get('asterisk')}, the server has {version}; correct server.asterisk in site.yml",
            )

    def media_there(self, manifest: Mapping[str, Any]) -> bool:
        """Return whether all prompts of a release lie on the server."""
        return all((self.at.media / name).is_file() for name in manifest.get("media", ()))

    def place(self, incoming: Path, manifest: Mapping[str, Any]) -> Path:
        """Move what was unpacked to where the release will live, with owners, modes and fresh times, safe against power cuts."""
        name = str(manifest["release"])
        tree = incoming / "files"
        (tree / ".kelid").mkdir()
        os.replace(incoming / "manifest.json", tree / ".kelid" / "manifest.json")
        os.replace(incoming / "bundle", tree / ".kelid" / "bundle")
        # Asterisk's cache of conf files compares size and time only: no release may share a time with another.
        newest = max(
            (
                int(path.stat().st_mtime)
                for old in self.at.releases.glob("*")
                for path in (old, *tree_files(old).values())
            ),
            default=0,
        )
        moment = max(int(time.time()), newest + 1)
        for folder, _, names in os.walk(tree, topdown=False):
            for each in names:
                path = os.path.join(folder, each)
                os.chown(path, 0, self.gid)
                os.chmod(path, 0o640)
                os.utime(path, (moment, moment))
            os.chown(folder, 0, self.gid)
            os.chmod(folder, 0o750)
            os.utime(folder, (moment, moment))
        for media in manifest.get("media", ()):
            source, target = incoming / "media" / media, self.at.media / media
            if target.is_file() and digest_of(target) == digest_of(source):
                continue
            os.chown(source, 0, self.gid)
            os.chmod(source, 0o640)
            handle = os.open(source, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
            os.replace(source, target)
        sync_dir(self.at.media)
        sync_tree(tree)
        fresh = self.at.releases / f".new-{name}"
        remove(fresh)
        os.replace(tree, fresh)
        sync_dir(self.at.releases)
        return fresh

    def stage(self, release: Path, manifest: Mapping[str, Any]) -> list[str]:
        """Load the release in a private Asterisk. Return what couldn't be staged; raise Refusal ``staging_failed``."""
        home = Path(tempfile.mkdtemp(dir=self.at.state, prefix=".stage-"))
        os.chmod(home, 0o750)
        stage = Stage(tree=release, live=self.live, home=home, uid=self.uid, gid=self.gid)
        try:
            found = stage.judge(manifest, self.scrub)
        finally:
            stage.stop()
            remove(home)
        if found:
            self.journal("begin", release=manifest["release"], result="staging_failed")
            raise Refusal(
                "staging_failed",
                f"Asterisk doesn't take the release whole ({len(found)} findings); the running system was not touched",
                found,
            )
        return stage.not_staged

    def differing(self, one: Path, other: Path) -> set[str]:
        """Return the paths that are not the same bytes in two releases."""
        first, second = tree_files(one), tree_files(other)
        odd = set(first) ^ set(second)
        odd.update(path for path in set(first) & set(second) if digest_of(first[path]) != digest_of(second[path]))
        return odd

    def loads(self, changed: set[str], manifest: Mapping[str, Any], old: Path, new: Path) -> list[str] | None:
        """Return the modules that a change only adds; None where nothing but a restart puts it in force."""
        needing = changed & set(manifest.get("restart", ()))
        if not needing:
            return []
        if needing != {"modules.conf"} or not (old / "modules.conf").is_file():
            return None
        before, after = (
            [(line.key, line.value) for line in conf_lines((tree / "modules.conf").read_text(errors="replace"))]
            for tree in (old, new)
        )
        added = [item for item in after if item not in before]
        if [item for item in before if item not in after] or any(key != "load" for key, _ in added):
            return None
        return [value for _, value in added]

    def switch(
        self,
        release: Path,
        manifest: Mapping[str, Any],
        current: str,
        within: int,
        restart: str,
        not_staged: list[str],
        seconds: dict[str, float],
        lap: Callable[[str], None],
    ) -> dict[str, Any]:
        """Arm the way back, flip, put the change in force; on any failure go back at once."""
        name = str(manifest["release"])
        previous = current
        running = self.live.running()
        changed = self.differing(self.at.releases / current, release) if current else set(manifest["files"])
        modules = self.loads(changed, manifest, self.at.releases / current, release) if current else None
        restarting = running and modules is None
        if restarting:
            channels = self.live.channels()
            if restart == "never":
                raise Refusal(
                    "restart_needed", "this change needs a restart of Asterisk, and --restart never was given"
                )
            if restart == "idle" and channels:
                raise Refusal(
                    "calls_active",
                    f"this change needs a restart of Asterisk, and {channels} channels are active; try again when it is quiet",
                )
        if name == current:
            # The release is there, but somebody changed its files: what is in force moves aside under another name.
            previous = f"{name}.drift-{int(time.time())}"
            shutil.copytree(self.at.releases / name, self.at.releases / previous, symlinks=True)
            self.own(self.at.releases / previous)
            sync_tree(self.at.releases / previous)
            self.flip(previous)
        remove(self.at.releases / name)
        os.replace(release, self.at.releases / name)
        sync_dir(self.at.releases)
        before = self.live.observe() if running else {}
        record = {
            "release": name,
            "previous": previous,
            "armed_at": int(time.time()),
            "confirm_within": within,
            "boot": boot_id(),
            "restart": restarting or not running,
            "members": parse_members(self.live.ask("queue show")) if running else [],
            "changed": sorted(changed),
        }
        write_whole(self.at.armed, json.dumps(record, indent=1).encode())
        self.start_timer(within)
        lap("arm")
        try:
            self.flip(name)
            lap("flip")
            done = self.put_in_force(manifest, changed, modules or [], restarting, running)
            lap("reload")
            self.settle(manifest)
            lap("settle")
        except BaseException as problem:
            log = problem.log if isinstance(problem, Refusal) else []
            self.back(record, "begin failed")
            if isinstance(problem, Refusal):
                raise Refusal(problem.code, f"{problem}; the old release is back", log, undone=True) from problem
            raise
        self.journal("begin", release=name, previous=previous, result="armed")
        return {
            "ok": True,
            "changed": True,
            "release": name,
            "previous": previous,
            "reloads": done,
            "restarted": restarting or not running,
            "seconds": seconds,
            "not_staged": not_staged,
            "before": before,
        }

    def own(self, tree: Path) -> None:
        """Give a tree the owner and modes of a release."""
        for folder, _, names in os.walk(tree):
            os.chown(folder, 0, self.gid)
            os.chmod(folder, 0o750)
            for name in names:
                path = os.path.join(folder, name)
                os.chown(path, 0, self.gid, follow_symlinks=False)
                if not os.path.islink(path):
                    os.chmod(path, 0o640)

    def flip(self, name: str) -> None:
        """Make a release the current one, by one rename."""
        fresh = self.at.state / f".tmp-current-{os.getpid()}"
        remove(fresh)
        os.symlink(f"releases/{name}", fresh)
        os.replace(fresh, self.at.current)
        sync_dir(self.at.state)

    def put_in_force(
        self,
        manifest: Mapping[str, Any],
        changed: set[str],
        modules: Sequence[str],
        restarting: bool,
        running: bool,
    ) -> list[str]:
        """Make the live Asterisk read what changed. Return the commands that ran; raise Refusal ``reload_failed``."""
        if restarting or not running:
            self.systemd("restart" if running else "start")
            if not self.live.booted(BOOT_LIMIT):
                raise Refusal("reload_failed", "Asterisk didn't come up with the new release")
            return []
        commands = [f"module load {module}" for module in modules]
        commands += [entry["command"] for entry in manifest.get("reloads", ()) if changed & set(entry["files"])]
        with self.watch() as errors:
            for command in commands:
                answer = self.live.ask(command)
                if re.search(r"(?i)no such (module|command)|unable to|was not|fail|blocked|error", answer):
                    raise Refusal("reload_failed", f"{command}: {self.scrub(answer.strip())}")
            found = [explain(entry, self.at.current, self.scrub) for entry in errors()]
        if found:
            raise Refusal(
                "reload_failed", f"Asterisk reported {len(found)} errors while it read the new release", found
            )
        return commands

    @contextlib.contextmanager
    def watch(self) -> Iterator[Callable[[], list[dict[str, str]]]]:
        """Watch the live log: yield a function that returns the errors since, without those that belong to a call."""
        name = f"kelid-watch-{os.getpid()}"
        path = Path(directories(self.at.asterisk_conf)["astlogdir"], name)
        self.live.ask(f"logger add channel {name} error")

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

        try:
            yield errors
        finally:
            self.live.ask(f"logger remove channel {name}")
            remove(path)

    def settle(self, manifest: Mapping[str, Any]) -> None:
        """Wait until the live Asterisk has every object of the release. Raise Refusal ``reload_failed`` if it doesn't."""
        expect = manifest.get("expect", {})
        lacking: list[str] = []

        def there() -> bool:
            seen = self.live.observe()
            lacking[:] = [
                f"{kind}: {name}"
                for kind in ("contexts", "endpoints", "queues", "mailboxes")
                for name in sorted(set(expect.get(kind, ())) - set(seen[kind]))
            ]
            return not lacking

        if not until(there, 5.0, pause=0.1):
            raise Refusal("reload_failed", "after the reload Asterisk lacks " + ", ".join(lacking[:10]))

    # -- the way back

    def start_timer(self, within: int) -> None:
        """Start the clock that undoes the change unless it is confirmed."""
        folder = self.at.units / "kelid-undo.timer.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "within.conf").write_text(f"[Timer]\nOnActiveSec=\nOnActiveSec={within}s\nAccuracySec=100ms\n")
        done = run("systemctl", "daemon-reload")
        done = done if done.returncode else run("systemctl", "restart", "kelid-undo.timer")
        if done.returncode:
            remove(self.at.armed)
            raise Refusal(
                "no_timer",
                f"the way back can't be armed: {done.stderr.strip()}; run the playbook install again",
            )

    def stop_timer(self) -> None:
        """Stop the clock."""
        run("systemctl", "--no-block", "stop", "kelid-undo.timer")
        remove(self.at.units / "kelid-undo.timer.d")

    def systemd(self, verb: str) -> None:
        """Start or restart Asterisk; without the order of units, because the undo unit is ordered before it and would wait."""
        done = run("systemctl", "--job-mode=ignore-dependencies", verb, "asterisk.service", limit=BOOT_LIMIT + 30)
        if done.returncode:
            raise Refusal("reload_failed", f"systemd can't {verb} Asterisk: {self.scrub(done.stderr.strip())}")

    def back(self, record: Mapping[str, Any], why: str) -> None:
        """Go back to the release before, make Asterisk read it, give queues their members back, and disarm."""
        previous, name = str(record["previous"]), str(record["release"])
        if previous and (self.at.releases / previous).is_dir():
            self.flip(previous)
        problem = ""
        if record.get("boot") == boot_id():  # after a reboot systemd starts Asterisk when we are through
            try:
                self.reload_back(record)
            except Refusal as refusal:
                problem = str(refusal)
        remove(self.at.armed)
        sync_dir(self.at.state)
        self.stop_timer()
        self.journal("undo", release=name, previous=previous, result=problem or "undone", why=why)

    def reload_back(self, record: Mapping[str, Any]) -> None:
        """Make the live Asterisk read the release before."""
        if record.get("restart") or not self.live.running():
            self.systemd("restart")
            if not self.live.booted(BOOT_LIMIT):
                raise Refusal("reload_failed", "Asterisk didn't come up again")
        else:
            changed = set(record.get("changed", ()))
            commands: list[str] = []
            for release in (record["previous"], record["release"]):
                for entry in self.manifest(str(release)).get("reloads", ()):
                    if changed & set(entry["files"]) and entry["command"] not in commands:
                        commands.append(entry["command"])
            # What was added goes in the other order: the dialplan that names an object goes before the object.
            for command in reversed(commands):
                self.live.ask(command)
        self.give_members_back(record.get("members", ()))

    def give_members_back(self, members: Sequence[Mapping[str, Any]]) -> None:
        """Put back dynamic members and pauses of queues that the change took away."""
        now = {(item["queue"], item["interface"]): item for item in parse_members(self.live.ask("queue show"))}
        for member in members:
            key = (member["queue"], member["interface"])
            if member["dynamic"] and key not in now:
                named = f' as "{member["name"]}"' if member["name"] != member["interface"] else ""
                self.live.ask(f"queue add member {key[1]} to {key[0]} penalty {member['penalty']}{named}")
            if member["paused"] and not now.get(key, {}).get("paused"):
                self.live.ask(f"queue pause member {key[1]} queue {key[0]}")

    def confirm(self, name: str) -> dict[str, Any]:
        """Take the armed way back away: the release stays. Asking twice is no mistake."""
        with self.locked(wait=10):
            record = self.armed()
            if record is None and self.release() == name:
                return {"ok": True, "release": name, "changed": False}
            if record is None or record["release"] != name:
                raise Refusal(
                    "not_armed",
                    f"release {name[:12]} isn't waiting for a confirmation; the server has {self.release()[:12] or 'none'}",
                )
            remove(self.at.armed)
            sync_dir(self.at.state)
            self.stop_timer()
            self.journal("confirm", release=name, result="confirmed")
            self.prune(str(record["previous"]))
            return {"ok": True, "release": name, "changed": True}

    def undo(self, name: str = "", why: str = "asked") -> dict[str, Any]:
        """Go back to the release before the armed one."""
        with self.locked(wait=LOCK_WAIT):
            record = self.armed()
            if record is None or (name and record["release"] != name):
                raise Refusal("not_armed", "nothing is waiting for a confirmation, so there is nothing to undo")
            self.scrub = Scrubber(secret_values(self.at.releases / str(record["release"])))
            self.back(record, why)
            return {"ok": True, "release": self.release(), "undone": True}

    def prune(self, previous: str) -> None:
        """Keep the newest releases (and the adopted one); prompts go with the last release that uses them."""
        found = [path for path in self.at.releases.iterdir() if NAME.match(path.name) and path.name != ADOPTED]
        found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        keep = {self.release(), previous, ADOPTED, *[path.name for path in found[:KEEP]]}
        for path in found:
            if path.name not in keep:
                remove(path)
        used = {media for path in self.at.releases.iterdir() for media in self.manifest(path.name).get("media", ())}
        for path in self.at.media.iterdir():
            if MEDIA.match(path.name) and path.name not in used:
                remove(path)

    # -- becoming kelid's

    def adopt(self, restart: str, *, dry: bool) -> dict[str, Any]:
        """Keep what the server has as the first release, and make Asterisk read its configuration through ``current``.

        Costs one restart. Idempotent: where it is done already, nothing changes.
        """
        for folder in (self.at.state, self.at.releases, self.at.media):
            if not folder.is_dir():
                raise Refusal("not_installed", f"{folder} isn't there")
        text = self.at.asterisk_conf.read_text(errors="surrogateescape")
        reading = directories(self.at.asterisk_conf)["astetcdir"].rstrip("/")
        if reading == str(self.at.current) and self.release():
            return {"ok": True, "changed": False, "release": self.release()}
        if dry:
            return {"ok": True, "changed": True, "release": self.release()}
        with self.locked():
            running = self.live.running()
            if running and self.live.channels() and restart != "now":
                raise Refusal(
                    "calls_active",
                    "calls are active, and adopting this Asterisk costs one restart; try again when it is quiet",
                )
            if not self.release():
                first = self.at.releases / ADOPTED
                remove(first)
                shutil.copytree(reading, first, symlinks=False, ignore_dangling_symlinks=True)
                self.own(first)
                sync_tree(first)
                self.flip(ADOPTED)
            write_whole(
                self.at.asterisk_conf,
                with_etc_dir(text, str(self.at.current)).encode(errors="surrogateescape"),
                mode=self.at.asterisk_conf.stat().st_mode & 0o777,
                gid=self.at.asterisk_conf.stat().st_gid,
            )
            if running:
                self.systemd("restart")
                if not self.live.booted(BOOT_LIMIT):
                    write_whole(self.at.asterisk_conf, text.encode(errors="surrogateescape"), mode=0o640, gid=self.gid)
                    self.systemd("restart")
                    raise Refusal(
                        "reload_failed",
                        "Asterisk didn't come up reading kelid's releases; asterisk.conf is as it was",
                        undone=True,
                    )
            self.journal("adopt", release=self.release(), result="adopted")
            return {"ok": True, "changed": True, "release": self.release(), "restarted": running}


def with_etc_dir(text: str, folder: str) -> str:
    """Given the text of asterisk.conf, return it with ``astetcdir`` set and nothing else changed.

    Debian ships ``[directories](!)``, a template that Asterisk passes over: there a section of its own is added, so that the
    other lines of the template stay without effect, as they were.
    """
    rows = text.split("\n")
    start = next((n for n, row in enumerate(rows) if re.match(r"\s*\[directories\](?!\s*\(!)", row)), None)
    if start is None:
        return f"{text.rstrip()}\n\n; Set by kelid: the configuration is read from the current release.\n[directories]\nastetcdir => {folder}\n"
    end = next((n for n in range(start + 1, len(rows)) if rows[n].lstrip().startswith("[")), len(rows))
    for n in range(start + 1, end):
        if re.match(r"\s*astetcdir\s*=", rows[n]):
            rows[n] = f"astetcdir => {folder}"
            return "\n".join(rows)
    rows.insert(start + 1, f"astetcdir => {folder}")
    return "\n".join(rows)


def boot_id() -> str:
    """Return what names this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def asterisk_version() -> str:
    """Return the installed Asterisk's version ("22.10.1"), "" where there is none."""
    found = re.search(r"Asterisk (?:certified[/-])?(\d+(?:\.\d+)*)", run("asterisk", "-V").stdout)
    return found.group(1) if found else ""


# ------------------------------------------------------------------------------------------------------ the door


def drain(stream: IO[bytes]) -> None:
    """Read what is left: a sender that finds its pipe closed would report that, and not our answer."""
    with contextlib.suppress(OSError, ValueError):
        while stream.read(1 << 20):
            pass


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the verb and its options."""
    parser = argparse.ArgumentParser(prog="agent", description="kelid's agent on a PBX server; prints one JSON object")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("status", help="what a plan needs: release, drift, whether Asterisk runs")
    verbs.add_parser("observe", help="what the live Asterisk has loaded")
    begin = verbs.add_parser("begin", help="put the release on standard input in force, with the way back armed")
    begin.add_argument("--base", required=True, help="the release that the plan saw, or none")
    begin.add_argument("--confirm-within", type=int, default=180, metavar="SECONDS")
    begin.add_argument("--restart", choices=("idle", "never", "now"), default="idle")
    confirm = verbs.add_parser("confirm", help="keep the release: disarm the way back")
    confirm.add_argument("release")
    undo = verbs.add_parser("undo", help="go back to the release before the armed one")
    undo.add_argument("release", nargs="?", default="")
    undo.add_argument("--why", default="asked")
    adopt = verbs.add_parser(
        "adopt", help="keep what is there as the first release and read the current one from now on"
    )
    adopt.add_argument("--restart", choices=("idle", "now"), default="idle")
    adopt.add_argument("--dry-run", action="store_true")
    return parser.parse_args(words)


def answer(given: argparse.Namespace, places: Places, archive: IO[bytes]) -> dict[str, Any]:
    """Do what the verb says; return the answer, also for what is refused."""
    agent: Agent | None = None
    try:
        agent = Agent(places)
        if given.verb == "status":
            return agent.status()
        if given.verb == "observe":
            return agent.observe()
        if given.verb == "begin":
            return agent.begin(archive, given.base, given.confirm_within, given.restart)
        if given.verb == "confirm":
            return agent.confirm(given.release)
        if given.verb == "undo":
            return agent.undo(given.release, given.why)
        return agent.adopt(given.restart, dry=given.dry_run)
    except Refusal as refusal:
        return {
            "ok": False,
            "code": refusal.code,
            "message": str(refusal),
            "log": refusal.log,
            "undone": False,
            **refusal.more,
        }
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        message = (
            "the server's disk is full; nothing was changed"
            if full
            else f"{problem.strerror}: {problem.filename or ''}"
        )
        return {
            "ok": False,
            "code": "disk_full" if full else "failed",
            "message": message,
            "log": [],
            "undone": False,
        }
    except Exception as problem:
        scrub = agent.scrub if agent else Scrubber()
        return {
            "ok": False,
            "code": "failed",
            "message": scrub(f"{type(problem).__name__}: {problem}"),
            "log": [],
            "undone": False,
        }


def main() -> int:
    """Answer on standard output; return the exit status."""
    os.umask(0o027)
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    for number in (signal.SIGHUP, signal.SIGPIPE, signal.SIGINT):
        signal.signal(
            number, signal.SIG_IGN
        )  # once begun, a change goes through or back, also when the caller has gone
    given = arguments()
    told = answer(given, Places(), sys.stdin.buffer)
    if given.verb == "begin":
        drain(sys.stdin.buffer)
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return 0 if told.get("ok") else 1


if __name__ == "__main__":
    sys.exit(main())
