"""Edits of a site's YAML by chance from a seed, as an engineer makes them: text is spliced, everything else stays.

``edits`` yields edits that leave the site valid. Most change what calls do (or may); a *refactor* only moves YAML about.
Left out are settings that neither a step of the dial plan nor a ringing phone shows: music, mail, codecs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelid import pipeline
from kelid.edit.document import CannotEdit, Document
from kelid.edit.document import Path as Way

Rng = random.Random

TRIES = 60
"""Tries after which the generator gives up to find an edit that leaves the site valid."""


@dataclass(frozen=True)
class Edit:
    """One edit: ``files`` are the new texts, ``kind`` names what was done, ``words`` where."""

    site: str
    kind: str
    words: str
    files: Mapping[str, bytes]
    refactor: bool = False


class Files:
    """The YAML files of a site, to be changed; ``changed`` are those that were."""

    def __init__(self, folder: Path) -> None:
        """Given the site's folder, read what can be edited."""
        self.folder = folder
        self.documents: dict[str, Document] = {}
        self.texts: dict[str, str] = {}
        for path in sorted(folder.glob("*.yml")):
            if path.name not in {"secrets.yml", "calls.yml", "backup.yml"}:
                self.texts[path.name] = path.read_text(encoding="utf-8")

    def document(self, name: str) -> Document | None:
        """Return a file to be changed, None if the site hasn't got it."""
        if name not in self.texts:
            return None
        if name not in self.documents:
            self.documents[name] = Document(self.texts[name], name)
        return self.documents[name]

    def data(self, name: str) -> Any:
        """Return what a file says; nothing if it isn't there."""
        document = self.document(name)
        return {} if document is None else document.data()

    def changed(self) -> dict[str, bytes]:
        """Return the files that say something else in text than before."""
        return {
            name: document.text.encode()
            for name, document in self.documents.items()
            if document.text != self.texts[name]
        }

    def names(self, name: str, key: str, field: str = "name") -> list[str]:
        """Return the names of the objects in a list of a file."""
        return [str(item[field]) for item in self.data(name).get(key) or [] if field in item]

    def destinations(self) -> list[str]:
        """Return where a call may be sent to."""
        found = ["hangup", "busy"]
        for kind, name, key, field in (
            ("extension", "extensions.yml", "extensions", "number"),
            ("queue", "queues.yml", "queues", "name"),
            ("ivr", "ivrs.yml", "ivrs", "name"),
            ("announcement", "ivrs.yml", "announcements", "name"),
            ("ring_group", "ring_groups.yml", "ring_groups", "name"),
            ("schedule", "hours.yml", "schedules", "name"),
            ("voicemail", "extensions.yml", "extensions", "number"),
        ):
            found += [f"{kind}:{one}" for one in self.names(name, key, field)]
        return found


def places(data: Any, pattern: str) -> Iterator[tuple[Way, Any]]:
    """Yield the ways that a pattern finds with what stands there: ``ivrs/*/entries/*/destination``."""
    waiting: list[tuple[Way, Any, list[str]]] = [((), data, pattern.split("/"))]
    while waiting:
        way, here, rest = waiting.pop(0)
        if not rest:
            yield way, here
            continue
        step, *others = rest
        if step == "*" and isinstance(here, list):
            waiting += [((*way, at), item, others) for at, item in enumerate(here)]
        elif isinstance(here, dict) and step in here:
            waiting.append(((*way, step), here[step], others))


# -- single values

Change = Callable[[Rng, Files, Any], Any]
"""Given a value, return another (None: this one can't be changed so)."""


