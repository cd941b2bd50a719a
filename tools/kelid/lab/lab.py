"""A lab as a whole: made under a name, found again under it, and ended whatever state it is in."""

from __future__ import annotations

import fcntl
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from kelid.lab import dns, network
from kelid.lab.errors import LabError
from kelid.lab.hosts import Host, HostFolders
from kelid.lab.images import get_image
from kelid.lab.phones import Phone
from kelid.lab.processes import (
    RUN,
    Progress,
    cgroup,
    end_cgroup,
    in_cgroup,
    leave_cgroups,
    make_cgroup,
    pids,
    quiet,
    run,
    wait_until,
)
from kelid.lab.requirements import require
from kelid.lab.store import Store
from kelid.lab.telco import Telco

DISKS = Path("/var/lib/kelid-lab")
"""Where hosts write; not under /run, which is small on many machines."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_FIRST_ADDRESS, _LAST_ADDRESS = 10, 250

_SSH_CONFIG = """\
# Written by the lab; rewritten whenever a host comes or goes.
Host *
    User root
    IdentityFile {state}/key
    IdentitiesOnly yes
    UserKnownHostsFile {state}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    PasswordAuthentication no
    BatchMode yes
    ConnectTimeout 5
    ServerAliveInterval 2
    ServerAliveCountMax 5
    LogLevel ERROR
    ControlMaster auto
    ControlPath {state}/ssh-%C
    ControlPersist 120
