"""A site's files with changes that aren't written yet: made with ``edit``, judged like any site, written all or none."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kelid import pipeline
from kelid.edit import random_secret
from kelid.edit.document import Document
from kelid.edit.files import diff, write_all
from kelid.edit.write import Sealed
from kelid.findings import Exit, Finding, KelidError, Severity
from kelid.load import schema, shown_folder
from kelid.load.vault import seal, unlock
from kelid.model.record import replace
from kelid.model.site import Site
from kelid.rules.secrets import Use, used_secrets

SECRETS = "secrets"


class Draft:
    """The files of one site, to be changed. Nothing is written before ``write``."""

    def __init__(self, sites: Path, name: str, *, fresh: bool = False) -> None:
        """Take a site of the directory, or with ``fresh`` a name that no site has yet. Raise KelidError if it isn't so."""
        self.sites = sites
        self.name = name
        self.fresh = fresh
        self.folder = sites / name if fresh else pipeline.site_folder(sites, name)
        if fresh and self.folder.exists():
            raise KelidError(f"{self.folder} is there already", exit=Exit.REFUSED)
        if fresh and not sites.is_dir():
            raise KelidError(f"there is no sites directory {sites}; make it first", exit=Exit.USAGE)
        self._before: dict[str, bytes | None] = {}
        self._documents: dict[str, Document] = {}
        self._sounds: dict[str, bytes] = {}
        self.made: dict[str, Use] = {}
        """Secrets that were made up at random, with what they are for."""

    # --- looking -----------------------------------------------------------------------------------

    def document(self, topic: str) -> Document:
        """Return the file of a topic, to be changed. Raise KelidError if the site hasn't got it."""
        if topic not in self._documents:
            path = self.folder / f"{topic}.yml"
            try:
                body = path.read_bytes()
                text = body.decode("utf-8")
            except FileNotFoundError as problem:
                raise KelidError(
                    f"{self.shown(topic)}: there is no such file", exit=Exit.REFUSED
                ) from problem
            except (OSError, UnicodeDecodeError) as problem:
                raise KelidError(f"{self.shown(topic)} can't be read", exit=Exit.INVALID) from problem
            self._before[topic] = body
            self._documents[topic] = Document(text, self.shown(topic))
        return self._documents[topic]

    def has(self, topic: str) -> bool:
        """Return True if the site has the file of a topic, or the draft makes it."""
        return topic in self._documents or (self.folder / f"{topic}.yml").is_file()

    def make(self, topic: str, text: str) -> Document:
        """Add a file that isn't there yet, with the line that tells editors its schema in front."""
        self._before[topic] = None
        self._documents[topic] = Document(f"{header(topic, self.folder)}{text}", self.shown(topic))
        return self._documents[topic]

    def put(self, path: str, body: bytes) -> None:
        """Put a sound or a dial plan there, ``media/welcome.wav``, in the place of one that may be there."""
        there = self.folder / path
        before = there.read_bytes() if there.is_file() else None
        if before != body:
            self._before[path] = before
            self._sounds[path] = body

    def shown(self, topic: str) -> str:
        """Return the name of a topic's file as messages show it."""
        return f"{shown_folder(self.folder)}/{topic}.yml"

    def topic(self, file: str) -> str | None:
        """Given a file as a place shows it, return its topic; None if it is none of the site's YAML."""
        return next((topic for topic in schema.TOPICS if self.shown(topic) == file), None)

    # --- judging -----------------------------------------------------------------------------------

    def _changed(self) -> dict[str, bytes]:
        bodies = {topic: document.text.encode("utf-8") for topic, document in self._documents.items()}
        return {topic: body for topic, body in bodies.items() if body != self._before[topic]}

    @property
    def files(self) -> dict[str, bytes]:
        """Return the files that change: path in the site's folder -> bytes."""
        return {**{f"{topic}.yml": body for topic, body in self._changed().items()}, **self._sounds}

    def check(self) -> pipeline.Checked:
        """Return the site as it would be, judged; the strength of its secrets isn't part of it."""
        if self.fresh:
            checked = pipeline.check_new(self.sites, self.name, self.files)
        else:
            checked = pipeline.check(self.sites, self.name, over=self.files)
        kept = tuple(finding for finding in checked.findings if finding.code != "K000")
        return replace(checked, findings=kept)

    def need_shape(self) -> Site:
        """Return the site as it would be. Raise KelidError, with what is wrong, if the files would not make one at all."""
        checked = self.check()
        if checked.loaded.site is None:
            raise self._refusal(checked)
        return checked.loaded.site

    def _refusal(self, checked: pipeline.Checked) -> KelidError:
        return KelidError(
            f"{self.name} would not be valid; nothing was written",
            exit=Exit.INVALID,
            findings=[item for item in checked.findings if item.severity is Severity.ERROR],
        )

    def need_valid(self) -> tuple[Site, list[Finding]]:
        """Return the site as it would be, and the warnings that it would have and hasn't got now.

        Raise KelidError, with what is wrong, if it would not be valid.
        """
        checked = self.check()
        if not checked.valid:
            raise self._refusal(checked)
        before = () if self.fresh else pipeline.check(self.sites, self.name).findings
        known = {(item.code, item.message) for item in before}
        fresh = [item for item in checked.findings if (item.code, item.message) not in known]
        return checked.site, fresh

    # --- secrets -----------------------------------------------------------------------------------

    def seal_missing(self, password: Callable[[], bytes]) -> None:
        """Make every secret that the site would need and lacks, at random, and seal it into secrets.yml.

        ``password`` is asked for only if there is one to make.
        """
        site = self.check().loaded.site
        if site is None:
            return  # what is wrong is told by need_valid
        for name, use in used_secrets(site).items():
            if name not in site.secret_names:
                self.seal(name, random_secret.make(use.kind, avoid=use.number), password())
                self.made[name] = use

    def seal(self, name: str, value: str, password: bytes) -> None:
        """Put a secret into secrets.yml, in the place of the one of that name or beside its like.

        Raise KelidError if the password isn't that of the vault.
        """
        document = self.document(SECRETS)
        self._try_password(password)
        order = document.keys()
        if name not in order:
            order = _in_order(order, name)
        document.set((name,), Sealed(seal(value, password)), order=order)

    def drop_secrets(self, names: Iterable[str]) -> list[str]:
        """Take secrets out of secrets.yml; return the names of those that were there."""
        document = self.document(SECRETS)
        gone = [name for name in names if document.has((name,))]
        for name in gone:
            document.remove((name,))
        return gone

    def _try_password(self, password: bytes) -> None:
        """Raise KelidError if the password doesn't open what lies in the vault: one file never has two passwords."""
        if self._before.get(SECRETS) is None:
            return
        vault = pipeline.load_vault(self.sites, self.name)
        names = sorted(vault, key=lambda name: name != "release_key")[:1]
        unlock({name: vault[name] for name in names}, password)

    # --- the end -----------------------------------------------------------------------------------

    def diff(self) -> str:
        """Return what would change, file by file."""
        pieces = []
        for topic, body in self._changed().items():
            before = self._before[topic]
            pieces.append(
                diff(self.shown(topic), None if before is None else before.decode(), body.decode("utf-8"))
            )
        for path, body in self._sounds.items():
            if path.endswith(".conf"):
                before = self._before[path]
                shown = f"{shown_folder(self.folder)}/{path}"
                pieces.append(diff(shown, None if before is None else before.decode(), body.decode("utf-8")))
        return "".join(pieces)

    def write(self) -> None:
        """Write every file that changes, all or none. Raise KelidError if one was changed meanwhile or can't be written."""
        changed = {**self._changed(), **self._sounds}
        paths = {key: self.folder / (key if key in self._sounds else f"{key}.yml") for key in changed}
        write_all(
            {paths[topic]: self._before[topic] for topic in changed},
            {paths[topic]: body for topic, body in changed.items()},
        )


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of every topic but the secrets'."""
    return {topic: schema.schema(topic) for topic in schema.TOPICS if topic != SECRETS}


