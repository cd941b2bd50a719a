"""The witness: a real Asterisk that takes calls and tells each step that they take, for whoever wants to compare.

On a lab host, in a network of its own without a way out, runs a private Asterisk on the tree, and beside it all phones and
trunks of the tree (``witness_files/``): each endpoint has an address of its own on the loopback, registers, calls, and
does what the world says when it is called. Asterisk's clock is set, and may be hastened: libfaketime then shortens every
wait by the same measure, so that twenty seconds of ringing take one.

What the witness can't take as it is (``adapted`` says it in words): passwords (a phone is known by its address instead),
encryption, registrations at other machines, checks whether a phone is still there, hardware.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import resources
from types import TracebackType
from typing import NamedTuple

from kelid.lab.hosts import Host
from kelid.lab.processes import make_cgroup
from kelid.lab.talker import Talker
from kelid.model.call import UNAVAILABLE, Call, World
from kelid.model.pbx import SECRET, Option, Pbx, Section

RATE = 20.0
"""How many seconds pass for Asterisk in one."""
TOGETHER = 64
"""How many calls are on their way at a time, where they don't disturb each other."""
PATIENCE = 1000.0
"""After how many of Asterisk's seconds without a step a caller hangs up."""
START_SECONDS = 120
PIN = "4711"
"""What every secret is there: passwords, and PINs that callers give."""

_AT = "/usr/local/lib/kelid-witness"
_FILES = ("__init__.py", "__main__.py", "manager.py", "phones.py", "private.py")
_HARDWARE = re.compile(r"^\s*(?:pre)?(?:load|require)\s*=>?\s*\S*(?:dahdi)\S*.*$", re.MULTILINE)
_DROPPED = {
    "endpoint": {
        "auth", "outbound_auth", "transport", "media_encryption", "media_encryption_optimistic", "identify_by", "acl",
        "contact_acl", "outbound_proxy", "dtls_cert_file", "dtls_private_key", "dtls_ca_file", "dtls_verify", "dtls_setup",
        "webrtc", "use_avpf", "ice_support", "dtls_auto_generate_cert", "bind_rtp_to_media_address", "media_address",
    },
    "aor": {"contact", "qualify_frequency", "max_contacts", "remove_existing", "minimum_expiration", "maximum_expiration",
            "default_expiration", "outbound_proxy", "authenticate_qualify", "support_path"},
}  # fmt: skip
"""Options that the tree of the witness goes without, by pjsip's type of object."""
_LEFT_OUT = {"auth", "registration", "identify", "transport", "acl", "outbound-publish", "global", "system"}
"""Objects that it goes without."""


class LiveStep(NamedTuple):
    """A step that Asterisk told of (its event Newexten); ``channel`` 0 is the caller's, others as they came.

    ``language`` is that of the channel, in which something may be said.
    """

    context: str
    exten: str
    priority: int
    app: str
    data: str
    channel: int
    language: str = ""


class Ring(NamedTuple):
    """A phone or trunk that was called: who was shown to it, and for how many of Asterisk's seconds it rang."""

    endpoint: str
    name: str
    number: str
    seconds: float


class Live(NamedTuple):
    """What a call did. ``cause`` is Q.850's, ``status`` the last that SIP said to the caller (0: it didn't call by SIP).

    ``gave_up`` names the application in which the caller lost patience and hung up, "" if it needn't have. ``rings`` are the
    phones that were called, in order; known only of calls that are placed one at a time.
    """

    steps: tuple[LiveStep, ...]
    cause: int
    status: int
    gave_up: str
    rings: tuple[Ring, ...] = ()


class Press(NamedTuple):
    """Keys that the caller presses: at which of the steps of its own channel (0 is the first), after how many seconds of it.

    ``!`` among the keys hangs up. With ``every`` (seconds) they are pressed again and again while that step lasts.
    """

    step: int
    keys: str
    after: float = 0.3
    every: float = 0.0


