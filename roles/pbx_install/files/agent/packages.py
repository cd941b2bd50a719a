"""Debian's packages of Asterisk: which are newer, what they would change, and how to have the old ones again."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .disk import remove, sync_tree, write_whole
from .refusal import Refusal
from .tools import run, until

SOURCE = "asterisk"
"""The source of the packages that are upgraded; sounds and music are sources of their own."""
INFO = Path("/var/lib/dpkg/info")
POLICY = Path("/usr/sbin/policy-rc.d")
OURS = "#!/bin/sh\n# kelid: Asterisk is started when its packages are in place, not before.\nexit 101\n"
OWNERS = "owners.json"
"""Beside the old packages: mode, user and group of each conf file."""
DPKG_LOCK = Path("/var/lib/dpkg/lock-frontend")
DPKG_WAIT = 60.0
"""Seconds that another dpkg gets to end: an agent that was killed left it behind, or the machine installs updates by itself."""
APT_LIMIT = 600.0
"""Seconds that apt and dpkg get for one step."""
OLD_LISTS = "Some index files failed to download"
"""What apt says where it goes on with the lists that it had (apt-pkg/update.cc)."""
NOT_OF_A_PACKAGE = re.compile(r"(Status|Conffiles|Config-Version|Triggers-Pending|Triggers-Awaited):")
"""Fields that dpkg keeps of what is installed; a package's own control file has none of them."""


@dataclass(frozen=True)
class Step:
    """A package that an upgrade changes; ``old`` is "" where it is new on the machine."""

    name: str
    old: str
    new: str


def installed() -> dict[str, str]:
    """Return the installed packages of Asterisk's source with their versions. Raise Refusal where there is no dpkg."""
    form = "${binary:Package}\t${source:Package}\t${Version}\t${db:Status-Status}\n"
    done = run("dpkg-query", "-W", "-f", form, limit=APT_LIMIT)
    if done.returncode:
        raise Refusal("no_packages", "this machine has no Debian packages; upgrade its Asterisk as it was installed")
    rows = [row.split("\t") for row in done.stdout.splitlines()]
    found = {row[0]: row[2] for row in rows if len(row) == 4 and row[1] == SOURCE and row[3] == "installed"}
    if not found:
        raise Refusal("no_packages", "Asterisk is no Debian package here; upgrade it as it was installed")
    return found


def newer(names: Sequence[str]) -> list[Step]:
    """Ask the machine's apt sources for newer versions of the packages; return all that would change with them.

    Raise Refusal where the sources can't be read, or other packages would go.
    """
    apt("update", "-qq", "-o", "APT::Update::Error-Mode=any")
    told = apt("-s", "install", "--only-upgrade", "--no-install-recommends", *names)
    gone = re.findall(r"^Remv (\S+)", told, re.MULTILINE)
    if gone:
        raise Refusal(
            "would_remove", f"the upgrade would remove {', '.join(gone)}; upgrade this machine by hand, in a window"
        )
    found = re.findall(r"^Inst (\S+) (?:\[([^\]]*)\] )?\((\S+)", told, re.MULTILINE)
    return [Step(name, old, new) for name, old, new in found]


def fetch(steps: Sequence[Step], folder: Path) -> list[Path]:
    """Download the new packages into a folder; return their files. Raise Refusal if one can't be had."""
    folder.mkdir()
    apt("download", *(f"{step.name}={step.new}" for step in steps), folder=folder)
    found = sorted(folder.glob("*.deb"))
    if len(found) != len(steps):
        raise Refusal("no_packages", f"of {len(steps)} packages only {len(found)} could be downloaded")
    return found


def apt(*words: str, folder: Path = Path("/")) -> str:
    """Run apt-get and return what it said. Raise Refusal ``no_packages`` if it fails, or makes do with old lists.

    apt before 2.5 (Debian 11 has 2.2) doesn't know Error-Mode: sources that it can't reach are no failure for it.
    """
    done = subprocess.run(
        ("apt-get", "-o", "APT::Sandbox::User=root", "-o", "DPkg::Lock::Timeout=60", *words),
        cwd=folder,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=APT_LIMIT,
        check=False,
    )
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode or OLD_LISTS in said:
        raise Refusal("no_packages", f"apt-get {words[0]} failed: {said[-500:]}")
    return done.stdout.decode(errors="replace")


# -- the old ones


def pack(names: Sequence[str], folder: Path) -> list[Path]:
    """Make packages of what is installed, as it is now; return their files, safe against power cuts.

    A repository of security updates has only the newest version, so the way back must need none. Raise Refusal if a
    package can't be made.
    """
    folder.mkdir()
    found = []
    for name in names:
        build = folder / f".build-{name.replace(':', '_')}"
        target = folder / f"{name.replace(':', '_')}.deb"
        try:
            _lay_out(name, build)
            done = run("dpkg-deb", "-Znone", "--build", str(build), str(target), limit=APT_LIMIT)
        finally:
            remove(build)
        if done.returncode:
            raise Refusal("no_way_back", f"{name} can't be packed as it is now: {done.stderr.strip()[-500:]}")
        found.append(target)
    owners = {}
    for path in _conffiles(names):
        about = path.stat()
        owners[str(path)] = (stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid)
    (folder / OWNERS).write_text(json.dumps(owners, indent=1))
    sync_tree(folder)
    return found


