"""What the machine must have before a lab can stand on it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from kelid.lab.errors import LabError

PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "dpkg-deb": "dpkg",
    "unshare": "util-linux",
    "nsenter": "util-linux",
}
"""Program -> the Debian package that brings it."""


def missing_requirements() -> list[str]:
    """Return one sentence for each thing that this machine lacks; an empty list means that a lab can be built."""
    if sys.platform != "linux":
        return [f"the lab needs Linux; this is {sys.platform}"]
    missing = []
    if os.geteuid() != 0:
        missing.append("the lab needs root (it makes network namespaces, mounts and control groups)")
    filesystems = Path("/proc/filesystems").read_text(encoding="ascii").split()
    if "overlay" not in filesystems and not _module_exists("overlay"):
        missing.append("the kernel has no overlay file system")
    if "cgroup2" not in filesystems:
        missing.append("the kernel has no control groups of version 2")
    packages = sorted({package for program, package in PROGRAMS.items() if not _found(program)})
    if packages:
        missing.append(f"programs are missing; install them with: apt-get install {' '.join(packages)}")
    return missing


def require() -> None:
    """Raise LabError with every missing thing if a lab can't be built here."""
    missing = missing_requirements()
    if missing:
        raise LabError("no lab on this machine: " + "; ".join(missing))


def _found(program: str) -> bool:
    """Return True if the program is on PATH or among the administrator's programs."""
    return (
        shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin") is not None
    )


def _module_exists(name: str) -> bool:
    """Return True if the kernel could load a module of that name when it is first used."""
    folder = Path("/lib/modules") / os.uname().release
    return any(folder.glob(f"kernel/fs/*/{name}.ko*"))
