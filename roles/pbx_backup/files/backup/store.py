"""The machine that holds the backups, asked itself: over sftp, or as a folder of this one."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess

from .pbx import Pbx
from .settings import STORE_ALIAS, Settings
from .trouble import Trouble, explain


class Store:
    """Where a site's backups go, and how ssh gets there."""

    def __init__(self, pbx: Pbx, settings: Settings) -> None:
        """Only keep what is given."""
        self.pbx = pbx
        self.repository = settings.repository

    def ssh_options(self) -> list[str]:
        """Return ssh's options: our key and the store's host key, nothing from anyone's own configuration."""
        options = [
            "BatchMode=yes",
            "IdentitiesOnly=yes",
            "StrictHostKeyChecking=yes",
            f"HostKeyAlias={STORE_ALIAS}",
            f"UserKnownHostsFile={self.pbx.etc / 'known_hosts'}",
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
            str(self.pbx.etc / "backup_key"),
            *(part for option in options for part in ("-o", option)),
        ]

    def address(self) -> tuple[str, list[str]]:
        """Return restic's name of the repository and the options that its connection needs."""
        repository = self.repository
        if repository["kind"] == "local":
            return str(repository["path"]), []
        host, user, port = str(repository["host"]), str(repository["user"]), str(repository["port"])
        command = shlex.join(["ssh", *self.ssh_options(), "-p", port, "-l", user, "-s", "--", host, "sftp"])
        bracketed = f"[{host}]" if ":" in host else host
        return f"sftp:{user}@{bracketed}:{repository['path']}", ["-o", f"sftp.command={command}"]

    def sftp(self, batch: str) -> subprocess.CompletedProcess[str]:
        """Run commands of OpenSSH's sftp on the store."""
        repository = self.repository
        host = str(repository["host"])
        bracketed = f"[{host}]" if ":" in host else host
        command = ["sftp", *self.ssh_options(), "-P", str(repository["port"]), "-b", "-"]
        return subprocess.run(
            [*command, f"{repository['user']}@{bracketed}"],
            input=batch,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
                "HOME": "/root",
                "LC_ALL": "C",
            },
        )

    def is_full(self) -> bool:
        """Return True if the store has less than a megabyte left; False also where it doesn't tell."""
        repository = self.repository
        if repository["kind"] == "local":
            return shutil.disk_usage(repository["path"]).free < 1 << 20
        answer = self.sftp(f'df "{repository["path"]}"\n')
        numbers = re.search(r"^\s*(\d+)\s+(\d+)\s+(\d+)", answer.stdout, re.MULTILINE)
        return bool(numbers and int(numbers.group(3)) < 1024)  # kilobytes that a user may still fill

    def names(self) -> list[str] | None:
        """Return what the repository's folder holds, None if there is no such folder.

        Asked of the store itself, because "not there" and "could not look" must never be taken for one another.
        Raise Trouble if the store can't be asked.
        """
        repository = self.repository
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
        raise explain(answer.stderr, failing="unreachable", is_full=self.is_full)
