"""Scaffold a site, or an object of any kind that the schemas know, into the right file.

What an object needs and --set doesn't give is guessed from the schema and from what is at the site; each guess has a comment
that says what it means. The object is checked with the whole site before anything is written. Its secrets are made at
random and sealed; kelid secret show prints one.

  kelid new site sepehr --country IR --name fa=سپهر --name en=Sepehr --vault-password-file FILE
  kelid new extension noor-clinic 109 --name fa=زهرا --set voicemail.email=zahra@noor-clinic.example
  kelid new queue noor-clinic sales --set members=101,102 --set strategy=ringall --explain
  kelid new ivr noor-clinic night --set 'entries=[{digits: "1", destination: extension:101}]'
"""

from __future__ import annotations

import argparse

from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "new"
HELP = "scaffold a site, an extension, a queue, a menu, a trunk ..."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from kelid.commands.finish import add_dry_run

    parser.add_argument("kind", metavar="KIND", help="site, or extension, queue, ivr, trunk, ring_group ...")
    parser.add_argument(
        "words", nargs="*", metavar="[SITE] NAME", help="the site (not for a new site) and the new name"
    )
    options.add_sites_directory(parser)
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="[LANG=]TEXT",
        help="the name for people, in each language",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a value of the object: a.b=c goes into mappings, a=x,y makes a list, a=[...] is YAML (repeatable)",
    )
    parser.add_argument(
        "--explain", action="store_true", help="add all other keys as comments, each with its meaning"
    )
    add_dry_run(parser)
    options.add_vault(parser)
    options.add_output(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Scaffold, judge, show and write."""
    from kelid import pipeline
    from kelid.commands.finish import finish
    from kelid.edit.kinds import find_kind, kinds
    from kelid.edit.settings import names_of, settings_of
    from kelid.pipeline.drafts import schemas
    from kelid.pipeline.objects import new_object

    known = kinds(schemas())
    kind = find_kind(known, arguments.kind)
    if kind is None:
        raise KelidError(
            f"no schema knows a {arguments.kind}; there are site, {', '.join(sorted(known))}", exit=Exit.USAGE
        )
    if len(arguments.words) != 2:
        raise KelidError(f"write kelid new {arguments.kind} SITE NAME", exit=Exit.USAGE)
    site, name = arguments.words
    sites = options.sites_of(arguments)
    settings = settings_of(arguments.set, kind.schema)
    if arguments.name:
        settings["names"] = names_of(arguments.name, pipeline.load(sites, site).language)
    draft = new_object(
        sites,
        site,
        kind,
        name,
        settings,
        password=lambda: pipeline.need_password(sites, site, arguments.vault_password_file),
        explained=arguments.explain,
    )
    return finish(arguments, draft, [f"{kind.word.replace('_', ' ')} {name} is new in {kind.topic}.yml"])
