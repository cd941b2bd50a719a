"""Frozen values with named fields, cheap to define: what dataclasses give, without code made for each class.

A site's model has a hundred classes, and ``kelid check`` defines them all before it reads a line. A frozen dataclass takes
half a millisecond to define, a record some microseconds; type checkers know it as a dataclass (PEP 681).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, dataclass_transform

EMPTY: Mapping[str, Any] = MappingProxyType({})
"""The default of a field that is a mapping."""

R = TypeVar("R", bound="Record")


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """A frozen value: fields are the annotations of the class, given by keyword; a class attribute is a field's default.

    Two records are equal if they are of one class and their fields are, but for the fields in ``UNCOMPARED``.
    """

    UNCOMPARED: ClassVar[frozenset[str]] = frozenset()
    """Fields that take no part in equality and are not shown."""

    FIELDS: ClassVar[Mapping[str, str]] = EMPTY
    """Every field's name with its annotation as written, those of the bases first."""
    _defaults: ClassVar[Mapping[str, Any]] = EMPTY
    _compared: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Gather the fields of the class from its annotations."""
        super().__init_subclass__(**arguments)
        own = {
            name: annotation
            for name, annotation in vars(cls).get("__annotations__", {}).items()
            if not annotation.startswith("ClassVar")
        }
        cls.FIELDS = {**cls.FIELDS, **own}
        cls._defaults = {**cls._defaults, **{n: cls.__dict__[n] for n in own if n in cls.__dict__}}
        cls._compared = tuple(name for name in cls.FIELDS if name not in cls.UNCOMPARED)

    def __init__(self, **values: Any) -> None:
        """Keep the values. Raise TypeError where one is missing, or is none of the class's."""
        mine = self.__dict__
        mine.update(self._defaults)
        mine.update(values)
        if len(mine) != len(self.FIELDS) or not values.keys() <= self.FIELDS.keys():
            missing = [name for name in self.FIELDS if name not in mine]
            unknown = [name for name in values if name not in self.FIELDS]
            raise TypeError(f"{type(self).__name__}: missing {missing}, unknown {unknown}")

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a record never changes."""
        raise AttributeError(f"{type(self).__name__} is frozen: {name} can't be set")

    def __delattr__(self, name: str) -> None:
        """Refuse: a record never changes."""
        raise AttributeError(f"{type(self).__name__} is frozen: {name} can't be deleted")

    def _key(self) -> tuple[Any, ...]:
        mine = self.__dict__
        return tuple(mine[name] for name in self._compared)

    def __eq__(self, other: object) -> bool:
        """Return True for a record of the same class with the same values."""
        if type(other) is not type(self) or not isinstance(other, Record):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        """Return the hash of the compared values. Raise TypeError if one of them has none."""
        return hash(self._key())

    def __repr__(self) -> str:
        """Return the class and its compared values."""
        inner = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self._compared)
        return f"{type(self).__name__}({inner})"


def replace(value: R, **changes: Any) -> R:
    """Return the record with some fields changed. Raise TypeError for a field that it hasn't got."""
    values = {name: value.__dict__[name] for name in value.FIELDS}
    return type(value)(**{**values, **changes})
