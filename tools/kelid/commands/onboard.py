"""Make the whole change for a new employee, in all files at once: extension, mailbox, queue, menu key, inbound route.

Comments and layout stay. Nothing is written unless the site is valid with all of it. The SIP password and the mailbox's
first PIN are made at random and sealed into secrets.yml; kelid secret show prints them for the phone.

  kelid onboard noor-clinic --name fa="زهرا رضایی" --name en="Zahra Rezaei" --email zahra@noor-clinic.example
  kelid onboard noor-clinic --number 123 --name en=Zahra --queue reception --penalty 1 --ivr main --key 7
  kelid onboard noor-clinic --name en=Zahra --did 02188001236 --trunk mokhaberat --dry-run
"""

from __future__ import annotations

import argparse

from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "onboard"
HELP = "add an employee: extension, mailbox, queue, menu key and route in one change"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser)
    parser.add_argument("--number", metavar="N", help="the extension (default: the next free one)")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="[LANG=]TEXT",
        help="the name, in each language (no LANG: the site's own)",
    )
    parser.add_argument(
        "--email",
        metavar="ADDRESS",
        help="where the mailbox announces messages",
    )
    parser.add_argument("--no-mailbox", action="store_true", help="make no mailbox")
    parser.add_argument("--class", dest="permission_class", metavar="NAME", help="permission class")
    parser.add_argument(
        "--queue", action="append", default=[], metavar="NAME", help="answer this queue (repeatable)"
    )
    parser.add_argument("--penalty", type=int, metavar="N", help="penalty in the queues")
    parser.add_argument(
        "--ring-group", action="append", default=[], metavar="NAME", help="ring with this group (repeatable)"
    )
    parser.add_argument("--ivr", metavar="NAME", help="be reached from this menu ...")
    parser.add_argument("--key", metavar="KEY", help="... by this key")
    parser.add_argument("--did", metavar="NUMBER", help="be reached by this number from outside ...")
    parser.add_argument(
        "--trunk", metavar="NAME", help="... that rings on this trunk (default: the one that has it)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other key of the extension (repeatable)",
    )
    options.add_vault(parser)
    options.add_output(parser)
    from kelid.commands.finish import add_dry_run

    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Make the change, show it, and write it."""
    from kelid import pipeline
    from kelid.commands.finish import finish
    from kelid.edit.kinds import kinds
    from kelid.edit.onboard import Newcomer, free_number, onboard, switch_mailbox_off
    from kelid.edit.settings import names_of, settings_of
    from kelid.pipeline.drafts import Draft, ranges, schemas

    if bool(arguments.ivr) != bool(arguments.key):
        raise KelidError("--ivr and --key go together: the menu, and the key in it", exit=Exit.USAGE)
    if arguments.trunk and not arguments.did:
        raise KelidError("--trunk goes with --did", exit=Exit.USAGE)
    sites = options.sites_of(arguments)
    site = pipeline.load(sites, arguments.site)
    names = names_of(arguments.name, site.language)
    if not names:
        raise KelidError(f"give a name: --name {site.language}=...", exit=Exit.USAGE)
    draft = Draft(sites, arguments.site)
    known = kinds(schemas())
    settings = settings_of(arguments.set, known["extension"].schema)
    if arguments.permission_class:
        settings["permission_class"] = arguments.permission_class
    if arguments.email and arguments.no_mailbox:
        settings["email"] = arguments.email
    elif arguments.email:
        box = settings.get("voicemail")
        settings["voicemail"] = {**(box if isinstance(box, dict) else {}), "email": arguments.email}
    newcomer = Newcomer(
        number=arguments.number or free_number(site, ranges(draft, "extensions")),
        names=names,
        mailbox=not arguments.no_mailbox,
        settings=settings,
        queues=tuple(arguments.queue),
        ring_groups=tuple(arguments.ring_group),
        penalty=arguments.penalty,
        ivr=arguments.ivr or "",
        key=arguments.key or "",
        did=arguments.did or "",
        trunk=arguments.trunk or "",
    )
    done = onboard(newcomer, site, known, draft.document)
    number = newcomer.number
    made = next(one for one in draft.need_shape().extensions if one.number == number)
    if arguments.no_mailbox and made.voicemail:  # the profile or the site's defaults give one
        switch_mailbox_off(number, known["extension"], draft.document)
    draft.seal_missing(lambda: pipeline.need_password(sites, arguments.site, arguments.vault_password_file))
    return finish(arguments, draft, done)
