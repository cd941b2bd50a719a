"""What Asterisk gets: sections of its conf files and the dial plan, resolved, every line knowing the YAML behind it.

A value may hold secrets only as tokens, ``secret_token("extension_101")``; the real values meet the text at delivery.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kelid.findings import NOWHERE, Where
from kelid.model.record import Record
from kelid.model.value import value

SECRET = re.compile(r"%%secret:([a-z][a-z0-9_]{0,63})(:md5)?%%")
"""The token of a secret, or of its MD5, in a value or a rendered line. Text that holds ``%%secret:`` is refused by
render's gate but for where compile puts one."""


def secret_token(name: str, *, md5: bool = False) -> str:
    """Return the token that stands for the secret until delivery; with ``md5`` for its MD5 in hexadecimal digits."""
    return f"%%secret:{name}{':md5' if md5 else ''}%%"


@value
class Option:
    """One ``key = value`` (or ``key => value``, which Asterisk reads alike outside the dial plan) of a section."""

    key: str
    value: str
    where: Where = NOWHERE


@value
class Section:
    """One ``[name]`` of a conf file with its options in order; names may repeat (pjsip tells them apart by ``type``).

    ``inherits`` names templates, whose options stand before its own: ``[101](phone-desk)``. A ``template`` is no object
    itself: ``[phone-desk](!)``. ``options`` are its own; ``ConfFile.resolved`` gives what Asterisk makes of them.
    """

    name: str
    options: tuple[Option, ...]
    where: Where = NOWHERE
    template: bool = False
    inherits: tuple[str, ...] = ()

    def get(self, key: str) -> str | None:
        """Return the value of the last of its options with that key, or None."""
        found = None
        for option in self.options:
            if option.key == key:
                found = option.value
        return found


@value
class ConfFile:
    """One conf file of sections. ``path`` is relative to Asterisk's configuration directory: ``pjsip.conf``."""

    path: str
    sections: tuple[Section, ...]

    @property
    def resolved(self) -> Iterator[Section]:
        """Yield what Asterisk has when it has read the file: no templates, and every section with all of its options.

        As main/config.c does it: a name stands for the first section above that is called so, and the options of the
        templates come first, in the order in which they are named. Raise KeyError for a template that isn't there.
        """
        known: dict[str, tuple[Option, ...]] = {}
        for section in self.sections:
            options = section.options
            if section.inherits:
                options = (*(option for name in section.inherits for option in known[name]), *options)
            known.setdefault(section.name, options)
            if not section.template:
                yield Section(section.name, options, section.where) if section.inherits else section


@value
class ListLine:
    """One line of a list file. It may hold the token of one secret."""

    text: str
    where: Where = NOWHERE


@value
class ListFile:
    """A plain text file beside the conf files, one entry a line, which an application reads anew at each call.

    ``path`` ends in ``.list``: ``pins-managers.list``. It has no sections, comments or escapes.
    """

    path: str
    lines: tuple[ListLine, ...]


LIST_SUFFIX = ".list"
"""How the path of a list file ends, and that of no conf file."""


@value
class Step:
    """One priority of an extension: application and the text between its parentheses, exactly as Asterisk gets it.

    ``priority`` is 0 for the one after the step before it (the first: 1). Other numbers stand only in dial plans of other
    people, which may have gaps.
    """

    app: str
    data: str = ""
    label: str = ""
    where: Where = NOWHERE
    priority: int = 0


@value
class Exten:
    """An extension of a context. ``pattern`` as in extensions.conf (with its underscore); steps in order of priority.

    ``caller`` is the pattern of the callers for whom it is (``exten => 100/0912,1,...``); None for everybody, "" for those
    who send no number.
    """

    pattern: str
    steps: tuple[Step, ...]
    where: Where = NOWHERE
    caller: str | None = None

    @property
    def name(self) -> str:
        """Return it as extensions.conf writes it: the pattern, and the callers behind a slash."""
        return self.pattern if self.caller is None else f"{self.pattern}/{self.caller}"

    @property
    def numbered(self) -> Iterator[tuple[int, Step]]:
        """Yield each step with its priority."""
        priority = 0
        for step in self.steps:
            priority = step.priority or priority + 1
            yield priority, step


@value
class Hint:
    """What lamp keys watch: ``exten => 101,hint,PJSIP/101``."""

    exten: str
    device: str
    where: Where = NOWHERE


@value
class Include:
    """An included context, with Asterisk's time specification or ""."""

    context: str
    times: str = ""
    where: Where = NOWHERE


@value
class Switch:
    """Another machine or database that is asked for extensions: ``switch => Realtime/...``.

    ``keyword`` is switch, lswitch or eswitch.
    """

    keyword: str
    text: str
    where: Where = NOWHERE


@value
class Context:
    """A context of the dial plan. ``ignorepats`` are dialled beginnings after which the dial tone goes on."""

    name: str
    extens: tuple[Exten, ...] = ()
    includes: tuple[Include, ...] = ()
    hints: tuple[Hint, ...] = ()
    where: Where = NOWHERE
    switches: tuple[Switch, ...] = ()
    ignorepats: tuple[str, ...] = ()


CONVERTER = "wav8000-1"
"""What the sources of sounds become (WAV, 8000 Hz, 16 bit, mono), and the number of the way in which sounds/convert.py does
it: whoever changes the way raises the number. 8 kHz is what the telephone network carries; Asterisk turns it into alaw and
ulaw by a table, and a phone with g722 hears no less of a voice that was recorded for a telephone."""


@value
class Media:
    """A sound of the site: the digest of its source, the source's path in the site, and where it lies on the server.

    ``name`` is the path below the server's media directory without suffix: 64 digits, for one language of several in that
    language's folder. Equal names are equal sounds.
    """

    sha256: str
    source: str
    name: str

    @property
    def file_name(self) -> str:
        """Return the path of the file below the server's media directory."""
        return f"{self.name}.wav"


class Pbx(Record):
    """All that Asterisk gets for one site. Files and contexts are in the order in which they are printed.

    ``autofallthrough`` is what happens after an extension's last step (``[general]`` of extensions.conf): True, the call
    ends by its state; False, it waits for digits.
    """

    site: str
    asterisk: int
    files: tuple[ConfFile, ...] = ()
    globals: tuple[Option, ...] = ()
    contexts: tuple[Context, ...] = ()
    media: tuple[Media, ...] = ()
    lists: tuple[ListFile, ...] = ()
    autofallthrough: bool = True

    def file(self, path: str) -> ConfFile | None:
        """Return the conf file of that path, or None."""
        return next((file for file in self.files if file.path == path), None)

    def sections(self, path: str, type_: str | None = None) -> Iterator[Section]:
        """Yield the resolved sections of a file; with ``type_``, those whose option ``type`` is that (pjsip's objects)."""
        file = self.file(path)
        for section in file.resolved if file else ():
            if type_ is None or section.get("type") == type_:
                yield section
