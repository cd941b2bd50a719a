"""Options that several verbs share, with one spelling and one meaning."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kelid import pipeline
from kelid.findings import Exit, KelidError
from kelid.report.colour import wants_colour

if TYPE_CHECKING:
    from kelid.pipeline.fleet import Outcome
    from kelid.report.progress import ProgressLines

WORTH_A_CACHE = 3
"""Sites from which on it is faster to ask what was found before than to check them."""


UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """Return the seconds of ``90``, ``90s``, ``10m`` or ``2h``. Raise ArgumentTypeError for another text."""
    found = re.fullmatch(r"([0-9]{1,6})([smh]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 10m or 1h")
    return float(int(found[1]) * UNITS[found[2]])


def add_seconds(parser: argparse.ArgumentParser) -> None:
    """Add ``--seconds``: how long all calls are walked."""
    from kelid.pipeline.behaviour import SECONDS

    parser.add_argument(
        "--seconds",
        type=seconds,
        default=SECONDS,
        metavar="TIME",
        help="processor time after which calls that weren't walked yet are left out, which is said then;"
        f" 0: no limit (default: {SECONDS / 60:.0f}m)",
    )


def add_output(parser: argparse.ArgumentParser, *, json_too: bool = True) -> None:
    """Add ``--color`` and ``--json``."""
    parser.add_argument(
        "--color",
        "--colour",
        choices=("auto", "always", "never"),
        default="auto",
        help="colour the output (default: auto)",
    )
    if json_too:
        parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")


def allow_words_anywhere(parser: argparse.ArgumentParser) -> None:
    """Let words that may be left out stand behind options, too: ``kelid rollback SITE --yes RELEASE``.

    argparse gives all such words away at the first one, unless it is told to look at options first.
    """
    plainly = parser.parse_known_args

    def parse(args: Any = None, namespace: Any = None) -> Any:
        setattr(parser, "parse_known_args", plainly)  # noqa: B010 - a method of this one parser
        try:
            return parser.parse_known_intermixed_args(args, namespace)
        finally:
            setattr(parser, "parse_known_args", parse)  # noqa: B010

    setattr(parser, "parse_known_args", parse)  # noqa: B010


def add_language(parser: argparse.ArgumentParser) -> None:
    """Add ``--language``."""
    parser.add_argument(
        "--language", choices=("en", "fa"), default="en", help="language of the words (default: en)"
    )


def add_sites(
    parser: argparse.ArgumentParser,
    *,
    several: bool = False,
    name: str = "SITE",
    what: str = "a folder of the sites directory",
) -> None:
    """Add the site (or sites) and ``--sites``; ``name`` and ``what`` say what else may stand in the site's place."""
    if several:
        parser.add_argument(
            "site", nargs="*", metavar="SITE", help="a folder of the sites directory (default: all of them)"
        )
    else:
        parser.add_argument("site", metavar=name, help=what)
    add_sites_directory(parser)


def add_sites_directory(parser: argparse.ArgumentParser) -> None:
    """Add ``--sites``."""
    parser.add_argument(
        "--sites",
        type=Path,
        metavar="DIR",
        default=None,
        help="where the sites are (default: $KELID_SITES, else ./sites)",
    )


def add_fleet(parser: argparse.ArgumentParser) -> None:
    """Add how work on many sites is shared and remembered."""
    parser.add_argument(
        "--jobs",
        type=int,
        default=0,
        metavar="N",
        help="processes that share the work (default: by the number of sites and cores)",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="neither use nor keep what was found before ($XDG_CACHE_HOME/kelid/sites)",
    )


def add_vault(parser: argparse.ArgumentParser) -> None:
    """Add ``--vault-password-file``."""
    parser.add_argument(
        "--vault-password-file",
        type=Path,
        metavar="FILE",
        help="file whose last line opens secrets.yml (default: $KELID_VAULT_PASSWORD_FILE; samples bring their own)",
    )


def add_server(parser: argparse.ArgumentParser) -> None:
    """Add what says how the site's server is reached, where that differs from site.yml."""
    parser.add_argument(
        "--server",
        choices=("primary", "standby"),
        help="which machine of the site (default: primary)",
    )
    group = parser.add_argument_group("the server, where it differs from site.yml")
    group.add_argument(
        "--address", metavar="HOST", help="reach the server at this address (new hardware, a lab host)"
    )
    group.add_argument("--port", type=int, metavar="N", help="ssh port")
    group.add_argument("--user", metavar="NAME", help="ssh user")
    group.add_argument("--identity", type=Path, metavar="FILE", help="ssh private key")
    group.add_argument(
        "--known-hosts",
        type=Path,
        metavar="FILE",
        help="file that holds the server's host key; it is always checked",
    )
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="show every step; twice: Ansible's own words too"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="show no progress, only problems and the answer"
    )


def add_server_verb(
    parser: argparse.ArgumentParser,
    *,
    vault: bool = True,
    site: str = "SITE",
    what: str = "a folder of the sites directory",
) -> None:
    """Add what every verb takes that speaks to one site's server; ``vault``: it opens secrets, too."""
    add_sites(parser, name=site, what=what)
    if vault:
        add_vault(parser)
    add_server(parser)
    add_output(parser)


