"""What a site's server gets: a release, a plan against what it has, its backup settings; and what its log says of YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from kelid import __version__, compare, rules
from kelid.compare.plans import ServerState, Side
from kelid.deliver import loglines
from kelid.deliver.release import make_release as pack_release
from kelid.findings import Exit, Finding, KelidError, has_errors
from kelid.model.bundle import Bundle
from kelid.model.guard import guard
from kelid.model.pbx import Media
from kelid.model.plan import Now, Plan
from kelid.model.release import ADOPTED, BackupSettings, Release
from kelid.model.reloads import ADOPTED_RESTART, NOTICED, RELOADS, RESTART, expectations
from kelid.pipeline import Checked, check, secrets_of
from kelid.pipeline.machines import sealed_digest
from kelid.readback import readback
from kelid.records import git
from kelid.render import escape
from kelid.sounds.convert import converted


def make_release(sites_dir: Path, site: str, *, vault_password: bytes | None = None) -> Release:
    """Given a site, return the release that its server is to get. Raise KelidError if site or vault is not in order."""
    return release_of(check(sites_dir, site), sites_dir, vault_password)


def release_of(checked: Checked, sites: Path, password: bytes | None = None) -> Release:
    """Given a checked site, return its release. Raise KelidError if the site or its vault is not in order."""
    commit = git.head(sites / checked.name)
    secrets = secrets_of(sites, checked, password)
    unfit = [
        item for item in rules.check(checked.site, today=date.min, secrets=secrets) if has_errors([item])
    ]
    if unfit:
        raise KelidError(f"the secrets of {checked.name} are not valid", exit=Exit.INVALID, findings=unfit)
    return pack_release(
        checked.bundle,
        secrets=secrets,
        escape=escape,
        expect=expected_of(checked),
        reloads=RELOADS,
        restart=tuple(RESTART),
        media=lambda item: converted(sites / checked.name / item.source, checked.site.media[item.source]),
        commit=commit.id,
        dirty=commit.dirty,
        tool=__version__,
        sealed=sealed_digest(sites, checked.name),
        guard=lambda digests: guard_of(checked, digests),
    )


def guard_of(checked: Checked, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Given a checked site and digests of its secrets, return what no later change may touch unasked."""
    return guard(
        checked.pbx,
        extensions=[extension.number for extension in checked.site.extensions],
        trunks={trunk.name: trunk.kind for trunk in checked.site.trunks},
        secrets=secrets,
    )


def expected_of(checked: Checked) -> dict[str, Any]:
    """Return what a server with this release must show, and under ``calls`` what the calls of an apply must do there."""
    expected: dict[str, Any] = dict(expectations(checked.pbx))
    if any(call.after_apply for call in checked.site.calls):
        from kelid.pipeline import after_apply

        expected["calls"] = after_apply.expectations(checked.site, checked.pbx)
    return expected


def backup_settings(
    sites_dir: Path,
    site: str,
    *,
    vault_password: bytes | None = None,
    host_key: str = "",
) -> BackupSettings:
    """Given a site, return what its server's backup program needs; ``host_key`` stands in for backup.yml's.

    Raise KelidError if the site has no backup policy, or the store's host key is not known.
    """
    checked = check(sites_dir, site)
    policy = checked.site.backup
    if policy is None:
        raise KelidError(f"{site} has no backup.yml", exit=Exit.INVALID)
    secrets = secrets_of(sites_dir, checked, vault_password)
    host, key = policy.host, host_key or policy.host_key
    if policy.kind == "sftp" and not key:
        raise KelidError(
            f"{site}: the host key of the backup server {host} is not known; put host_key into backup.yml, "
            "or give --backup-host-key",
            exit=Exit.INVALID,
        )
    name = host if policy.port == 22 else f"[{host}]:{policy.port}"
    return BackupSettings(
        public={
            "repository": {
                "kind": policy.kind,
                "host": host,
                "port": policy.port,
                "user": policy.user,
                "path": policy.path,
            },
            "keep": {
                "daily": policy.keep_daily,
                "weekly": policy.keep_weekly,
                "monthly": policy.keep_monthly,
            },
            "contents": list(policy.contents),
            "site": site,
            "time_zone": checked.site.time_zone,
            "at": policy.at.strftime("%H:%M"),
        },
        password=secrets[policy.password_secret],
        private_key=secrets[policy.key_secret] if policy.key_secret else "",
        known_hosts=f"{name} {key}\n" if policy.kind == "sftp" else "",
    )


