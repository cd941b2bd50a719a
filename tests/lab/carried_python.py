"""Put the Python that runs the tests, with its packages and git, onto a lab host of another distribution."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from kelid.lab import Host, Lab

LEFT_OUT = (
    "__pycache__",
    "*.a",
    "mypy*",
    "ruff*",
    "pjsua2*",
    "_pjsua2*",
    "molecule*",
    "ansiblelint*",
    "hypothesis*",
)
"""What no job needs; half of the size."""


def carry_python(lab: Lab, host: Host) -> str:
    """Copy it to the same paths on the host; return a PATH by which its programs run there."""
    executable = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib"))
    git = shutil.which("git")
    assert git
    found = {str(executable), str(standard), sys.prefix, git, *map(str, _links(Path(sys.executable)))}
    extensions = [str(path) for path in (standard / "lib-dynload").glob("*.so")]
    libraries = _libraries([str(executable), git, *extensions])
    missing = host.run(
        ["sh", "-c", 'for path; do [ -e "$path" ] || echo "$path"; done', "sh", *sorted(libraries)]
    )
    unused = [f"{standard}/{name}".lstrip("/") for name in ("test", "idlelib", "tkinter", "ensurepip")]
    pack = ["tar", "-C", "/", "-c", *(f"--exclude={pattern}" for pattern in (*LEFT_OUT, *unused))]
    pack += sorted(path.lstrip("/") for path in (*found, *missing.stdout.split()))
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        unpack = ["ssh", "-F", str(lab.ssh_config), host.name, "tar -C / -x --keep-directory-symlink"]
        subprocess.run(unpack, stdin=packing.stdout, check=True, timeout=300)
    assert packing.returncode == 0
    real = [str(Path(path).resolve().parent) for path in missing.stdout.split()]
    host.write("/etc/ld.so.conf.d/carried.conf", "".join(f"{folder}\n" for folder in sorted(set(real))))
    host.run(["ldconfig"])
    return f"{Path(sys.prefix) / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin"


def _links(path: Path) -> list[Path]:
    """Return the links on the way from a path to what it leads to."""
    found = []
    while path.is_symlink():
        found.append(path)
        path = path.parent / path.readlink()
    return found


def _libraries(programs: list[str]) -> set[str]:
    """Return the paths of the shared libraries that programs are linked with, and of what those links lead to."""
    told = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout
    paths = {Path(match) for match in re.findall(r"=> (/\S+)", told)}
    return {str(each) for path in paths for each in (path, path.resolve())}
