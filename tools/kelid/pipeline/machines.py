"""The machines of all sites, and what tells whether one has its site as it is now. Imports little: every run asks."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kelid.findings import Exit, KelidError
from kelid.load import load_about, load_site
from kelid.model.release import HostEntry
from kelid.pipeline import fleet, site_names
from kelid.pipeline.cache import Cache
from kelid.records import git


def inventory(sites_dir: Path, only: str = "") -> list[HostEntry]:
    """Return the machines of every site whose site.yml can be read, or of one; apply refuses what else isn't valid."""
    entries = []
    commits: dict[Path, str] = {}
    for name in [only] if only else site_names(sites_dir):
        about = load_about(sites_dir / name)
        if about is None:
            continue
        top = git.top(sites_dir / name)
        if top not in commits:
            commits[top] = git.head(top).id
        for role, server in about.servers.each():
            entries.append(
                HostEntry(
                    site=name,
                    role=role,
                    address=server.address,
                    port=server.port,
                    user=server.user,
                    host_key=server.host_key,
                    commit=commits[top],
                    client=about.client,
                    tags=about.tags,
                )
            )
    return entries


def need_machine(sites_dir: Path, site: str, role: str) -> None:
    """Raise KelidError if the site can be read and has no machine of that role."""
    loaded = load_site(sites_dir / site)
    if loaded.site and role not in dict(loaded.site.servers.each()):
        raise KelidError(f"{site} has no {role}; write servers.{role} in its site.yml", exit=Exit.USAGE)


def likeness(sites: Path, site: str, cache: Cache | None = None) -> str:
    """Given a site, return ``BUNDLE:SEALED``: two digests that a server's release has if an apply would change nothing.

    They need no password. Raise KelidError, with all findings, if the site is not valid.
    """
    result = fleet.rendered(sites, site, cache)
    return f"{result.digest}:{sealed_digest(sites, site)}"


def sealed_digest(sites: Path, site: str) -> str:
    """Return sha256 of the site's secrets.yml as it lies on the disk, sealed; "" where there is none."""
    try:
        return hashlib.sha256((sites / site / "secrets.yml").read_bytes()).hexdigest()
    except OSError:
        return ""
