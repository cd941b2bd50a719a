"""Data that fits the schemas -> the values of ``kelid.model.site``, defaults merged, every object with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from kelid.findings import NOWHERE, Finding, Where
from kelid.load.tree import Mapping as MappingNode
from kelid.load.tree import Node, Scalar, Sequence
from kelid.model.destination import Destination
from kelid.model.site import (
    Announcement,
    BackupPolicy,
    DialRules,
    Extension,
    Holiday,
    HolidayList,
    InboundRoute,
    Ivr,
    IvrEntry,
    Member,
    OpenHours,
    OutboundRoute,
    PermissionClass,
    Prompt,
    Queue,
    Schedule,
    Server,
    Site,
    Sound,
    Trunk,
    Voicemail,
)


@dataclass(frozen=True, slots=True)
class View:
    """A mapping of the data together with the node that it came from."""

    data: Mapping[str, Any]
    node: Node | None

    def __contains__(self, key: str) -> bool:
        """Return True if the key is there, written or by default."""
        return key in self.data

    def get(self, key: str, default: Any = "") -> Any:
        """Return the value of the key, or the default."""
        return self.data.get(key, default)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(self.data.get(key, ()))

    @property
    def where(self) -> Where:
        """Return where the mapping begins."""
        return self.node.where if self.node else NOWHERE

    def at(self, key: str) -> Where:
        """Return where the key's value stands, or where the mapping begins if it was left out."""
        if isinstance(self.node, MappingNode) and key in self.node.items:
            return self.node.items[key].where
        return self.where

    @property
    def places(self) -> dict[str, Where]:
        """Return where every value that was written stands, the single texts of a list or of names too."""
        found: dict[str, Where] = {}
        for key, node in self.node.items.items() if isinstance(self.node, MappingNode) else ():
            found[key] = node.where
            if isinstance(node, Scalar):
                continue
            inner = node.items.items() if isinstance(node, MappingNode) else enumerate(node.items)
            for part, item in inner:
                if isinstance(item, Scalar):
                    found[f"{key}.{part}"] = item.where
        return found

    def child(self, key: str) -> View:
        """Return the mapping under the key; an empty one if it was left out."""
        inner = self.node.items.get(key) if isinstance(self.node, MappingNode) else None
        return View(self.data.get(key, {}), inner or self.node)

    def each(self, key: str) -> Iterator[View]:
        """Yield the mappings of the list under the key."""
        inner = self.node.items.get(key) if isinstance(self.node, MappingNode) else None
        nodes: list[Node] = inner.items if isinstance(inner, Sequence) else []
        for data, node in zip(self.data.get(key, ()), nodes, strict=False):
            yield View(data, node)

    def destination(self, key: str) -> Destination:
        """Return the destination under the key, which the schema has already found good."""
        return Destination.parse(self.data[key], self.at(key))

    def names(self) -> dict[str, str]:
        """Return the names in their languages."""
        return dict(self.data["names"])


