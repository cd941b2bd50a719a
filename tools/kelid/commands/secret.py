"""List, show, set and renew the secrets in a site's secrets.yml. The vault's password is needed for all but the list.

Values never stand on a command line: set asks for one on the terminal, or reads it from standard input. show is the one
verb that prints a value, for the phone that needs it; into a file or a pipe only with --force.

  kelid secret list noor-clinic
  kelid secret show noor-clinic extension_109           the SIP password, to be typed into the phone
  kelid secret set noor-clinic trunk_mokhaberat         the password that the telephone company gave
  kelid secret rotate noor-clinic voicemail_109         a new one, at random
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from kelid import pipeline
from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "secret"
HELP = "list, show, set and renew the sealed secrets of a site"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from kelid.commands.finish import add_dry_run

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("list", "the names, what each is for, and which are missing"),
        ("show", "print one value"),
        ("set", "seal a value that is asked for, or read from standard input"),
        ("rotate", "make new values at random"),
    ):
        sub = actions.add_parser(name, help=summary, description=summary)
        options.add_sites(sub)
        if name == "rotate":
            sub.add_argument("secret", nargs="+", metavar="NAME", help="name in secrets.yml")
        elif name != "list":
            sub.add_argument("secret", metavar="NAME", help="name in secrets.yml")
        if name == "show":
            sub.add_argument(
                "--force", action="store_true", help="print it even if nobody sits there to read it"
            )
        if name in {"set", "rotate"}:
            add_dry_run(sub)
        options.add_vault(sub)
        options.add_output(sub, json_too=name != "show")


def run(arguments: argparse.Namespace) -> Exit:
    """Do what was asked."""
    return {"list": _list, "show": _show, "set": _set, "rotate": _rotate}[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> Exit:
    from kelid.rules.secrets import used_secrets

    site = pipeline.load(options.sites_of(arguments), arguments.site)
    used = used_secrets(site)
    rows = [
        {
            "name": name,
            "kind": used[name].kind if name in used else None,
            "for": used[name].holder if name in used else None,
            "file": site.secret_names[name].file if name in site.secret_names else None,
            "line": site.secret_names[name].line if name in site.secret_names else None,
        }
        for name in [*site.secret_names, *(name for name in used if name not in site.secret_names)]
    ]
    if arguments.json:
        options.print_json({"site": site.name, "secrets": rows})
        return Exit.OK
    for row in rows:
        place = f"{row['file']}:{row['line']}" if row["file"] else "missing"
        print(f"{row['name']:<32} {row['kind'] or '':<12} {row['for'] or 'nothing uses it':<32} {place}")
    return Exit.OK


def _show(arguments: argparse.Namespace) -> Exit:
    from kelid.load.vault import unlock

    if not arguments.force and not sys.stdout.isatty():
        raise KelidError(
            "standard output is no terminal; a secret goes into a file or a pipe only with --force",
            exit=Exit.REFUSED,
        )
    sites = options.sites_of(arguments)
    vault = pipeline.load_vault(sites, arguments.site)
    _need(arguments.secret, vault)
    password = pipeline.need_password(sites, arguments.site, arguments.vault_password_file)
    value = unlock({arguments.secret: vault[arguments.secret]}, password)[arguments.secret]
    print(value.rstrip("\n"))
    return Exit.OK


def _set(arguments: argparse.Namespace) -> Exit:
    from kelid.commands.finish import finish
    from kelid.pipeline.drafts import Draft
    from kelid.rules.secrets import used_secrets

    sites = options.sites_of(arguments)
    site = pipeline.load(sites, arguments.site)
    used = used_secrets(site)
    if arguments.secret not in used and arguments.secret not in site.secret_names:
        names = ", ".join(sorted(used))
        raise KelidError(
            f"nothing at {site.name} uses {arguments.secret!r}; used are {names}", exit=Exit.USAGE
        )
    password = pipeline.need_password(sites, arguments.site, arguments.vault_password_file)
    is_key = arguments.secret in used and used[arguments.secret].kind == "key"
    value = _ask(arguments.secret, whole=is_key)
    draft = Draft(sites, arguments.site)
    draft.seal(arguments.secret, value, password)
    judged = pipeline.check(sites, arguments.site, password=password, over=draft.files)
    bad = [
        item
        for item in judged.findings
        if item.code.startswith("K") and repr(arguments.secret) in item.message
    ]
    if bad:
        raise KelidError("this value won't do; nothing was written", exit=Exit.INVALID, findings=bad)
    return finish(arguments, draft, [f"{arguments.secret} is sealed"])


def _ask(name: str, *, whole: bool) -> str:
    """Return the value that was typed twice, or that standard input holds."""
    import getpass

    if not sys.stdin.isatty():
        value = sys.stdin.read()
        return value if whole else value.rstrip("\r\n")
    value = getpass.getpass(f"{name}: ")
    if getpass.getpass(f"{name}, again: ") != value:
        raise KelidError("the two differ; nothing was written", exit=Exit.USAGE)
    return value


def _rotate(arguments: argparse.Namespace) -> Exit:
    from kelid.commands.finish import finish
    from kelid.edit import random_secret
    from kelid.pipeline.drafts import Draft
    from kelid.rules.secrets import used_secrets

    sites = options.sites_of(arguments)
    site = pipeline.load(sites, arguments.site)
    used = used_secrets(site)
    password = pipeline.need_password(sites, arguments.site, arguments.vault_password_file)
    draft = Draft(sites, arguments.site)
    notes = []
    for name in arguments.secret:
        _need(name, used)
        use = used[name]
        value = random_secret.make(use.kind, avoid=use.number)
        draft.seal(name, value, password)
        draft.made[name] = use
        if use.kind == "key":
            notes.append(f"public half of {name}: {random_secret.public_ssh_key(value)}")
        elif use.kind == "password":
            notes.append(f"{use.holder} can't log in after the apply until it is told the new {name}")
        elif use.kind == "pin":
            notes.append(f"{use.holder}: a PIN that was changed by phone stays what it is")
    return finish(arguments, draft, [f"{name} is new" for name in arguments.secret], notes)


def _need(name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise KelidError(
            f"there is no secret {name!r}; there are {', '.join(sorted(names))}", exit=Exit.USAGE
        )
