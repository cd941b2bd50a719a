"""What was worked out of a value that many cases share, such as what is to be done later in a call."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 20_000
"""Values of which it is remembered; after that it begins anew."""


class Remembered:
    """Keeps answers by the identity of values that don't change."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rows: dict[tuple[int, Hashable], tuple[Any, Any]] = {}

    def of(self, value: Any, what: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` says of the value, asked once for each ``what``."""
        key = (id(value), what)
        found = self._rows.get(key)
        if found is None:
            if len(self._rows) >= MOST:
                self._rows.clear()
            found = self._rows[key] = (
                value,
                make(),
            )  # kept with it, so that no other value gets its identity
        answer: T = found[1]
        return answer
