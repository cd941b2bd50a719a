"""What two configurations say otherwise of the objects that a call comes to: queues, mailboxes, phones, conferences, music.

A dial plan's step only names such an object. Two steps that are alike, of a queue whose music is another one now, are not
the same to people; so each event of a pair of runs is given the settings of its objects that are not the same on both sides.
Where it isn't decided yet which object an event names, the changed ones are told apart there, and the rest stays undecided.

Not said: passwords and PINs; codecs and transports, which change neither who rings nor what is heard; and what somebody who
is put on hold hears (the music of queues, of Dial's ``m`` and of MusicOnHold is said).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from kelid.model.pbx import Pbx, Section, Step
from kelid.model.trace import Event
from kelid.simulate.reach import split_level

Details = tuple[tuple[str, str], ...]
Equal = Callable[[str, str], bool]

USES = {
    "queues.conf": ("queue(", "queuemember(", "queue_", "agent"),
    "queuerules.conf": ("queue(",),
    "agents.conf": ("agent", "queue("),
    "voicemail.conf": ("voicemail", "directory", "mailboxexists", "mailbox_exists", "vm", "minivm"),
    "confbridge.conf": ("confbridge",),
    "musiconhold.conf": ("music", "queue(", "dial(", "park", "confbridge", "waitexten", "hold"),
    "features.conf": ("dial(", "queue(", "park", "feature", "bridge"),
    "res_parking.conf": ("park",),
    "pjsip.conf": ("dial(", "page(", "pjsip", "queue(", "originate", "pickup", "endpoint", "device_state", "chanisavail"),
    "followme.conf": ("followme",),
    "modules.conf": ("ifmodule",),
    "iax.conf": ("dial(", "page(", "queue(", "originate", "iax", "chanisavail"),
    "sip.conf": ("dial(", "page(", "queue(", "originate", "sip", "chanisavail"),
    "asterisk.conf": ("",),
}  # fmt: skip
"""Conf file -> words that are in the name of each application and function that looks into it, in small letters."""

SILENT = frozenset(
    {"acl.conf", "ccss.conf", "cdr.conf", "cel.conf", "http.conf", "indications.conf", "logger.conf", "manager.conf",
     "pjproject.conf", "pjsip_notify.conf", "pjsip_transport.conf", "resolver_unbound.conf", "rtp.conf", "sorcery.conf",
     "udptl.conf", "res_fax.conf"}
)  # fmt: skip
"""Conf files that no step looks into, but by ``AST_CONFIG``."""

ANY_FILE = "ast_config"
"""The function that reads a setting of any file."""

SECRET = frozenset(
    {"pin", "password", "md5_cred", "secret", "regcode", "admin_pin", "video_password", "vmsecret"}
)
"""Options whose values nobody is told."""

_MEDIA = frozenset(
    {"allow", "disallow", "direct_media", "direct_media_method", "disable_direct_media_on_nat", "dtmf_mode", "transport",
     "force_rport", "rewrite_contact", "rtp_symmetric", "rtp_timeout", "rtp_timeout_hold", "rtp_keepalive", "ice_support",
     "media_encryption", "media_encryption_optimistic", "media_address", "bind_rtp_to_media_address", "rtp_ipv6",
     "use_avpf", "use_ptime", "webrtc", "dtls_auto_generate_cert", "dtls_cert_file", "dtls_private_key", "dtls_ca_file",
     "dtls_setup", "dtls_verify", "dtls_rekey", "rtcp_mux", "bundle", "max_audio_streams", "max_video_streams",
     "qualify_frequency", "qualify_timeout", "auth", "outbound_auth", "identify_by", "type", "context", "trust_id_inbound",
     "send_pai", "send_rpid", "tos_audio", "tos_video", "cos_audio", "cos_video", "timers", "timers_min_se",
     "timers_sess_expires", "t38_udptl", "t38_udptl_ec", "t38_udptl_nat", "fax_detect", "subscribe_context",
     "minimum_expiration", "maximum_expiration", "default_expiration", "sdp_session", "100rel", "asymmetric_rtp_codec"}
)  # fmt: skip
"""Options of pjsip.conf that change neither who rings nor what they see."""

_NAMED = frozenset({"pjsip.conf", "iax.conf", "sip.conf", "queues.conf", "voicemail.conf"})
"""Files whose objects steps call by their names."""

_UNORDERED = frozenset({"queues.conf", "pjsip.conf", "musiconhold.conf", "confbridge.conf"})
"""Files of which no step looks at the order of the objects; the directory does at that of mailboxes."""

_READERS = ("pjsip_", "queue_", "vm_info", "mailbox_exists", "mailboxexists", "vmcount", "directory")
"""What looks into such files by itself, or at all objects of them."""

_COMPUTED = re.compile(r"exec(?:if)?\([^\n]*\$\{[^{}]*\}\(")
"""An application whose name is only known as the call goes."""

_PICKUP = frozenset({"pickupexten", "pickupsound", "pickupfailsound"})
_LINES_OF = ("general", "zonemessages")


def _called(step: Step) -> frozenset[str] | None:
    """Return the endpoints that a Dial calls, in small letters, whatever the number; None if that isn't known."""
    if step.app.lower() not in ("dial", "retrydial"):
        return None
    found: set[str] = set()
    for device in split_level(split_level(step.data, ",")[0], "&"):
        technology, _, rest = device.partition("/")
        name = split_level(rest, "@")[-1].partition("/")[0]
        if technology.lower() != "pjsip" or not name or "$" in name:
            return None
        found.add(name.lower())
    return frozenset(found)


