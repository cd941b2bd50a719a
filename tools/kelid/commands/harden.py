"""Harden a server: the site's firewall, bans for those who guess passwords, ssh by key, a user who may apply and no more.

The firewall is the one of the release on the server (firewall: in site.yml): apply that first. Before it is put in force the
server knocks at itself from this machine's address, in a private network with the new rules; then the way back is armed, and
a new connection from here decides. From then on each apply brings the firewall with it, as carefully.

  kelid harden noor-clinic                    what would change; asks
  kelid harden noor-clinic --user admin       as somebody who may become root, where site.yml's user may only apply
  kelid harden noor-clinic --check            only what would change
"""

from __future__ import annotations

import argparse
import sys

from kelid.commands import options
from kelid.commands.server import server_of
from kelid.deliver.runner import kept_connections
from kelid.findings import Exit, KelidError
from kelid.pipeline import receipts

NAME = "harden"
HELP = "firewall, bans, ssh by key, and a user who may apply and no more"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser, vault=False)
    parser.add_argument("--check", action="store_true", help="only say what would change")
    parser.add_argument("--yes", action="store_true", help="do it without asking")


def run(arguments: argparse.Namespace) -> Exit:
    """Say what would change, ask, harden, tell what became of it."""
    with kept_connections():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> Exit:
    site, sites = arguments.site, options.sites_of(arguments)
    if arguments.check or not arguments.yes:
        with options.progress(arguments) as watch:
            would = server_of(arguments, watch).hardening()
        if not arguments.json:
            for step in would:
                print(f"would change: {step}")
            if not would:
                print(f"{site}: nothing to do, it is hardened")
            sys.stdout.flush()
        if arguments.check or not would:
            if arguments.json:
                options.print_json({"ok": True, "changed": False, "would_change": list(would)})
            return Exit.OK
        if not options.confirmed(f"Harden {site}?"):
            raise KelidError("not hardened: nobody said yes (--yes says it beforehand)", exit=Exit.REFUSED)
    account = receipts.account(sites, site, arguments.server or "primary")
    with options.progress(arguments) as watch:
        changed, applied = server_of(arguments, watch).harden(account.as_dict())
    for unnoted in receipts.write_notes(sites, site, [applied.receipt] if applied.receipt else []):
        print(f"kelid: {unnoted}", file=sys.stderr)
    if arguments.json:
        told = {"ok": applied.ok, "changed": list(changed), "code": applied.code, "message": applied.message}
        options.print_json({**told, "undone": applied.undone, "exit": applied.exit.value})
        return applied.exit
    if not applied.ok:
        raise KelidError(f"{site}: {applied.code}: {applied.message}", exit=applied.exit)
    print(f"{site}: {'hardened' if changed else 'nothing to do, it is hardened'}")
    return Exit.OK
