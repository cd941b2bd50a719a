"""Ask a server what it runs: its release, who is on the phone, whether files were changed by hand or a way back is armed."""

from __future__ import annotations

import argparse
import sys

from kelid.commands import options, server
from kelid.findings import Exit

NAME = "status"
HELP = "ask a server what it runs"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Ask and show. The exit status is 1 if Asterisk doesn't run, 4 if files were changed by hand."""
    with options.progress(arguments) as watch:
        status = server.server_of(arguments, watch).status()
    drift = status.get("drift") or []
    if arguments.json:
        options.print_json(status)
    else:
        manifest = status.get("manifest") or {}
        asterisk = status.get("asterisk") or {}
        print(f"site      {arguments.site}")
        print(f"release   {status.get('release') or '(none)'}")
        print(
            f"commit    {manifest.get('commit') or '(none)'}{' with uncommitted changes' if manifest.get('dirty') else ''}"
        )
        print(f"kelid     {manifest.get('kelid') or '(none)'}")
        print(
            f"asterisk  {asterisk.get('version', '?')}, {'running' if asterisk.get('running') else 'NOT running'}"
        )
        waiting = ", ".join(f"{name} {count}" for name, count in (status.get("waiting") or {}).items())
        print(f"channels  {status.get('channels', '?')}{f'; callers wait in {waiting}' if waiting else ''}")
        print(f"drift     {', '.join(drift) or 'none'}")
        if back := status.get("went_back"):
            print(f"news      {back['story']}")
        print(
            f"armed     {'yes: a change waits to be confirmed, or undoes itself' if status.get('armed') else 'no'}"
        )
    if not server.is_running(status):
        print(f"kelid: {arguments.site}: {server.NOT_RUNNING}", file=sys.stderr)
        return Exit.FAILURE
    return Exit.CHANGES if drift else Exit.OK
