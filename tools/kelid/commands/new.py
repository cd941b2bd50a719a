"""Scaffold a site, or an object of any kind that the schemas know, into the right file.

What an object needs and --set doesn't give is guessed from the schema and from what is at the site; each guess has a comment
that says what it means. The object is checked with the whole site before anything is written. Its secrets are made at
random and sealed; kelid secret show prints one.

  kelid new site sepehr --country IR --name fa=سپهر --name en=Sepehr --vault-password-file FILE
  kelid new extension noor-clinic 109 --name fa=زهرا --set voicemail.email=zahra@noor-clinic.example
  kelid new queue noor-clinic sales --set members=101,102 --set strategy=ringall --explain
  kelid new ivr noor-clinic night --set 'entries=[{digits: "1", destination: extension:101}]'
  kelid new prompt noor-clinic night --set 'recordings=[{text: "We are closed."}]'     spoken by a machine for now
"""

from __future__ import annotations

import argparse

from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "new"
HELP = "scaffold a site, an extension, a queue, a menu, a trunk ..."


SITE_OPTIONS = ("client", "country", "language", "time_zone", "area_code", "address", "number", "trunk_host")


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
    site = parser.add_argument_group("a new site")
    site.add_argument("--client", metavar="NAME", help="whose PBX it is (default: the site's name)")
    site.add_argument("--country", metavar="XX", help="where it stands: IR, GB, DE ... (default: IR)")
    site.add_argument(
        "--language", metavar="LANG", help="language of prompts and names (default: the country's)"
    )
    site.add_argument("--time-zone", metavar="ZONE", help="time zone (default: the country's)")
    site.add_argument("--area-code", metavar="N", help="area code (default: the capital's)")
    site.add_argument("--address", metavar="HOST", help="the server's address")
    site.add_argument("--number", metavar="N", help="the main number, as the telephone company sends it")
    site.add_argument("--trunk-host", metavar="HOST", help="the telephone company's SIP server")
    add_dry_run(parser)
    options.add_vault(parser)
    options.add_output(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Scaffold, judge, show and write."""
    from kelid import pipeline
    from kelid.commands.finish import finish
    from kelid.edit.kinds import find_kind, kinds
    from kelid.edit.settings import names_of, settings_of
    from kelid.model.meant import meant
    from kelid.pipeline.drafts import schemas
    from kelid.pipeline.objects import new_object

    if arguments.kind == "site":
        return _site(arguments)
    for option in SITE_OPTIONS:
        if getattr(arguments, option) is not None:
            raise KelidError(f"--{option.replace('_', '-')} is a new site's; here use --set", exit=Exit.USAGE)
    known = kinds(schemas())
    kind = find_kind(known, arguments.kind)
    if kind is None:
        near = meant(arguments.kind, ["site", *known])
        way = f"did you mean {near}?" if near else f"there are site, {', '.join(sorted(known))}"
        raise KelidError(f"no schema knows a {arguments.kind}; {way}", exit=Exit.USAGE)
    if len(arguments.words) != 2:
        raise KelidError(f"write kelid new {arguments.kind} SITE NAME", exit=Exit.USAGE)
    site, name = arguments.words
    sites = options.sites_of(arguments)
    settings = settings_of(arguments.set, kind.schema)
    if arguments.name:
        if "names" not in kind.schema.get("properties", {}):
            word = kind.word.replace("_", " ")
            raise KelidError(f"a {word} has no name for people; leave --name out", exit=Exit.USAGE)
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


def _site(arguments: argparse.Namespace) -> Exit:
    """Scaffold a whole site."""
    from kelid import pipeline
    from kelid.commands.finish import finish
    from kelid.edit import random_secret
    from kelid.edit.countries import STARTS
    from kelid.edit.new_site import SiteWish, files
    from kelid.edit.settings import names_of
    from kelid.edit.write import Sealed, entry
    from kelid.load.vault import seal
    from kelid.pipeline.drafts import SECRETS, Draft, schemas

    if len(arguments.words) != 1 or arguments.set or arguments.explain:
        raise KelidError("write kelid new site NAME; --set and --explain are for objects", exit=Exit.USAGE)
    name = arguments.words[0]
    country = (arguments.country or "IR").upper()
    if country not in STARTS:
        known = ", ".join(STARTS)
        raise KelidError(
            f"how numbers are dialled in {country} isn't known here; take the nearest of {known}, and change its files",
            exit=Exit.USAGE,
        )
    language = arguments.language or STARTS[country].language
    wish = SiteWish(
        name=name,
        client=arguments.client or name,
        names=names_of(arguments.name or [name.replace("-", " ").title()], language),
        country=country,
        language=language,
        time_zone=arguments.time_zone or "",
        area_code=arguments.area_code,
        address=arguments.address or "",
        number=arguments.number or "",
        trunk_host=arguments.trunk_host or "",
    )
    draft = Draft(options.sites_of(arguments), name, fresh=True)
    password = pipeline.given_password(arguments.vault_password_file)
    if password is None:
        raise KelidError(
            "a new site's secrets are sealed; give --vault-password-file or set KELID_VAULT_PASSWORD_FILE",
            exit=Exit.USAGE,
        )
    for topic, text in files(wish, schemas()).items():
        draft.make(topic, text)
    key = Sealed(seal(random_secret.make("release_key"), password))
    draft.make(SECRETS, "\n".join(entry("release_key", key)) + "\n")
    draft.need_shape()
    draft.seal_missing(lambda: password)
    notes = [
        f"put in what you know: the server's address (site.yml), the trunk (trunks.yml; kelid secret set {name} "
        "trunk_provider), the hours; then kelid onboard and kelid new",
    ]
    return finish(arguments, draft, [f"site {name} is new, with {len(draft.files)} files"], notes)
