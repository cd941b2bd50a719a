"""String the stages together, once: from a folder of YAML to findings, a bundle, a plan, a release.

Commands, the demo and the Ansible plugins call this module; the stages never call one another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kelid import __version__, compare, rules
from kelid.compare.plans import ServerState, Side
from kelid.compile import compile_site
from kelid.deliver import loglines
from kelid.deliver.release import make_release as pack_release
from kelid.findings import Exit, Finding, KelidError, Where, has_errors
from kelid.load import load_files, load_site
from kelid.load.custom import custom_files, is_custom
from kelid.load.vault import read_password, unlock
from kelid.model.bundle import Bundle
from kelid.model.loaded import Loaded
from kelid.model.pbx import Context, Media, Pbx
from kelid.model.plan import Comparison, Plan
from kelid.model.release import BackupSettings, HostEntry, Release
from kelid.model.reloads import RELOADS, RESTART, expectations
from kelid.model.site import Site
from kelid.readback import read_dialplan, readback
from kelid.records import git
from kelid.render import escape, refusals, render

SAMPLE_PASSWORD = "sample-vault-password"  # noqa: S105  (the name of a file, not a password)


def root() -> Path:
    """Return the folder of the repository that holds playbooks/, roles/ and this package."""
    return Path(__file__).resolve().parents[2]


def default_sites() -> Path:
    """Return the sites directory: ``KELID_SITES``, else ``sites`` of the current directory, else the repository's own."""
    if chosen := os.environ.get("KELID_SITES"):
        return Path(chosen)
    here = Path("sites")
    return here if here.is_dir() else root() / "sites"


def site_names(sites: Path) -> list[str]:
    """Return the names of all sites in the directory. Raise KelidError if it is none."""
    try:
        return sorted(folder.name for folder in sites.iterdir() if (folder / "site.yml").is_file())
    except OSError as problem:
        raise KelidError(
            f"there is no sites directory {sites}; give --sites or set KELID_SITES", exit=Exit.USAGE
        ) from problem


def site_folder(sites: Path, site: str) -> Path:
    """Return the folder of a site. Raise KelidError, with the names that exist, if there is none of that name."""
    known = site_names(sites)
    if site not in known:
        raise KelidError(
            f"{sites} has no site {site!r}; it has {', '.join(known) or 'none yet'}", exit=Exit.USAGE
        )
    return sites / site


@dataclass(frozen=True)
class Checked:
    """A loaded site with everything that was found about it. ``custom`` is the dial plan of its custom/*.conf."""

    name: str
    loaded: Loaded
    findings: tuple[Finding, ...]
    custom: tuple[Context, ...] = ()

    @property
    def valid(self) -> bool:
        """Return True if nothing that was found stops a change."""
        return self.loaded.site is not None and not has_errors(self.findings)

    @property
    def site(self) -> Site:
        """Return the site. Raise KelidError with all findings if it is not valid."""
        if self.loaded.site is None or has_errors(self.findings):
            raise KelidError(f"{self.name} is not valid", exit=Exit.INVALID, findings=self.findings)
        return self.loaded.site

    @cached_property
    def pbx(self) -> Pbx:
        """Return what Asterisk gets. Raise KelidError if the site is not valid."""
        return compile_site(self.site, self.custom)

    @cached_property
    def bundle(self) -> Bundle:
        """Return the rendered text. Raise KelidError if the site is not valid."""
        return render(self.pbx)

    @property
    def side(self) -> Side:
        """Return the PBX and its text, to be compared."""
        return Side(self.pbx, self.bundle)


def check(sites: Path, site: str, *, password: bytes | None = None, today: date | None = None) -> Checked:
    """Given a site of the directory, load and judge it as it lies on disk.

    ``password`` opens the vault, so that the strength of secrets can be judged; without one that is left open, and said.
    """
    folder = site_folder(sites, site)
    custom, findings = custom_files(folder)
    return _judge(site, load_site(folder), custom, findings, password=password, today=today, sites=sites)


