"""Functions that cut, count and change texts: funcs/func_strings.c and funcs/func_cut.c."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from kelid.simulate.arguments import (
    atoi,
    encoded_character,
    encoded_text,
    leading_double,
    leading_integer,
    split_arguments,
)
from kelid.simulate.octets import from_octets, to_octets, whole
from kelid.simulate.registry import reads, writes
from kelid.simulate.regular import PatternError, matches
from kelid.simulate.substitute import set_variable, stored_variable, template, unset_variable
from kelid.simulate.undecided import is_in, settled, split
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run

INT_MAX = (1 << 31) - 1


def variable(run: Run, name: str) -> str:
    """Return the value of a variable or function that an argument names, as octets: ``${NAME}`` is put in."""
    return to_octets(template(f"${{{name}}}")(run))


def _decided(run: Run, octets: str) -> str:
    """Return octets with all decided."""
    if run.symbols is None or octets.isascii() or not run.symbols.within(octets):
        return octets
    return to_octets(run.symbols.settle(from_octets(octets)))


def _character(text: str) -> str:
    """Return the one character that an argument says, "" without one."""
    found = encoded_character(to_octets(text))
    return found[0].replace("\0", "") if found else ""


@reads("LEN")
def length(run: Run, arguments: str) -> str:
    """Return how many bytes the text has."""
    return str(len(to_octets(arguments)))


@reads("FIELDQTY")
def field_quantity(run: Run, arguments: str) -> str:
    """Return how many fields a variable has."""
    given = split_arguments(arguments, 2)
    if len(given) < 2:
        return "1"
    value = variable(run, given[0])
    if not value:
        return "0"
    delimiter = _character(given[1])
    return str(len(split(run, value, delimiter))) if delimiter else "1"


@reads("FIELDNUM")
def field_number(run: Run, arguments: str) -> str | None:
    """Return the number of the field that is the text, 0 without one."""
    given = split_arguments(arguments, 3)
    if len(given) < 3:
        run.warn("Usage: FIELDNUM(<listname>,<delimiter>,<fieldvalue>)")
        return None
    value = variable(run, given[0])
    if not value or not given[1]:
        return "0"
    found = encoded_character(to_octets(given[1]))
    if found is None:
        return None
    delimiter = found[0].replace("\0", "")
    wanted = _lower(to_octets(settled(run, given[2])))
    value = _decided(run, value)
    for number, field in enumerate(value.split(delimiter) if delimiter else [value], 1):
        if _lower(field) == wanted:
            return str(number)
    return "0"


def _lower(octets: str) -> str:
    """Return the text with small ASCII letters: what tolower does in the locale C."""
    return "".join(chr(ord(character) + 32) if "A" <= character <= "Z" else character for character in octets)


def _upper(octets: str) -> str:
    return "".join(chr(ord(character) - 32) if "a" <= character <= "z" else character for character in octets)


@reads("LISTFILTER")
def list_filter(run: Run, arguments: str) -> str | None:
    """Return the list without the entries that are the text."""
    given = split_arguments(arguments, 3)
    if len(given) < 3:
        run.warn("Usage: LISTFILTER(<listname>,<delimiter>,<fieldvalue>)")
        return None
    value = _decided(run, variable(run, given[0]))
    if not value:
        return None
    unwanted = to_octets(settled(run, given[2]))
    if unwanted not in value:
        return from_octets(value)
    written = to_octets(given[1])
    delimiter = encoded_text(written, len(written) + 1) or ","
    kept: list[str] = []
    start = 0
    following = value.find(delimiter)
    while True:
        if following >= 0:
            end = following
            following = value.find(delimiter, end + len(delimiter))
        else:
            if start + len(delimiter) > len(value):
                raise UnknownHere(
                    "LISTFILTER() of a list that ends in its delimiter: Asterisk reads past its end"
                )
            end = len(value)
        if value[start:end] == unwanted and end >= start:
            start += len(unwanted) + len(delimiter)
        else:
            kept.append(value[start:end])
            start = end + len(delimiter)
        if end >= len(value):
            return from_octets(delimiter.join(kept))


@lru_cache(maxsize=1024)
def _allowed(written: str) -> frozenset[str] | None:
    """Return the bytes that FILTER lets through; None for an escape that Asterisk can't read."""
    allowed: set[str] = set()
    while written:
        first = encoded_character(written)
        if first is None:
            return None
        written = written[first[1] :]
        low = ord(first[0])
        if written[:1] != "-":
            allowed.add(chr(low))
            continue
        last = encoded_character(written[1:])
        # without a character after it the dash ends the range at its own beginning
        high = ord(last[0]) if last else low
        written = written[1 + (last[1] if last else _consumed(written[1:])) :]
        at = low
        while at != high:  # a range that goes down wraps around
            allowed.add(chr(at))
            at = (at + 1) & 0xFF
        allowed.add(chr(high))
    allowed.discard("\0")
    return frozenset(allowed)


