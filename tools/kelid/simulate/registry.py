"""The functions of the dial plan by name, and the names of those that Asterisk has and the oracle lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kelid.simulate.run import Run

Read = Callable[["Run", str], str | None]
"""Given the run and the text between the parentheses, gives the value; None where Asterisk's function fails."""
Write = Callable[["Run", str, str], None]
"""Given the run, the text between the parentheses and the value, writes it."""


@dataclass(slots=True)
class Function:
    """A function of the dial plan. ``read`` or ``write`` is None where Asterisk has none."""

    name: str
    read: Read | None = None
    write: Write | None = None


FUNCTIONS: dict[str, Function] = {}
"""Every function that the oracle knows, by its name (Asterisk tells capital letters apart)."""


_QUERIES: dict[str, Function] = {}


def find(name: str) -> Function | None:
    """Return the function of that name, None for one that the oracle doesn't know.

    All that begin with ``ODBC_`` are queries of func_odbc.conf, and alike: what they give is in a database.
    """
    function = FUNCTIONS.get(name) or _QUERIES.get(name)
    if function is None and name.startswith("ODBC_"):
        query = FUNCTIONS["ODBC_"]

        def read(run: Run, arguments: str) -> str | None:
            return query.read(run, f"{name}({arguments})") if query.read else None

        def write(run: Run, arguments: str, value: str) -> None:
            if query.write:
                query.write(run, f"{name}({arguments})", value)

        function = _QUERIES[name] = Function(name, read, write)
    return function


def reads(*names: str) -> Callable[[Read], Read]:
    """Register what reads the functions of these names."""

    def register(read: Read) -> Read:
        for name in names:
            FUNCTIONS.setdefault(name, Function(name)).read = read
        return read

    return register


def writes(*names: str) -> Callable[[Write], Write]:
    """Register what writes the functions of these names."""

    def register(write: Write) -> Write:
        for name in names:
            FUNCTIONS.setdefault(name, Function(name)).write = write
        return write

    return register
