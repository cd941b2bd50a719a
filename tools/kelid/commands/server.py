"""What the verbs that speak to a server have in common: no verb of its own."""

from __future__ import annotations

import argparse

from kelid import pipeline
from kelid.commands import options
from kelid.deliver.server import Server
from kelid.model.plan import Plan
from kelid.model.progress import Watcher
from kelid.pipeline import Checked


def server_of(arguments: argparse.Namespace, watch: Watcher) -> Server:
    """Return the site's server as the command line says that it is reached. Raise KelidError if there is no such site."""
    pipeline.site_folder(options.sites_of(arguments), arguments.site)
    return Server(
        site=arguments.site,
        root=pipeline.root(),
        environment=options.server_environment(arguments),
        watch=watch,
        verbosity=max(0, arguments.verbose - 1),
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


def plan_now(arguments: argparse.Namespace, server: Server) -> tuple[Checked, Plan]:
    """Check the site, ask its server what it has, and return the plan."""
    checked, password = checked_site(arguments)
    return checked, pipeline.plan_for(checked, options.sites_of(arguments), server.status(), password)
