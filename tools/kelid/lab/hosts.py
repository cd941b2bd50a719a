"""A lab host: an image under an overlay, a network namespace, a control group, and systemd-nspawn to boot it."""

from __future__ import annotations

import secrets
import shlex
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kelid.lab.errors import LabError
from kelid.lab.images import CLOCK_AT, PACKAGES_AT, SHARED_AT, Image
from kelid.lab.processes import cgroup, end_cgroup, in_cgroup, make_cgroup, pids, run, wait_until

BOOT_SECONDS = 60
"""How long a host may take until its sshd answers; it takes about a second on an idle machine."""

_BOOT = """
set -e
mount -t overlay overlay -o "$1" "$2"
mount -t cgroup2 none /sys/fs/cgroup
shift 2
exec "$@"
"""
"""Runs in a mount namespace of its own: the mounts end with the host, and nspawn sees control groups of version 2
on any machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFolders:
    """Where a host keeps its things on this machine."""

    state: Path
    """Its record and its console's log."""
    disk: Path
    """What was written on it: the upper layer of its overlay."""
    shared: Path
    """What the lab tells all of its hosts."""
    ssh_config: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host of a lab, running or not."""

    lab: str
    name: str
    image: str
    address: str
    namespace: str
    folders: HostFolders = field(repr=False)

    # -- asking it

    def run(
        self, argv: Sequence[str], *, input: str | None = None, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a program on the host as root over ssh and return its result.

        Raise LabError if it fails (with ``check``) or takes more than ``timeout`` seconds.
        """
        command = ["ssh", "-F", str(self.folders.ssh_config), self.name, "--", self.quoted(argv)]
        return run(
            in_cgroup(make_cgroup(self.lab, "ssh"), command), input=input, check=check, timeout=timeout
        )

    @staticmethod
    def quoted(argv: Sequence[str]) -> str:
        """Return the program and its arguments as the host's shell must read them."""
        return shlex.join(argv)

    def shell(self, script: str, *, check: bool = True, timeout: float = 60) -> str:
        """Run a shell script on the host and return what it wrote."""
        return self.run(["sh", "-e"], input=script, check=check, timeout=timeout).stdout

    def read(self, path: str) -> str:
        """Return the text of a file on the host."""
        return self.run(["cat", "--", path]).stdout

    def write(self, path: str, text: str, *, mode: str = "0644", owner: str = "root:root") -> None:
        """Put a file onto the host, as a whole or not at all."""
        user, _, group = owner.partition(":")
        script = 'install -D -m "$2" -o "$3" -g "$4" /dev/stdin "$1.lab" && mv "$1.lab" "$1"'
        self.run(["sh", "-c", script, "sh", path, mode, user, group or user], input=text)

    def asterisk(self, command: str) -> str:
        """Return what Asterisk's console answers to a command."""
        return self.run(["asterisk", "-rx", command]).stdout

    def wait_asterisk(self, timeout: float = 60) -> None:
        """Wait until Asterisk has loaded everything."""

        def booted() -> bool:
            done = self.run(["asterisk", "-rx", "core waitfullybooted"], check=False, timeout=timeout)
            return "fully booted" in done.stdout

        wait_until(f"Asterisk on {self.name}", booted, timeout=timeout, interval=0.1)

    # -- its clock

    def set_clock(self, moment: datetime) -> None:
        """Let Asterisk's clock show ``moment`` now and run on from there, also through restarts of Asterisk.

        ``moment`` must know its time zone. The clock of the host itself, and its zone (UTC), stay as they are.
        """
        if moment.tzinfo is None:
            raise LabError("a lab's clock is set to a moment with a time zone")
        seconds = (moment - datetime.now(UTC)).total_seconds()
        self.write(CLOCK_AT, f"{seconds:+.3f}\n")

    def reset_clock(self) -> None:
        """Give Asterisk the true time again."""
        self.write(CLOCK_AT, "+0\n")

    # -- its life

    @property
    def running(self) -> bool:
        """Return True if any of its processes run."""
        return any(pids(group) for group in self._groups())

    @property
    def ready(self) -> bool:
        """Return True if the host was made to its end; False if whoever made it was stopped half-way."""
        return (self.folders.state / "ready").exists()

    def mark_ready(self) -> None:
        """Note that the host was made to its end."""
        (self.folders.state / "ready").touch()

    def copy_disk(self, like: Host) -> None:
        """Give this host, before its first boot, what was written on another one's disk. Raise LabError if that one runs."""
        if like.running:
            raise LabError(f"{like.name} is running: its disk can't be copied")
        self.folders.disk.mkdir(parents=True, exist_ok=True)
        run(["cp", "--archive", "--reflink=auto", like.folders.disk / "upper", self.folders.disk / "upper"])

    def prepare(self, files: dict[str, tuple[str, int]]) -> None:
        """Write the files (path -> text and mode) onto the host's disk before its first boot."""
        for folder in ("upper", "work", "merged"):
            (self.folders.disk / folder).mkdir(parents=True, exist_ok=True)
        for path, (text, mode) in files.items():
            target = self.folders.disk / "upper" / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
            target.chmod(mode)
            target.write_text(text, encoding="utf-8")
        ssh = self.folders.disk / "upper/root"
        if ssh.exists():
            ssh.chmod(0o700)

    def boot(self, image: Image) -> None:
        """Start the host from its disk. Use ``wait_ssh`` to know when it answers."""
        if self.running:
            raise LabError(f"{self.name} is running already")
        # A group that was once killed kills what enters it: every boot has one of its own.
        group = make_cgroup(self.lab, "hosts", f"{self.name}.{secrets.token_hex(4)}")
        layers = ":".join(str(layer) for layer in image.layers)
        disk = self.folders.disk
        options = f"lowerdir={layers},upperdir={disk / 'upper'},workdir={disk / 'work'}"
        argv: list[str | Path] = [
            "unshare",
            "--mount",
            "--propagation",
            "slave",
            "sh",
            "-c",
            _BOOT,
            "sh",
            options,
        ]
        argv += [disk / "merged", "systemd-nspawn", "--quiet", "--boot", "--directory", disk / "merged"]
        argv += ["--machine", self.name, "--network-namespace-path", f"/run/netns/{self.namespace}"]
        argv += ["--register=no", "--keep-unit", "--capability=CAP_NET_ADMIN", "--link-journal=no"]
        argv += ["--resolv-conf=off", "--timezone=off"]
        argv += [f"--bind-ro={self.folders.shared}:{SHARED_AT}", f"--bind-ro={image.packages}:{PACKAGES_AT}"]
        with (self.folders.state / "console.log").open("ab") as console:
            subprocess.Popen(
                in_cgroup(group, argv), stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True, env=_NSPAWN_ENVIRONMENT,
            )  # fmt: skip

    def wait_ssh(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until the host lets us in.

        Raise LabError with the end of its console's log if it doesn't in time.
        """
        try:
            wait_until(f"sshd on {self.name}", self._greets, timeout=timeout)
            wait_until(
                f"a login on {self.name}",
                lambda: self.run(["true"], check=False, timeout=timeout).returncode == 0,
                timeout=timeout,
                interval=0.1,
            )
        except LabError as problem:
            log = self.folders.state / "console.log"
            tail = log.read_text(encoding="utf-8", errors="replace")[-1500:] if log.exists() else ""
            raise LabError(f"{problem}; its console said:\n{tail}") from problem

    def kill(self) -> None:
        """Cut the power: end every process of the host at once. Its disk stays as it is."""
        self.hang_up()
        for group in self._groups():
            end_cgroup(group)

    def hang_up(self) -> None:
        """Let go of the ssh connection that is kept open to the host."""
        run(["ssh", "-F", self.folders.ssh_config, "-O", "exit", self.name], check=False)

    def has_session(self) -> bool:
        """Return True while somebody is logged in there, or systemd still keeps the manager of a session.

        It is looked at from outside, by the host's control groups: whoever asks over ssh has a session himself.
        """
        return any(True for group in self._groups() for _ in group.glob("**/user@*.service"))

    def record(self) -> dict[str, Any]:
        """Return what the lab writes down about the host."""
        return {"name": self.name, "image": self.image, "address": self.address, "namespace": self.namespace}

    def _groups(self) -> list[Path]:
        """Return the control groups of its boots."""
        return [path for path in cgroup(self.lab, "hosts").glob(f"{self.name}.*") if path.is_dir()]

    def _greets(self) -> bool:
        """Return True if the host's sshd says who it is."""
        try:
            with socket.create_connection((self.address, 22), timeout=1) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False


_NSPAWN_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",  # systemd refuses to start on control groups of version 1
    "SYSTEMD_NSPAWN_LOCK": "0",
    "TERM": "dumb",
}