def _lay_out(name: str, build: Path) -> None:
    """Copy the files of an installed package, and what dpkg knows of it, to where dpkg-deb makes a package of them."""
    control = build / "DEBIAN"
    control.mkdir(parents=True)
    for each in (build, control):
        os.chmod(each, 0o755)  # whatever the umask
    status = run("dpkg-query", "-s", name).stdout
    (control / "control").write_text("".join(f"{line}\n" for line in _fields(status)))
    for member in run("dpkg-query", "--control-list", name).stdout.split():
        path = control / member
        path.write_text(run("dpkg-query", "--control-show", name, member).stdout)
        os.chmod(path, 0o755 if member in ("preinst", "postinst", "prerm", "postrm", "config") else 0o644)
    for known in (INFO / f"{name}.conffiles", INFO / f"{name.partition(':')[0]}.conffiles"):
        if known.is_file():
            kept = [line for line in known.read_text().splitlines() if os.path.lexists(line)]
            (control / "conffiles").write_text("".join(f"{line}\n" for line in kept))
            break
    for line in run("dpkg-query", "-L", name).stdout.splitlines():
        if line.startswith("/") and line != "/.":
            _copy(line, build)


def _fields(status: str) -> Iterator[str]:
    """Yield the lines of a control file, out of what dpkg says of an installed package."""
    keep = True
    for line in status.strip().splitlines():
        if not line.startswith((" ", "\t")):
            keep = not NOT_OF_A_PACKAGE.match(line)
        if keep:
            yield line


def _copy(path: str, build: Path) -> None:
    """Copy a file, link or folder with owner and mode; what isn't there (left out at the installation) is passed over."""
    try:
        about = os.lstat(path)
    except OSError:
        return
    target = build / path.lstrip("/")
    if stat.S_ISLNK(about.st_mode):
        target.symlink_to(os.readlink(path))
    elif stat.S_ISDIR(about.st_mode):
        target.mkdir(exist_ok=True)
        os.chmod(target, stat.S_IMODE(about.st_mode))
    elif stat.S_ISREG(about.st_mode):
        try:
            os.link(path, target)  # dpkg replaces files and never writes into them
            return
        except OSError:
            shutil.copy2(path, target)
            os.chmod(target, stat.S_IMODE(about.st_mode))
    else:
        return
    os.chown(target, about.st_uid, about.st_gid, follow_symlinks=False)


# -- putting them in place


def put_new(files: Sequence[Path], old: Sequence[Path], names: Sequence[str]) -> None:
    """Install newer packages from files without starting anything; ``old`` are what ``pack`` made of those of ``names``.

    Conf files stay as they are, also those that dpkg takes for untouched: after a way back it knows people's own as the
    packages' (``pack``). Raise Refusal ``dpkg_failed``.
    """
    kept = {path: _content(path) for path in _conffiles(names)}
    _install(files, "--force-confold")
    for path, (body, about) in kept.items():
        if path.is_file() and path.read_bytes() != body:
            write_whole(path, body, mode=stat.S_IMODE(about.st_mode))
    _own(old)


def brought(files: Sequence[Path]) -> list[str]:
    """Return the paths of packages' files and folders that aren't there yet: with the way back they go again.

    Raise Refusal ``dpkg_failed``.
    """
    paths: list[str] = []
    for file in files:
        try:
            with (
                subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(file)], stdout=subprocess.PIPE) as unpacks,
                tarfile.open(fileobj=unpacks.stdout, mode="r|") as archive,
            ):
                inside = ["/" + member.name.removeprefix("./").rstrip("/") for member in archive]
        except tarfile.TarError as problem:
            raise Refusal("dpkg_failed", f"{file.name} can't be read: {problem}") from None
        paths += [path for path in inside if not os.path.lexists(path)]
    return paths


def put_back(files: Sequence[Path], added: Sequence[str] = (), fresh: Sequence[str] = ()) -> None:
    """Install packages that ``pack`` made, conf files and all, whatever state a dpkg that was killed left them in.

    ``added`` are packages that the upgrade brought besides, and that go again; ``fresh`` are paths that only the new packages
    have (``brought``). Raise Refusal ``dpkg_failed``.
    """
    _install(files, "--force-confnew")
    with _nothing_starts():
        if added:
            _dpkg("--force-remove-reinstreq", "--purge", *added)
        # Triggers and packages that stood half-way: those that dpkg was at when it was killed needn't be the upgrade's own.
        done = _dpkg("--configure", "--pending")
    _take_away(fresh)
    _own(files)
    names = [_field(file, "Package") for file in files]
    odd = run("dpkg", "--audit", *names, limit=APT_LIMIT).stdout.strip()
    if odd:
        raise Refusal("dpkg_failed", f"the old packages are not whole: {odd[-300:]}; {_complaint(done)}")


