"""Small values by the ten thousand: classes with slots that are cheap to define and to make.

A site's PBX has ten thousand options and steps. ``dataclass(slots=True)`` makes as fast a class, and takes two milliseconds
to define one; a record (``model/record.py``) is defined as fast as these, and takes several times as long to make.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")

UNCOMPARED = frozenset({"where", "source"})
"""Fields that say where a value comes from: they take no part in equality and are not shown."""


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Make the class a value with slots for its annotations: nobody may change one, and type checkers see to that.

    Two values are equal if they are of one class and their fields are, but for ``UNCOMPARED``.
    """
    names = tuple(cls.__annotations__)
    inside = vars(cls)
    defaults = {name: inside[name] for name in names if name in inside}
    arguments = ", ".join(f"{name}=_{name}" if name in defaults else name for name in names)
    lines = "".join(f"\n    self.{name} = {name}" for name in names)
    scope: dict[str, Any] = {f"_{name}": default for name, default in defaults.items()}
    exec(f"def __init__(self, {arguments}):{lines}", scope)  # noqa: S102  (the names of a class's own fields)
    compared = tuple(name for name in names if name not in UNCOMPARED)
    key = attrgetter(*compared)

    def equal(self: Any, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    def show(self: Any) -> str:
        return f"{cls.__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in compared)})"

    body = {name: item for name, item in inside.items() if name not in {*names, "__dict__", "__weakref__"}}
    body |= {
        "__slots__": names,
        "__match_args__": names,
        "__init__": scope["__init__"],
        "__eq__": equal,
        "__hash__": lambda self: hash(key(self)),
        "__repr__": show,
    }
    made: type[T] = type(cls.__name__, cls.__bases__, body)
    return made


def changed(thing: T, **changes: object) -> T:
    """Return a value with some of its fields otherwise."""
    names: tuple[str, ...] = type(thing).__match_args__  # type: ignore[attr-defined]
    made: T = type(thing)(**{name: getattr(thing, name) for name in names} | changes)
    return made
