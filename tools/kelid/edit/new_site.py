"""The files of a new site: small, whole, and ready to be changed; what is a placeholder says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kelid.edit.countries import STARTS, WORDS, Start
from kelid.edit.kinds import Schema
from kelid.edit.write import Value, entry
from kelid.model.countries import COUNTRIES

Piece = tuple[str, str, Value]
"""A comment ("" for none), a key of the file, and its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWish:
    """What is known of a new site. Texts that are empty are taken from the country, or are placeholders."""

    name: str
    client: str
    names: Mapping[str, str]
    country: str
    language: str = ""
    time_zone: str = ""
    area_code: str | None = None
    address: str = ""
    number: str = ""
    trunk_host: str = ""


def files(wish: SiteWish, schemas: Mapping[str, Schema]) -> dict[str, str]:
    """Given what is known, return the text of each file by topic, without its first line and without secrets."""
    start = STARTS[wish.country]
    made = {
        "site": _site(wish, start),
        "extensions": _extensions(wish, start),
        "trunks": _trunks(wish, start),
        "routes": _routes(wish, start),
        "hours": _hours(wish, start),
        "ivrs": _ivrs(wish, start),
        "backup": _backup(),
    }
    return {topic: text(pieces, schemas[topic]) for topic, pieces in made.items()}


def text(pieces: Iterator[Piece], schema: Schema) -> str:
    """Return the text of a file, large keys parted by blank lines; an empty list only where there has to be one."""
    rows: list[str] = []
    large = False
    for comment, key, value in pieces:
        if value == [] and key not in schema.get("required", []):
            continue
        made = _parted(entry(key, value, top=True))
        if rows and (large or comment or len(made) > 1):
            rows.append("")
        rows += [f"# {line}" for line in comment.splitlines()] + made
        large = len(made) > 1
    return "\n".join(rows) + "\n"


def _parted(rows: list[str]) -> list[str]:
    """Return the lines of a list with blank lines between its items, if one of them is long."""
    starts = [place for place, row in enumerate(rows) if row.startswith("  - ")]
    if not any(end - start > 2 for start, end in pairwise([*starts, len(rows)])):
        return rows
    return [line for place, row in enumerate(rows) for line in (["", row] if place in starts[1:] else [row])]


def _named(wish: SiteWish, start: Start, which: int) -> dict[str, Value]:
    """Return the names of one of the first objects in every language that the site has a name in."""
    languages = list(wish.names) or [wish.language or start.language]
    return {tag: WORDS.get(tag, WORDS["en"])[which] for tag in languages}


def _number(wish: SiteWish, start: Start) -> str:
    return wish.number or f"{COUNTRIES[wish.country].trunk_prefix}{_area(wish, start)}55501234"


def _area(wish: SiteWish, start: Start) -> str:
    return start.area_code if wish.area_code is None else wish.area_code


def _site(wish: SiteWish, start: Start) -> Iterator[Piece]:
    yield "Whose PBX this is, its clock and its language.", "client", wish.client
    yield "", "names", dict(wish.names)
    yield "", "time_zone", wish.time_zone or start.time_zone
    yield "", "language", wish.language or start.language
    yield "", "country", wish.country
    address = wish.address or f"pbx.{wish.name}.example"
    where = "The machine. Put its address here, and its host key (ssh-keyscan shows it; compare it there)."
    yield where, "servers", {"asterisk": 22, "primary": {"address": address}}
    comment = "Country code, prefixes and emergency numbers are the country's."
    yield comment, "dial", {"area_code": _area(wish, start)}
    yield "Which numbers are for what.", "ranges", {"extensions": ["101-199"]}
    defaults: dict[str, Value] = {
        "permission_class": "national",
        "ring_time": 20,
        "no_answer": "announcement:closed",
        "unavailable": "announcement:closed",
    }
    yield "What an extension does unless extensions.yml says otherwise for it.", "defaults", defaults


def _extensions(wish: SiteWish, start: Start) -> Iterator[Piece]:
    first: Value = {"number": "101", "names": _named(wish, start, 0), "voicemail": {}}
    second: Value = {"number": "102", "names": _named(wish, start, 1)}
    yield "", "extensions", [first, second]


def _trunks(wish: SiteWish, start: Start) -> Iterator[Piece]:
    number = _number(wish, start)
    comment = "The line to the telephone company: its host, the user it gave and the numbers that ring in."
    if not (wish.trunk_host and wish.number):
        comment += "\nHost or number here are placeholders, and so is the password: kelid secret set."
    trunk: Value = {
        "name": "provider",
        "host": wish.trunk_host or "sip.provider.example",
        "user": number,
        "dids": [number],
        "caller_id": number,
    }
    yield comment, "trunks", [trunk]


def _routes(wish: SiteWish, start: Start) -> Iterator[Piece]:
    main: Value = {
        "name": "main-number",
        "trunk": "provider",
        "did": _number(wish, start),
        "destination": "schedule:office",
    }
    yield "", "inbound", [main]
    routes = [_outbound("emergency", COUNTRIES[wish.country].emergency)]
    if start.local:
        prefix = f"{COUNTRIES[wish.country].trunk_prefix}{_area(wish, start)}"
        routes.append(_outbound("local", (start.local,), prefix))
    routes += [_outbound("mobile", start.mobile), _outbound("national", start.national)]
    comment = (
        "Nobody calls abroad or premium numbers until there is a route for them, in a class of its own:\n"
        "that is where toll fraud goes."
    )
    yield comment, "outbound", routes
    names: list[Value] = [str(route["name"]) for route in routes[1:]]
    yield "", "permission_classes", [{"name": "national", "routes": names}]


def _outbound(kind: str, patterns: Sequence[str], prepend: str = "") -> dict[str, Value]:
    more: dict[str, Value] = {"prepend": prepend} if prepend else {}
    matches: list[Value] = [{"match": pattern, **more} for pattern in patterns]
    return {"name": kind, "kind": kind, "patterns": matches, "trunks": ["provider"]}


def _hours(wish: SiteWish, start: Start) -> Iterator[Piece]:
    schedule: Value = {
        "name": "office",
        "names": _named(wish, start, 2),
        "hours": [{"days": days.split(), "start": start, "end": end} for days, start, end in start.week],
        "open_destination": "extension:101",
        "closed_destination": "announcement:closed",
    }
    yield "", "schedules", [schedule]


def _ivrs(wish: SiteWish, start: Start) -> Iterator[Piece]:
    closed: Value = {
        "name": "closed",
        "names": _named(wish, start, 3),
        "prompt": "builtin:vm-goodbye",
        "destination": "voicemail:101",
    }
    yield "", "ivrs", []
    yield (
        "What callers hear while nobody is there. Record a text of your own and name it in media.yml.",
        "announcements",
        [closed],
    )


def _backup() -> Iterator[Piece]:
    comment = (
        "A folder on another disk of the server. Better is another machine:\n"
        "kind: sftp, with its host, user, path and host_key."
    )
    yield comment, "kind", "local"
    yield "", "path", "/mnt/backup"