_ANY_MAILBOX = re.compile(r"(?:voicemail|vm)\w*\(\s*(?:[@,)]|$)")
"""An application that asks its caller for the number of a mailbox, as its address has none."""


class Settings:
    """Which settings of which objects differ between two configurations."""

    def __init__(self, before: Pbx, after: Pbx) -> None:
        """Compare the objects of both sides once."""
        self._sides = (before, after)
        self._changed: dict[str, dict[str, tuple[Details, Details]]] = {}
        paths = {file.path for pbx in self._sides for file in pbx.files}
        for path in sorted(paths):
            sections = [list(pbx.sections(path)) for pbx in self._sides]
            if sections[0] == sections[1] or (path in _UNORDERED and _is_reordered(path, *sections)):
                continue
            rows = tuple(_objects(pbx, path) for pbx in self._sides)
            self._changed[path] = {
                name: both
                for name in dict.fromkeys((*rows[0], *rows[1]))
                if (both := _apart(path, name, rows[0].get(name), rows[1].get(name)))[0] != both[1]
            }
        self.unknown = tuple(path for path in self._changed if path not in USES and path not in SILENT)
        """Files that differ, and of which it isn't known what steps make of them."""

    def touches(self, step: Step) -> bool:
        """Return True if a step, though it reads alike, may do something else on both sides: by an object that it uses."""
        if not self._changed:
            return False
        text = f"{step.app}({step.data})".lower()
        return _COMPUTED.search(text) is not None or any(
            self._uses(path, names, step, text) for path, names in self._changed.items()
        )

    @staticmethod
    def _uses(path: str, changed: Mapping[str, object], step: Step, text: str) -> bool:
        if ANY_FILE in text:
            return True
        if path in SILENT or not any(word in text for word in USES.get(path, ("",))):
            return False
        if path not in _NAMED or any(word in text for word in _READERS):
            return True
        if not changed:
            return False
        if any(name in _LINES_OF for name in changed):
            return True
        if path == "pjsip.conf" and (called := _called(step)) is not None:
            return not called.isdisjoint(name.lower() for name in changed)
        if "$" in step.data:
            return True
        if path == "pjsip.conf" and "queue(" in text:
            return True  # its members are phones
        if path == "voicemail.conf" and _ANY_MAILBOX.search(text):
            return True
        return any(name.partition("@")[0].lower() in text for name in changed)

    def __bool__(self) -> bool:
        """Return True if there is anything to say."""
        return any(self._changed.values())

    def of(self, event: Event, side: int, equal: Equal) -> Details:
        """Return the settings, on one side, of what an event names: those that the other side has otherwise.

        ``equal`` decides whether two texts are the same.
        """
        made: list[tuple[str, str]] = []
        for path, name in self._named(event, equal):
            both = self._changed[path].get(name)
            if both is not None:
                made += both[side]
        return tuple(made)

    def _named(self, event: Event, equal: Equal) -> Iterator[tuple[str, str]]:
        """Yield the changed objects that an event is about: conf file and name."""
        kind, subject = event.kind, event.subject
        if kind == "queue":
            yield from self._some("queues.conf", ("general", subject), equal)
            yield from self._every("queuerules.conf")
            yield from self._every("agents.conf")
            yield from self._every("musiconhold.conf")
            members = [value.partition(",")[0] for key, value in event.details if key == "member"]
            yield from self._phones(members, equal)
            yield from self._features()
        elif kind in ("voicemail", "mailbox", "directory") or (
            kind == "hears" and ("said", "name") in event.details
        ):
            yield from self._mailboxes(subject, equal, every=kind == "directory")
        elif kind in ("rings", "calls-out", "page", "originates", "talks"):
            yield from self._phones(subject.split("&"), equal)
            if kind != "originates":
                yield from self._features()
        elif kind == "conference":
            yield from self._every("confbridge.conf")
            yield from self._every("musiconhold.conf")
        elif kind in ("park", "pickup"):
            yield from self._every("res_parking.conf")
            yield from self._every("musiconhold.conf")
            if kind == "pickup":
                yield from self._every("features.conf")
        elif kind == "hears" and ("said", "music") in event.details:
            yield from self._some("musiconhold.conf", ("general", subject), equal)

    def _every(self, path: str) -> Iterator[tuple[str, str]]:
        for name in self._changed.get(path, ()):
            yield path, name

    def _some(self, path: str, names: tuple[str, ...], equal: Equal) -> Iterator[tuple[str, str]]:
        for name in self._changed.get(path, ()):
            if any(one == name or (not one.isascii() and equal(one, name)) for one in names):
                yield path, name

    def _features(self) -> Iterator[tuple[str, str]]:
        for name, both in self._changed.get("features.conf", {}).items():
            if any(key.rpartition(" ")[2] not in _PICKUP for key, _ in (*both[0], *both[1])):
                yield "features.conf", name

    def _mailboxes(self, subject: str, equal: Equal, *, every: bool) -> Iterator[tuple[str, str]]:
        """Yield the changed mailboxes that an address names; all of their context's where there is no number in it."""
        changed = self._changed.get("voicemail.conf", {})
        addresses = [(subject, "")] if every else [(part, "@") for part in subject.split("&")]
        for name in changed:
            number, at, context = name.partition("@")
            if not at:
                if number in _LINES_OF:
                    yield "voicemail.conf", name
                continue
            for address, kind in addresses:
                if not kind:
                    found = address in (context, "") or (not address.isascii() and equal(address, context))
                elif address == "" or address.startswith("@"):
                    found = (address[1:] or "default") == context
                else:
                    whole = address if "@" in address else f"{address}@default"
                    found = whole == name or (not whole.isascii() and equal(whole, name))
                if found:
                    yield "voicemail.conf", name
                    break

    def _phones(self, interfaces: list[str], equal: Equal) -> Iterator[tuple[str, str]]:
        """Yield the changed endpoints among what is dialled: ``PJSIP/101``, ``PJSIP/0912@trunk``, ``trunk``."""
        for path in ("iax.conf", "sip.conf"):
            for name in self._changed.get(path, ()):
                if name == "general" or any(
                    name in interface or not interface.isascii() for interface in interfaces
                ):
                    yield path, name
        for name in self._changed.get("pjsip.conf", ()):
            for interface in interfaces:
                rest = interface.partition("/")[2] if interface.startswith("PJSIP/") else interface
                endpoint = (rest.partition("@")[2] or rest).partition("/")[0]
                if endpoint == name or (not endpoint.isascii() and equal(endpoint, name)):
                    yield "pjsip.conf", name
                    break


