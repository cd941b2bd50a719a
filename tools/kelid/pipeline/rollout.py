"""A change of many machines: which they are, what each would get, and what became of it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kelid.findings import Exit, KelidError
from kelid.model.record import Record
from kelid.model.rollout import Outcome
from kelid.pipeline import check, find_password, fleet, machines, need_password, site_folder, site_names
from kelid.pipeline.cache import Cache

if TYPE_CHECKING:
    from kelid.deliver.server import Applied
    from kelid.model.plan import Plan
    from kelid.model.release import HostEntry


class Prepared(Record):
    """What is to be done: plans by host in the order of their turns, and what is with those that need nothing or can't."""

    plans: Mapping[str, Plan]
    outcomes: Sequence[Outcome]


def targets(
    sites: Path,
    *,
    names: Sequence[str] = (),
    tags: Sequence[str] = (),
    role: str = "primary",
    first: str = "",
) -> list[HostEntry]:
    """Return the machines of the sites that are named, or that have one of the tags; of all of them where neither is given.

    ``first`` is the site that comes first, the canary. Raise KelidError where a site isn't there or can't be read, none has
    the tag, or none has a machine of that role.
    """
    wanted = list(dict.fromkeys(names)) or site_names(sites)
    for name in names:
        site_folder(sites, name)
    known = machines.inventory(sites)
    entries = {entry.site: entry for entry in known if entry.role == role}
    readable = {entry.site for entry in known}
    broken = [name for name in wanted if name not in readable]
    if broken:
        raise KelidError(
            f"site.yml of {', '.join(broken)} is not valid; kelid check says why", exit=Exit.INVALID
        )
    found = [
        entries[name]
        for name in wanted
        if name in entries and (not tags or set(tags) & set(entries[name].tags))
    ]
    if names and len(found) < len(wanted):
        missing = [name for name in wanted if name not in {entry.site for entry in found}]
        raise KelidError(f"{', '.join(missing)}: no {role}, or not of that tag", exit=Exit.USAGE)
    if not found:
        raise KelidError(
            f"no site has the tag {' or '.join(tags)}" if tags else f"no site has a {role}", exit=Exit.USAGE
        )
    if first and first not in {entry.site for entry in found}:
        raise KelidError(f"the canary {first} is not among the sites", exit=Exit.USAGE)
    return sorted(found, key=lambda entry: entry.site != first) if first else found


def likenesses(sites: Path, entries: Sequence[HostEntry], *, jobs: int = 0) -> dict[str, str]:
    """Return by host the two digests of what its site is now. Raise KelidError with all findings if a site isn't valid."""
    names = [entry.site for entry in entries]
    found = list(fleet.run(fleet.Task(sites=sites, cache=Cache()), names, jobs=jobs, of=fleet.digest))
    bad = [outcome for outcome in found if outcome.problem]
    if bad:
        raise KelidError(
            f"nothing was sent: {'; '.join(outcome.problem for outcome in bad)}",
            exit=bad[0].exit,
            findings=[finding for outcome in bad for finding in outcome.findings],
        )
    return {
        entry.name: f"{outcome.digest}:{machines.sealed_digest(sites, entry.site)}"
        for entry, outcome in zip(entries, found, strict=True)
    }


def prepare(
    sites: Path,
    entries: Sequence[HostEntry],
    statuses: Mapping[str, Mapping[str, Any] | KelidError],
    password_file: Path | None = None,
    *,
    overrides: Container[str] = (),
) -> Prepared:
    """Given what the agents say of themselves, return a plan for each machine that would change; the others are outcomes.

    What is guarded and none of ``overrides`` names is refused.

    Raise KelidError if a site that changes isn't valid or its vault can't be opened.
    """
    plans: dict[str, Plan] = {}
    outcomes: list[Outcome] = []
    for entry in entries:
        host, status = entry.name, statuses[entry.name]
        if isinstance(status, KelidError):
            result = "unreachable" if status.exit is Exit.UNREACHABLE else "failed"
            outcomes.append(
                Outcome(host=host, site=entry.site, result=result, exit=status.exit, message=str(status))
            )
            continue
        if status.get("same"):
            outcomes.append(
                Outcome(host=host, site=entry.site, result="unchanged", release=str(status["release"]))
            )
            continue
        if status.get("went_back"):
            outcomes.append(
                Outcome(
                    host=host,
                    site=entry.site,
                    result="refused",
                    exit=Exit.ROLLED_BACK,
                    code="went_back",
                    message=f"{status['went_back']['story']}; kelid apply {entry.site} takes note of it and goes on",
                    release=str(status.get("release") or ""),
                )
            )
            continue
        from kelid.pipeline import release

        password = find_password(sites, entry.site, password_file) or need_password(sites, entry.site)
        checked = check(sites, entry.site, password=password)
        plan = release.plan_for(checked, sites, status, password, machine=entry.role)
        running = bool((status.get("asterisk") or {}).get("running"))
        common: dict[str, Any] = {"host": host, "site": entry.site, "release": plan.base}
        if plan.now.armed:
            message = (
                f"release {plan.base[:12]} was put in force and never confirmed; "
                "within minutes the server goes back by itself: then plan again"
            )
            outcomes.append(
                Outcome(result="refused", exit=Exit.REFUSED, code="busy", message=message, **common)
            )
        elif unnamed := [what for name, what in plan.touched.items() if name not in overrides]:
            named = " ".join(f"--override {name}" for name in plan.touched)
            message = f"{'; '.join(unnamed)}; if that is meant, say so: {named}"
            outcomes.append(
                Outcome(result="refused", exit=Exit.REFUSED, code="guarded", message=message, **common)
            )
        elif not plan.empty:
            plans[host] = plan
        elif running:
            outcomes.append(Outcome(result="unchanged", **common))
        else:
            message = "nothing to change, but Asterisk is NOT running there"
            outcomes.append(
                Outcome(result="failed", exit=Exit.FAILURE, code="not_running", message=message, **common)
            )
    return Prepared(plans=plans, outcomes=tuple(outcomes))


def outcome_of(sites: Path, host: str, site: str, wave: int, applied: Applied | None) -> Outcome:
    """Given what became of an apply (None: its turn didn't come), return it as an outcome."""
    if applied is None:
        return Outcome(host=host, site=site, result="not_started", wave=wave)
    from kelid.pipeline import release

    kinds = {Exit.ROLLED_BACK: "rolled_back", Exit.REFUSED: "refused", Exit.UNREACHABLE: "unreachable"}
    result = (
        ("applied" if applied.changed else "unchanged") if applied.ok else kinds.get(applied.exit, "failed")
    )
    return Outcome(
        host=host,
        site=site,
        result=result,
        exit=applied.exit,
        wave=wave,
        release=applied.release,
        previous=applied.previous,
        code=applied.code,
        message=applied.message,
        seconds=dict(applied.seconds),
        findings=tuple(release.findings_of_log(check(sites, site), applied.log)) if applied.log else (),
    )