def plan_for(
    checked: Checked,
    sites: Path,
    status: Mapping[str, Any],
    password: bytes | None = None,
    *,
    machine: str = "primary",
) -> Plan:
    """Given a checked site and what its server says of itself (the agent's ``status``), return the plan."""
    release = release_of(checked, sites, password)
    manifest = release.manifest
    return compare.make_plan(
        site=checked.name,
        machine=machine,
        commit=manifest["commit"],
        dirty=manifest["dirty"],
        tool=__version__,
        release=release.name,
        after=checked.side,
        files={path: item["sha256"] for path, item in manifest["files"].items()},
        secrets=manifest["secrets"],
        reloads=RELOADS,
        restart=RESTART,
        noticed=NOTICED,
        adopted_restart=ADOPTED_RESTART,
        guard=_after_guard(manifest, status),
        server=_server_state(status),
    )


def rollback_plan(site: str, status: Mapping[str, Any], *, machine: str = "primary") -> Plan:
    """Given what a server says of itself and of the release that it shall go back to, return the plan.

    No file of the site is read: it may be what is wrong.
    """
    target = status["target"]
    manifest = target["manifest"] or {}
    side = _side(manifest, target["bundle"]) if manifest else None
    return compare.make_plan(
        site=site,
        machine=machine,
        verb="rollback",
        commit=str(manifest.get("commit", "")),
        dirty=bool(manifest.get("dirty")),
        tool=str(manifest.get("kelid", "")),
        release=str(target["release"]),
        after=side,
        files=dict(target["files"]),
        secrets=dict(manifest.get("secrets") or {}),
        reloads=[(tuple(item["files"]), str(item["command"])) for item in manifest.get("reloads", ())],
        restart={path: RESTART.get(path, "") for path in manifest.get("restart", ())},
        noticed=NOTICED,
        adopted_restart=ADOPTED_RESTART,
        guard=manifest.get("guard"),
        server=_server_state(status),
    )


def _after_guard(manifest: Mapping[str, Any], status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of a release is compared with what the server guards: of a hand-made one only endpoints are known."""
    if status.get("release") == ADOPTED:
        return {"extensions": manifest["expect"].get("endpoints", ())}
    found: Mapping[str, Any] = manifest["guard"]
    return found


def _server_state(status: Mapping[str, Any]) -> ServerState:
    back = status.get("went_back") or {}
    now = Now(
        channels=int(status.get("channels") or 0),
        waiting={str(name): int(count) for name, count in (status.get("waiting") or {}).items()},
        running=bool((status.get("asterisk") or {"running": True}).get("running")),
        armed=bool(status.get("armed")),
        went_back=str(back.get("story") or ""),
        hardened=bool((status.get("firewall") or {"on": True}).get("on")),
    )
    release, state = str(status.get("release") or ""), str(status.get("state") or "")
    guarded = status.get("guard") or {}
    manifest = status.get("manifest")
    if not manifest:
        return ServerState(release=release, state=state, adopted=release == ADOPTED, guard=guarded, now=now)
    return ServerState(
        release=release,
        state=state,
        tool=str(manifest.get("kelid", "")),
        side=_side(manifest, status.get("bundle") or {}),
        files={path: str(item["sha256"]) for path, item in manifest["files"].items()},
        secrets=dict(manifest["secrets"]),
        drift=tuple(status.get("drift") or ()),
        guard=guarded,
        now=now,
    )


def _side(manifest: Mapping[str, Any], texts: Mapping[str, str]) -> Side:
    """Return a release that a server has as one side of a comparison."""
    bundle = Bundle(
        site=str(manifest["site"]),
        asterisk=int(manifest["asterisk"]),
        files=dict(texts),
        media=tuple(
            Media(
                str(manifest.get("media_digests", {}).get(name, name)),
                str(manifest.get("media_sources", {}).get(name, name)),
                str(name).removesuffix(".wav"),
            )
            for name in manifest["media"]
        ),
    )
    return Side(readback(bundle), bundle)


def findings_of_log(checked: Checked, log: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Given what the private Asterisk on the server logged, return findings at the site's YAML lines."""
    return loglines.findings(log, checked.bundle, checked.pbx)
