"""Root file systems for lab hosts: built once with Debian's own tools, then cached and shared by all labs.

An image is a stack of folders for an overlay mount. ``bare`` is a small Debian; ``pbx`` adds only a layer with
Asterisk. The packages that make the difference are kept as an apt repository, so that an empty host can install
them for real without a network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kelid.lab.errors import LabError
from kelid.lab.processes import Progress, end_cgroup, in_cgroup, make_cgroup, quiet, run

RECIPE = 2
"""Raise it when this file makes other images from the same package list."""

PACKAGES_AT = "/opt/lab-packages"
"""Where an empty host finds the apt repository."""

SHARED_AT = "/opt/lab"
"""Where every host finds what the lab tells all of its hosts (the file ``hosts``)."""

CLOCK_AT = "/etc/lab-clock"
"""Asterisk's clock on a lab host: the seconds by which it differs from the true time, as libfaketime reads them."""

BARE = (
    "dbus", "iproute2", "iputils-ping", "libfaketime", "libpam-systemd", "openssh-client", "openssh-server",
    "procps", "python3", "python3-apt", "sudo", "systemd", "systemd-sysv", "tzdata",
)  # fmt: skip
PBX = (
    "asterisk", "asterisk-core-sounds-en-gsm", "asterisk-modules", "asterisk-moh-opsound-gsm", "libtiff-tools",
    "restic", "rsync", "sox", "sqlite3",
)  # fmt: skip
PBX_ALSO = {"bullseye": ("asterisk-voicemail",)}
"""What a suite keeps in a package of its own and others have in those above."""
OFFERED = ("fail2ban", "nftables")
"""What no image has and every host can install: hardening is a step of its own."""

SUITES = {"bare": "forky", "pbx": "forky", "bare11": "bullseye", "pbx11": "bullseye"}
"""Image -> Debian's suite: 14 with Asterisk 22, 11 with Asterisk 16."""

_MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "dpkg-db-backup.timer",
    "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "getty.target", "systemd-resolved.service",
)  # fmt: skip

_CLOCK_UNIT = f"""\
# Lets the lab move Asterisk's clock; without the file the time is the true one.
[Service]
Environment=LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1
Environment=FAKETIME_TIMESTAMP_FILE={CLOCK_AT} FAKETIME_NO_CACHE=1 FAKETIME_DONT_RESET=1
Environment=FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
"""

_DPKG = ("path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/doc/*",
         "path-include=/usr/share/doc/*/copyright", "path-exclude=/usr/share/info/*")  # fmt: skip

_APT = ('Acquire::Check-Valid-Until "false"', 'Acquire::Languages "none"', 'APT::Install-Recommends "false"')

_ADD_LAYER = r"""
set -e
cd "$1"; root="$1/merged"
mkdir merged work
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/root,workdir=$1/work" merged
mount --bind /proc merged/proc
mount --bind /dev merged/dev
mount -t tmpfs none merged/tmp
mount -t tmpfs none "merged$5"
touch "merged$5/hosts"
[ ! -e /etc/hosts ] || cp /etc/hosts "merged$5/hosts"
[ ! -e /etc/resolv.conf ] || mount --bind /etc/resolv.conf merged/etc/resolv.conf
mkdir -p merged/tmp/lists/partial merged/tmp/debs/partial
echo "deb $3 $4 main" > merged/tmp/sources.list
cp apt.conf merged/tmp/apt.conf
authorities=/etc/ssl/certs/ca-certificates.crt
if [ -e "$authorities" ]; then # for a mirror that is reached by https
    cp "$authorities" merged/tmp/authorities.crt
    echo 'Acquire::https::CaInfo "/tmp/authorities.crt";' >> merged/tmp/apt.conf
fi
printf '#!/bin/sh\nexit 101\n' > merged/usr/sbin/policy-rc.d; chmod 755 merged/usr/sbin/policy-rc.d
offered=$6
shift 6
export APT_CONFIG=/tmp/apt.conf DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
chroot merged apt-get -q -y update
chroot merged apt-get -q -y install "$@"
chroot merged apt-get -q -y install --download-only $offered
mv merged/tmp/debs/*.deb packages/
# Servers have these from the role pbx_install.
chroot merged install -d -m 750 -g asterisk /var/lib/asterisk/keys
chroot merged install -d -m 750 -o asterisk -g asterisk /var/spool/asterisk/fax
rm merged/usr/sbin/policy-rc.d
rm -rf merged/var/cache/apt/*.bin merged/var/log/apt merged/var/log/dpkg.log merged/var/cache/ldconfig/aux-cache
"""


