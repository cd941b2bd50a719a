"""Variables, astdb, and what is written into logs and call records: nothing that a caller hears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.simulate.arguments import split_arguments
from kelid.simulate.state import GO_ON
from kelid.simulate.substitute import set_variable

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def set_(run: Run, data: str) -> int | str:
    """Set one variable or function: ``name=value``. As pbx_builtin_setvar in main/pbx_variables.c."""
    name, sign, value = data.partition("=")
    if not data:
        run.warn("Set requires one variable name/value pair.")
    elif not sign:
        run.warn("Set requires an '=' to be a valid assignment.")
    else:
        set_variable(run, name, value)
    return GO_ON


def mset(run: Run, data: str) -> int | str:
    """Set several variables: ``name=value,name=value``. As pbx_builtin_setvar_multiple."""
    if not data:
        run.warn("MSet requires at least one variable name/value pair.")
    for pair in split_arguments(data, 24):
        name, sign, value = pair.partition("=")
        if sign:
            set_variable(run, name.strip(), value)
        else:
            run.warn(f"MSet: ignoring entry '{pair}' with no '='")
    return GO_ON


def import_var(run: Run, data: str) -> int | str:
    """Set a variable from another channel: ``name=channel,variable``; other channels are none of the oracle's."""
    name, _, rest = data.partition("=")
    _, comma, variable = rest.partition(",")
    if comma and variable and name:
        run.set(name, "")
    return GO_ON


def clear_hash(run: Run, data: str) -> int | str:
    """Forget the values of a HASH."""
    prefix = f"~HASH~{data}~"
    for name in [name for name in run.channel.variables if name.startswith(prefix)]:
        run.set(name, None)
    return GO_ON


def db_deltree(run: Run, data: str) -> int | str:
    """Take a family out of astdb, or what is below a key: ``family[/key]``. As apps/app_db.c."""
    if not data:
        run.warn("DBdeltree requires an argument (family/key)")
        return GO_ON
    run.database_delete_tree(data)
    return GO_ON


def log(run: Run, data: str) -> int | str:
    """Write a line into Asterisk's log."""
    level, _, text = data.partition(",")
    if text:
        run.note("log", level.strip().lower(), ("text", text))
    return GO_ON


def user_event(run: Run, data: str) -> int | str:
    """Tell programs at AMI something."""
    name, _, rest = data.partition(",")
    run.note("log", "event", ("name", name), ("text", rest))
    return GO_ON


def nothing(run: Run, data: str) -> int | str:
    """Do nothing that a call shows."""
    return GO_ON


APPLICATIONS = {
    "CELGenUserEvent": nothing,
    "ClearHash": clear_hash,
    "DBdeltree": db_deltree,
    "DumpChan": nothing,
    "ForkCDR": nothing,
    "ImportVar": import_var,
    "Log": log,
    "MSet": mset,
    "NoCDR": nothing,
    "ResetCDR": nothing,
    "Set": set_,
    "SetAMAFlags": nothing,
    "UserEvent": user_event,
    "Verbose": nothing,
}