def check_at(sites: Path, site: str, revision: str) -> Checked | None:
    """Given a git revision, return the site as it stood then, loaded and judged; None if it was not there yet."""
    files = git.files_at(sites / site, revision)
    if "site.yml" not in files:
        return None
    shown = f"{revision}:{site}"
    custom = {f"{shown}/{path}": body for path, body in files.items() if is_custom(path)}
    loaded = load_files(site, files, shown=shown)
    return _judge(site, loaded, custom, [], password=None, today=None, sites=None)


def _judge(
    name: str,
    loaded: Loaded,
    custom: Mapping[str, bytes],
    findings: list[Finding],
    *,
    password: bytes | None,
    today: date | None,
    sites: Path | None,
) -> Checked:
    findings = [*findings, *loaded.findings]
    contexts: list[Context] = []
    for path, body in sorted(custom.items()):
        try:
            read, problems = read_dialplan(path, body.decode("utf-8"))
        except UnicodeDecodeError as problem:
            line = body.count(b"\n", 0, problem.start) + 1
            findings.append(Finding(Where(path, line), "L015", "the file is not UTF-8", "save it as UTF-8"))
            continue
        contexts += read
        findings += problems
    if loaded.site is not None:
        secrets = None
        closed: KelidError | None = None
        if password is not None and loaded.vault:
            try:
                secrets = unlock(loaded.vault, password)
            except KelidError as problem:
                closed = problem
        if sites is not None and loaded.vault and _opens(loaded, sites / SAMPLE_PASSWORD):
            findings += rules.sample_password_used(loaded.site)
        when = (
            today
            or datetime.now(ZoneInfo(loaded.site.time_zone) if _knows(loaded.site.time_zone) else None).date()
        )
        findings += rules.check(loaded.site, today=when, secrets=secrets)
        if not has_errors(findings):
            generated = {context.name for context in compile_site(loaded.site).contexts}
            findings += [*rules.check_custom(contexts, generated), *refusals(contexts)]
        if closed is not None:
            # Said together with all the rest, but for the note that the secrets could not be judged.
            findings = [item for item in findings if item.code != "K000"] + list(closed.findings)
            findings.sort(key=lambda finding: finding.sort_key)
            raise KelidError(str(closed), exit=closed.exit, findings=findings) from closed
    findings.sort(key=lambda finding: finding.sort_key)
    return Checked(name, loaded, tuple(dict.fromkeys(findings)), tuple(contexts))


def _knows(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _opens(loaded: Loaded, password_file: Path) -> bool:
    if loaded.site is None or loaded.site.sample or not password_file.is_file():
        return False
    name = min(loaded.vault)
    try:
        unlock({name: loaded.vault[name]}, read_password(password_file))
    except KelidError:
        return False
    return True


# --- secrets -------------------------------------------------------------------------------------


def find_password(sites: Path, site: str, given: Path | None = None) -> bytes | None:
    """Return the password of the site's vault: the file that was given, ``KELID_VAULT_PASSWORD_FILE``, or the samples' own.

    The samples' password serves only a site that says ``sample: true``. None if there is no password anywhere.
    """
    chosen = given or (Path(named) if (named := os.environ.get("KELID_VAULT_PASSWORD_FILE")) else None)
    if chosen is not None:
        return read_password(chosen)
    sample = sites / SAMPLE_PASSWORD
    if sample.is_file():
        loaded = load_site(sites / site)
        if loaded.site is not None and loaded.site.sample:
            return read_password(sample)
    return None


def need_password(sites: Path, site: str, given: Path | None = None) -> bytes:
    """Return what ``find_password`` returns; raise KelidError where it returns None."""
    password = find_password(sites, site, given)
    if password is None:
        raise KelidError(
            f"{site}: the vault's password is needed; give --vault-password-file or set KELID_VAULT_PASSWORD_FILE",
            exit=Exit.USAGE,
        )
    return password


def secrets_of(sites: Path, checked: Checked, password: bytes | None) -> dict[str, str]:
    return unlock(checked.loaded.vault, password or need_password(sites, checked.name))


# --- from a site to what is sent -----------------------------------------------------------------


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
        expect=expectations(checked.pbx),
        reloads=RELOADS,
        restart=RESTART,
        media=lambda source: (sites / checked.name / source).read_bytes(),
        commit=commit.id,
        dirty=commit.dirty,
        tool=__version__,
    )