Builder = Callable[[Path], None]
"""Fills the folder that it is given."""


@dataclass(frozen=True, slots=True)
class Image:
    """A root file system in the cache: ``layers`` from top to bottom, and the folder of packages for an empty host."""

    name: str
    suite: str
    layers: tuple[Path, ...]
    packages: Path


def cache_folder() -> Path:
    """Return the folder of the images: ``$XDG_CACHE_HOME/kelid/images``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "kelid" / "images"


def get_image(name: str, progress: Progress = quiet) -> Image:
    """Return the image of that name (one of ``SUITES``), building it first if the cache has none.

    Raise LabError if the name is unknown or the build fails; what was half built is then removed.
    """
    if name not in SUITES:
        raise LabError(f"no image is called {name!r}; known are {', '.join(SUITES)}")
    suite = SUITES[name]
    bare_key = _key(suite, *BARE)
    bare = _cached(f"bare-{suite}-{bare_key}", lambda folder: _build_bare(folder, suite, progress))
    layer_key = _key(bare_key, _ADD_LAYER, *PBX, *PBX_ALSO.get(suite, ()), *OFFERED)
    layer = _cached(
        f"pbx-{suite}-{layer_key}", lambda folder: _build_layer(folder, suite, bare / "root", progress)
    )
    layers = (bare / "root",) if name.startswith("bare") else (layer / "root", bare / "root")
    return Image(name, suite, layers, layer / "packages")


def mirror() -> str:
    """Return the address of the Debian mirror: ``$KELID_MIRROR``, or the one in this machine's own apt sources.

    Raise LabError if neither names one.
    """
    chosen = os.environ.get("KELID_MIRROR")
    if chosen:
        return chosen
    sources = Path("/etc/apt")
    files = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix in {".list", ".sources"} and file.is_file():
            for address in _addresses(file.read_text(encoding="utf-8", errors="replace")):
                if address.rstrip("/").endswith("/debian"):
                    return address
    raise LabError("no Debian mirror is known on this machine; set KELID_MIRROR to the address of one")


def _addresses(text: str) -> Iterator[str]:
    """Yield the addresses in an apt sources file of either form."""
    for line in text.splitlines():
        words = line.split()
        if words[:1] in (["deb"], ["URIs:"]):
            yield from (word for word in words[1:] if "://" in word)


def _key(*parts: str) -> str:
    """Return a short name for what goes into an image."""
    return hashlib.sha256(
        "\0".join((str(RECIPE), *_DPKG, _CLOCK_UNIT, *_MASKED, *parts)).encode()
    ).hexdigest()[:12]


def _cached(name: str, build: Builder) -> Path:
    """Return the cached folder of that name; let ``build`` fill it first if it isn't there, one process at a time."""
    folder = cache_folder() / name
    if folder.exists():
        return folder
    with _lock(cache_folder() / f".{name}.lock"):
        if folder.exists():
            return folder
        half = cache_folder() / f".{name}.half"
        # Whoever was killed half-way may have left processes that still write there.
        group = make_cgroup(".images", name)
        end_cgroup(group)
        make_cgroup(".images", name)
        try:
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(parents=True)
            build(half)
            half.rename(folder)
        finally:
            end_cgroup(group)
            shutil.rmtree(half, ignore_errors=True)
    return folder


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the lock file for as long as the block runs; it is let go when the process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build_bare(folder: Path, suite: str, progress: Progress) -> None:
    """Fill ``folder/root`` with a small Debian that runs as a lab host."""
    progress(f"building the root file system of Debian {suite} (once, then cached)")
    options = [f"--aptopt={option}" for option in (*_APT, *_proxy_options())]
    options += [f"--dpkgopt={option}" for option in _DPKG]
    root = folder / "root"
    _run_and_tell(
        folder,
        ["mmdebstrap", "--variant=minbase", "--mode=root", "--format=directory", f"--include={','.join(BARE)}",
         *options, suite, str(root), mirror()],
        progress,
    )  # fmt: skip
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()  # each host gets one of its own
    (root / "etc/machine-id").write_text("", encoding="ascii")
    (root / "etc/resolv.conf").write_text(
        "# a lab host knows names from its hosts file only\n", encoding="ascii"
    )
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/lab.list").write_text(
        f"deb [trusted=yes] file:{PACKAGES_AT} ./\n", encoding="ascii"
    )
    # mmdebstrap leaves its own options for apt; a server has the distribution's.
    (root / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)
    # The lab's packages have no translated descriptions, and apt complains that it can't find them.
    (root / "etc/apt/apt.conf.d/90lab").write_text('Acquire::Languages "none";\n', encoding="ascii")
    for unit in _MASKED:
        (root / "etc/systemd/system" / unit).unlink(missing_ok=True)
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    dropin = root / "etc/systemd/system/asterisk.service.d/lab-clock.conf"
    dropin.parent.mkdir(parents=True)
    dropin.write_text(_CLOCK_UNIT, encoding="ascii")
    for inside in (PACKAGES_AT, SHARED_AT):
        root.joinpath(inside.lstrip("/")).mkdir(parents=True)
    (root / "etc/hosts").unlink(missing_ok=True)
    (root / "etc/hosts").symlink_to(f"{SHARED_AT}/hosts")


