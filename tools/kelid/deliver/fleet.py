"""Many machines, as the control node sees them: each method is one playbook, its results plain values by host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kelid.deliver.runner import Outcome, demand, run_playbook
from kelid.deliver.server import STOPPED, Applied, applied
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
        try:
            demand(outcome, host, "ask for its status")
        except KelidError as problem:
            return problem
        return KelidError(f"{host}: it gave no answer", exit=Exit.UNKNOWN)

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

    def _run(self, playbook: str, hosts: Sequence[str], **variables: Any) -> Outcome:
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
            )
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(f"{stop}; {STOPPED.get(playbook, '')}".rstrip("; ")) from stop
