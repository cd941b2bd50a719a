"""What the verbs that speak to a server have in common: no verb of its own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kelid import pipeline
from kelid.commands import options
from kelid.deliver.server import REFUSALS, Server
from kelid.findings import Exit, KelidError
from kelid.model.progress import Watcher
from kelid.pipeline import Checked, machines
from kelid.pipeline.cache import Cache

if TYPE_CHECKING:
    from kelid.model.plan import Plan

NOT_RUNNING = (
    "Asterisk is NOT running on the server; `journalctl -u asterisk` there says why. "
    "An apply that changes something starts it, else `systemctl start asterisk`"
)


def server_of(arguments: argparse.Namespace, watch: Watcher) -> Server:
    """Return the site's server as the command line says that it is reached. Raise KelidError if there is no such site."""
    pipeline.site_folder(options.sites_of(arguments), arguments.site)
    if arguments.server:
        machines.need_machine(options.sites_of(arguments), arguments.site, arguments.server)
    return Server(
        site=arguments.site,
        role=arguments.server or "primary",
        root=pipeline.root(),
        environment=options.server_environment(arguments),
        watch=watch,
        verbosity=max(0, arguments.verbose - 1),
    )


def need(told: Mapping[str, Any], site: str) -> None:
    """Return if an agent's answer is none of a refusal; else raise KelidError with its reason."""
    if not told.get("ok"):
        code = str(told.get("code"))
        unknown = Exit.UNKNOWN if code == "no_answer" else Exit.FAILURE
        raise KelidError(
            f"{site}: {code}: {told.get('message')}", exit=Exit.REFUSED if code in REFUSALS else unknown
        )


def checked_site(arguments: argparse.Namespace) -> tuple[Checked, bytes]:
    """Return the site, valid, and the password of its vault. Raise KelidError if it is not, or there is no password."""
    sites = options.sites_of(arguments)
    pipeline.site_folder(sites, arguments.site)
    password = pipeline.find_password(sites, arguments.site, arguments.vault_password_file)
    checked = pipeline.check(sites, arguments.site, password=password)
    _ = (
        checked.site
    )  # raises with all findings; a password is asked for only where there is something to open it for
    return checked, password or pipeline.need_password(sites, arguments.site)


def status_like(arguments: argparse.Namespace, server: Server) -> Mapping[str, Any]:
    """Ask the server what it has. One that has just what the site is now says no more than ``same``, and no vault is opened.

    Raise KelidError, with all findings, if the site is not valid; nothing is asked then.
    """
    return server.status(machines.likeness(options.sites_of(arguments), arguments.site, Cache()))


def plan_now(
    arguments: argparse.Namespace, server: Server, status: Mapping[str, Any] | None = None
) -> tuple[Checked, Plan]:
    """Check the site, ask its server what it has (unless ``status`` is its answer), and return the plan."""
    from kelid.pipeline import release

    checked, password = checked_site(arguments)
    sites = options.sites_of(arguments)
    told = server.status() if status is None else status
    return checked, release.plan_for(checked, sites, told, password, machine=server.role)


def is_running(status: Mapping[str, Any]) -> bool:
    """Return whether the server's Asterisk runs, by what its agent says."""
    return bool((status.get("asterisk") or {}).get("running"))