def _build_layer(folder: Path, suite: str, bare: Path, progress: Progress) -> None:
    """Fill ``folder/root`` with what a PBX has beyond the bare system, and ``folder/packages`` with its packages."""
    progress(f"adding Asterisk to the root file system of Debian {suite} (once, then cached)")
    (folder / "root").mkdir()
    (folder / "packages").mkdir()
    settings = [*_APT, *_proxy_options(), 'Dir::Etc::SourceList "/tmp/sources.list"', 'Dir::Etc::SourceParts "/dev/null"',
                'Dir::State::Lists "/tmp/lists"', 'Dir::Cache::Archives "/tmp/debs"', 'APT::Sandbox::User "root"',
                'APT::Keep-Downloaded-Packages "true"']  # fmt: skip
    (folder / "apt.conf").write_text("".join(f"{line};\n" for line in settings), encoding="utf-8")
    script = ["/bin/sh", "-c", _ADD_LAYER, "sh", str(folder), str(bare), mirror(), suite, SHARED_AT]
    script += [" ".join(OFFERED), *PBX]
    script += PBX_ALSO.get(suite, ())
    # The mounts are seen by the script and its children only, so nothing is left of them, whatever happens.
    _run_and_tell(folder, ["unshare", "--mount", "--propagation", "slave", *script], progress)
    for leftover in ("merged", "work"):
        shutil.rmtree(folder / leftover)
    (folder / "apt.conf").unlink()
    progress("indexing the packages for empty hosts")
    (folder / "packages/Packages").write_text(
        "\n".join(_index_entry(deb) for deb in sorted((folder / "packages").glob("*.deb"))), encoding="utf-8"
    )


def _index_entry(deb: Path) -> str:
    """Return the paragraph of an apt index that describes a package's file."""
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    fields = run(["dpkg-deb", "--field", deb]).stdout.rstrip("\n")
    return f"{fields}\nFilename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"


def _proxy_options() -> list[str]:
    """Return this machine's own apt settings for proxies and certificates, which a build needs as well."""
    lines = run(["apt-config", "dump"]).stdout.splitlines()
    wanted = ("Acquire::http::Proxy", "Acquire::https::Proxy")
    return [line.rstrip(";") for line in lines if line.startswith(wanted) and '""' not in line]


def _run_and_tell(folder: Path, argv: Sequence[str], progress: Progress) -> None:
    """Run one step of a build in the image's control group and pass on its lines.

    Raise LabError with the last lines if it fails.
    """
    group = make_cgroup(".images", folder.name.removeprefix(".").removesuffix(".half"))
    last: list[str] = []
    with subprocess.Popen(
        in_cgroup(group, argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace",
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            last = [*last[-30:], line.rstrip()]
            if line.startswith(("I: ", "Setting up asterisk")):
                progress(line.strip().removeprefix("I: "))
    if process.returncode:
        raise LabError(f"building {folder.name} failed (exit {process.returncode}):\n" + "\n".join(last))
