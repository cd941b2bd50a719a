"""Asterisk's own database, astdb: funcs/func_db.c."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import split_arguments
from kelid.simulate.registry import reads, writes
from kelid.simulate.substitute import set_variable
from kelid.simulate.undecided import named, settled

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def key_of(run: Run, arguments: str, function: str) -> str | None:
    """Return ``family/key``, None where one of them is missing."""
    given = split_arguments(arguments, 2, "/")
    if len(given) < 2:
        run.warn(f"{function} requires an argument, {function}(<family>/<key>)")
        return None
    return named(run, f"{given[0]}/{given[1]}")


def _result(run: Run, found: Callable[[], str]) -> None:
    """Keep a value in DB_RESULT, if the dial plan ever looks there: otherwise calls would differ in what nobody sees."""
    if run.dialplan.mentions("DB_RESULT"):
        set_variable(run, "DB_RESULT", found())


@reads("DB")
def value(run: Run, arguments: str) -> str | None:
    """Return the value of a key, "" where there is none."""
    key = key_of(run, arguments, "DB")
    if key is None:
        return None
    found = run.database_get(key)
    if found is None:
        return ""
    _result(run, lambda: found)
    return found


@writes("DB")
def set_value(run: Run, arguments: str, value: str) -> None:
    """Set the value of a key."""
    key = key_of(run, arguments, "DB")
    if key is not None:
        run.database_set(key, value)


@reads("DB_EXISTS")
def exists(run: Run, arguments: str) -> str | None:
    """Return 1 if there is such a key."""
    key = key_of(run, arguments, "DB_EXISTS")
    if key is None:
        return None
    if key in run.database:
        there = run.database[key] is not None
    else:
        there = run.learn(Question("database-has", key, ("0", "1"))) == "1"
    if there:
        _result(run, lambda: run.database_get(key) or "")
    return "1" if there else "0"


@reads("DB_DELETE")
def delete(run: Run, arguments: str) -> str | None:
    """Take a key away, and return the value that it had."""
    key = key_of(run, arguments, "DB_DELETE")
    if key is None:
        return None
    found = run.database_delete(key) or ""
    _result(run, lambda: found)
    return found


@writes("DB_DELETE")
def delete_silently(run: Run, arguments: str, value: str) -> None:
    """Take a key away."""
    delete(run, arguments)


def _keys(run: Run, arguments: str) -> list[str]:
    """Return the keys below a family, each once."""
    family = settled(run, arguments).strip("/")
    answer = run.learn(Question("database-keys", family))
    listed = [key for key in answer.split(",") if key]
    below = f"{family}/" if family else ""
    for key, kept in run.database.items():
        if key.startswith(below):
            name = key[len(below) :].split("/")[0]
            if kept is None and key == below + name:
                listed = [other for other in listed if other != name]
            elif kept is not None and name not in listed:
                listed.append(name)
    return sorted(listed)


@reads("DB_KEYS")
def keys(run: Run, arguments: str) -> str:
    """Return the keys below a family, joined by commas."""
    return ",".join(key.replace("\\", "\\\\").replace(",", "\\,") for key in _keys(run, arguments))


@reads("DB_KEYCOUNT")
def key_count(run: Run, arguments: str) -> str:
    """Return how many keys are below a family."""
    return str(len(_keys(run, arguments)))
