"""Applies against servers of the lab: round trips, seconds, and sixty sites at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kelid import pipeline
from kelid.lab import Host, Lab
from kelid.lab.processes import wait_until

DELAY = 0.05
"""Seconds that the proxy keeps what it is given, each way: 100 ms a round trip."""
SITE = "noor-clinic"
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
NOTHING = "- hosts: localhost\n  gather_facts: false\n  tasks: []\n"


class Proxy:
    """Forwards connections to an ssh server, late, and counts the round trips that somebody waited for.

    One for each connection (TCP's own), and one whenever the client sends after it heard from the server: all that is sent
    without waiting in between is one, however much it is.
    """

    def __init__(self, address: str) -> None:
        """Listen on a free port of this machine; ``port`` names it."""
        self.trips, self.port = 0, 0
        self._address = address
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def close(self) -> None:
        """Stop listening and cut what is open."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._meet, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.trips += 1
        await asyncio.sleep(2 * DELAY)
        server_reader, server_writer = await asyncio.open_connection(self._address, 22)
        heard = asyncio.Event()
        """Set while the client has heard something since it last spoke."""

        def spoken() -> None:
            self.trips += heard.is_set()
            heard.clear()

        with suppress(asyncio.CancelledError):  # the proxy's end, of which asyncio's streams would complain
            await asyncio.gather(
                self._carry(reader, server_writer, read=spoken, written=lambda: None),
                self._carry(server_reader, writer, read=lambda: None, written=heard.set),
                return_exceptions=True,
            )

    @staticmethod
    async def _carry(
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        *,
        read: Callable[[], None],
        written: Callable[[], None],
    ) -> None:
        """Pass on what comes, late; tell when something was read and when it was passed on."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def take() -> None:
            data = b" "
            while data:
                data = await source.read(1 << 16)
                if data:
                    read()
                waiting.put_nowait((time.monotonic() + DELAY, data))

        taking = asyncio.ensure_future(take())
        try:
            while True:
                moment, data = await waiting.get()
                await asyncio.sleep(max(0.0, moment - time.monotonic()))
                if not data:
                    return
                target.write(data)
                await target.drain()
                written()
        finally:
            taking.cancel()
            target.close()


class Bench:
    """Servers of a lab, and the sites that they serve."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        """Keep the lab; the sites lie in ``folder``/sites."""
        self.lab, self.folder = lab, folder
        self.hosts: dict[str, Host] = {}
        (folder / "sites").mkdir(parents=True)
        shutil.copy(pipeline.root() / "sites" / pipeline.SAMPLE_PASSWORD, folder / "sites")

    def add(self, name: str, like: Host | None = None) -> None:
        """Make a server and its site; what was written on the disk of ``like``, which is off, is on its disk too."""
        host = self.hosts[name] = self.lab.create_host(name, "pbx", like=like)
        site = self.folder / "sites" / name
        shutil.copytree(pipeline.root() / "sites" / SITE, site)
        key = self.lab.host_key(name)
        self.edit(
            name,
            "site.yml",
            "address: pbx.noor-clinic.example",
            f'address: {host.address}\n    host_key: "{key}"',
        )
        self.edit(name, "trunks.yml", "sip.mokhaberat.example", "192.0.2.1")

    def edit(self, name: str, file: str, before: str, after: str) -> None:
        """Change a file of a site."""
        path = self.folder / "sites" / name / file
        text = path.read_text(encoding="utf-8")
        if before not in text:
            raise RuntimeError(f"{file} has no {before!r}")
        path.write_text(text.replace(before, after), encoding="utf-8")

    def commit(self) -> None:
        """Put the sites into git, as they are anywhere."""
        who = ["-c", "user.name=bench", "-c", "user.email=bench@kelid.example"]
        start = [] if (self.folder / ".git").exists() else [["init", "-q", "-b", "main"]]
        for words in (*start, ["add", "-A"], [*who, "commit", "-q", "-m", "sites"]):
            self.run(["git", *words])

    def run(self, words: Sequence[str]) -> float:
        """Run a program; return its seconds. Raise RuntimeError if it fails."""
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith(("KELID_", "ANSIBLE_"))
        }
        more = {"GIT_CONFIG_GLOBAL": os.devnull, "ANSIBLE_PRIVATE_KEY_FILE": str(self.lab.key)}
        start = time.perf_counter()
        done = subprocess.run(
            words, cwd=self.folder, env={**clean, **more}, capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
        return took

    def kelid(self, *words: str) -> float:
        """Run kelid; return its seconds."""
        return self.run([sys.executable, "-m", "kelid", *words, "--identity", str(self.lab.key)])

    def ssh(self, name: str) -> list[str]:
        """Return what runs one command on a server over a connection of its own."""
        options = ["-F", str(self.lab.ssh_config), "-o", "ControlMaster=no", "-o", "ControlPath=none"]
        return ["ssh", *options, name, "true"]

    def ssh_all(self) -> float:
        """Run one command on all servers at once; return the seconds."""
        start = time.perf_counter()
        running = [subprocess.Popen(self.ssh(name)) for name in self.hosts]
        if any(child.wait() for child in running):
            raise RuntimeError("a server could not be reached")
        return time.perf_counter() - start

    def rest(self) -> None:
        """Wait until no server has a session manager left: systemd starts one at a login and keeps it for ten seconds after.

        Whoever came next would find it there, and the first would have paid for it.
        """
        for host in self.hosts.values():
            host.hang_up()
        for host in self.hosts.values():
            wait_until(
                f"the end of all sessions of {host.name}",
                lambda host=host: not host.has_session(),
                timeout=180,
            )

    def nothing(self) -> float:
        """Return the seconds of Ansible's own start."""
        (self.folder / "nothing.yml").write_text(NOTHING)
        program = Path(sys.executable).with_name("ansible-playbook")
        return self.run([str(program), "-i", "localhost,", "nothing.yml"])


@contextmanager
def room_for(count: int) -> Iterator[bool]:
    """Have the kernel give room for so many hosts at once meanwhile, and yield True; False, and say why, if it can't be.

    Each host's systemd and daemons take some of its inotify instances, of which it gives all of root's programs 128.
    """
    wanted = 8 * count + 128
    had = INSTANCES.read_text()
    if int(had) >= wanted:
        yield True
        return
    try:
        INSTANCES.write_text(f"{wanted}\n")
    except OSError as problem:
        why = f"fs.inotify.max_user_instances is {had.strip()}, and {wanted} can't be set: {problem.strerror}"
        print(f"not measured: applies against {count} servers ({why})", file=sys.stderr)
        yield False
        return
    print(f"fs.inotify.max_user_instances is {wanted} instead of {had.strip()} meanwhile", file=sys.stderr)
    try:
        yield True
    finally:
        INSTANCES.write_text(had)


@contextmanager
def bench(folder: Path, count: int) -> Iterator[Bench]:
    """Yield so many servers with their release in force; the lab is gone afterwards."""
    lab = Lab.up(f"bench-{os.getpid()}")
    try:
        made = Bench(lab, folder)
        made.add("site0")
        made.commit()
        root = pipeline.root()
        given = [f"ANSIBLE_CONFIG={root / 'ansible.cfg'}", f"KELID_SITES={folder / 'sites'}"]
        playbook = [str(Path(sys.executable).with_name("ansible-playbook")), "-f", "8"]
        playbook += ["-i", str(root / "inventory.kelid.yml"), str(root / "playbooks/install.yml")]
        made.run(["env", *given, *playbook])
        # One is installed, and the others begin as copies of it: what they get then by an apply is each one's own.
        if count > 1:
            lab.kill_host("site0")
            for number in range(1, count):
                made.add(f"site{number}", like=lab.host("site0"))
            lab.boot_host("site0").wait_asterisk()
            made.commit()
        made.kelid("apply", "--all", "--yes", "--waves", "100%", "--forks", "8")
        yield made
    finally:
        lab.down()


def trips(made: Bench) -> tuple[int, int, float, float]:
    """Return the round trips of an apply that changes nothing and of one that does, and the seconds of both."""
    name = next(iter(made.hosts))
    proxy = Proxy(made.hosts[name].address)
    try:
        address = ["--address", "127.0.0.1", "--port", str(proxy.port)]
        known = made.folder / "known_hosts"
        known.write_text(f"[127.0.0.1]:{proxy.port} {made.lab.host_key(name)}\n")
        words = ["apply", name, "--yes", *address, "--known-hosts", str(known)]
        unchanged = made.kelid(*words)
        few, proxy.trips = proxy.trips, 0
        made.edit(name, "site.yml", "ring_time: 20", "ring_time: 21")
        changed = made.kelid(*words)
        more = proxy.trips
        made.edit(name, "site.yml", "ring_time: 21", "ring_time: 20")
        made.kelid(*words)
        return few, more, unchanged, changed
    finally:
        proxy.close()


def cold(made: Bench, rounds: int) -> tuple[float, float]:
    """Return the least seconds of an apply that changes nothing, and of an ssh connection and Ansible's own start."""
    name = next(iter(made.hosts))
    pairs = [
        (made.kelid("apply", name, "--yes"), made.run(made.ssh(name)) + made.nothing()) for _ in range(rounds)
    ]
    return min(one for one, _ in pairs), min(other for _, other in pairs)


def together(made: Bench, rounds: int) -> tuple[float, float]:
    """Return the least seconds of an apply of all sites that changes nothing, and of as many ssh connections at once."""
    forks = str(len(made.hosts))
    all_sites: list[float] = []
    bare: list[float] = []
    for _ in range(rounds):
        made.rest()
        all_sites.append(made.kelid("apply", "--all", "--yes", "--forks", forks))
        made.rest()
        bare.append(made.ssh_all())
    return min(all_sites), min(bare)
