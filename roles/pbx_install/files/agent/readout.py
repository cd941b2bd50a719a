"""What the server's configuration is now, for `kelid drift`: the files that differ from the release, without their secrets."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .conf import directories
from .disk import digest_of
from .masks import MASK, bare_lines, masked
from .report import status
from .scrub import TOKEN, Scrubber, secret_values
from .server import Server

MOST_FILES = 2_000
MOST_BYTES = 4 << 20
"""Of one file."""
MOST_ALL = 32 << 20
"""Of all files together."""

Place = tuple[str, int]
"""A line with tokens: the line itself, and how many equal ones stand before it in its section."""


def readout(server: Server) -> dict[str, Any]:
    """Return what ``status`` tells, what Asterisk has loaded, and the files that aren't those of the release.

    ``files`` are the texts of those that changed or came, comments left out, secrets as tokens where they are the release's
    own and ``***`` where they are not; ``gone`` those that went; ``odd`` what was not read, and why. ``secrets`` names the
    secrets whose value isn't the release's, ``unsure`` those of which that can't be told.
    """
    told = status(server)
    name = str(told["release"])
    reads = directories(server.at.asterisk_conf)["astetcdir"].rstrip("/")
    manifest: Mapping[str, Any] = told["manifest"] or {}
    wanted: Mapping[str, Any] = manifest.get("files") or {}
    root = Path(reads).resolve()
    there, odd = _listed(root)
    files: dict[str, str] = {}
    changed: set[str] = set()
    unsure: set[str] = set()
    room = MOST_ALL
    for path, real in sorted(there.items()):
        if path in wanted and digest_of(real) == wanted[path]["sha256"]:
            continue
        if path not in wanted and not path.endswith(".conf"):
            odd[path] = "no conf file"
            continue
        data = _read(real)
        if data is None or len(data) > min(MOST_BYTES, room):
            odd[path] = "it can't be read" if data is None else "it is too large"
            continue
        room -= len(data)
        reading = Reading(server, name, manifest, path, data.decode(errors="replace"))
        files[path] = reading.text()
        changed |= reading.changed
        unsure |= reading.unsure
    told.update(
        {
            "files": files,
            "gone": sorted(set(wanted) - set(there) - set(odd)),
            "odd": odd,
            "secrets": sorted(changed),
            "unsure": sorted(unsure - changed),
            "reads_release": reads == str(server.at.current),
            "observed": server.live.observe() if told["asterisk"]["running"] else {},
        }
    )
    return told


def _listed(root: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the plain files of a tree by their path, and what is no plain file, with what it is."""
    there: dict[str, Path] = {}
    odd: dict[str, str] = {}
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name != ".kelid"]
        for name in sorted(names + [name for name in folders if os.path.islink(os.path.join(folder, name))]):
            path = Path(folder, name)
            shown = os.fsencode(path.relative_to(root)).decode(errors="replace")
            if len(there) >= MOST_FILES:
                odd["..."] = f"there are more than {MOST_FILES} files"
                return there, odd
            try:
                mode = path.lstat().st_mode
            except OSError:
                continue
            if stat.S_ISREG(mode):
                there[shown] = path
            else:
                odd[shown] = "a link" if stat.S_ISLNK(mode) else "no plain file"
    return there, odd