def add_many(parser: argparse.ArgumentParser) -> None:
    """Add how a change goes through many sites."""
    from kelid.model.rollout import WAVES

    group = parser.add_argument_group("many sites at once")
    group.add_argument("--all", action="store_true", help="every site of the sites directory")
    group.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="TAG",
        help="the sites that have this tag in site.yml; may be given again for more of them",
    )
    group.add_argument(
        "--waves",
        default=WAVES,
        metavar="SHARES",
        help=f"how many sites change at the same time, as numbers or percentages (default: {WAVES.replace('%', '%%')}); "
        "a wave in which one fails is the last",
    )
    group.add_argument("--canary", default="", metavar="SITE", help="the site that goes first")
    group.add_argument(
        "--forks",
        type=int,
        default=10,
        metavar="N",
        help="machines that are worked on at the same time (default: 10)",
    )
    group.add_argument(
        "--skip-failing",
        action="store_true",
        help="go on with the others where a machine can't be asked or isn't ready; the exit status still tells of it",
    )


def add_backup_store(parser: argparse.ArgumentParser) -> None:
    """Add what says how the backup store is reached, where that differs from backup.yml."""
    group = parser.add_argument_group("the backup store, where it differs from backup.yml")
    group.add_argument("--backup-address", metavar="HOST", help="the store's address as seen from the server")
    group.add_argument(
        "--backup-host-key", metavar="KEY", help="the store's public host key: 'ssh-ed25519 AAAA...'"
    )


def sites_of(arguments: argparse.Namespace) -> Path:
    """Return the sites directory that was asked for, or the default one."""
    chosen: Path | None = arguments.sites
    return chosen if chosen is not None else pipeline.default_sites()


def server_environment(arguments: argparse.Namespace, *, many: bool = False) -> dict[str, str]:
    """Return the environment by which the inventory plugin and the action plugins learn what the command line says.

    With ``many`` it is that of all sites, none of which is named.
    """
    password_file = getattr(arguments, "vault_password_file", None)  # who opens no vault takes none
    values: Mapping[str, Any] = {
        "KELID_SITES": sites_of(arguments).resolve(),
        "KELID_SITE": "" if many else arguments.site,
        "KELID_SERVER": "" if many else arguments.server or "primary",
        "KELID_ADDRESS": arguments.address,
        "KELID_PORT": arguments.port,
        "KELID_USER": arguments.user,
        "KELID_IDENTITY": arguments.identity and arguments.identity.resolve(),
        "KELID_KNOWN_HOSTS": arguments.known_hosts and arguments.known_hosts.resolve(),
        "KELID_VAULT_PASSWORD_FILE": password_file and password_file.resolve(),
        "KELID_BACKUP_ADDRESS": getattr(arguments, "backup_address", None),
        "KELID_BACKUP_HOST_KEY": getattr(arguments, "backup_host_key", None),
    }
    return {key: str(value) for key, value in values.items() if value}


ONE_SERVER = ("address", "port")
"""Options that say how one server is reached, and no other."""


def refuse_one_server(arguments: argparse.Namespace) -> None:
    """Raise KelidError where several sites are asked and an option says how one server is reached."""
    given = [f"--{name.replace('_', '-')}" for name in ONE_SERVER if getattr(arguments, name, None)]
    if given:
        raise KelidError(f"{given[0]} is for one site; name it", exit=Exit.USAGE)


def progress(arguments: argparse.Namespace) -> ProgressLines:
    """Return what shows progress on standard error."""
    from kelid.report.progress import ProgressLines

    return ProgressLines(
        sys.stderr,
        colour=wants_colour(arguments.color, sys.stderr),
        quiet=arguments.quiet,
        all_steps=arguments.verbose > 0,
    )


def fleet(arguments: argparse.Namespace, names: Sequence[str], output: Path | None = None) -> list[Outcome]:
    """Check the sites, or render them into ``output``, and return what became of each; on a terminal, count them."""
    from kelid.pipeline.fleet import Task, run

    if arguments.jobs < 0:
        raise KelidError("--jobs is a number from 1 on", exit=Exit.USAGE)
    cache = None
    if not arguments.no_cache and len(names) >= WORTH_A_CACHE:
        from kelid.pipeline.cache import Cache

        cache = Cache()
    task = Task(
        sites=sites_of(arguments),
        output=output,
        password_file=getattr(arguments, "vault_password_file", None),
        today=getattr(arguments, "today", None),
        cache=cache,
    )
    if len(names) == 1:
        return list(run(task, names, jobs=arguments.jobs))
    from kelid.report.progress import CountLine

    with CountLine(sys.stderr, len(names), "sites") as count:
        return [count(outcome) for outcome in run(task, names, jobs=arguments.jobs)]


def print_json(data: Any, *, large: bool = False) -> None:
    """Print an answer as JSON, Persian text as it is. ``large``: all in one line, as laying it out takes a while."""
    import json

    print(json.dumps(data, ensure_ascii=False, indent=None if large else 2))


def confirmed(question: str) -> bool:
    """Ask on the terminal and return True for yes; False where nobody can be asked."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes", "بله"}


def colour_of(arguments: argparse.Namespace) -> bool:
    """Return whether standard output gets colour."""
    return wants_colour(arguments.color, sys.stdout)
