"""Many machines, as the control node sees them: each method is one playbook, its results plain values by host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelid.deliver.runner import Outcome, Stopped, demand, run_playbook
from kelid.deliver.server import REFUSALS, STOPPED, Applied, applied
from kelid.findings import Exit, KelidError
from kelid.model.progress import Watcher

FORKS = 10
"""How many machines Ansible works on at the same time, where nobody says otherwise."""


BY_ITSELF = "what is in force there and isn't confirmed goes back by itself within minutes"
"""What holds where nobody could ask a server to go back."""


class CalledOff(KeyboardInterrupt):
    """A change of many machines that a signal ended.

    ``found`` is what ``Fleet.apply`` would have returned by then; the hosts of ``half`` were in the midst of it.
    """

    def __init__(self, message: str, found: dict[str, Applied | None], half: Sequence[str]) -> None:
        """Keep what is known, and who is half-way."""
        super().__init__(message)
        self.found, self.half = found, tuple(half)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """How to reach machines of many sites, by their names in the inventory. ``environment`` goes to the plugins."""

    hosts: Sequence[str]
    root: Path
    environment: Mapping[str, str]
    watch: Watcher = lambda _: None
    verbosity: int = 0
    forks: int = FORKS

    def statuses(self, likes: Mapping[str, str]) -> dict[str, dict[str, Any] | KelidError]:
        """Return by host what its agent says of itself, or why it can't be asked.

        ``likes`` are two digests for each of what it should have (kelid_status' ``like``): one that has just that says no
        more than ``same``.
        """
        outcome = self._run("status", self.hosts, kelid_likes=dict(likes))
        return {host: self._status(outcome, host) for host in self.hosts}

    def _status(self, outcome: Outcome, host: str) -> dict[str, Any] | KelidError:
        told = outcome.result("kelid_status", host)
        if told is not None and told.get("ok"):
            return told
        return self._problem(outcome, host, told or {}, "ask for its status")

    def apply(
        self,
        plans: Mapping[str, Mapping[str, Any]],
        waves: Sequence[int],
        *,
        restart: str = "idle",
        limit: float = 0,
    ) -> dict[str, Applied | None]:
        """Bring their releases to the hosts of ``plans``, in its order, in waves of those sizes; return what became of each.

        A wave in which one host fails is the last; None stands for a host whose turn didn't come. What a plan holds is what
        ``Server.apply`` takes. Raise CalledOff where a signal ended it.
        """
        values = {
            host: {**plan, "base": plan["base"] or "none"} if "base" in plan else dict(plan)
            for host, plan in plans.items()
        }
        return self._change("apply", "kelid_begin", values, waves, restart=restart, limit=limit)

    def newer(self) -> dict[str, dict[str, Any] | KelidError]:
        """Return by host which of Asterisk's packages are newer (``packages``: name -> versions), or why nobody can say."""
        outcome = self._run("upgrade", self.hosts, check=True, kelid_waves=["100%"])
        found: dict[str, dict[str, Any] | KelidError] = {}
        for host in self.hosts:
            told = outcome.result("kelid_upgrade", host)
            if told is None or not told.get("ok"):
                found[host] = self._problem(outcome, host, told or {}, "ask for its packages")
            else:
                found[host] = told
        return found

    def upgrade(
        self,
        accounts: Mapping[str, Mapping[str, Any]],
        waves: Sequence[int],
        *,
        restart: str = "idle",
        limit: float = 0,
    ) -> dict[str, Applied | None]:
        """Bring the newest packages of Asterisk to the hosts of ``accounts``, as ``apply`` brings releases."""
        plans = {host: {"account": dict(account)} for host, account in accounts.items()}
        return self._change("upgrade", "kelid_upgrade", plans, waves, restart=restart, limit=limit)

    def _change(
        self,
        playbook: str,
        action: str,
        plans: Mapping[str, Mapping[str, Any]],
        waves: Sequence[int],
        *,
        restart: str,
        limit: float,
    ) -> dict[str, Applied | None]:
        def found(outcome: Outcome) -> dict[str, Applied | None]:
            return {host: applied(outcome, host, action) if outcome.met(host) else None for host in plans}

        try:
            outcome = self._run(
                playbook,
                list(plans),
                kelid_plans=dict(plans),
                kelid_waves=list(waves),
                kelid_restart=restart,
                kelid_limit=limit,
            )
        except Stopped as stop:
            known = found(stop.outcome)
            half = [host for host in plans if host in stop.outcome.begun and not _at_its_end(known[host])]
            raise CalledOff(str(stop), known, half) from stop
        return found(outcome)

    def call_off(
        self, hosts: Sequence[str], accounts: Mapping[str, Mapping[str, Any]], why: str
    ) -> dict[str, Applied]:
        """Have the hosts that a signal left half-way go back at once; return what became of each.

        ``accounts`` are those of their changes: a change that is another one is not touched. ``why`` is for the receipt. Who
        can't be asked, also because a signal ended this too, has the code ``left``.
        """
        plans = {host: {"account": dict(accounts[host])} for host in hosts}
        words = ["--why", why]
        try:
            outcome = self._run("ask", hosts, kelid_verb="undo", kelid_words=words, kelid_plans=plans)
        except Stopped as again:
            outcome = again.outcome
        return {host: _called_off(outcome, host, why) for host in hosts}

    def _problem(self, outcome: Outcome, host: str, told: Mapping[str, Any], doing: str) -> KelidError:
        """Return why a host could not be asked."""
        if told.get("code"):
            code = str(told["code"])
            refused = Exit.REFUSED if code in REFUSALS else Exit.FAILURE
            return KelidError(f"{host}: {code}: {told.get('message')}", exit=refused)
        try:
            demand(outcome, host, doing)
        except KelidError as problem:
            return problem
        return KelidError(f"{host}: it gave no answer", exit=Exit.UNKNOWN)

    def _run(self, playbook: str, hosts: Sequence[str], *, check: bool = False, **variables: Any) -> Outcome:
        try:
            return run_playbook(
                playbook,
                root=self.root,
                hosts=",".join(hosts),
                variables=variables,
                environment=self.environment,
                watch=self.watch,
                verbosity=self.verbosity,
                forks=self.forks,
                check=check,
            )
        except Stopped as stop:
            message = f"{stop}; {STOPPED.get(playbook, '')}".rstrip("; ")
            raise Stopped(message, stop.outcome) from stop


def _at_its_end(result: Applied | None) -> bool:
    """Return whether a host's change is surely through or undone, or never was: a signal may also cut what tells of it."""
    return result is not None and (
        result.ok or result.undone or (result.code in REFUSALS and result.code != "not_sent")
    )


def _called_off(outcome: Outcome, host: str, why: str) -> Applied:
    """Return what became of a change that its server was asked to undo."""
    told = outcome.result("kelid_agent", host) or {}
    became = told.get("became") or {}
    line = str((told.get("receipt") or {}).get("line") or "")
    if told.get("ok"):
        release = str(told.get("release") or "")
        message = f"{why}: {_back(json.loads(line or '{}'))}"
        return Applied(code="called_off", message=message, undone=True, release=release, receipt=line)
    if told.get("code") != "not_armed":
        reason = str(
            told.get("message") or outcome.unreachable.get(host) or "it could not be asked to go back"
        )
        return Applied(code="left", message=f"{reason}; {BY_ITSELF}")
    release = str(became.get("release") or told.get("current") or "")
    if became.get("event") == "confirmed":
        return Applied(changed=True, release=release)
    if became.get("event") == "undone":  # it heard of it while it was at work, and went back
        message = f"{why}: {_back(became)}"
        return Applied(
            code="called_off", message=message, undone=True, release=str(told.get("current") or "")
        )
    return Applied(code="called_off", message=f"{why}, before anything was changed there")


def _back(receipt: Mapping[str, Any]) -> str:
    """Return what is in force again after the way back that a receipt is of."""
    return (
        "the old packages are back"
        if receipt.get("verb") == "upgrade"
        else "the release before is in force again"
    )
