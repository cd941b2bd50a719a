"""What loading a site gives: the site, the problems on the way, and its sealed secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kelid.findings import Finding, Where
from kelid.model.site import Site


class VaultValue(NamedTuple):
    """The sealed text of one secret, as ``secrets.yml`` holds it: ``$ANSIBLE_VAULT;1.1;AES256`` and lines of digits."""

    text: str
    where: Where

    def __repr__(self) -> str:
        """Return the place alone."""
        return f"VaultValue({self.where})"


class Loaded(NamedTuple):
    """A site, or None where errors make one impossible; all findings, in order of place; secret name -> sealed value."""

    site: Site | None
    findings: tuple[Finding, ...]
    vault: Mapping[str, VaultValue]
