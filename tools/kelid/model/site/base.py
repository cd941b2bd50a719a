"""What every object of a site has: where it was written, what it is called, and what it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from kelid.findings import NOWHERE, Where
from kelid.model.record import EMPTY, Record

Names = Mapping[str, str]
"""A name in one or more languages: BCP 47 tag -> text, for example ``{"fa": "پذیرش", "en": "Reception"}``."""

Point = tuple[str, str]
"""A thing that can be named: kind and name, ``("ivr", "main")``; with destinations the kind is their word."""


class Placed(Record):
    """What was written as a mapping in YAML: where that begins, and where each of its values stands.

    ``places`` has a place for ``codecs`` (the whole value) and for the single texts in it: ``codecs.0``, ``names.fa``.
    What a class says of itself (``KIND``, ``REFERS``, ``SECRETS``, ``CHOSEN``) is what ``model/references.py`` walks by.
    """

    UNCOMPARED: ClassVar[frozenset[str]] = frozenset({"where", "places"})

    KIND: ClassVar[str] = ""
    """What such an object is called where it is named; "" for a part of another object."""

    NAMED_BY: ClassVar[str] = "name"
    """The field that holds the object's name."""

    REFERS: ClassVar[Mapping[str, str]] = EMPTY
    """Field -> kind of what its text (or each text of its list, each key of its mapping) names; "" there names nothing,
    and the kind ``*`` means texts that say it themselves. A field that holds a destination needs no entry."""

    SECRETS: ClassVar[Mapping[str, str]] = EMPTY
    """Field that names a secret -> what for: ``password``, ``pin``, ``key`` (an ssh private key) ..."""

    HOLDER: ClassVar[str] = ""
    """What messages call the object that a secret protects, where that is not its kind: ``mailbox``."""

    CHOSEN: ClassVar[bool] = False
    """True where a destination is taken because a caller pressed something."""

    where: Where = NOWHERE
    places: Mapping[str, Where] = EMPTY

    def place(self, key: str) -> Where:
        """Return where the value of the key stands; where the whole begins if the key was left out."""
        return self.places.get(key, self.where)

    @property
    def label(self) -> str:
        """Return the object's name among its kind."""
        return str(getattr(self, self.NAMED_BY, ""))

    def points(self) -> Iterator[tuple[Point, Where]]:
        """Yield what others may name, and where it is written."""
        if self.KIND:
            yield (self.KIND, self.label), self.where