def noted(event: Event) -> Details:
    """Return what is noted of an event where all calls are walked: nothing of what a mailbox's own line says."""
    if event.kind != "voicemail":
        return event.details
    # A mailbox may have a language of its own: what is spoken comes last.
    spoken = [detail for detail in event.details if detail[0] == "language"]
    return (*(detail for detail in event.details if detail[0] in ("greeting", "options", "at")), *spoken[-1:])


def _is_reordered(path: str, before: list[Section], after: list[Section]) -> bool:
    """Return True if the same sections stand in another order, each name's own and ``general`` where they were.

    What follows ``general`` has its defaults (reload_queues in apps/app_queue.c). Of pjsip.conf's options the order
    counts among those of one name, and of codecs, alone (ast_sorcery_objectset_apply in main/sorcery.c).
    """

    def options(section: Section) -> list[tuple[str, str]]:
        found = [(option.key, option.value) for option in section.options]
        if path != "pjsip.conf":
            return found
        return sorted(found, key=lambda option: option[0].removeprefix("dis"))

    def named(sections: list[Section]) -> dict[str, list[list[tuple[str, str]]]]:
        made: dict[str, list[list[tuple[str, str]]]] = {}
        for section in sections:
            made.setdefault(section.name, []).append(options(section))
        return made

    def general(sections: list[Section]) -> list[int]:
        return [index for index, section in enumerate(sections) if section.name == "general"]

    return named(before) == named(after) and general(before) == general(after)