def _consumed(text: str) -> int:
    """Return how many characters ast_get_encoded_char takes where it can't read them."""
    return 2 if text else 0


@reads("FILTER")
def filtered(run: Run, arguments: str) -> str | None:
    """Return the text without the characters that aren't allowed."""
    given = split_arguments(arguments, 2, keep=True)
    if len(given) < 2:
        run.warn("Usage: FILTER(<allowed-chars>,<string>)")
        return None
    allowed = _allowed(to_octets(given[0]))
    if allowed is None:
        return None
    text = given[1]
    if run.symbols is not None and run.symbols.within(text):
        return whole(from_octets("".join(c for c in to_octets(text) if is_in(run, c, allowed))))
    return from_octets("".join([character for character in to_octets(text) if character in allowed]))


@reads("REPLACE")
def replaced(run: Run, arguments: str) -> str | None:
    """Return the variable with some characters replaced by one, or taken out."""
    given = split_arguments(arguments, 3)
    if len(given) < 2:
        run.warn("Usage: REPLACE(<varname>,<search-chars>[,<replace-char>])")
        return None
    find = frozenset(encoded_text(to_octets(given[1]), 256))
    put = _character(given[2]) if len(given) > 2 else ""
    if not find or not given[0]:
        run.warn("The characters to search for and the variable name must not be empty.")
        return None
    value = variable(run, given[0])
    if not value:
        return None
    return from_octets("".join(put if is_in(run, character, find) else character for character in value))


@reads("STRREPLACE")
def text_replaced(run: Run, arguments: str) -> str | None:
    """Return the variable with a text replaced by another."""
    given = split_arguments(arguments, 5)
    if len(given) < 2:
        run.warn("Usage: STRREPLACE(<varname>,<find-string>[,<replace-string>,[<max-replacements>]])")
        return None
    if not given[0]:
        return None
    if not given[1]:
        run.warn("No <find-string> specified")
        return None
    put = to_octets(given[2]) if len(given) > 2 else ""
    most = atoi(given[3]) if len(given) > 3 else 0
    value = _decided(run, variable(run, given[0]))
    return from_octets(value.replace(to_octets(settled(run, given[1])), put, most if most > 0 else -1))


@reads("STRBETWEEN")
def put_between(run: Run, arguments: str) -> str | None:
    """Return the variable with a text between all of its characters."""
    given = split_arguments(arguments, 3)
    if len(given) != 2 or not given[0]:
        run.warn("Usage: STRBETWEEN(<varname>,<insert-string>)")
        return None
    return from_octets(to_octets(given[1]).join(variable(run, given[0])))


@reads("REGEX")
def regular(run: Run, arguments: str) -> str | None:
    """Return 1 if the pattern in quotes is found in the text after it, 0 otherwise."""
    given = split_arguments(arguments, 3, '"')
    if len(given) != 3:
        run.warn("Unexpected arguments: should have been in the form '\"<regex>\" <string>'")
        return None
    text = given[2][1:] if given[2][:1] in (" ", "\t") else given[2]
    try:
        found = matches(to_octets(settled(run, given[1])), to_octets(settled(run, text)))
    except PatternError as problem:
        run.warn(f"Malformed input REGEX({arguments}): {problem}")
        return None
    return "1" if found else "0"


@writes("ARRAY")
def array(run: Run, arguments: str, value: str) -> None:
    """Set several variables, each to one of the values."""
    values = split_arguments(value, 100)
    for at, name in enumerate(split_arguments(arguments, 100)):
        if name:
            set_variable(run, name, values[at] if at < len(values) else "")


def _hash_name(name: str, key: str) -> str:
    bare = name[2:] if name.startswith("__") else name[1:] if name.startswith("_") else name
    return f"{name[: len(name) - len(bare)]}~HASH~{bare}~{key}~"[:255]