class Witness:
    """A private Asterisk on a host of the lab. Use it in ``with``: it ends with it."""

    def __init__(self, host: Host) -> None:
        """Given the host, put the program there and start it; it has no tree yet."""
        self.host = host
        self.endpoints: frozenset[str] = frozenset()
        for name in _FILES:
            text = resources.files("kelid.lab").joinpath("witness_files", name).read_text(encoding="utf-8")
            host.write(f"{_AT}/witness_files/{name}", text)
        inside = f"ip link set lo up && cd {_AT} && exec python3 -u -m witness_files"
        argv = ["ssh", "-F", str(host.folders.ssh_config), "-o", "ControlPath=none", host.name, "--"]
        log = host.folders.state / f"witness-{secrets.token_hex(3)}.log"
        self.talker = Talker(
            f"the witness on {host.name}",
            make_cgroup(host.lab, "ssh"),
            [*argv, shlex.join(["unshare", "-n", "-m", "sh", "-c", inside])],
            log,
        )

    def __enter__(self) -> Witness:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        self.close()

    def close(self) -> None:
        """End Asterisk and the program."""
        self.talker.close(20)

    def load(
        self,
        pbx: Pbx,
        files: Mapping[str, str],
        *,
        at: datetime,
        rate: float = RATE,
        media: Iterable[str] = (),
    ) -> list[str]:
        """Start Asterisk on a tree, whatever ran before; return what it complained of.

        ``files`` is the text of the tree (secrets may be tokens), ``pbx`` what it says, ``media`` the paths of its sounds.
        ``at`` is the moment that it shows; None for the true time, at its true pace.
        """
        adapted = dict(adapt(pbx, files))
        phones = addresses(pbx)
        self.endpoints = frozenset(phones)
        told = self.talker.ask(
            "start",
            timeout=START_SECONDS,
            files=adapted,
            media=list(media),
            phones=phones,
            rate=rate,
            clock=at.timestamp() if at else None,
        )
        return list(told["log"])

    def dialplan(self, text: str) -> list[str]:
        """Let Asterisk read another extensions.conf; return what it complained of. All else stays."""
        return list(self.talker.ask("dialplan", text=SECRET.sub(_value, text))["log"])

    def prepare(self, world: World, at: datetime, *, rate: float = RATE, reload: bool = False) -> None:
        """Let calls meet this world at this moment. ``reload``: read the dial plan anew, which forgets its globals."""
        self.talker.ask(
            "world",
            timeout=START_SECONDS,
            database=dict(world.database),
            globals=dict(world.globals),
            devices={name.partition("/")[2]: how for name, how in world.devices.items()},
            otherwise=world.otherwise,
            in_use=[name.partition("/")[2] for name in sorted(world.in_use)],
            clock=at.timestamp(),
            rate=rate,
            reload=reload,
        )

    def place(
        self, calls: Sequence[Call], presses: Sequence[Sequence[Press]] = (), *, together: int = TOGETHER,
        needs: Sequence[Iterable[str]] = (), limits: Mapping[str, int] | None = None, patience: float = PATIENCE,
        timeout: float = 300,
    ) -> list[Live]:  # fmt: skip
        """Place the calls in the world that was prepared; return what each did, in their order.

        ``needs``: for each call the names of what it can't share with another at a time; ``limits``: how many may share one.
        ``presses``: for each call what its caller presses. ``together``: how many calls may be on their way at once.
        ``patience``: after how many seconds (Asterisk's) without a step a caller hangs up. ``timeout``: true seconds.
        """
        tasks = [
            {
                **self._task(call, presses[index] if presses else ()),
                "needs": sorted(set(needs[index])) if needs else [],
            }
            for index, call in enumerate(calls)
        ]
        told = self.talker.ask(
            "calls",
            timeout=timeout,
            calls=tasks,
            together=together,
            limits=dict(limits or {}),
            patience=patience,
        )
        return [
            Live(
                tuple(LiveStep(*step) for step in one["steps"]),
                int(one["cause"] or 0),
                one["status"],
                one["gave_up"],
                tuple(Ring(*ring) for ring in one["rings"]),
            )
            for one in told["results"]
        ]

    def command(self, text: str) -> str:
        """Return what Asterisk's console answers to a command."""
        return str(self.talker.ask("command", command=text)["text"])

    def log(self) -> list[str]:
        """Return what Asterisk complained of since it was loaded."""
        return list(self.talker.ask("log")["log"])

    def _task(self, call: Call, presses: Sequence[Press]) -> dict[str, object]:
        """Return a call as the program on the host takes it."""
        by_sip = call.technology == "PJSIP" and call.endpoint in self.endpoints
        return {
            "endpoint": call.endpoint if by_sip else "",
            "exten": call.exten,
            "context": call.context,
            "caller": call.caller,
            "caller_name": call.caller_name,
            "keys": [[press.step, press.after, press.keys, press.every] for press in presses],
            "variables": {f"__{key.lstrip('_')}": value for key, value in call.variables.items()}
            if not by_sip
            else {},
        }


