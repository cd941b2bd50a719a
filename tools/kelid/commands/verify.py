"""Hold the running Asterisk against its release: contexts, endpoints, queues, mailboxes, registrations. Changes nothing.

With --calls the calls of calls.yml that are marked `after_apply: true` are placed on the live server, as they are after
every apply: the oracle has proven that they end before they ring a phone, enter a queue, take a trunk, record or leave
a message.
"""

from __future__ import annotations

import argparse

from kelid.commands import options, server
from kelid.findings import Exit

NAME = "verify"
HELP = "hold the running Asterisk against its release"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_server_verb(parser)
    parser.add_argument(
        "--calls",
        action="store_true",
        help="place the calls that are marked after_apply, and see where they go",
    )


def run(arguments: argparse.Namespace) -> Exit:
    """Verify and show the differences; exit status 1 if there are any."""
    with options.progress(arguments) as watch:
        result = server.server_of(arguments, watch).verify(calls=arguments.calls)
    if arguments.json:
        options.print_json(result)
    else:
        reasons = list(result.get("differences") or ())
        if not reasons and not result.get("ok"):  # the agent couldn't even look
            reasons.append(result.get("message") or "the server gave no reason")
        for name, what in (result.get("calls") or {}).items():
            print(f"{arguments.site}: call {name}: {what}")
        for reason in reasons:
            print(f"{arguments.site}: {reason}")
        print(f"{arguments.site}: {'as its release says' if result.get('ok') else 'NOT as its release says'}")
    return Exit.OK if result.get("ok") else Exit.FAILURE