def _keys(run: Run, name: str) -> list[str]:
    """Return the keys of a hash, the one that was set last first."""
    prefix = f"~HASH~{name}~"
    found = [key for key in run.channel.variables if key.startswith(prefix) and key.endswith("~")]
    return [key[len(prefix) : -1] for key in reversed(found) if len(key) > len(prefix) + 1]


@reads("HASHKEYS")
def hash_keys(run: Run, arguments: str) -> str:
    """Return the keys of a hash."""
    return ",".join(_keys(run, arguments))


@reads("HASH")
def hash_value(run: Run, arguments: str) -> str:
    """Return the value for a key, or all of the values."""
    given = split_arguments(arguments, 2)
    if len(given) == 2:
        return stored_variable(run, _hash_name(given[0], given[1])) or ""
    if len(given) == 1:
        keys = _keys(run, given[0])
        set_variable(run, "~ODBCFIELDS~", ",".join(keys))
        return ",".join(stored_variable(run, _hash_name(given[0], key)) or "" for key in keys)
    return ""


@writes("HASH")
def set_hash(run: Run, arguments: str, value: str) -> None:
    """Set the value for a key, or for all the columns that a database query has given."""
    if "," in arguments:
        given = split_arguments(arguments, 2)
        name = _hash_name(given[0], given[1] if len(given) > 1 else "")
        unset_variable(run, name.lstrip("_"))  # so that the last one that was set comes first
        set_variable(run, name, value)
        return
    columns = stored_variable(run, "~ODBCFIELDS~")
    if columns is None:
        return
    values = split_arguments(value, 100)
    for at, column in enumerate(split_arguments(columns, 100)):
        set_variable(run, _hash_name(arguments, column), values[at] if at < len(values) else "")


@reads("QUOTE")
def quoted(run: Run, arguments: str) -> str:
    """Return the text in quotes, with a backslash before quotes and backslashes."""
    if not arguments:
        run.warn("No argument specified!")
    return '"' + arguments.replace("\\", "\\\\").replace('"', '\\"') + '"'


@reads("CSV_QUOTE")
def csv_quoted(run: Run, arguments: str) -> str:
    """Return the text in quotes, with quotes doubled."""
    return '"' + arguments.replace('"', '""') + '"'


@reads("EVAL")
def evaluated(run: Run, arguments: str) -> str | None:
    """Return the text with its variables put in once more."""
    if not arguments:
        run.warn("EVAL requires an argument: EVAL(<string>)")
        return None
    return template(arguments)(run)


_KEYPAD = {
    letter: digit
    for digit, letters in {
        "0": "0", "1": "1", "2": "ABC2", "3": "DEF3", "4": "GHI4", "5": "JKL5", "6": "MNO6", "7": "PQRS7", "8": "TUV8",
        "9": "WXYZ9",
    }.items()
    for letter in letters + letters.lower()
}  # fmt: skip


@reads("KEYPADHASH")
def keypad(run: Run, arguments: str) -> str:
    """Return the digits of the keys with these letters on them."""
    return "".join(_KEYPAD.get(letter, "") for letter in settled(run, arguments))


@reads("TOUPPER")
def upper(run: Run, arguments: str) -> str:
    """Return the text with capital letters (of ASCII)."""
    return _upper(_settled_letters(run, arguments))


@reads("TOLOWER")
def lower(run: Run, arguments: str) -> str:
    """Return the text with small letters (of ASCII)."""
    return _lower(_settled_letters(run, arguments))


def _settled_letters(run: Run, text: str) -> str:
    return settled(run, text)


def _shift_or_pop(run: Run, arguments: str, name: str, *, first: bool) -> str | None:
    given = split_arguments(arguments, 2)
    if not given or not given[0]:
        run.warn(f"{name} requires a variable name")
        return None
    value = variable(run, given[0])
    delimiter = ","
    if len(given) > 1 and given[1]:
        delimiter = _character(given[1])
    if not value:
        return None
    if not delimiter:
        # strchr finds the end of the text
        rest = ""
        set_variable(run, given[0], rest if first else from_octets(value))
        return from_octets(value) if first else ""
    fields = split(run, value, delimiter)
    if len(fields) == 1:
        set_variable(run, given[0], "")
        return from_octets(value)
    taken, kept = (fields[0], fields[1:]) if first else (fields[-1], fields[:-1])
    set_variable(run, given[0], from_octets(delimiter.join(kept)))
    return from_octets(taken)


@reads("SHIFT")
def shift(run: Run, arguments: str) -> str | None:
    """Take the first entry off a list, and return it."""
    return _shift_or_pop(run, arguments, "SHIFT", first=True)