def inventory(sites_dir: Path) -> list[HostEntry]:
    """Return the server of every site that can be loaded; one that is not valid is there too, apply refuses it."""
    entries = []
    for name in site_names(sites_dir):
        loaded = load_site(sites_dir / name)
        if loaded.site is None:
            continue
        server = loaded.site.server
        entries.append(
            HostEntry(
                site=name,
                address=server.address,
                port=server.port,
                user=server.user,
                host_key=server.host_key,
                commit=git.head(sites_dir / name).id,
            )
        )
    return entries


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


# --- comparing -----------------------------------------------------------------------------------


def site_names_at(sites: Path, revision: str | None) -> set[str]:
    """Return the names of the sites that a revision has (None: the working tree, which may have lost its directory)."""
    if revision is None:
        return set(site_names(sites)) if sites.is_dir() else set()
    paths = (path.split("/") for path in git.paths_at(sites, revision))
    return {parts[0] for parts in paths if len(parts) == 2 and parts[1] == "site.yml"}


def difference(sites: Path, site: str, before: str, after: str | None) -> Comparison:
    """Given two revisions (``after`` None: the working tree), return what differs between what they would render.

    Raise KelidError if the site is in neither, or one of them is not valid.
    """
    old = check_at(sites, site, before)
    new: Checked | None
    if after is not None:
        new = check_at(sites, site, after)
    else:
        new = check(sites, site) if (sites / site / "site.yml").is_file() else None
    if old is None and new is None:
        raise KelidError(
            f"neither {before} nor {after or 'the working tree'} has a site {site!r}", exit=Exit.USAGE
        )
    return compare.compare(old.side if old else None, new.side if new else None)


def plan_for(checked: Checked, sites: Path, status: Mapping[str, Any], password: bytes | None = None) -> Plan:
    """Given a checked site and what its server says of itself (the agent's ``status``), return the plan."""
    release = release_of(checked, sites, password)
    manifest = release.manifest
    return compare.make_plan(
        site=checked.name,
        commit=manifest["commit"],
        dirty=manifest["dirty"],
        tool=__version__,
        release=release.name,
        after=checked.side,
        files={path: item["sha256"] for path, item in manifest["files"].items()},
        secrets=manifest["secrets"],
        reloads=RELOADS,
        restart=RESTART,
        not_staged=[f"registration of trunk {name}" for name in manifest["expect"].get("registrations", ())],
        server=_server_state(status),
    )


def _server_state(status: Mapping[str, Any]) -> ServerState:
    manifest = status.get("manifest")
    if not manifest:
        return ServerState(
            release=str(status.get("release") or ""), channels=int(status.get("channels") or 0)
        )
    bundle = Bundle(
        site=str(manifest["site"]),
        asterisk=int(manifest["asterisk"]),
        files=dict(status.get("bundle") or {}),
        media=tuple(
            Media(name.removesuffix(".wav"), str(manifest.get("media_sources", {}).get(name, name)))
            for name in manifest["media"]
        ),
    )
    return ServerState(
        release=str(status["release"]),
        tool=str(manifest.get("kelid", "")),
        side=Side(readback(bundle), bundle),
        files={path: str(item["sha256"]) for path, item in manifest["files"].items()},
        secrets=dict(manifest["secrets"]),
        drift=tuple(status.get("drift") or ()),
        channels=int(status.get("channels") or 0),
        armed=bool(status.get("armed")),
    )


def findings_of_log(checked: Checked, log: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Given what the private Asterisk on the server logged, return findings at the site's YAML lines."""
    return loglines.findings(log, checked.bundle, checked.pbx)
