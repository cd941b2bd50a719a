"""What the verbs that change a server have in common, apply and rollback; no verb of its own."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kelid.commands import options, server
from kelid.deliver.server import Applied, Server
from kelid.findings import Exit, Finding, KelidError
from kelid.model.receipt import Account
from kelid.model.release import release_name
from kelid.model.windows import closes, opens
from kelid.pipeline import receipts
from kelid.report.findings import as_data

if TYPE_CHECKING:
    from kelid.model.plan import Plan

WHENS = ("idle", "now", "window", "never")
"""When a change that needs a restart of Asterisk may have it."""

BY_ITSELF = (
    "what is in force there and isn't confirmed goes back by itself within minutes: see `kelid status`"
)
"""What holds where nobody could ask the server to go back."""


def overrides_of(texts: Iterable[str]) -> dict[str, str]:
    """Return what may be touched, name -> reason, of ``NAME`` and ``NAME=REASON``."""
    return {name.strip(): reason for name, _, reason in (text.partition("=") for text in texts)}


def add_when(parser: argparse.ArgumentParser, *, lines: bool = True, drain: bool = False) -> None:
    """Add ``--yes``, ``--when``, ``--limit`` and, unless left out, ``--lines``; with ``drain`` that may be chosen too."""
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")
    if lines:
        parser.add_argument("--lines", action="store_true", help="show the rendered lines that change")
    group = parser.add_argument_group("where only a restart of Asterisk puts the change in force")
    group.add_argument(
        "--when",
        choices=(*WHENS, "drain") if drain else WHENS,
        default="idle",
        help="idle: wait until no call is up (default); now: at once, ending the calls; window: in a maintenance window"
        " of site.yml, turning new calls away until the others have ended; never: refuse"
        + ("; drain: as window, now" if drain else ""),
    )
    group.add_argument(
        "--limit",
        type=options.seconds,
        default=300.0,
        metavar="TIME",
        help="how long calls get to end with idle and window, then it is refused and nothing changed (default: 5m)",
    )


def restart_of(arguments: argparse.Namespace, plan: Plan) -> tuple[str, float]:
    """Return how the agent may restart Asterisk, and how many seconds calls get to end.

    Raise KelidError where the plan needs a restart and the site's windows, or the command line, forbid it now.
    """
    if arguments.when == "window" and plan.restart:
        zone, windows = receipts.maintenance(options.sites_of(arguments), plan.site)
        if not windows:
            raise KelidError(
                f"{plan.site} has no maintenance window; write `maintenance` into its site.yml, or choose another --when",
                exit=Exit.USAGE,
            )
        now = datetime.now(ZoneInfo(zone))
        end = closes(windows, now)
        if end is None:
            following = opens(windows, now)
            when = f"; the next opens {following:%Y-%m-%d %H:%M} ({zone})" if following else ""
            raise refused(
                arguments,
                plan,
                "outside_window",
                f"{plan.site}: this change needs a restart of Asterisk, and no maintenance window is open{when}",
            )
        return "drain", min(arguments.limit, (end - now).total_seconds())
    if arguments.when == "never" and plan.restart:
        why = "; ".join(item.why for item in plan.restart)
        raise refused(
            arguments,
            plan,
            "restart_needed",
            f"{plan.site}: this change needs a restart of Asterisk ({why}), and --when never rules that out",
        )
    return ("drain" if arguments.when == "window" else arguments.when), arguments.limit


def account_of(
    arguments: argparse.Namespace, plan: Plan, overrides: Mapping[str, str] | None = None
) -> Account:
    """Return on whose account the plan is done."""
    return receipts.account(
        options.sites_of(arguments),
        plan.site,
        plan.server,
        commit=plan.commit,
        dirty=plan.dirty,
        plan=plan.digest,
        when=arguments.when,
        overrides=overrides,
    )


def refused(arguments: argparse.Namespace, plan: Plan, code: str, message: str) -> KelidError:
    """Have the server write down what is refused here, and git; return the problem to raise."""
    account = account_of(arguments, plan).as_dict()
    with contextlib.suppress(KelidError), options.progress(arguments) as watch:
        words = (
            "--code",
            code,
            "--message",
            message.removeprefix(f"{plan.site}: "),
            "--release",
            plan.release,
        )
        answer = server.server_of(arguments, watch).ask("refused", *words, account=account)
        note(arguments, plan, str((answer.get("receipt") or {}).get("line") or ""))
    return KelidError(message, exit=Exit.REFUSED)


def note(arguments: argparse.Namespace, plan: Plan, line: str) -> None:
    """Put a receipt beside its commit in git; what hinders that is a warning, for the server has it."""
    warning = receipts.note(options.sites_of(arguments), plan.site, line)
    if warning:
        print(f"kelid: {warning}", file=sys.stderr)


def stop_if_it_went_back(arguments: argparse.Namespace, plan: Plan) -> None:
    """Raise KelidError if the server went back by itself since the last run, after it was told that somebody knows."""
    if not plan.now.went_back:
        return
    with options.progress(arguments) as watch:
        target = server.server_of(arguments, watch)
        told = target.ask("told", account=account_of(arguments, plan).as_dict())
    note(arguments, plan, str(told.get("undone") or ""))
    raise KelidError(
        f"{plan.site}: {plan.now.went_back}. Nothing was changed now: look into it, then run this again",
        exit=Exit.ROLLED_BACK,
    )


def stop_if_armed(plan: Plan) -> None:
    """Raise KelidError while a change before this one waits to be confirmed."""
    if plan.now.armed:
        raise KelidError(
            f"{plan.site}: release {release_name(plan.base)} was put in force and never confirmed (a control node that"
            " died?); within minutes the server goes back by itself: then plan again",
            exit=Exit.REFUSED,
        )


def do(
    arguments: argparse.Namespace, plan: Plan, account: Account, change: Callable[[Server], Applied]
) -> Applied:
    """Make the change, and write its receipt into git. Raise KeyboardInterrupt after the server was asked to go back."""
    try:
        with options.progress(arguments) as watch:
            applied = change(server.server_of(arguments, watch))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{plan.site}: {_call_off(arguments, plan, account)}") from None
    note(arguments, plan, applied.receipt)
    return applied


def _call_off(arguments: argparse.Namespace, plan: Plan, account: Account) -> str:
    """Ask the server to go back from a change that was interrupted here; return what became of it."""
    print(
        "kelid: interrupted; asking the server to go back (again Ctrl-C: leave that to it)", file=sys.stderr
    )
    why = f"called off on {account.machine} by Ctrl-C"
    try:
        with options.progress(arguments) as watch:
            told = server.server_of(arguments, watch).ask("undo", "--change", account.change, "--why", why)
    except KeyboardInterrupt:
        return BY_ITSELF
    except KelidError as problem:
        return f"the server could not be asked to go back ({problem}); {BY_ITSELF}"
    if told.get("ok"):
        note(arguments, plan, str((told.get("receipt") or {}).get("line") or ""))
        return f"the change is undone; release {release_name(plan.base) or '(none)'} is in force again"
    if told.get("code") != "not_armed":
        return f"{told.get('code')}: {told.get('message')}; {BY_ITSELF}"
    became = told.get("became") or {}
    if became.get("event") == "confirmed":
        return f"the change was verified and confirmed before; release {release_name(plan.release)} stays in force"
    return "nothing was changed on the server"


def report(
    arguments: argparse.Namespace, plan: Plan, applied: Applied, findings: Iterable[Finding] = ()
) -> Exit:
    """Say what became of a change, and return the exit status. Raise KelidError where it failed and JSON isn't wanted."""
    found = list(findings)
    if arguments.json:
        options.print_json(
            {
                "ok": applied.ok,
                "exit": applied.exit.value,
                "changed": applied.changed,
                "release": applied.release,
                "previous": applied.previous,
                "plan": plan.digest,
                "reloads": applied.reloads,
                "restarted": applied.restarted,
                "touched": dict(applied.touched),
                "calls": dict(applied.calls),
                "notes": list(applied.notes),
                "code": applied.code,
                "message": applied.message,
                "undone": applied.undone,
                "findings": as_data(found),
                "receipt": applied.receipt,
            }
        )
    if not applied.ok:
        problem = KelidError(
            f"{plan.site}: {applied.code}: {applied.message}{_state(applied)}",
            exit=applied.exit,
            findings=found,
        )
        if not arguments.json:
            raise problem
        print(f"kelid: {problem}", file=sys.stderr)  # the one answer on standard output is printed
        return applied.exit
    if not arguments.json:
        for name, what in applied.calls.items():
            print(f"call {name}: {what}")
        for note in applied.notes:
            print(f"note: {note}")
        print(f"{plan.site} runs release {release_name(applied.release)}; verified")
    return Exit.OK


def _state(applied: Applied) -> str:
    """Return what state a failed change left the server in, where its message doesn't say so itself."""
    if applied.exit is Exit.FAILURE:
        state = (
            "look at the server with `kelid status`; its way back is armed and undoes the change by itself"
        )
    else:
        state = "the old release is back" if applied.undone else "the live system was not touched"
    said = state in applied.message or "nothing was changed" in applied.message
    return "" if said else f"; {state}"