@reads("POP")
def pop(run: Run, arguments: str) -> str | None:
    """Take the last entry off a list, and return it."""
    return _shift_or_pop(run, arguments, "POP", first=False)


def _put(run: Run, arguments: str, value: str, name: str, *, first: bool) -> None:
    given = split_arguments(arguments, 2)
    if not given or not given[0]:
        run.warn(f"{name} requires a variable name")
        return
    delimiter = ","
    if len(given) > 1 and given[1]:
        delimiter = from_octets(_character(given[1]))
    bare = given[0][2:] if given[0].startswith("__") else given[0].removeprefix("_")
    before = from_octets(variable(run, bare))
    if before:
        value = f"{value}{delimiter}{before}" if first else f"{before}{delimiter}{value}"
    set_variable(run, given[0], value)


@writes("PUSH")
def push(run: Run, arguments: str, value: str) -> None:
    """Put an entry at the end of a list."""
    _put(run, arguments, value, "PUSH", first=False)


@writes("UNSHIFT")
def unshift(run: Run, arguments: str, value: str) -> None:
    """Put an entry at the beginning of a list."""
    _put(run, arguments, value, "UNSHIFT", first=True)


@reads("PASSTHRU")
def pass_through(run: Run, arguments: str) -> str:
    """Return the text."""
    return arguments


_BLANKS = " \t\n\r\v\f"


def _trimmed(name: str, trim: Callable[[str], str]) -> None:
    def read(run: Run, arguments: str) -> str:
        return trim(arguments)

    reads(name)(read)


# app.c's ast_skip_blanks and ast_trim_blanks: every character up to the space is a blank
_UP_TO_SPACE = "".join(map(chr, range(1, 33)))
_trimmed("TRIM", lambda text: text.strip(_UP_TO_SPACE))
_trimmed("LTRIM", lambda text: text.lstrip(_UP_TO_SPACE))
_trimmed("RTRIM", lambda text: text.rstrip(_UP_TO_SPACE))


# -- funcs/func_cut.c


def _range(written: str) -> tuple[int, int] | None:
    """Return the first and last field of ``2``, ``2-4``, ``2-`` or ``-4``; None for anything else."""
    found = leading_integer(written)
    if found is not None:
        start, at = found
        if written[at : at + 1] == "-":
            last = leading_integer(written[at + 1 :])
            if last is not None:
                return start, last[0]
        if start >= 0 or written.lstrip(_BLANKS)[:1] != "-":
            return (start, INT_MAX) if written[at : at + 1] == "-" else (start, start)
    if written[:1] == "-" and (last := leading_integer(written[1:])) is not None:
        return 1, last[0]
    if found is None:
        return None
    start, at = found
    return (start, INT_MAX) if written[at : at + 1] == "-" else (start, start)


@reads("CUT")
def cut(run: Run, arguments: str) -> str | None:
    """Return some fields of a variable."""
    given = split_arguments(arguments, 3)
    if len(given) < 3:
        run.warn("Syntax: CUT(<varname>,<char-delim>,<range-spec>) - missing argument!")
        return None
    value = variable(run, given[0])
    found = encoded_character(to_octets(given[1]))
    delimiter = found[0].replace("\0", "") if found else "-"
    if not value:
        return ""
    fields = split(run, value, delimiter) if delimiter else [value]
    made: list[str] = []
    at = 0
    for written in given[2].split("&"):
        if at >= len(fields):
            break
        wanted = _range(settled(run, written))
        if wanted is None:
            run.warn("Usage: CUT(<varname>,<char-delim>,<range-spec>)")
            return None
        start, stop = wanted
        if at + 1 > start:
            run.warn("We're already past the field you wanted?")
        at = max(at, start - 1)
        if stop > at:
            made.extend(fields[at:stop])
            at = max(at, min(stop, len(fields)))
    return from_octets(delimiter.join(made))


@reads("SORT")
def sort(run: Run, arguments: str) -> str:
    """Return the keys of ``key:value`` pairs, by their values."""
    pairs: list[tuple[str, float]] = []
    for pair in settled(run, arguments).split(","):
        key, colon, value = pair.partition(":")
        if colon:
            pairs.append((key, _float(value)))
    return ",".join(key for key, _ in sorted(pairs, key=lambda pair: pair[1]))


def _float(text: str) -> float:
    """Return the number that the text begins with, as a C float; 0 without one."""
    number = leading_double(text) or 0.0
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
