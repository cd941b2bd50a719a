"""String the stages together, once: from a folder of YAML to findings, a bundle, a plan, a release.

Commands, the demo and the Ansible plugins call this room; the stages never call one another. Here: a site as it lies on
disk or in git, loaded and judged. ``pipeline.release`` makes what its server gets, ``pipeline.changes`` compares. Stages
that a check doesn't need are imported where they are used, so that ``kelid check`` starts fast.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kelid.findings import Exit, Finding, KelidError, Where, has_errors
from kelid.load import load_files, load_site, shown_folder
from kelid.load.custom import custom_files, is_custom
from kelid.load.vault import read_password, unlock
from kelid.model.loaded import Loaded, VaultValue
from kelid.model.record import Record
from kelid.model.site import Site

if TYPE_CHECKING:
    from kelid.compare.plans import Side
    from kelid.model.bundle import Bundle
    from kelid.model.pbx import Context, Pbx

AFTER_APPLY = "kelid-after-apply"
"""The context of the calls that are placed after an apply: nothing includes it or goes to it."""

SAMPLE_PASSWORD = "sample-vault-password"  # noqa: S105  (the name of a file, not a password)


def root() -> Path:
    """Return the folder of the repository that holds playbooks/, roles/ and this package."""
    return Path(__file__).resolve().parents[3]


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
    if site.strip(".") and "/" not in site and (sites / site / "site.yml").is_file():
        return sites / site  # without a look at all the others, of which there may be a thousand
    known = site_names(sites)
    if site not in known:
        raise KelidError(
            f"{sites} has no site {site!r}; it has {', '.join(known) or 'none yet'}", exit=Exit.USAGE
        )
    return sites / site


@contextmanager
def no_search() -> Iterator[None]:
    """Have Python not look for cycles: a large site is a million values without any, and it would look again and again."""
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


class Checked(Record):
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
        from kelid.compile import compile_site

        with no_search():
            pbx = compile_site(self.site, self.custom)
        if any(call.after_apply for call in self.site.calls):
            from kelid.pipeline.after_apply import with_calls

            return with_calls(self.site, pbx)
        return pbx

    @cached_property
    def bundle(self) -> Bundle:
        """Return the rendered text. Raise KelidError if the site is not valid."""
        from kelid.render import render

        pbx = self.pbx
        with no_search():
            return render(pbx)

    @property
    def side(self) -> Side:
        """Return the PBX and its text, to be compared."""
        from kelid.compare.plans import Side

        return Side(self.pbx, self.bundle)


def load(sites: Path, site: str) -> Site:
    """Return a site as it lies on disk, not judged. Raise KelidError with the findings if its files make none."""
    loaded = load_site(site_folder(sites, site))
    if loaded.site is None:
        raise KelidError(f"{site} can't be read", exit=Exit.INVALID, findings=loaded.findings)
    return loaded.site


def load_vault(sites: Path, site: str) -> Mapping[str, VaultValue]:
    """Return the sealed secrets of a site by name."""
    return load_site(site_folder(sites, site)).vault


def check(
    sites: Path,
    site: str,
    *,
    password: bytes | None = None,
    today: date | None = None,
    over: Mapping[str, bytes] | None = None,
) -> Checked:
    """Given a site of the directory, load and judge it as it lies on disk, or as it would be with ``over`` for its files.

    ``password`` opens the vault, so that the strength of secrets can be judged; without one that is left open, and said.
    """
    folder = site_folder(sites, site)
    custom, findings = custom_files(folder)
    custom |= {
        f"{shown_folder(folder)}/{path}": body for path, body in (over or {}).items() if is_custom(path)
    }
    with no_search():
        loaded = load_site(folder, over=over)
        return _judge(site, loaded, custom, findings, password=password, today=today, sites=sites)


def check_new(
    sites: Path, site: str, files: Mapping[str, bytes], *, password: bytes | None = None
) -> Checked:
    """Given the files of a site that isn't there yet, load and judge it as if it were."""
    loaded = load_files(site, files, shown=shown_folder(sites / site))
    return _judge(site, loaded, {}, [], password=password, today=None, sites=sites)


def check_at(sites: Path, site: str, revision: str) -> Checked | None:
    """Given a git revision, return the site as it stood then, loaded and judged; None if it was not there yet."""
    from kelid.records import git

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
    from kelid import rules

    findings = [*findings, *loaded.findings]
    contexts = _read_custom(custom, findings) if custom else []
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
            or datetime.now(
                ZoneInfo(loaded.site.time_zone) if knows_zone(loaded.site.time_zone) else None
            ).date()
        )
        findings += rules.check(loaded.site, today=when, secrets=secrets)
        if contexts and not has_errors(findings):
            findings += _judge_custom(loaded.site, contexts)
        if closed is not None:
            # Said together with all the rest, but for the note that the secrets could not be judged.
            findings = [item for item in findings if item.code != "K000"] + list(closed.findings)
            findings.sort(key=lambda finding: finding.sort_key)
            raise KelidError(str(closed), exit=closed.exit, findings=findings) from closed
    findings.sort(key=lambda finding: finding.sort_key)
    return Checked(name=name, loaded=loaded, findings=tuple(dict.fromkeys(findings)), custom=tuple(contexts))


def _read_custom(custom: Mapping[str, bytes], findings: list[Finding]) -> list[Context]:
    """Return the contexts of the site's own dial plan; what can't be read of it is added to the findings."""
    from kelid.readback import read_dialplan

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
    return contexts


def _judge_custom(site: Site, contexts: list[Context]) -> list[Finding]:
    """Return what is wrong with the site's own dial plan beside what is made of its YAML."""
    from kelid.compile import compile_site
    from kelid.render import refusals
    from kelid.rules.custom import check_custom

    generated = {context.name for context in compile_site(site).contexts} | {AFTER_APPLY}
    return [*check_custom(contexts, generated, site), *refusals(contexts)]


def knows_zone(zone: str) -> bool:
    """Return True for the name of a time zone."""
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
    password = given_password(given)
    if password is not None:
        return password
    sample = sites / SAMPLE_PASSWORD
    if sample.is_file() and _may_be_sample(sites / site):
        loaded = load_site(sites / site)
        if loaded.site is not None and loaded.site.sample:
            return read_password(sample)
    return None


def _may_be_sample(folder: Path) -> bool:
    """Return False if site.yml can't say ``sample: true``: then nobody need read the whole site to know."""
    try:
        text = (folder / "site.yml").read_bytes()
    except OSError:
        return False
    return b"sample" in text or b"\\" in text  # a quoted key may be written with escapes


def given_password(given: Path | None = None) -> bytes | None:
    """Return the password of the file that was given, or that ``KELID_VAULT_PASSWORD_FILE`` names; None without either."""
    chosen = given or (Path(named) if (named := os.environ.get("KELID_VAULT_PASSWORD_FILE")) else None)
    return None if chosen is None else read_password(chosen)


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