def _take_away(fresh: Sequence[str]) -> None:
    """Remove what no package has, folders only where they are empty: a dpkg that is killed while it unpacks hasn't written
    down yet that it is its own.
    """
    there = [path + ending for path in fresh for ending in ("", ".dpkg-new") if os.path.lexists(path + ending)]
    if there:
        owned = {row.partition(": ")[2] for row in run("dpkg-query", "-S", *there).stdout.splitlines()}
        for path in map(Path, sorted(there, reverse=True)):  # what is in a folder first
            if str(path) in owned:
                continue
            if path.is_dir() and not path.is_symlink():
                with contextlib.suppress(OSError):
                    path.rmdir()
            else:
                remove(path)


def _own(old: Sequence[Path]) -> None:
    """Give conf files the owners and modes that they had when ``pack`` made these files: maintainer scripts give them others."""
    for folder in {file.parent for file in old}:
        try:
            owners = json.loads((folder / OWNERS).read_text())
        except FileNotFoundError:
            continue  # an agent of before made it
        for path, (mode, uid, gid) in owners.items():
            with contextlib.suppress(FileNotFoundError):
                about = os.lstat(path)
                if (stat.S_IMODE(about.st_mode), about.st_uid, about.st_gid) != (mode, uid, gid):
                    os.chown(path, uid, gid)
                    os.chmod(path, mode)


def _field(file: Path, name: str) -> str:
    return run("dpkg-deb", "--field", str(file), name).stdout.strip()


def _conffiles(names: Sequence[str]) -> list[Path]:
    """Return the conf files of installed packages that are there."""
    told = run("dpkg-query", "-W", "-f", "${Conffiles}\n", *names).stdout
    paths = [Path(row.split()[0]) for row in told.splitlines() if row.strip()]
    return [path for path in paths if path.is_file()]


def _content(path: Path) -> tuple[bytes, os.stat_result]:
    return path.read_bytes(), path.stat()


def _install(files: Sequence[Path], about_conf_files: str) -> None:
    with _nothing_starts():
        done = _dpkg(about_conf_files, "--force-downgrade", "-i", *map(str, files))
    if done.returncode:
        raise Refusal("dpkg_failed", f"the packages can't be installed: {_complaint(done)}")


def _dpkg(*words: str) -> subprocess.CompletedProcess[str]:
    """Run dpkg when no other one is at work; return what it did."""
    until(_dpkg_is_free, DPKG_WAIT, pause=0.2)  # where it never is, dpkg says so itself
    return run("env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "dpkg", *words, limit=APT_LIMIT)


def _dpkg_is_free() -> bool:
    """Return whether nobody holds the lock of those who change packages."""
    with contextlib.suppress(FileNotFoundError), DPKG_LOCK.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last lines of what a program complained of."""
    return "; ".join([line for line in done.stderr.splitlines() if line.strip()][-5:])[-500:]


@contextlib.contextmanager
def _nothing_starts() -> Iterator[None]:
    """Keep maintainer scripts from starting services: the way back runs before Asterisk may, and would wait for itself."""
    # What one who was killed here left of it is ours too, and goes.
    if POLICY.exists() and not OURS.startswith(POLICY.read_text(errors="replace")):
        yield  # the machine has a policy of its own
        return
    remove(POLICY)
    POLICY.write_text(OURS)
    os.chmod(POLICY, 0o755)
    try:
        yield
    finally:
        remove(POLICY)


# -- trying the new ones


def unpack(files: Sequence[Path], root: Path) -> None:
    """Unpack packages below a folder, without installing them. Raise Refusal ``dpkg_failed``."""
    root.mkdir()
    for file in files:
        done = run("dpkg-deb", "-x", str(file), str(root), limit=APT_LIMIT)
        if done.returncode:
            raise Refusal("dpkg_failed", f"{file.name} can't be unpacked: {done.stderr.strip()[-500:]}")
    os.chmod(root, 0o755)


def merged(fresh: Path, live: Path, target: Path) -> None:
    """Make a folder of links: what ``fresh`` has, and of ``live`` what it hasn't (modules of other packages, sounds)."""
    target.mkdir(mode=0o755)
    os.chmod(target, 0o755)  # whatever the umask
    names = {path.name for folder in (fresh, live) if folder.is_dir() for path in folder.iterdir()}
    for name in sorted(names):
        one, other = fresh / name, live / name
        if one.is_dir() and not one.is_symlink() and other.is_dir():
            merged(one, other, target / name)
        else:
            (target / name).symlink_to(one if os.path.lexists(one) else other)


def versions(steps: Sequence[Step]) -> Mapping[str, str]:
    """Return what an upgrade does to each package, for people: ``22.10.1 -> 22.10.2``."""
    return {f"package:{step.name}": f"{step.old or '(new)'} -> {step.new}" for step in steps}