def ranges(draft: Draft, kind: str) -> list[str]:
    """Return the ranges that site.yml gives the numbers of a kind: ``101-199``; none if it gives none."""
    found = draft.document("site").data(("ranges", kind)) or []
    texts = [found] if isinstance(found, str) else found
    return [text for text in texts if isinstance(text, str) and re.fullmatch("[0-9]+(-[0-9]+)?", text)]


def header(topic: str, folder: Path) -> str:
    """Return the line that tells an editor the schema of a topic's file in the folder."""
    where = os.path.relpath(schema.FOLDER, folder)
    return f"# yaml-language-server: $schema={Path(where).as_posix()}/{topic}.schema.json\n"


def _in_order(names: list[str], new: str) -> list[str]:
    """Return the names with the new one behind those of its kind that come before it: extension_102 behind extension_101."""
    stem = _stem(new)
    before = [name for name in names if _stem(name) == stem and _number(name) < _number(new)]
    if before:
        place = names.index(max(before, key=_number)) + 1
    else:
        same = [index for index, name in enumerate(names) if _stem(name) == stem]
        place = same[0] if same and same[0] else len(names)
    return [*names[:place], new, *names[place:]]


def _stem(name: str) -> str:
    return name.rstrip("0123456789")


def _number(name: str) -> tuple[int, str]:
    digits = name[len(_stem(name)) :]
    return int(digits or -1), name