# -- the tree of the witness


def addresses(pbx: Pbx) -> dict[str, tuple[str, str]]:
    """Return for each endpoint that can be called or calls: its AOR and its address on the loopback."""
    found = {}
    for index, section in enumerate(pbx.sections("pjsip.conf", "endpoint")):
        aor = (section.get("aors") or section.name).split(",")[0].strip()
        found[section.name] = (aor, f"127.1.{index // 250}.{index % 250 + 1}")
    return found


def adapt(pbx: Pbx, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the files of the tree (path, text) as the witness loads them."""
    for path, text in files.items():
        plain = SECRET.sub(_value, text)
        if path == "modules.conf":
            plain = _HARDWARE.sub("", plain)
        if path not in {"pjsip.conf", "pjsip_transport.conf", "manager.conf", "logger.conf", "sorcery.conf"}:
            yield path, plain
    yield "pjsip.conf", "".join(_pjsip(pbx))


def _value(token: re.Match[str]) -> str:
    """Return the PIN, or its MD5, in the place of a secret's token."""
    return hashlib.md5(PIN.encode(), usedforsecurity=False).hexdigest() if token[2] else PIN


def _pjsip(pbx: Pbx) -> Iterator[str]:
    """Yield the sections of the witness's own pjsip.conf."""
    yield "[global]\ntype = global\nendpoint_identifier_order = ip\n"
    # A busy machine may be slow to answer, and seconds are short here: nobody gives up for that.
    yield "[system]\ntype = system\ntimer_b = 3200000\n"
    yield "[witness]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:5060\n"
    known = addresses(pbx)
    for section in pbx.sections("pjsip.conf"):
        kind = section.get("type") or ""
        if kind in _LEFT_OUT:
            continue
        kept = [option for option in section.options if option.key not in _DROPPED.get(kind, ())]
        if kind == "aor":
            kept += [
                Option("max_contacts", "1"),
                Option("remove_existing", "yes"),
                Option("maximum_expiration", "1000000000"),
            ]
        yield _text(Section(section.name, tuple(kept)))
        if kind == "endpoint":
            match = Option("match", known[section.name][1])
            named = Option("endpoint", section.name)
            yield _text(Section(f"at-{section.name}", (Option("type", "identify"), named, match)))


def _text(section: Section) -> str:
    """Return a section as it stands in a conf file."""
    lines = []
    for option in section.options:
        value = SECRET.sub(_value, option.value).replace(";", "\\;")
        lines.append(f"{option.key} = {value}\n")
    return f"\n[{section.name}]\n{''.join(lines)}"


__all__ = [
    "PIN",
    "RATE",
    "TOGETHER",
    "UNAVAILABLE",
    "Live",
    "LiveStep",
    "Press",
    "Witness",
    "adapt",
    "addresses",
]