def _read(path: Path) -> bytes | None:
    """Return the bytes of a plain file, at most one more than are taken; None if it can't be read."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            return file.read(MOST_BYTES + 1)
    return None


class Reading:
    """One file that isn't that of its release, read beside the release's own text with tokens."""

    def __init__(self, server: Server, release: str, manifest: Mapping[str, Any], path: str, text: str) -> None:
        """Find out which secrets the file has in common with the release."""
        self.path = path
        self.rows = text.replace("\r\n", "\n").split("\n")
        self.changed: set[str] = set()
        self.unsure: set[str] = set()
        template = _bundle(server, release, path)
        self.public = {line.rstrip() for line in template if not TOKEN.search(line)}
        self.places = list(_places(template))
        self.values = self._own_values()
        digest = (manifest.get("files") or {}).get(path, {}).get("sha256")
        known = dict(_of_other_releases(server, release, manifest, path))
        self.trusted = self._trusted(template, digest, known)
        whole = secret_values(server.at.releases / release) if release else set()
        self.scrub = Scrubber(whole | _plain(self.values.values()) | _plain(self.trusted.values()))

    def _own_values(self) -> dict[tuple[str, Place], tuple[str, ...]]:
        """Return what stands in this file where the release has tokens: section and line -> the values."""
        rows = list(_sections(self.rows))
        found: dict[tuple[str, Place], tuple[str, ...]] = {}
        taken: set[int] = set()
        for exact in (True, False):
            for section, place in self.places:
                if (section, place) in found:
                    continue
                pattern = _pattern(place[0], exact=exact)
                for number, (own, row) in enumerate(rows):
                    if own == section and number not in taken and (match := pattern.match(row.rstrip())):
                        found[section, place] = match.groups()
                        taken.add(number)
                        break
        return found

    def _trusted(
        self, template: list[str], digest: object, known: Mapping[tuple[str, Place], tuple[str, ...]]
    ) -> dict[tuple[str, Place], tuple[str, ...]]:
        """Return the values that the release has for certain: together with its text they give the very bytes of its file."""
        for values in ({**self.values, **known}, {**known, **self.values}):
            if all(place in values for place in self.places):
                made = list(template)
                for (_section, place), number in zip(self.places, _token_rows(template)):
                    made[number] = _filled(place[0], values[_section, place])
                if digest == _sha256("\n".join(made)):
                    return {place: values[place] for place in self.places}
        return dict(known)

    def text(self) -> str:
        """Return the file as it may leave the server."""
        tokens: dict[str, list[tuple[str, Place]]] = {}
        for name, where in self.places:
            tokens.setdefault(name, []).append((name, where))
        made = []
        rows = list(_sections(self.rows))
        for (section, row), bare in zip(rows, bare_lines("\n".join(self.rows))):
            stripped = row.rstrip()
            alone = next(bare_lines(row))
            if bare != alone:  # a comment of several lines begins, ends or goes on here
                made.append(self._by_hand(section, bare))
                continue
            if stripped in self.public:
                made.append(stripped)
                continue
            place = next((one for one in tokens.get(section, ()) if _pattern(one[1][0]).match(stripped)), None)
            if place is not None:
                tokens[section].remove(place)
                made.append(self._with_tokens(place, stripped))
            else:
                made.append(self._by_hand(section, bare))
        return "\n".join(made)

    def _with_tokens(self, place: tuple[str, Place], row: str) -> str:
        """Return a line that is the release's but for its secrets, with tokens for those that are the same."""
        line = place[1][0]
        match = _pattern(line).match(row)
        values = match.groups() if match else ()
        own = self.trusted.get(place)
        pieces = TOKEN.split(line)
        made = pieces[0]
        for number, (token, value) in enumerate(zip(TOKEN.findall(line), values)):
            same = own is None or own[number] == value
            (self.unsure if own is None else set() if same else self.changed).add(_secret_of(token))
            made += (token if same else MASK) + pieces[number + 1]
        return made

    def _by_hand(self, section: str, bare: str) -> str:
        """Return a line that isn't the release's, masked; a token where the release's own secret still stands in its place."""
        if not self.path.endswith(".conf"):  # a list of PINs, say: no line of it is known to hold none
            return MASK if bare else ""
        key = _key(bare)
        clean = self.scrub.known(masked(self.path, section, bare))
        for one, place in self.places:
            if one != section or not key or _key(place[0]) != key or MASK not in clean:
                continue
            token = TOKEN.findall(place[0])[0]
            match = _pattern(place[0], exact=False).match(bare.rstrip())
            own = self.trusted.get((one, place))
            if match and own and match.group(1) == own[0]:
                return clean.replace(MASK, token, 1)
            (self.unsure if own is None else self.changed).add(_secret_of(token))
        return clean