"""


class Lab:
    """A lab under its name. Nothing of it lives in this process: another one can find it and go on."""

    def __init__(self, name: str) -> None:
        """Given a lab's name (small letters, digits, hyphens), know where its things are; nothing is made yet."""
        if not _NAME.fullmatch(name):
            raise LabError(f"{name!r} can't be a lab's name: small letters, digits and hyphens, at most 31")
        self.name = name
        self.state = RUN / name
        self.disks = DISKS / name

    # -- made, found, ended

    @classmethod
    def up(cls, name: str = "lab", progress: Progress = quiet) -> Lab:
        """Make the lab's network, keys and folders, unless they are there, and return it. It has no hosts yet.

        Raise LabError if this machine can't have a lab.
        """
        require()
        lab = cls(name)
        with _machine_lock():
            if not (lab.state / "lab.json").exists():
                progress(f"making the network of lab {name}")
                lab._clear()
                lab.state.mkdir(parents=True, mode=0o700)
                # Written before anything is made: whoever finds this file can end all that follows from it.
                record = {"name": name, "subnet": network.free_subnet(name)}
                (lab.state / "lab.json").write_text(json.dumps(record), encoding="utf-8")
            lab._complete()
        return lab

    @classmethod
    def find(cls, name: str = "lab") -> Lab:
        """Return the lab of that name that was made before. Raise LabError if there is none."""
        lab = cls(name)
        if not lab.exists:
            raise LabError(f"no lab {name!r} is up; start one with: kelid lab up --lab {name}")
        return lab

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all labs of which anything is left on this machine."""
        found = {path.name for folder in (RUN, DISKS) if folder.exists() for path in folder.iterdir()}
        return sorted(name for name in found if _NAME.fullmatch(name))

    @property
    def exists(self) -> bool:
        """Return True if the lab was made and not taken down."""
        return (self.state / "lab.json").exists()

    def down(self) -> None:
        """End all processes of the lab and remove everything that it made, in whatever state it is."""
        with _machine_lock():
            self._clear()
            leave_cgroups()

    def _complete(self) -> None:
        """Make what a lab without hosts consists of, each part unless it is there."""
        (self.state / "hosts").mkdir(exist_ok=True)
        (self.state / "shared").mkdir(exist_ok=True)
        if not (self.state / "key.pub").exists():
            (self.state / "key").unlink(missing_ok=True)
            _make_key(self.state / "key", f"lab {self.name}")
        network.make_bridge(self.name, self.subnet)
        self._tell_hosts()
        if not dns.ask(self.gateway, "localhost", timeout=0.3):
            self._serve_names()

    def _serve_names(self) -> None:
        """Start the lab's name server and wait until it answers."""
        for group in cgroup(self.name).glob("names.*"):
            end_cgroup(group)
        group = make_cgroup(self.name, f"names.{secrets.token_hex(4)}")
        argv: list[str | Path] = [
            sys.executable,
            "-m",
            "kelid.lab.dns",
            self.gateway,
            self.state / "shared/hosts",
        ]
        with (self.state / "names.log").open("ab") as log:
            subprocess.Popen(
                in_cgroup(group, argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until("the lab's name server", lambda: dns.ask(self.gateway, "localhost"), timeout=10)

    def _clear(self) -> None:
        """End the lab's processes, then its interfaces and namespaces, then its files."""
        end_cgroup(cgroup(self.name))
        network.remove_all(self.name)
        shutil.rmtree(self.disks, ignore_errors=True)
        shutil.rmtree(self.state, ignore_errors=True)

    # -- what it knows

    @property
    def subnet(self) -> str:
        """Return the lab's network, for example ``10.213.7.0/24``."""
        return str(json.loads((self.state / "lab.json").read_text(encoding="utf-8"))["subnet"])

    @property
    def gateway(self) -> str:
        """Return this machine's own address in the lab."""
        return network.address_in(self.subnet, 1)

    @property
    def key(self) -> Path:
        """Return the file of the private key that opens root's account on every host."""
        return self.state / "key"

    @property
    def known_hosts(self) -> Path:
        """Return the file with the public host keys of all hosts, by name, alias and address."""
        return self.state / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """Return an ssh configuration with which ``ssh -F FILE NAME`` enters a host."""
        return self.state / "ssh_config"

    def hosts(self) -> list[Host]:
        """Return all hosts of the lab, by name."""
        return [self._host(record) for record in self._records()]

    def host(self, name: str) -> Host:
        """Return the host of that name. Raise LabError if there is none."""
        for record in self._records():
            if record["name"] == name:
                return self._host(record)
        raise LabError(
            f"lab {self.name!r} has no host {name!r}; it has {', '.join(h.name for h in self.hosts()) or 'none'}"
        )

    def host_key(self, name: str) -> str:
        """Return a host's public key as it stands in known_hosts after the address: ``ssh-ed25519 AAAA...``."""
        return str(self._record(name)["host_key"])

    def status(self) -> dict[str, Any]:
        """Return the lab's name, whether it is up, its network and its hosts, as plain values."""
        if not self.exists:
            return {"name": self.name, "up": False, "hosts": []}
        hosts = [
            {**host.record(), "running": host.running, "aliases": self._record(host.name)["aliases"]}
            for host in self.hosts()
        ]
        return {
            "name": self.name, "up": True, "subnet": self.subnet, "ssh_config": str(self.ssh_config), "hosts": hosts,
            "processes": len(pids(cgroup(self.name))),
        }  # fmt: skip

    # -- its hosts

    def create_host(
        self,
        name: str,
        image: str = "pbx",
        *,
        aliases: Iterable[str] = (),
        files: dict[str, tuple[str, int]] | None = None,
        like: Host | None = None,
        progress: Progress = quiet,
    ) -> Host:
        """Make a host from an image, boot it, and return it when it answers over ssh.

        ``aliases`` are further names for it; ``files`` (path -> text and mode) are put onto its disk before it boots. What
        was written on the disk of ``like``, a host of that image which is off, is on this one's too.
        Raise LabError if the name is taken or the host doesn't come up; what was made of it is then removed.
        """
        host = self._create(name, image, aliases=aliases, files=files, like=like, progress=progress)
        host.mark_ready()
        return host

    def _create(
        self,
        name: str,
        image: str,
        *,
        aliases: Iterable[str],
        files: dict[str, tuple[str, int]] | None,
        progress: Progress,
        like: Host | None = None,
    ) -> Host:
        """Do as ``create_host``, and leave it to the caller to say that the host is ready."""
        if not _NAME.fullmatch(name):
            raise LabError(f"{name!r} can't be a host's name: small letters, digits and hyphens, at most 31")
        built = get_image(image, progress)
        progress(f"booting {name} ({image})")
        with _machine_lock():
            if any(record["name"] == name for record in self._records()):
                raise LabError(f"lab {self.name!r} has a host {name!r} already")
            address = self.free_address()
            folder = self.state / "hosts" / name
            shutil.rmtree(folder, ignore_errors=True)  # of one who was killed before there was a record
            folder.mkdir()
            private, public = _new_host_key(folder, name)
            record = {
                "name": name, "image": image, "address": address, "namespace": network.namespace_name(self.name, address),
                "aliases": list(aliases), "host_key": public,
            }  # fmt: skip
            _write(folder / "host.json", json.dumps(record))
        try:
            host = self._host(record)
            if like:
                host.copy_disk(like)
            host.prepare(
                {
                    "/etc/resolv.conf": (f"nameserver {self.gateway}\n", 0o644),
                    "/etc/hostname": (name + "\n", 0o644),
                    "/etc/machine-id": (secrets.token_hex(16) + "\n", 0o444),
                    "/etc/ssh/ssh_host_ed25519_key": (private, 0o600),
                    "/etc/ssh/ssh_host_ed25519_key.pub": (public + "\n", 0o644),
                    "/root/.ssh/authorized_keys": (
                        self.key.with_suffix(".pub").read_text(encoding="utf-8"),
                        0o600,
                    ),
                    **(files or {}),
                }
            )
            self._tell_hosts()
            network.make_namespace(self.name, address)
            host.boot(built)
            host.wait_ssh()
        except BaseException:
            self.destroy_host(name)
            raise
        return host

    def destroy_host(self, name: str) -> None:
        """End a host and remove its disk, its network and its record. Nothing is done if there is none."""
        folder = self.state / "hosts" / name
        if not folder.exists():
            return
        if (folder / "host.json").exists():
            host = self.host(name)
            host.kill()
            network.remove_namespace(host.namespace)
        shutil.rmtree(self.disks / name, ignore_errors=True)
        shutil.rmtree(folder)
        self._tell_hosts()

    def kill_host(self, name: str) -> None:
        """Cut a host's power. Its disk stays; ``boot_host`` starts it again."""
        self.host(name).kill()

    def boot_host(self, name: str) -> Host:
        """Start a host again that was killed, from the disk that it has, and return it when it answers over ssh."""
        host = self.host(name)
        if host.namespace not in network.leftovers(self.name)[0]:  # the machine itself was booted in between
            network.remove_namespace(host.namespace)
            network.make_namespace(self.name, host.address)
        host.boot(get_image(host.image))
        host.wait_ssh()
        return host

    def add_alias(self, name: str, alias: str) -> None:
        """Give a host one more name, which every host of the lab knows at once."""
        with _machine_lock():
            record = self._record(name)
            if alias not in record["aliases"]:
                record["aliases"].append(alias)
                _write(self.state / "hosts" / name / "host.json", json.dumps(record))
        self._tell_hosts()

    def free_address(self) -> str:
        """Return an address of the lab that neither a host nor a phone has."""
        used = {record["address"] for record in self._records()}
        namespaces, _ = network.leftovers(self.name)
        for number in range(_FIRST_ADDRESS, _LAST_ADDRESS):
            address = network.address_in(self.subnet, number)
            if address not in used and network.namespace_name(self.name, address) not in namespaces:
                return address
        raise LabError(f"no address is left in lab {self.name!r}")

    def create_telco(
        self,
        user: str,
        password: str,
        *,
        name: str = "telco",
        aliases: Iterable[str] = (),
        progress: Progress = quiet,
    ) -> Telco:
        """Make the host that plays the telephone company, with one customer who registers with user and password."""
        telco = Telco(self._create(name, "pbx", aliases=aliases, files=Telco.files(), progress=progress))
        try:
            telco.install()
            telco.add_customer(user, password)
        except BaseException:
            self.destroy_host(name)
            raise
        telco.host.mark_ready()
        return telco

    def telco(self, name: str = "telco") -> Telco:
        """Return the telephone company that was made before."""
        return Telco(self.host(name))

    def create_store(
        self, public_key: str, *, name: str = "store", aliases: Iterable[str] = (), progress: Progress = quiet
    ) -> Store:
        """Make the host that keeps backups, open for the owner of the ssh key."""
        store = Store(self._create(name, "bare", aliases=aliases, files=None, progress=progress))
        try:
            store.install()
            store.allow(public_key)
        except BaseException:
            self.destroy_host(name)
            raise
        store.host.mark_ready()
        return store

    def store(self, name: str = "store") -> Store:
        """Return the backup store that was made before."""
        return Store(self.host(name))

    # -- its phones

    def phone(
        self,
        name: str,
        number: str,
        password: str,
        server: str,
        *,
        transport: str = "udp",
        encrypted: bool = False,
    ) -> Phone:
        """Start a phone with an address of its own that knows its number, password and server. It isn't registered yet.

        ``server`` is an address or a name of a lab host, ``transport`` is udp, tcp or tls; an ``encrypted`` phone
        takes part in calls with SRTP only. Raise LabError if the name is taken or it doesn't start.
        """
        if not _NAME.fullmatch(name):
            raise LabError(f"{name!r} can't be a phone's name: small letters, digits and hyphens, at most 31")
        known = {
            key: host.address
            for host in self.hosts()
            for key in (host.name, *self._record(host.name)["aliases"])
        }
        folder = self.state / "phones" / name
        with _machine_lock():
            if folder.exists():
                raise LabError(f"lab {self.name!r} has a phone {name!r} already")
            address = self.free_address()
            folder.mkdir(parents=True)
            _write(folder / "phone.json", json.dumps({"name": name, "number": number, "address": address}))
            try:
                namespace = network.make_namespace(self.name, address)
            except BaseException:
                network.remove_namespace(network.namespace_name(self.name, address))
                shutil.rmtree(folder)
                raise
        try:
            return Phone(
                name, number, password, known.get(server, server), namespace=namespace, address=address,
                group=make_cgroup(self.name, "phones", f"{name}.{secrets.token_hex(4)}"), folder=folder,
                transport=transport, encrypted=encrypted,
            )  # fmt: skip
        except BaseException:
            self.remove_phone(name)
            raise

    def remove_phone(self, name: str) -> None:
        """End a phone's process and remove its network and its files. Nothing is done if there is none."""
        folder = self.state / "phones" / name
        for group in cgroup(self.name, "phones").glob(f"{name}.*"):
            end_cgroup(group)
        if (folder / "phone.json").exists():
            address = json.loads((folder / "phone.json").read_text(encoding="utf-8"))["address"]
            network.remove_namespace(network.namespace_name(self.name, address))
        shutil.rmtree(folder, ignore_errors=True)

    # -- its records

    def _records(self) -> list[dict[str, Any]]:
        """Return the records of all hosts, by name; half-made ones without a record are left out."""
        files = sorted((self.state / "hosts").glob("*/host.json"))
        return [json.loads(file.read_text(encoding="utf-8")) for file in files]

    def _record(self, name: str) -> dict[str, Any]:
        """Return the record of one host. Raise LabError if there is none."""
        self.host(name)
        return next(record for record in self._records() if record["name"] == name)

    def _host(self, record: dict[str, Any]) -> Host:
        """Return the host that a record describes."""
        name = record["name"]
        folders = HostFolders(
            state=self.state / "hosts" / name,
            disk=self.disks / name,
            shared=self.state / "shared",
            ssh_config=self.ssh_config,
        )
        return Host(
            lab=self.name, name=name, image=record["image"], address=record["address"],
            namespace=record["namespace"], folders=folders,
        )  # fmt: skip

    def _tell_hosts(self) -> None:
        """Write the names of all hosts for the hosts and for ssh, each file replaced at once."""
        with _locked(self.state / ".tell.lock"):
            records = self._records()
            names = [f"{r['address']} {' '.join([r['name'], *r['aliases']])}" for r in records]
            _write(
                self.state / "shared/hosts",
                "\n".join(["127.0.0.1 localhost", "::1 localhost", *names]) + "\n",
            )
            keys = [f"{','.join([r['name'], r['address'], *r['aliases']])} {r['host_key']}" for r in records]
            _write(self.known_hosts, "".join(line + "\n" for line in keys))
            entries = [
                f"Host {' '.join([r['name'], r['address'], *r['aliases']])}\n    HostName {r['address']}\n"
                for r in records
            ]
            _write(self.ssh_config, _SSH_CONFIG.format(state=self.state) + "".join(entries))


def _machine_lock() -> AbstractContextManager[None]:
    """Return the one lock under which labs are made and ended and addresses are given out."""
    return _locked(RUN / ".lock")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file for as long as the block runs; it is let go when the process ends, however it ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    """Put a file in place, as a whole or not at all."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _make_key(path: Path, comment: str) -> None:
    """Make an ssh key pair without a passphrase."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])


def _new_host_key(folder: Path, name: str) -> tuple[str, str]:
    """Return a new host key: the private file's text, and the public one without its comment."""
    path = folder / "ssh_host_key"
    _make_key(path, name)
    private = path.read_text(encoding="ascii")
    public = " ".join(path.with_suffix(".pub").read_text(encoding="ascii").split()[:2])
    path.unlink()
    path.with_suffix(".pub").unlink()
    return private, public
