"""B: the backup policy."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.site import Site
from kelid.rules.registry import Fault, rule


@rule("B001", Severity.WARNING)
def no_backup(site: Site) -> Iterator[Fault]:
    """A site has a backup."""
    if site.backup is None:
        yield site.where, "the site has no backup", "write backup.yml"


@rule("B002", Severity.WARNING)
def backup_server_unproved(site: Site) -> Iterator[Fault]:
    """The backup server's host key is written down. A sample site's server has none: its lab makes one each time."""
    backup = site.backup
    if backup and backup.kind == "sftp" and not backup.host_key and not site.sample:
        text = "the backup server's host key is not written down"
        yield (
            backup.place("host"),
            text,
            f"compare it on the server, then add host_key: (ssh-keyscan {backup.host} shows it)",
        )


@rule("B003", Severity.WARNING)
def backup_not_whole(site: Site) -> Iterator[Fault]:
    """A backup has what a new server needs."""
    if site.backup:
        missing = [
            part for part in ("config", "astdb", "voicemail", "prompts") if part not in site.backup.contents
        ]
        if missing:
            text = f"the backup leaves out {', '.join(missing)}"
            yield (
                site.backup.place("contents"),
                text,
                "a new server can't be made whole without; add them to contents",
            )