def _bundle(server: Server, release: str, path: str) -> list[str]:
    """Return the lines with tokens of a release's file."""
    file = server.at.releases / release / ".kelid" / "bundle" / path
    try:
        return file.read_text(errors="replace").split("\n")
    except OSError:
        return []


def _sections(rows: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each line with the section in which it stands (its heading as it is written)."""
    section = ""
    for row in rows:
        if row.startswith("["):
            section = row[1:].split("]", 1)[0]
        yield section, row


def _token_rows(template: list[str]) -> list[int]:
    """Return the numbers, from 0, of the lines with tokens."""
    return [number for number, row in enumerate(template) if TOKEN.search(row)]


def _places(template: list[str]) -> Iterator[tuple[str, Place]]:
    """Yield the section and line of each line with tokens, told apart where two are equal."""
    seen: dict[tuple[str, str], int] = {}
    for section, row in _sections(template):
        if TOKEN.search(row):
            count = seen.get((section, row), 0)
            seen[section, row] = count + 1
            yield section, (row, count)


def _pattern(line: str, *, exact: bool = True) -> re.Pattern[str]:
    """Return what a line with tokens may be; if not exact, one of which only what stands before its first token is the same."""
    pieces = TOKEN.split(line.rstrip())
    if exact:
        return re.compile("(.*?)".join(re.escape(piece) for piece in pieces) + r"\Z", re.DOTALL)
    after = re.escape(pieces[1][:1]) if pieces[1][:1] else r"\Z"
    return re.compile(re.escape(pieces[0]) + f"(.*?){after}", re.DOTALL)


def _filled(line: str, values: tuple[str, ...]) -> str:
    """Return a line with values in the place of its tokens."""
    pieces = TOKEN.split(line)
    return pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:]))


def _of_other_releases(
    server: Server, release: str, manifest: Mapping[str, Any], path: str
) -> Iterator[tuple[tuple[str, Place], tuple[str, ...]]]:
    """Yield what other releases on the disk, whose file is whole, have in the place of tokens that mean the same secret.

    Manifests hold an HMAC of each secret: the same HMAC is the same secret.
    """
    mine: Mapping[str, Any] = manifest.get("secrets") or {}
    for folder in sorted(server.at.releases.iterdir()):
        if folder.name == release or folder.name.startswith("."):
            continue
        other = server.releases.manifest(folder.name)
        wanted = (other.get("files") or {}).get(path, {}).get("sha256")
        file = folder / path
        if not wanted or not file.is_file() or digest_of(file) != wanted:
            continue
        its: Mapping[str, Any] = other.get("secrets") or {}
        template = _bundle(server, folder.name, path)
        rows = file.read_text(errors="replace").split("\n")
        for place, number in zip(_places(template), _token_rows(template)):
            names = {_secret_of(token) for token in TOKEN.findall(place[1][0])}
            match = _pattern(place[1][0]).match(rows[number].rstrip()) if number < len(rows) else None
            if match and all(name in its and mine.get(name) == its[name] for name in names):
                yield place, match.groups()


def _secret_of(token: str) -> str:
    """Return the name of a token's secret."""
    return token.strip("%").split(":")[1]


def _key(line: str) -> str:
    """Return what stands before the sign ``=`` of a line."""
    return line.partition("=")[0].strip().lower() if "=" in line else ""


def _plain(values: Any) -> set[str]:
    """Return values as they stand and without their escapes, but for those that are too short to be known by themselves."""
    found = {text for group in values for value in group for text in (value, re.sub(r"\\(.)", r"\1", value))}
    return {text for text in found if len(text) >= 3}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
