"""YAML and its schemas -> ``Site``. The only room that knows PyYAML and JSON Schema.

``load_site`` reads a folder; ``load_files`` takes the same as bytes, for a revision of git.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from kelid.findings import Finding, Severity, Where
from kelid.load import schema
from kelid.load.build import Source, View, build_site
from kelid.load.custom import visible
from kelid.load.sound import read_sound
from kelid.load.tree import MAX_BYTES, Node, Scalar, read_tree
from kelid.load.tree import Mapping as MappingNode
from kelid.model.loaded import Loaded, VaultValue
from kelid.model.meant import meant
from kelid.model.site import About, Sound

__all__ = ["MAX_MEDIA_BYTES", "load_about", "load_files", "load_site", "shown_folder"]

MAX_MEDIA_BYTES = 20_000_000
"""Twenty minutes of a prompt as Asterisk gets it, or twenty minutes of music as FLAC or MP3."""

_YAML = tuple(f"{topic}.yml" for topic in schema.TOPICS)
_SITE_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MEDIA = re.compile(r"media/[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(wav|flac|ogg|mp3)")
_HIDES_KEYS = {"L003", "L004", "L007", "L008"}
"""After these the schema would miss keys that the writer did mean, so it isn't asked."""
_FREE = re.compile(r"(.*/)?(README(\.[a-z]+)?|\.[^/]*)|custom(/[^/]+\.conf)?|visits(/.*)?", re.DOTALL)
"""Notes for people, hidden files of editors and of git, and what other rooms read: none of the loader's business."""


def load_site(folder: Path, *, shown: str | None = None, over: Mapping[str, bytes] | None = None) -> Loaded:
    """Given a site's folder, return the site and all that is wrong with its files.

    ``shown`` is what places begin with; left out, the folder relative to the current directory. ``over`` are files that
    take the place of those in the folder (path in it -> bytes). Never raises for what stands in the folder: a missing
    folder or file is a finding.
    """
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - a link stays a link, so that it can be refused
    shown = shown or shown_folder(folder)
    findings: list[Finding] = []
    files: dict[str, bytes] = {}
    try:
        if not stat.S_ISDIR(absolute.lstat().st_mode):
            finding = Finding(
                Where(shown), "L014", "a site is a folder, and this is not one", "links are not followed"
            )
            return Loaded(None, (finding,), {})
        for path, content in _walk(absolute, shown, findings):
            files[path] = content
    except OSError as problem:
        reason = problem.strerror or "it can't be read"
        finding = Finding(
            Where(shown), "L013", f"no site can be read here: {reason}", "is its name spelled right?"
        )
        return Loaded(None, (finding,), {})
    files |= over or {}
    known = {finding.where.file for finding in findings}
    return _load(absolute.name, files, shown, findings, known)


def load_about(folder: Path) -> About | None:
    """Given a site's folder, return what its site.yml says of its machines, without a look at any other file.

    None where no site.yml can be read there or it doesn't fit its schema; ``load_site`` says why.
    """
    try:
        content = (folder / "site.yml").read_bytes()
    except OSError:
        return None
    tree, faults = _tree(content, "site.yml", vault=False)
    if tree is None or faults:
        return None
    data, _, good = schema.check("site", tree)
    return View(data, tree).make(About, name=folder.name) if good else None


def shown_folder(folder: Path) -> str:
    """Return what the places in a site's folder begin with: the folder, from the current directory where it lies below."""
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - a link stays a link, as in load_site
    near = not Path(folder).is_absolute() or absolute.is_relative_to(Path.cwd())
    return os.path.relpath(absolute) if near else str(absolute)


def load_files(name: str, files: Mapping[str, bytes], *, shown: str) -> Loaded:
    """Given a site's name and its files (path in the site's folder -> bytes), return what ``load_site`` returns.

    ``shown`` is what places begin with: ``sites/noor-clinic``.
    """
    return _load(name, files, shown, [], set())


