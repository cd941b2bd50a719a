"""Many machines, as the control node sees them: each method is one playbook, its results plain values by host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelid.deliver.runner import Outcome, demand, run_playbook
from kelid.deliver.server import REFUSALS, STOPPED, Applied, applied
from kelid.findings import Exit, KelidError
from kelid.model.progress import Watcher

FORKS = 10
"""How many machines Ansible works on at the same time, where nobody says otherwise."""


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
        ``Server.apply`` takes.
        """
        hosts = list(plans)
        values = {
            host: {**plan, "base": plan["base"] or "none"} if "base" in plan else dict(plan)
            for host, plan in plans.items()
        }
        outcome = self._run(
            "apply",
            hosts,
            kelid_plans=values,
            kelid_waves=list(waves),
            kelid_restart=restart,
            kelid_limit=limit,
        )
        return {host: applied(outcome, host) if outcome.met(host) else None for host in hosts}

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
        outcome = self._run(
            "upgrade",
            list(accounts),
            kelid_plans={host: {"account": dict(account)} for host, account in accounts.items()},
            kelid_waves=list(waves),
            kelid_restart=restart,
            kelid_limit=limit,
        )
        return {
            host: applied(outcome, host, "kelid_upgrade") if outcome.met(host) else None for host in accounts
        }

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
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(f"{stop}; {STOPPED.get(playbook, '')}".rstrip("; ")) from stop
