"""``kelid lab``: throwaway PBX hosts on this machine."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
from typing import TYPE_CHECKING

from kelid.findings import Exit, KelidError

if TYPE_CHECKING:
    from kelid.lab import Lab

NAME = "lab"
HELP = "throwaway PBX hosts, a telephone company and a backup store on this machine"

_ABOUT = """\
A lab is a network of its own on this machine with real hosts on it (systemd, sshd, Asterisk): nothing in it can
reach the outside, and nothing outside is touched. It needs root on Linux. The first start builds the hosts' root
file systems from Debian's packages (about a minute); they are kept in $XDG_CACHE_HOME/kelid/images.

Labs of different names don't disturb one another. Hosts go on running when this command ends: take them down with
`kelid lab down`, which also clears up what a killed command left behind.
"""

_TRUNK_USER = "pbx"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the sub-verbs."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="lab_verb", required=True, metavar="VERB")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--lab",
        metavar="NAME",
        default=os.environ.get("KELID_LAB", "lab"),
        help="which lab (default: $KELID_LAB, or 'lab')",
    )
    up = verbs.add_parser(
        "up",
        parents=[common],
        help="start the hosts pbx, telco and store, as far as they don't run",
        description="Start a lab with three hosts: pbx (the server to try things on), telco (a telephone company with a "
        "SIP trunk) and store (an sftp server for backups). What runs already is left as it is.",
    )
    up.add_argument(
        "--image",
        default="pbx",
        choices=("bare", "pbx", "bare11", "pbx11"),
        help="what the host pbx is: pbx has Asterisk as Debian packages it, bare is an empty server that can install it; "
        "with 11 they are Debian 11 with Asterisk 16, else Debian 14 with Asterisk 22 (default: pbx)",
    )
    down = verbs.add_parser(
        "down",
        parents=[common],
        help="end the lab and remove everything that it made",
        description="End every process of the lab and remove its network, its disks and its keys. Harmless if there is "
        "none, and right after a crash. The cached images stay.",
    )
    down.add_argument("--all", action="store_true", help="all labs on this machine")
    status = verbs.add_parser(
        "status",
        parents=[common],
        help="show the lab's hosts and addresses",
        description="Show which hosts the lab has, whether they run, and where they are.",
    )
    status.add_argument("--json", action="store_true", help="as JSON, for a machine")
    ssh = verbs.add_parser(
        "ssh",
        parents=[common],
        help="enter a host as root, or run a command there",
        description="Enter a host as root over ssh, its host key checked; or run a command there: "
        "kelid lab ssh pbx -- asterisk -rx 'core show channels'",
    )
    ssh.add_argument("host", metavar="NAME", help="the host's name, for example pbx")
    ssh.add_argument(
        "words", metavar="COMMAND", nargs=argparse.REMAINDER, help="what to run there (default: a shell)"
    )
    verbs.add_parser(
        "clean",
        help="remove the cached images of the hosts",
        description="Remove the root file systems that labs are made of; the next start builds them anew. Refused while a "
        "lab is up.",
    )


def run(args: argparse.Namespace) -> Exit:
    """Carry out the sub-verb. Raise KelidError if it can't be done."""
    verbs = {"up": _up, "down": _down, "status": _status, "ssh": _ssh, "clean": _clean}
    return verbs[args.lab_verb](args)


def _clean(args: argparse.Namespace) -> Exit:
    """Remove the cached images. Raise KelidError while a lab may use them."""
    from kelid.lab import Lab, require
    from kelid.lab.images import cache_folder

    require()
    if Lab.names():
        raise KelidError(
            f"labs are up: {', '.join(Lab.names())}; end them with kelid lab down --all", exit=Exit.REFUSED
        )
    shutil.rmtree(cache_folder(), ignore_errors=True)
    _say(f"removed {cache_folder()}")
    return Exit.OK


def _say(line: str) -> None:
    """Tell of progress."""
    print(line, file=sys.stderr, flush=True)


def _up(args: argparse.Namespace) -> Exit:
    """Start what is missing of the lab's three hosts."""
    from kelid.lab import Lab

    lab = Lab.up(args.lab, _say)
    hosts = {host.name: host for host in lab.hosts()}
    for host in list(hosts.values()):
        if not host.ready:
            _say(f"{host.name} was left half made; making it anew")
            lab.destroy_host(host.name)
            del hosts[host.name]
        elif not host.running:
            _say(f"booting {host.name} again")
            lab.boot_host(host.name)
    # The password is made by the lab and lies beside its keys; a site's file names it, never this repository.
    password = lab.state / "trunk-password"
    if "telco" not in hosts:
        password.write_text(secrets.token_urlsafe(18) + "\n", encoding="ascii")
        password.chmod(0o600)
        lab.create_telco(_TRUNK_USER, password.read_text(encoding="ascii").strip(), progress=_say)
    if "store" not in hosts:
        lab.create_store(lab.key.with_suffix(".pub").read_text(encoding="ascii"), progress=_say)
    if "pbx" not in hosts:
        lab.create_host("pbx", args.image, progress=_say)
    elif hosts["pbx"].image != args.image:
        _say(f"pbx runs already, from image {hosts['pbx'].image}; take the lab down to change that")
    _table(lab)
    print(f"trunk: user {_TRUNK_USER} at telco, password in {password}")
    return Exit.OK


def _down(args: argparse.Namespace) -> Exit:
    """End one lab, or all."""
    from kelid.lab import Lab, require

    require()
    for name in Lab.names() if args.all else [args.lab]:
        _say(f"taking down lab {name}")
        Lab(name).down()
    return Exit.OK


def _status(args: argparse.Namespace) -> Exit:
    """Show the lab, or that there is none."""
    from kelid.lab import Lab, require

    require()
    lab = Lab(args.lab)
    if args.json:
        print(json.dumps(lab.status(), indent=2, ensure_ascii=False))
    elif lab.exists:
        _table(lab)
    else:
        print(f"no lab {args.lab!r} is up; start one with: kelid lab up --lab {args.lab}")
    return Exit.OK


def _table(lab: Lab) -> None:
    """Print the lab's hosts."""
    status = lab.status()
    print(f"lab {status['name']}: network {status['subnet']}, {status['processes']} processes")
    for host in status["hosts"]:
        names = ", ".join([host["name"], *host["aliases"]])
        state = "running" if host["running"] else "off"
        print(f"  {host['address']:<15} {state:<8} {host['image']:<7} {names}")
    print(f"enter a host: kelid lab ssh --lab {status['name']} NAME, or ssh -F {status['ssh_config']} NAME")


def _ssh(args: argparse.Namespace) -> Exit:
    """Become ssh into the host. Raise KelidError if there is no such host."""
    from kelid.lab import Lab

    lab = Lab.find(args.lab)
    host = lab.host(args.host)
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    command = [
        "ssh",
        *(["-t"] if not words and sys.stdin.isatty() else []),
        "-F",
        str(lab.ssh_config),
        host.name,
    ]
    # One word is a line for the host's shell, as ssh itself takes it; several are one command and its arguments.
    line = words[0] if len(words) == 1 else host.quoted(words)
    sys.stdout.flush()
    try:
        os.execvp("ssh", command + (["--", line] if words else []))  # noqa: S606  # ssh takes our place
    except OSError as problem:
        raise KelidError(f"could not start ssh: {problem}", exit=Exit.FAILURE) from problem