def _walk(top: Path, shown: str, findings: list[Finding]) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of every file that may matter; of links, and of what is too large, only a finding."""
    for entry in sorted(os.scandir(top), key=lambda item: item.name):
        if entry.name == "media" and entry.is_dir(follow_symlinks=False):
            for inner in sorted(os.scandir(entry), key=lambda item: item.name):
                yield from _read(inner, f"media/{inner.name}", shown, findings)
        else:
            yield from _read(entry, entry.name, shown, findings)


def _read(
    entry: os.DirEntry[str], path: str, shown: str, findings: list[Finding]
) -> Iterator[tuple[str, bytes]]:
    where = Where(f"{shown}/{visible(path)}")
    if _FREE.fullmatch(path):
        return
    if entry.is_symlink():
        findings.append(
            Finding(where, "L014", "this is a link, and links are not followed", "put the file itself here")
        )
        return
    if not entry.is_file(follow_symlinks=False):
        if path in _YAML:
            findings.append(Finding(where, "L014", "this is not a file", "write the file in its place"))
        elif entry.is_dir(follow_symlinks=False):
            yield path, b""
        else:
            findings.append(Finding(where, "L014", "this is not a file", "remove it"))
        return
    if path not in _YAML and not _MEDIA.fullmatch(path):
        yield path, b""
        return
    limit = MAX_MEDIA_BYTES if path.startswith("media/") else MAX_BYTES
    try:
        with open(entry.path, "rb") as stream:  # noqa: PTH123  (a Path for each costs time)
            # No more is asked for than there is: Python would make room for all of it first.
            size = os.fstat(stream.fileno()).st_size
            content = stream.read(min(size, limit) + 1)
            if len(content) > size:  # it grew meanwhile
                content += stream.read(limit + 1 - len(content))
    except OSError as problem:
        reason = problem.strerror or "unknown reason"
        findings.append(Finding(where, "L013", f"the file can't be read: {reason}", "who may read it?"))
        return
    yield path, content


def _load(
    name: str, files: Mapping[str, bytes], shown: str, findings: list[Finding], known: set[str]
) -> Loaded:
    """Judge every file, then build the site if that is possible. ``known`` are files that a finding speaks of already."""
    if not _SITE_NAME.fullmatch(name):
        fix = "a site's folder has small letters, digits and - in its name"
        findings.append(Finding(Where(shown), "L016", f"no site can be called {name!r}", fix))
    findings += _strangers(files, shown)
    views: dict[str, View] = {}
    vault: dict[str, VaultValue] = {}
    usable = True
    for topic in schema.TOPICS:
        path = f"{topic}.yml"
        where = Where(f"{shown}/{path}")
        if path not in files:
            usable = usable and topic not in schema.REQUIRED and where.file not in known
            if topic in schema.REQUIRED and where.file not in known:
                findings.append(Finding(where, "L013", "this file is missing", "every site has one"))
            continue
        tree, faults = _tree(files[path], where.file, vault=topic == "secrets")
        findings += faults
        usable = usable and not faults
        if tree is None or {fault.code for fault in faults} & _HIDES_KEYS:
            usable = False
            continue
        said = {fault.where for fault in faults}
        data, more, good = schema.check(topic, tree)
        findings += [finding for finding in more if finding.where not in said]
        good = good and not faults
        usable = usable and good
        if topic == "secrets" and isinstance(tree, MappingNode):
            sealed, faults = _secrets(tree)
            clear = {finding.where for finding in faults}
            findings = [finding for finding in findings if finding.where not in clear] + faults
            vault |= {key: value for key, value in sealed.items() if good}
        if good:
            views[topic] = View(data, tree)
    media = _media(files, shown, findings)
    site = build_site(Source(name=name, files=views, media=media, findings=findings)) if usable else None
    return Loaded(site, tuple(sorted(findings, key=lambda finding: finding.sort_key)), vault)


def _tree(content: bytes, file: str, *, vault: bool) -> tuple[Node | None, list[Finding]]:
    if len(content) > MAX_BYTES:
        text = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        return None, [Finding(Where(file), "L009", text, "no file of a site needs that")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        return None, [Finding(Where(file, line), "L015", "the file is not UTF-8", "save it as UTF-8")]
    return read_tree(text, file, vault=vault)


def _secrets(tree: MappingNode) -> tuple[dict[str, VaultValue], list[Finding]]:
    sealed: dict[str, VaultValue] = {}
    findings = []
    for key, node in tree.items.items():
        if isinstance(node, Scalar) and not node.sealed:
            text = f"the secret {key!r} stands here in clear"
            fix = "change that secret, and seal the new one with ansible-vault encrypt_string"
            findings.append(Finding(node.where, "L017", text, fix))
        elif isinstance(node, Scalar):
            sealed[key] = VaultValue(node.text.strip() + "\n", tree.key_place(key))
    return sealed, findings


def _strangers(files: Mapping[str, bytes], shown: str) -> Iterator[Finding]:
    for path in files:
        if path in _YAML or _FREE.fullmatch(path) or _MEDIA.fullmatch(path):
            continue
        where = Where(f"{shown}/{visible(path)}")
        if path.startswith("media/"):
            fix = "a sound is media/NAME.wav (or .flac, .ogg, .mp3), its name of letters, digits, - and _"
        else:
            near = meant(path, _YAML)
            fix = (
                f"did you mean {near}?"
                if near
                else "the files of a site are " + ", ".join(_YAML) + " and media/"
            )
        yield Finding(where, "L018", "nobody reads this file", fix, Severity.WARNING)


def _media(files: Mapping[str, bytes], shown: str, findings: list[Finding]) -> dict[str, Sound]:
    media = {}
    for path, content in files.items():
        if not _MEDIA.fullmatch(path):
            continue
        where = Where(f"{shown}/{path}")
        if len(content) > MAX_MEDIA_BYTES:
            text = f"the sound is larger than {MAX_MEDIA_BYTES // 1_000_000} MB"
            findings.append(Finding(where, "L009", text, "cut it"))
        else:
            media[path] = read_sound(content, where)
    return media
