"""One site's server, as the control node sees it: each method is one playbook, its results plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kelid.deliver.runner import Outcome, Stopped, demand, run_playbook
from kelid.findings import Exit, KelidError
from kelid.model.progress import Progress, State, Watcher
from kelid.model.record import EMPTY
from kelid.model.release import host_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of an apply.

    ``code`` is "" where it went well, else the agent's word (``staging_failed``, ``stale_base``...) or ``verify_failed``;
    ``log`` holds what the private Asterisk on the server said, ``undone`` whether the old release is back; ``receipt`` is
    the line of the server's journal that says what became of it, "" where none could be written. ``calls`` are those that
    were placed on the live server, with what came of each ("ok" or where it went otherwise); ``notes`` what was seen beside.
    """

    changed: bool = False
    release: str = ""
    previous: str = ""
    reloads: tuple[str, ...] = ()
    restarted: bool = False
    code: str = ""
    message: str = ""
    undone: bool = False
    log: tuple[Mapping[str, Any], ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    receipt: str = ""
    touched: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Return True if the server runs the release and was verified."""
        return not self.code

    @property
    def exit(self) -> Exit:
        """Return the exit status of an apply that ended so."""
        if self.ok:
            return Exit.OK
        if self.undone or self.code == "went_back":
            return Exit.ROLLED_BACK
        if self.code == "unreachable":
            return Exit.UNREACHABLE
        return Exit.REFUSED if self.code in REFUSALS else Exit.FAILURE


REFUSALS = frozenset(
    {
        "busy",
        "stale_base",
        "stale_plan",
        "bad_archive",
        "wrong_asterisk",
        "staging_failed",
        "disk_full",
        "calls_active",
        "not_installed",
        "restart_needed",
        "no_timer",
        "not_sent",
        "guarded",
        "cancelled",
        "no_release",
        "damaged",
        "bad_account",
        "no_packages",
        "would_remove",
        "no_way_back",
        "overloaded",
        "no_firewall",
        "bad_rules",
        "bad_access",
        "shut_out",
        "called_off",
    }
)
"""Codes (the agent's, and not_sent, stale_plan and called_off) that mean: nothing on the server was changed."""


STOPPED = {
    "install": "run it again: what is done already stays",
    "upgrade": "new packages that aren't confirmed go back by themselves within minutes: see `kelid status`",
    "harden": "what of ssh, sudo and the firewall isn't confirmed goes back by itself within minutes: see `kelid status`",
    "apply": "a release that was in force and isn't confirmed goes back by itself within minutes: see `kelid status`",
    "backup": "a backup that had begun on the server may still go on to its end",
    "restore": "the server may be half-way and its Asterisk stopped: run the same restore again",
}
"""What a playbook that was stopped in the middle leaves behind."""


BACKUP_CODES = {
    **dict.fromkeys(("unreachable", "access_denied", "host_key_changed"), Exit.UNREACHABLE),
    **dict.fromkeys(
        ("newer_data", "asterisk_running", "wrong_asterisk", "half_restored", "locked", "busy"), Exit.REFUSED
    ),
}
"""Codes of the backup program that mean more than a failure."""


def applied(outcome: Outcome, host: str, action: str = "kelid_begin") -> Applied:
    """Given the run of a playbook, return what became of the change that ``action`` began on that host."""
    begin = outcome.result(action, host) or {}
    verified = outcome.result("kelid_verify", host) or {}
    confirmed = outcome.result("kelid_confirm", host) or {}
    undone = outcome.result("kelid_undo", host) or {}
    told: Mapping[str, Any] = next(
        (each["receipt"] for each in (undone, confirmed, begin) if each.get("receipt")), {}
    )
    common: dict[str, Any] = {
        "release": str(begin.get("release") or ""),
        "previous": str(begin.get("previous") or ""),
        "reloads": tuple(begin.get("reloads") or ()),
        "restarted": bool(begin.get("restarted")),
        "seconds": dict(begin.get("seconds") or {}),
        "receipt": str(told.get("line") or ""),
        "touched": dict(begin.get("touched") or {}),
        "calls": dict(verified.get("calls") or {}),
        "notes": tuple(verified.get("notes") or ()),
    }
    if begin.get("ok") and host not in outcome.failures and host not in outcome.unreachable:
        return Applied(changed=bool(begin.get("changed")), **common)
    reasons = "; ".join(outcome.failures.get(host, [])) or "; ".join(outcome.output[-5:])
    if not begin and host in outcome.unreachable:
        return Applied(code="unreachable", message=outcome.unreachable[host], **common)
    if not begin:
        return Applied(code="not_sent", message=reasons, **common)
    if begin.get("ok") is False:
        return Applied(
            code=str(begin.get("code") or "failed"),
            message=str(begin.get("message") or reasons),
            undone=bool(begin.get("undone")),
            log=tuple(begin.get("log") or ()),
            **common,
        )
    if verified.get("ok") is False:
        message = "; ".join(verified.get("differences") or ()) or reasons
        return Applied(code="verify_failed", message=message, undone=bool(undone.get("ok")), **common)
    if lost := outcome.unreachable.get(host):
        message = f"the connection was lost before the release was confirmed, so the server goes back by itself: {lost}"
        return Applied(code="connection_lost", message=message, **common)
    return Applied(code="failed", message=reasons, undone=bool(undone.get("ok")), **common)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How to reach a machine of one site. ``environment`` goes to the plugins (sites directory, replacement address)."""

    site: str
    role: str = "primary"
    root: Path
    environment: Mapping[str, str]
    watch: Watcher = lambda _: None
    verbosity: int = 0

    @property
    def host(self) -> str:
        """Return what the inventory calls the machine."""
        return host_name(self.site, self.role)

    def _run(self, playbook: str, **variables: Any) -> Outcome:
        return self._play(playbook, variables)

    def _play(
        self,
        playbook: str,
        variables: Mapping[str, Any],
        *,
        check: bool = False,
        watch: Watcher | None = None,
    ) -> Outcome:
        try:
            outcome = run_playbook(
                playbook,
                root=self.root,
                hosts=self.host,
                variables=variables,
                environment=self.environment,
                watch=watch or self.watch,
                check=check,
                verbosity=self.verbosity,
            )
        except Stopped as stop:
            message = f"{self.host}: {stop}; {STOPPED.get(playbook, '')}".rstrip("; ")
            raise Stopped(message, stop.outcome) from stop
        begun = outcome.result("kelid_begin", self.host) or outcome.result("kelid_rollback", self.host)
        if self.host in outcome.unreachable and not begun:
            demand(outcome, self.host, f"run the playbook {playbook}")
        return outcome

    def install(self) -> bool:
        """Make a bare machine a PBX; return whether that changed anything. Raise KelidError if it is refused."""
        outcome = self._run("install")
        self._adopted(outcome)
        demand(outcome, self.host, "install")
        return outcome.changed

    def status(self, like: str = "") -> dict[str, Any]:
        """Return what the agent says of its releases and its Asterisk. Raise KelidError if it can't be asked.

        ``like`` are two digests of what it should have (kelid_status' ``like``): if it has just that, it says no more than
        ``same``.
        """
        outcome = self._run("status", **({"kelid_likes": {self.host: like}} if like else {}))
        demand(outcome, self.host, "ask for its status")
        return self._result(outcome, "kelid_status")

    def apply(self, plan: Mapping[str, Any] = EMPTY, *, restart: str = "idle", limit: float = 0) -> Applied:
        """Bring the site's release to the server, verify it and confirm; on any failure the old one is back.

        ``plan`` has ``base``, ``state`` and ``release`` as the plan saw and promised them, refused if the server or the site
        has others by now, and the ``account`` for the receipt. ``restart`` and ``limit`` (seconds) are kelid_begin's.
        """
        return self._changed("apply", "kelid_begin", plan, restart=restart, limit=limit)

    def hardening(self) -> tuple[str, ...]:
        """Return the steps by which hardening would change the server. Raise KelidError where it is refused."""
        changed, outcome = self._watched("harden", check=True)
        told = outcome.result("kelid_harden", self.host) or {}
        if told.get("ok") is False:
            refused = Exit.REFUSED if told.get("code") in REFUSALS else Exit.FAILURE
            raise KelidError(f"{self.host}: {told.get('code')}: {told.get('message')}", exit=refused)
        demand(outcome, self.host, "harden")
        return changed

    def harden(self, account: Mapping[str, Any]) -> tuple[tuple[str, ...], Applied]:
        """Harden the server; return the steps that changed it, and what became of its firewall.

        That is kept or undone as a release is.
        """
        changed, outcome = self._watched("harden", kelid_plans={self.host: {"account": dict(account)}})
        return changed, applied(outcome, self.host, "kelid_harden")

    def _watched(
        self, playbook: str, *, check: bool = False, **variables: Any
    ) -> tuple[tuple[str, ...], Outcome]:
        """Run a playbook; return the steps that changed something (with ``check``: would), and the outcome."""
        found: list[str] = []

        def watch(progress: Progress) -> None:
            if progress.state is State.CHANGED:
                found.append(progress.step)
            self.watch(progress)

        outcome = self._play(playbook, variables, check=check, watch=watch)
        return tuple(found), outcome

    def rollback(self, plan: Mapping[str, Any], *, restart: str = "idle", limit: float = 0) -> Applied:
        """Put a release that is on the server in force again, as ``apply`` does with a new one."""
        return self._changed("rollback", "kelid_rollback", plan, restart=restart, limit=limit)

    def _changed(
        self, playbook: str, action: str, plan: Mapping[str, Any], *, restart: str, limit: float
    ) -> Applied:
        values = {**plan, "base": plan["base"] or "none"} if "base" in plan else dict(plan)
        plans = {self.host: values}
        outcome = self._run(playbook, kelid_restart=restart, kelid_limit=limit, kelid_plans=plans)
        return applied(outcome, self.host, action)

    def ask(self, verb: str, *words: str, account: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return what the agent says to a verb that changes nothing in force (``releases``, ``receipts``, ``told``...).

        Its answer may be a refusal (``ok`` is false). Raise KelidError if it can't be asked.
        """
        plans = {self.host: {"account": dict(account)}} if account else {}
        outcome = self._run("ask", kelid_verb=verb, kelid_words=list(words), kelid_plans=plans)
        told = outcome.result("kelid_agent", self.host)
        if told is None:
            demand(outcome, self.host, f"ask for its {verb}")
            return self._result(outcome, "kelid_agent")
        return told

    def verify(self, *, calls: bool = False) -> dict[str, Any]:
        """Return how the running Asterisk compares with its release: ``ok`` and ``differences``.

        With ``calls`` the release's own calls are placed: name -> "ok", or where it went otherwise.
        """
        outcome = self._run("verify", kelid_calls=calls)
        result = outcome.result("kelid_verify", self.host)
        if result is None:
            demand(outcome, self.host, "verify")
            raise KelidError(f"{self.host}: the verification gave no answer", exit=Exit.UNKNOWN)
        return result

    def readout(self) -> dict[str, Any]:
        """Return what the server has, where it isn't what its release says. Raise KelidError if it can't be asked."""
        outcome = self._run("drift")
        return _read_out(outcome, self.host)

    def backup(self) -> dict[str, Any]:
        """Take a backup now, have it verified, and return its summary. Raise KelidError with the reason if it fails."""
        outcome = self._run("backup", pbx_backup_now=True)
        return self._answer(outcome, "kelid_backup", "take a backup")

    def snapshots(self) -> dict[str, Any]:
        """Return the snapshots in the site's backup store, as the server sees them."""
        outcome = self._run("snapshots")
        return self._answer(outcome, "kelid_backup", "list the backups")

    def restore(self, *, snapshot: str = "latest", force: bool = False) -> dict[str, Any]:
        """Make the machine a PBX and put a snapshot in place. Raise KelidError with the reason if it is refused or fails."""
        outcome = self._run("restore", pbx_restore_snapshot=snapshot, pbx_restore_force=force)
        self._adopted(outcome)
        asked = outcome.result("kelid_backup", self.host) or {}
        return self._answer(
            outcome, "kelid_backup" if asked.get("ok") is False else "kelid_restore", "restore"
        )

    def _adopted(self, outcome: Outcome) -> None:
        """Raise KelidError where the agent refused to take over an Asterisk that was there (calls are up)."""
        told = outcome.result("kelid_agent", self.host) or {}
        if told.get("code") in REFUSALS:
            message = f"{self.host}: not installed yet: {told['code']}: {told['message']}"
            raise KelidError(f"{message}; the running Asterisk was not touched", exit=Exit.REFUSED)

    def _answer(self, outcome: Outcome, action: str, doing: str) -> dict[str, Any]:
        """Return the backup program's answer; raise KelidError with its reason and the exit status of its code."""
        told = outcome.result(action, self.host) or {}
        if told.get("ok") is False:
            code = str(told.get("code"))
            reason = "\n  ".join((str(told.get("message") or code), *map(str, told.get("log") or ())))
            raise KelidError(
                f"{self.host}: could not {doing}: {code}: {reason}", exit=BACKUP_CODES.get(code, Exit.FAILURE)
            )
        demand(outcome, self.host, doing)
        return self._result(outcome, action)

    def _result(self, outcome: Outcome, action: str) -> dict[str, Any]:
        result = outcome.result(action, self.host)
        if result is None:
            raise KelidError(
                f"{self.host}: {action} gave no answer; see -vv for Ansible's own words", exit=Exit.UNKNOWN
            )
        return result


def readouts(
    hosts: Sequence[str],
    *,
    root: Path,
    environment: Mapping[str, str],
    watch: Watcher = lambda _: None,
    verbosity: int = 0,
    forks: int = 20,
) -> dict[str, dict[str, Any] | KelidError]:
    """Ask many machines at once what they have; return for each its answer, or why there is none."""
    outcome = run_playbook(
        "drift",
        root=root,
        hosts=":".join(hosts),
        environment=environment,
        watch=watch,
        verbosity=verbosity,
        forks=forks,
    )
    found: dict[str, dict[str, Any] | KelidError] = {}
    for host in hosts:
        try:
            found[host] = _read_out(outcome, host)
        except KelidError as problem:
            found[host] = problem
    return found


def _read_out(outcome: Outcome, host: str) -> dict[str, Any]:
    """Return what a machine told of its configuration. Raise KelidError with the reason and the exit status that fits."""
    if host in outcome.unreachable:
        raise KelidError(
            f"{host}: could not reach the server: {outcome.unreachable[host]}", exit=Exit.UNREACHABLE
        )
    told = outcome.result("kelid_agent", host)
    if told is None or not told.get("ok"):
        reasons = "; ".join(
            outcome.failures.get(host) or [line for line in outcome.output if line.strip()][-3:]
        )
        message = str((told or {}).get("message") or reasons or "no answer")
        raise KelidError(f"{host}: could not read what the server has: {message}", exit=Exit.FAILURE)
    return told