def _objects(pbx: Pbx, path: str) -> dict[str, Details]:
    """Return the settings of each object of a file by its name: a mailbox is ``number@context``."""
    made: dict[str, list[tuple[str, str]]] = {}
    sections = list(pbx.sections(path))
    if path == "pjsip.conf":
        return _endpoints(sections)
    for section in sections:
        if path == "voicemail.conf" and section.name not in _LINES_OF:
            for option in section.options:
                row = made.setdefault(f"{option.key}@{section.name}", [])
                row[:] = _of_line(option.value)
            continue
        made.setdefault(section.name, []).extend((option.key, option.value) for option in section.options)
    return {name: tuple(row) for name, row in made.items()}


def _of_line(line: str) -> list[tuple[str, str]]:
    """Return name, mail and options of a mailbox's line; never its PIN."""
    fields = [part.strip() for part in line.split(",", 4)[1:]]
    return [
        ("mailbox", "there"),
        *(
            (key, text)
            for key, text in zip(("name", "email", "pager", "options"), fields, strict=False)
            if text
        ),
    ]


def _endpoints(sections: list[Section]) -> dict[str, Details]:
    """Return what is dialled by a name: its endpoint's options and those of its AORs."""
    aors: dict[str, list[tuple[str, str]]] = {}
    for section in sections:
        if section.get("type") == "aor":
            aors[section.name] = [
                (option.key, option.value) for option in section.options if option.key not in _MEDIA
            ]
    made: dict[str, Details] = {}
    for section in sections:
        if section.get("type") != "endpoint":
            continue
        row = [("endpoint", "there")]
        row += [(option.key, option.value) for option in section.options if option.key not in _MEDIA]
        for name in (section.get("aors") or "").split(","):
            row += aors.get(name.strip(), [])
        made[section.name] = tuple(row)
    return made


def _apart(path: str, name: str, before: Details | None, after: Details | None) -> tuple[Details, Details]:
    """Return the settings that differ, on both sides, with the names under which they are told."""
    sides: list[dict[str, list[str]]] = [{}, {}]
    for made, row in zip(sides, (before, after), strict=True):
        for key, text in row or ():
            made.setdefault(key, []).append("(not shown)" if key in SECRET else text)
        if row is not None and not row:
            made[""] = [""]
    told: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for key in dict.fromkeys((*sides[0], *sides[1])):
        values = [side.get(key) for side in sides]
        if values[0] != values[1]:
            for mine, value in zip(told, values, strict=True):
                mine.append(
                    (f"{path} [{name}] {key}".rstrip(), "; ".join(value) if value is not None else "")
                )
    return tuple(told[0]), tuple(told[1])