@dataclass(slots=True)
class Builder:
    """Builds one site from the views of its files (topic -> view) and its sounds; gathers what the schemas can't see."""

    name: str
    files: Mapping[str, View]
    media: Mapping[str, Sound]
    findings: list[Finding]

    def site(self) -> Site:
        """Return the site."""
        view = self.files["site"]
        dial = view.child("dial")
        server = view.child("server")
        routes, ivrs, hours = (self.files.get(topic, View({}, None)) for topic in ("routes", "ivrs", "hours"))
        trunks, queues = (self.files.get(topic, View({}, None)) for topic in ("trunks", "queues"))
        secrets = self.files["secrets"].node
        return Site(
            name=self.name,
            client=view.get("client"),
            sample=view.get("sample"),
            names=view.names(),
            time_zone=view.get("time_zone"),
            language=view.get("language"),
            server=Server(
                address=server.get("address"),
                port=server.get("port"),
                user=server.get("user"),
                host_key=server.get("host_key"),
                asterisk=server.get("asterisk"),
                where=server.where,
                places=server.places,
            ),
            dial=DialRules(
                country_code=dial.get("country_code"),
                area_code=dial.get("area_code"),
                trunk_prefix=dial.get("trunk_prefix"),
                international_prefix=dial.get("international_prefix"),
                emergency=dial.texts("emergency"),
                where=dial.where,
                places=dial.places,
            ),
            extensions=tuple(map(self.extension, self.files["extensions"].each("extensions"))),
            trunks=tuple(map(self.trunk, trunks.each("trunks"))),
            inbound_routes=tuple(map(self.inbound, routes.each("inbound"))),
            outbound_routes=tuple(map(self.outbound, routes.each("outbound"))),
            permission_classes=tuple(map(self.permission_class, routes.each("permission_classes"))),
            queues=tuple(map(self.queue, queues.each("queues"))),
            ivrs=tuple(map(self.ivr, ivrs.each("ivrs"))),
            announcements=tuple(map(self.announcement, ivrs.each("announcements"))),
            schedules=tuple(map(self.schedule, hours.each("schedules"))),
            holiday_lists=tuple(map(self.holiday_list, hours.each("holidays"))),
            backup=self.backup(self.files["backup"]) if "backup" in self.files else None,
            media=dict(self.media),
            secret_names=dict(secrets.keys) if isinstance(secrets, MappingNode) else {},
            where=view.where,
            places=view.places,
        )

    def extension(self, view: View) -> Extension:
        """Return an extension, with the defaults of site.yml and of its own mailbox where it doesn't say otherwise."""
        defaults = self.files["site"].child("defaults")
        number = view.get("number")
        box = view.child("voicemail")
        # A destination brings its own place along, whoever it comes from.
        inherited = {
            key: place for key, place in defaults.places.items() if key in ("permission_class", "ring_time")
        }

        def way(key: str) -> Destination:
            if key in view:
                return view.destination(key)
            if "voicemail" in view:
                return Destination("voicemail", number, "", view.at("voicemail"))
            return defaults.destination(key)

        return Extension(
            number=number,
            names=view.names(),
            secret=view.get("secret", f"extension_{number}"),
            permission_class=view.get("permission_class", defaults.get("permission_class")),
            ring_time=view.get("ring_time", defaults.get("ring_time")),
            voicemail=Voicemail(
                pin_secret=box.get("pin_secret", f"voicemail_{number}"),
                email=box.get("email"),
                attach=box.get("attach"),
                delete=box.get("delete"),
                maxmsg=box.get("maxmsg"),
                where=view.at("voicemail"),
                places=box.places,
            )
            if "voicemail" in view
            else None,
            no_answer=way("no_answer"),
            busy=way("busy"),
            unavailable=way("unavailable"),
            where=view.where,
            places=inherited | view.places,
        )

    def trunk(self, view: View) -> Trunk:
        """Return a trunk; one that registers has a secret, by convention if it names none."""
        name = view.get("name")
        conventional = f"trunk_{name.replace('-', '_')}" if view.get("user") else ""
        return Trunk(
            name=name,
            host=view.get("host"),
            port=view.get("port"),
            user=view.get("user"),
            secret=view.get("secret", conventional),
            dids=view.texts("dids"),
            caller_id=view.get("caller_id"),
            codecs=view.texts("codecs"),
            max_channels=view.get("max_channels"),
            qualify=view.get("qualify"),
            where=view.where,
            places=view.places,
        )

    def inbound(self, view: View) -> InboundRoute:
        """Return an inbound route."""
        return InboundRoute(
            name=view.get("name"),
            trunk=view.get("trunk"),
            did=view.get("did"),
            destination=view.destination("destination"),
            where=view.where,
            places=view.places,
        )

    def outbound(self, view: View) -> OutboundRoute:
        """Return an outbound route."""
        return OutboundRoute(
            name=view.get("name"),
            patterns=view.texts("patterns"),
            strip=view.get("strip"),
            prepend=view.get("prepend"),
            trunks=view.texts("trunks"),
            emergency=view.get("emergency"),
            where=view.where,
            places=view.places,
        )

    def permission_class(self, view: View) -> PermissionClass:
        """Return a permission class."""
        return PermissionClass(
            name=view.get("name"), routes=view.texts("routes"), where=view.where, places=view.places
        )

    def queue(self, view: View) -> Queue:
        """Return a queue."""
        return Queue(
            name=view.get("name"),
            names=view.names(),
            strategy=view.get("strategy"),
            timeout=view.get("timeout"),
            retry=view.get("retry"),
            wrapuptime=view.get("wrapuptime"),
            maxlen=view.get("maxlen"),
            joinempty=view.texts("joinempty"),
            leavewhenempty=view.texts("leavewhenempty"),
            musicclass=view.get("musicclass"),
            ringinuse=view.get("ringinuse"),
            announce_position=view.get("announce_position"),
            announce_frequency=view.get("announce_frequency"),
            max_wait=view.get("max_wait"),
            members=tuple(
                Member(
                    extension=member.get("extension"),
                    penalty=member.get("penalty"),
                    where=member.where,
                    places=member.places,
                )
                for member in view.each("members")
            ),
            destination=view.destination("destination"),
            where=view.where,
            places=view.places,
        )

    def prompt(self, view: View) -> Prompt:
        """Return the prompt of a menu or an announcement, with the digest of its file if that is there."""
        text = view.get("prompt")
        kind, _, name = text.partition(":")
        if kind == "builtin":
            return Prompt(builtin=name, where=view.at("prompt"))
        sound = self.media.get(text)
        return Prompt(file=text, sha256=sound.sha256 if sound else "", where=view.at("prompt"))

    def ivr(self, view: View) -> Ivr:
        """Return a menu."""
        return Ivr(
            name=view.get("name"),
            names=view.names(),
            prompt=self.prompt(view),
            timeout=view.get("timeout"),
            retries=view.get("retries"),
            direct_dial=view.get("direct_dial"),
            entries=tuple(
                IvrEntry(
                    digits=entry.get("digits"),
                    destination=entry.destination("destination"),
                    where=entry.where,
                    places=entry.places,
                )
                for entry in view.each("entries")
            ),
            timeout_destination=view.destination("timeout_destination"),
            invalid_destination=view.destination("invalid_destination"),
            where=view.where,
            places=view.places,
        )

    def announcement(self, view: View) -> Announcement:
        """Return an announcement."""
        return Announcement(
            name=view.get("name"),
            names=view.names(),
            prompt=self.prompt(view),
            destination=view.destination("destination"),
            where=view.where,
            places=view.places,
        )

    def schedule(self, view: View) -> Schedule:
        """Return a schedule; holidays go the way of the closed hours if it names no other."""
        return Schedule(
            name=view.get("name"),
            names=view.names(),
            hours=tuple(
                OpenHours(
                    days=hours.texts("days"),
                    start=_time(hours.get("start")),
                    end=_time(hours.get("end")),
                    where=hours.where,
                    places=hours.places,
                )
                for hours in view.each("hours")
            ),
            holidays=view.get("holidays"),
            open_destination=view.destination("open_destination"),
            closed_destination=view.destination("closed_destination"),
            holiday_destination=view.destination(
                "holiday_destination" if "holiday_destination" in view else "closed_destination"
            ),
            where=view.where,
            places=view.places,
        )

    def holiday_list(self, view: View) -> HolidayList:
        """Return a list of holidays; a date that no calendar has becomes a finding."""
        holidays = []
        for item in view.each("days"):
            try:
                day = date.fromisoformat(item.get("day"))
            except ValueError:
                text = f"no calendar has the day {item.get('day')}"
                self.findings.append(Finding(item.at("day"), "S007", text, "look the date up again"))
                continue
            holidays.append(Holiday(day=day, names=item.names(), where=item.where, places=item.places))
        return HolidayList(
            name=view.get("name"), holidays=tuple(holidays), where=view.where, places=view.places
        )

    def backup(self, view: View) -> BackupPolicy:
        """Return the backup policy; with sftp the key's secret has its name by convention."""
        sftp = view.get("kind") == "sftp"
        return BackupPolicy(
            kind=view.get("kind"),
            path=view.get("path"),
            host=view.get("host"),
            port=view.get("port"),
            user=view.get("user"),
            host_key=view.get("host_key"),
            password_secret=view.get("password_secret"),
            key_secret=view.get("key_secret", "backup_ssh_key" if sftp else ""),
            at=_time(view.get("at")),
            keep_daily=view.get("keep_daily"),
            keep_weekly=view.get("keep_weekly"),
            keep_monthly=view.get("keep_monthly"),
            contents=view.texts("contents"),
            where=view.where,
            places=view.places,
        )


def _time(text: str) -> time:
    return time(0, 0) if text == "24:00" else time.fromisoformat(text)
