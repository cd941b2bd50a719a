"""What differs between two revisions of a site."""

from __future__ import annotations

from pathlib import Path

from kelid import compare
from kelid.findings import Exit, KelidError
from kelid.model.plan import Comparison
from kelid.pipeline import Checked, check, check_at, site_names
from kelid.records import git


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