def seconds(rng: Rng, _files: Files, value: Any) -> Any:
    """Return another number of seconds, far enough away to be told apart."""
    old = int(value)
    return rng.choice([one for one in (5, 10, 15, 20, 30, 40, 60) if abs(one - old) >= max(5, old // 3)])


def number(rng: Rng, _files: Files, value: Any) -> Any:
    """Return another small number."""
    return rng.choice([one for one in (0, 1, 2, 3, 4) if one != int(value)])


def hour(rng: Rng, _files: Files, value: Any) -> Any:
    """Return a time of day an hour or two from it."""
    at, minute = str(value).split(":")
    return f"{min(23, max(0, int(at) + rng.choice([-2, -1, 1, 2]))):02}:{minute}"


def destination(rng: Rng, files: Files, value: Any) -> Any:
    """Return another destination."""
    return rng.choice([one for one in files.destinations() if one != value])


def prompt(rng: Rng, files: Files, value: Any) -> Any:
    """Return another prompt."""
    known = [one for one in [*files.names("media.yml", "prompts"), "builtin:vm-goodbye"] if one != value]
    return rng.choice(known)


def permission(rng: Rng, files: Files, value: Any) -> Any:
    """Return another permission class."""
    known = [one for one in files.names("routes.yml", "permission_classes") if one != value]
    return rng.choice(known) if known else None


def key(rng: Rng, _files: Files, _value: Any) -> Any:
    """Return a key of a menu."""
    return rng.choice("123456789*#0")


def code(rng: Rng, _files: Files, value: Any) -> Any:
    """Return another feature code; "off" stays."""
    return None if value == "off" else f"*{rng.randint(100, 299)}"


def text(rng: Rng, _files: Files, value: Any) -> Any:
    """Return another text before a caller's name."""
    return rng.choice([one for one in ("Sales ", "VIP ", "فروش ", "L2 ") if one != value])


def shown(rng: Rng, _files: Files, value: Any) -> Any:
    """Return another number of the same length to be shown outside."""
    return (
        str(value)[:-1] + str((int(str(value)[-1]) + rng.randint(1, 9)) % 10)
        if str(value)[-1:].isdigit()
        else None
    )


def language(rng: Rng, files: Files, value: Any) -> Any:
    """Return another language: one that the site's prompts are spoken in, or English, which Asterisk's own sounds have."""
    known = {
        str(one["language"]) for one in files.data("media.yml").get("prompts") or [] if "language" in one
    }
    return rng.choice(sorted({*known, "en"} - {value}) or ["fa"])


def strategy(rng: Rng, _files: Files, value: Any) -> Any:
    """Return another strategy of a ring group."""
    return rng.choice([one for one in ("ringall", "hunt", "memoryhunt", "firstavailable") if one != value])


def area(rng: Rng, _files: Files, value: Any) -> Any:
    """Return other digits to be put before a number."""
    return rng.choice([one for one in ("0", "021", "9", "0098") if one != value])


VALUES: tuple[tuple[str, str, str, Change], ...] = (
    ("ring time", "extensions.yml", "extensions/*/ring_time", seconds),
    ("default ring time", "site.yml", "defaults/ring_time", seconds),
    ("profile's ring time", "site.yml", "profiles/*/ring_time", seconds),
    ("no answer", "extensions.yml", "extensions/*/no_answer", destination),
    ("default no answer", "site.yml", "defaults/no_answer", destination),
    ("default busy", "site.yml", "defaults/busy", destination),
    ("default unavailable", "site.yml", "defaults/unavailable", destination),
    ("permission class", "extensions.yml", "extensions/*/permission_class", permission),
    ("default permission class", "site.yml", "defaults/permission_class", permission),
    ("outbound caller ID", "extensions.yml", "extensions/*/outbound_caller_id", shown),
    ("follow me", "extensions.yml", "extensions/*/follow_me/numbers/*/seconds", seconds),
    ("secretary", "extensions.yml", "extensions/*/secretary/ring_time", seconds),
    ("opening hour", "hours.yml", "schedules/*/hours/*/start", hour),
    ("closing hour", "hours.yml", "schedules/*/hours/*/end", hour),
    ("time group's hour", "hours.yml", "time_groups/*/hours/*/start", hour),
    ("time group's hour", "hours.yml", "time_groups/*/hours/*/end", hour),
    ("when open", "hours.yml", "schedules/*/open_destination", destination),
    ("when closed", "hours.yml", "schedules/*/closed_destination", destination),
    ("on holidays", "hours.yml", "schedules/*/holiday_destination", destination),
    ("menu key's destination", "ivrs.yml", "ivrs/*/entries/*/destination", destination),
    ("menu key", "ivrs.yml", "ivrs/*/entries/*/digits", key),
    ("menu timeout", "ivrs.yml", "ivrs/*/timeout", seconds),
    ("menu retries", "ivrs.yml", "ivrs/*/retries", number),
    ("nothing pressed", "ivrs.yml", "ivrs/*/timeout_destination", destination),
    ("wrong key", "ivrs.yml", "ivrs/*/invalid_destination", destination),
    ("menu prompt", "ivrs.yml", "ivrs/*/prompt", prompt),
    ("announcement", "ivrs.yml", "announcements/*/prompt", prompt),
    ("after an announcement", "ivrs.yml", "announcements/*/destination", destination),
    ("longest wait in a queue", "queues.yml", "queues/*/max_wait", seconds),
    ("ring time in a queue", "queues.yml", "queues/*/timeout", seconds),
    ("after a queue", "queues.yml", "queues/*/destination", destination),
    ("full queue", "queues.yml", "queues/*/full_destination", destination),
    ("key in a queue", "queues.yml", "queues/*/keys/*/destination", destination),
    ("operator of a mailbox", "extensions.yml", "extensions/*/voicemail/operator_destination", destination),
    ("class of a member outside", "ring_groups.yml", "ring_groups/*/members/*/permission_class", permission),
    ("queue's caller-ID prefix", "queues.yml", "queues/*/caller_id_prefix", text),
    ("ring group's time", "ring_groups.yml", "ring_groups/*/ring_time", seconds),
    ("ring group's strategy", "ring_groups.yml", "ring_groups/*/strategy", strategy),
    ("after a ring group", "ring_groups.yml", "ring_groups/*/destination", destination),
    ("inbound route", "routes.yml", "inbound/*/destination", destination),
    ("caller-ID prefix", "routes.yml", "inbound/*/caller_id_prefix", text),
    ("DID", "routes.yml", "inbound/*/did", shown),
    ("route's language", "routes.yml", "inbound/*/language", language),
    ("menu key's language", "ivrs.yml", "ivrs/*/entries/*/language", language),
    ("prepended digits", "routes.yml", "outbound/*/patterns/*/prepend", area),
    ("stripped digits", "routes.yml", "outbound/*/patterns/*/strip", number),
    ("trunk's caller ID", "trunks.yml", "trunks/*/caller_id", shown),
    *(
        ("feature code", "features.yml", f"feature_codes/{name}", code)
        for name in ("forward_all", "dnd_on", "dnd_toggle", "own_mailbox", "intercom", "echo_test", "own_number",
                     "speaking_clock", "pickup")
    ),
)  # fmt: skip
"""Kind, file, where, and how a value becomes another."""

ADDED: tuple[tuple[str, str, str, str, Change], ...] = (
    (
        "own ring time",
        "extensions.yml",
        "extensions/*",
        "ring_time",
        lambda rng, _f, _v: rng.choice([8, 35, 45]),
    ),
    ("own way when busy", "extensions.yml", "extensions/*", "busy", destination),
    ("own way when unavailable", "extensions.yml", "extensions/*", "unavailable", destination),
    ("own way without answer", "extensions.yml", "extensions/*", "no_answer", destination),
    ("call waiting off", "extensions.yml", "extensions/*", "call_waiting", lambda _r, _f, _v: "false"),
    ("caller-ID prefix", "routes.yml", "inbound/*", "caller_id_prefix", text),
    ("prepended digits", "routes.yml", "outbound/*/patterns/*", "prepend", area),
    ("route's language", "routes.yml", "inbound/*", "language", language),
    ("menu key's language", "ivrs.yml", "ivrs/*/entries/*", "language", language),
    ("queue's caller-ID prefix", "queues.yml", "queues/*", "caller_id_prefix", text),
    ("feature code", "features.yml", "feature_codes", "dnd_on", code),
    ("feature code", "features.yml", "feature_codes", "intercom", code),
)
"""Kind, file, where, the key that is added there, and its value."""

SHORTENED: tuple[tuple[str, str, str], ...] = (
    ("queue member removed", "queues.yml", "queues/*/members"),
    ("ring group's member removed", "ring_groups.yml", "ring_groups/*/members"),
    ("menu key removed", "ivrs.yml", "ivrs/*/entries"),
    ("holiday removed", "hours.yml", "calendars/*/days"),
    ("opening hours removed", "hours.yml", "schedules/*/hours"),
    ("route taken from a class", "routes.yml", "permission_classes/*/routes"),
    ("trunk taken from a route", "routes.yml", "outbound/*/trunks"),
    ("pattern taken from a route", "routes.yml", "outbound/*/patterns"),
    ("inbound route removed", "routes.yml", "inbound"),
    ("extension removed", "extensions.yml", "extensions"),
    ("page's member removed", "features.yml", "pages/*/members"),
)
"""Kind, file, and the list that loses an item."""


def change_value(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Change one value that is there."""
    kind, name, pattern, change = rng.choice(VALUES)
    found = list(places(files.data(name), pattern))
    document = files.document(name)
    if not found or document is None:
        return None
    way, value = rng.choice(found)
    new = change(rng, files, value)
    if new is None or str(new) == str(value):
        return None
    document.replace(way, new)
    return kind, f"{name} {shown_way(way)}: {value} -> {new}"


def add_value(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Add a key with a value."""
    kind, name, pattern, added, change = rng.choice(ADDED)
    found = [
        way
        for way, value in places(files.data(name), pattern)
        if isinstance(value, dict) and added not in value
    ]
    document = files.document(name)
    if not found or document is None:
        return None
    way = rng.choice(found)
    new = change(rng, files, "")
    if new is None:
        return None
    document.set((*way, added), new)
    return kind, f"{name} {shown_way((*way, added))}: {new}"


def shorten_list(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Take an item out of a list."""
    kind, name, pattern = rng.choice(SHORTENED)
    found = [
        (way, value) for way, value in places(files.data(name), pattern) if isinstance(value, list) and value
    ]
    document = files.document(name)
    if not found or document is None:
        return None
    way, value = rng.choice(found)
    at = rng.randrange(len(value))
    document.remove((*way, at), keep_empty=True)
    return kind, f"{name} {shown_way((*way, at))}: {label(value[at])} removed"


def add_item(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Add something new: a member, a menu key, a holiday, an extension, a blocked number, a route of a class."""
    extensions = files.names("extensions.yml", "extensions", "number")
    routes = files.names("routes.yml", "outbound")
    what: list[tuple[str, str, str, Callable[[], Any]]] = [
        ("queue member added", "queues.yml", "queues/*/members", lambda: {"extension": rng.choice(extensions)}),
        ("ring group's member added", "ring_groups.yml", "ring_groups/*/members",
         lambda: {"extension": rng.choice(extensions)}),
        ("menu key added", "ivrs.yml", "ivrs/*/entries",
         lambda: {"digits": key(rng, files, ""), "destination": destination(rng, files, "")}),
        ("holiday added", "hours.yml", "calendars/*/days", lambda: holiday(rng)),
        ("extension added", "extensions.yml", "extensions", lambda: new_extension(rng, files)),
        ("number blocked", "routes.yml", "blacklist/patterns", lambda: f"0912{rng.randint(100, 999)}XXXX"),
        ("route given to a class", "routes.yml", "permission_classes/*/routes", lambda: rng.choice(routes)),
        ("pattern added", "routes.yml", "outbound/*/patterns", lambda: {"match": f"1{rng.randint(20, 89)}"}),
    ]  # fmt: skip
    kind, name, pattern, make = rng.choice(what)
    found = [(way, value) for way, value in places(files.data(name), pattern) if isinstance(value, list)]
    document = files.document(name)
    if not found or document is None:
        return None
    way, value = rng.choice(found)
    new = make()
    if new is None or new in value:
        return None
    document.insert(way, new)
    return kind, f"{name} {shown_way(way)}: {label(new)} added"


def holiday(rng: Rng) -> dict[str, Any]:
    """Return a day off in the calendars' own reckoning: those of the samples are Jalali or Gregorian."""
    day = rng.choice(
        [
            f"1406-0{rng.randint(4, 9)}-{rng.randint(10, 29)}",
            f"2027-0{rng.randint(6, 9)}-{rng.randint(10, 29)}",
        ]
    )
    return {"day": day, "names": {"en": "A day off"}}


def new_extension(rng: Rng, files: Files) -> dict[str, Any] | None:
    """Return a new extension with a number that is free."""
    taken = files.names("extensions.yml", "extensions", "number")
    free = [
        str(int(one) + 1)
        for one in taken
        if one.isdigit() and one[0] != "0" and str(int(one) + 1) not in taken
    ]
    return {"number": rng.choice(free), "names": {"en": "New"}} if free else None


def swap_trunks(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Let a route try its trunks in another order."""
    document = files.document("routes.yml")
    found = [
        (way, value) for way, value in places(files.data("routes.yml"), "outbound/*/trunks") if len(value) > 1
    ]
    if not found or document is None:
        return None
    way, value = rng.choice(found)
    document.replace(way, [*value[1:], value[0]])
    return "order of trunks", f"routes.yml {shown_way(way)}: {value[0]} last"


def voicemail_off(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Take somebody's mailbox away."""
    document = files.document("extensions.yml")
    found = list(places(files.data("extensions.yml"), "extensions/*"))
    if document is None or not found:
        return None
    way, value = rng.choice(found)
    if isinstance(value.get("voicemail"), dict):
        document.remove((*way, "voicemail"))
    document.set((*way, "voicemail"), {"enabled": "false"})
    return "voicemail off", f"extensions.yml {value.get('number')}"


def pin_set_off(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Let a route ask for no PIN, or ask for one."""
    document = files.document("routes.yml")
    sets = files.names("routes.yml", "pin_sets")
    found = list(places(files.data("routes.yml"), "outbound/*"))
    if document is None or not found or not sets:
        return None
    way, value = rng.choice(found)
    if "pin_set" in value:
        document.remove((*way, "pin_set"))
        return "PIN no longer asked", f"routes.yml {shown_way(way)}"
    document.set((*way, "pin_set"), rng.choice(sets))
    return "PIN asked", f"routes.yml {shown_way(way)}"


EDITS = (
    *[change_value] * 10, *[add_value] * 3, *[shorten_list] * 5, *[add_item] * 5, swap_trunks, voicemail_off, pin_set_off,
)  # fmt: skip
"""What is done to a site, as often as it stands here."""


# -- what only moves YAML about

LISTS = (
    ("extensions.yml", "extensions"), ("ivrs.yml", "ivrs"), ("ivrs.yml", "announcements"), ("queues.yml", "queues"),
    ("ring_groups.yml", "ring_groups"), ("media.yml", "prompts"), ("hours.yml", "schedules"), ("hours.yml", "time_groups"),
    ("routes.yml", "permission_classes"), ("ivrs.yml", "ivrs/*/entries"), ("trunks.yml", "trunks"),
    ("hours.yml", "calendars/*/days"), ("site.yml", "profiles"),
)  # fmt: skip
"""Lists whose order says nothing."""


def reorder(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Move an item of a list whose order says nothing to its end."""
    name, pattern = rng.choice(LISTS)
    document = files.document(name)
    found = [(way, value) for way, value in places(files.data(name), pattern) if len(value) > 1]
    if not found or document is None:
        return None
    way, value = rng.choice(found)
    at = rng.randrange(len(value) - 1)
    document.remove((*way, at))
    document.insert(way, value[at])
    return "reordered", f"{name} {shown_way(way)}: {label(value[at])} last"


def reorder_keys(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Move a key of an object behind the others."""
    name, pattern = rng.choice(LISTS)
    document = files.document(name)
    found = [
        (way, value)
        for way, value in places(files.data(name), f"{pattern}/*")
        if isinstance(value, dict) and len(value) > 2
    ]
    if not found or document is None:
        return None
    way, value = rng.choice(found)
    moved = rng.choice(list(value)[1:-1])
    document.remove((*way, moved))
    document.set((*way, moved), value[moved])
    return "keys reordered", f"{name} {shown_way(way)}: {moved}"


def comment(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Write a comment, and blank lines."""
    name = rng.choice(sorted(files.texts))
    lines = files.texts[name].splitlines(keepends=True)
    tops = [at for at, line in enumerate(lines) if at and line[:1] not in " #\n-"]
    if not tops:
        return None
    at = rng.choice(tops)
    lines[at:at] = ["\n", "# Looked at, and left as it is.\n"]
    files.documents[name] = Document("".join(lines), name)
    return "comment", f"{name}:{at + 1}"


def other_layout(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Write an object in one line instead of several, or the other way round."""
    name, pattern = rng.choice(LISTS)
    document = files.document(name)
    found = [
        (way, value) for way, value in places(files.data(name), f"{pattern}/*") if isinstance(value, dict)
    ]
    if not found or document is None:
        return None
    way, value = rng.choice(found)
    document.replace(way, value, shape=not document.is_flow(way))
    return "other layout", f"{name} {shown_way(way)}"


def to_profile(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Put what several extensions say of themselves into a profile that they share."""
    document, site = files.document("extensions.yml"), files.document("site.yml")
    movable = ("ring_time", "permission_class", "account_code", "call_waiting")
    rows: dict[tuple[str, str], list[int]] = {}
    for at, item in enumerate(files.data("extensions.yml").get("extensions") or []):
        if "profile" not in item:
            for one in movable:
                if isinstance(item.get(one), str):
                    rows.setdefault((one, item[one]), []).append(at)
    if not rows or document is None or site is None:
        return None
    (moved, value), which = rng.choice(sorted(rows.items()))
    site.insert(("profiles",), {"name": "shared", moved: value})
    for at in which:
        document.remove(("extensions", at, moved))
        document.set(("extensions", at, "profile"), "shared")
    return "profile", f"{moved} {value} of {len(which)}"


def said_again(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Say of an extension what it has by default."""
    document = files.document("extensions.yml")
    defaults = {
        name: value
        for name, value in (files.data("site.yml").get("defaults") or {}).items()
        if isinstance(value, str)
    }
    known = [name for name in ("ring_time", "permission_class") if name in defaults]
    found = [
        (at, name)
        for at, item in enumerate(files.data("extensions.yml").get("extensions") or [])
        for name in known
        if name not in item and "profile" not in item
    ]
    if not found or document is None:
        return None
    at, name = rng.choice(found)
    document.set(("extensions", at, name), defaults[name])
    return "default said again", f"extensions.yml {at} {name}: {defaults[name]}"


def rename(rng: Rng, files: Files) -> tuple[str, str] | None:
    """Give a time group, a prompt or an announcement another name, wherever it is used."""
    what = [
        ("hours.yml", "time_groups", ""),
        ("media.yml", "prompts", ""),
        ("ivrs.yml", "announcements", "announcement:"),
    ]
    name, listed, prefix = rng.choice(what)
    known = files.names(name, listed)
    if not known:
        return None
    old = rng.choice(known)
    new = f"{old}-2"
    fields = {
        "time_groups": {"time_groups", "time_group"},
        "prompts": {"prompt", "timeout_prompt", "invalid_prompt", "announcement", "announce", "periodic_announce",
                    "confirm_prompt"},
    }.get(listed, set())  # fmt: skip
    for file in files.texts:
        document = files.document(file)
        if document is None:
            continue
        for way, value in list(leaves(document.data())):
            own = file == name and way[0] == listed and way[-1] == "name"
            field = way[-1] if isinstance(way[-1], str) else way[-2]
            if value == old and (own or field in fields):
                document.replace(way, new)
            elif prefix and value == f"{prefix}{old}":
                document.replace(way, f"{prefix}{new}")
    return "renamed", f"{listed} {old}"


def leaves(data: Any, way: Way = ()) -> Iterator[tuple[Way, str]]:
    """Yield all texts of a file with their ways."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from leaves(value, (*way, name))
    elif isinstance(data, list):
        for at, value in enumerate(data):
            yield from leaves(value, (*way, at))
    elif isinstance(data, str) and way:
        yield way, data


REFACTORS = (reorder, reorder, reorder_keys, comment, other_layout, to_profile, said_again, rename)


# -- edits


def shown_way(way: Way) -> str:
    """Return a way as people write it."""
    return "/".join(str(step) for step in way)


def label(value: Any) -> str:
    """Return what an item is called."""
    if isinstance(value, dict):
        return str(next(iter(value.values()), ""))
    return str(value)


def edit(sites: Path, site: str, seed: str, *, refactor: bool) -> Edit:
    """Return an edit of a site that leaves it valid, the same for the same seed.

    Raise LookupError if none was found.
    """
    rng = random.Random(seed)
    for _ in range(TRIES):
        files = Files(sites / site)
        try:
            made = rng.choice(REFACTORS if refactor else EDITS)(rng, files)
        except (CannotEdit, KeyError, ValueError, IndexError):
            continue  # this layout can't be changed so, or there is nothing of the kind
        changed = files.changed()
        if made and changed and pipeline.check(sites, site, over=changed).valid:
            return Edit(site, made[0], made[1], changed, refactor)
    raise LookupError(f"no edit of {site} for {seed}")


def edits(sites: Path, names: list[str], seed: int, count: int) -> Iterator[Edit]:
    """Yield that many edits of the sites in turn; each fifth only moves YAML about."""
    for number in range(count):
        rng = random.Random(f"{seed}/{number}/site")
        yield edit(sites, rng.choice(names), f"{seed}/{number}", refactor=number % 5 == 4)
