"""Functions that decide: funcs/func_logic.c, func_module.c and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import split_arguments, strip, strip_quoted
from kelid.simulate.jumps import condition
from kelid.simulate.registry import reads
from kelid.simulate.substitute import set_variable, template
from kelid.simulate.timing import timing
from kelid.simulate.undecided import equal
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run


@reads("IF")
def if_(run: Run, arguments: str) -> str | None:
    """Return what stands after the question mark, or what stands after the colon."""
    given = split_arguments(arguments, 2, "?")
    either = split_arguments(given[1], 2, ":") if len(given) > 1 else []
    if not given or not given[0] or not either:
        run.warn(
            "Syntax IF(<expr>?[<true>][:<false>])  (expr must be non-null, and either <true> or <false> must be non-null)"
        )
        return None
    tested, yes, no = strip(given[0]), strip(either[0]), strip(either[1]) if len(either) > 1 else ""
    if run.symbols is not None and (made := run.symbols.either(tested, yes, no)) is not None:
        return made
    return yes if condition(run, tested) else no


@reads("IFTIME")
def if_time(run: Run, arguments: str) -> str | None:
    """Return one text within a time, another one outside of it."""
    expression, question, rest = strip_quoted(arguments).partition("?")
    if not expression or not question:
        run.warn("Syntax IFTIME(<timespec>?[<true>][:<false>])")
        return None
    yes, _, no = rest.partition(":")
    spec = timing(expression)
    if spec is None:
        run.warn("Invalid Time Spec.")
        return None
    return strip_quoted(yes if run.is_time(spec) else no)


@reads("ISNULL")
def is_null(run: Run, arguments: str) -> str:
    """Return 1 for an empty text."""
    return "1" if equal(run, arguments, "") else "0"


@reads("EXISTS")
def exists(run: Run, arguments: str) -> str:
    """Return 1 for a text that isn't empty."""
    return "0" if equal(run, arguments, "") else "1"


@reads("SET")
def set_(run: Run, arguments: str) -> str | None:
    """Set a variable, and return its value."""
    name, sign, value = arguments.partition("=")
    if not name or not sign:
        run.warn("Syntax SET(<varname>=[<value>])")
        return None
    value = strip(value)
    set_variable(run, strip(name), value)
    return value


@reads("IMPORT")
def imported(run: Run, arguments: str) -> str:
    """Return a variable of another channel of this call."""
    given = split_arguments(arguments, 2)
    if len(given) < 2 or not given[1]:
        return ""
    return from_channel(run, given[0], given[1])


def from_channel(run: Run, name: str, variable: str) -> str:
    """Return ``${variable}`` of the channel of that name, "" where none is called so.

    Raise UnknownHere for a name that isn't one of this call's: whether there is such a channel is nothing that we know.
    """
    for level in run.levels:
        if equal(run, level.channel.name, name):
            mine = run.channel
            run.channel = level.channel
            try:
                return template(f"${{{variable}}}")(run)
            finally:
                run.channel = mine
    if not name:
        return ""
    raise UnknownHere(f"variable {variable} of channel {name}")


@reads("IFMODULE")
def if_module(run: Run, arguments: str) -> str:
    """Return 1 if the module is loaded; the configuration says which are not (``noload`` in modules.conf)."""
    name = arguments if arguments.endswith(".so") else f"{arguments}.so"
    unloaded: set[str] = set()
    autoload = True
    loaded: set[str] = set()
    for section in run.pbx.sections("modules.conf"):
        for option in section.options:
            value = option.value if option.value.endswith(".so") else f"{option.value}.so"
            if option.key == "noload":
                unloaded.add(value)
            elif option.key in ("load", "require", "preload"):
                loaded.add(value)
            elif option.key == "autoload":
                autoload = option.value.lower() in ("yes", "true", "1", "on", "y", "t")
    if name in unloaded or not (autoload or name in loaded):
        return "0"
    if name in loaded:
        return "1"
    raise UnknownHere(f"whether the module {name} is there")
