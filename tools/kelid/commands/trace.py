"""Say what a call does, without a live system: who rings, for how long, what is heard, how it ends.

The oracle follows the call through the very dial plan that the site's server gets. What no file says is asked of the world:
phones answer, nobody has forwarded anything, no key is pressed, unless the options say otherwise.

  kelid trace noor-clinic --from trunk:mokhaberat --did 02188001234 --caller 09121234567 --at "1405-09-07 09:00" --press 1
  kelid trace noor-clinic --from extension:101 --dial 103 --device extension:103=busy
  kelid trace noor-clinic --call nowruz                  a call of calls.yml
  kelid trace noor-clinic --call nowruz --steps          each step of the dial plan, with the line of YAML behind it
  kelid trace noor-clinic --revision main --call nowruz  as it was at a git revision
  kelid trace --tree /etc/asterisk --context from-pstn --exten 02188001234

Exit status 0: the whole call is told; 1: it goes round for ever; 5: the oracle could not tell how it goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kelid.commands import options
from kelid.findings import Exit, KelidError

if TYPE_CHECKING:
    from kelid.model.call import Call, World
    from kelid.model.flow import Flow
    from kelid.model.outcome import Legend
    from kelid.model.pbx import Pbx
    from kelid.model.site import ExpectedCall, Site

NAME = "trace"
HELP = "say what a call does: who rings, for how long, what is heard"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("site", nargs="?", metavar="SITE", help="a folder of the sites directory")
    options.add_sites_directory(parser)
    parser.add_argument(
        "--revision",
        default="",
        metavar="REV",
        help="the site as it is at a git revision (default: its files)",
    )
    call = parser.add_argument_group("the call")
    call.add_argument("--call", metavar="NAME", help="a call of the site's calls.yml")
    call.add_argument(
        "--from",
        dest="start",
        default="",
        metavar="WAY",
        help="trunk:NAME, extension:NUMBER, anonymous, custom:CONTEXT, PJSIP/ENDPOINT; with --tree an endpoint",
    )
    call.add_argument(
        "--did",
        "--dial",
        "--exten",
        dest="number",
        default="",
        metavar="NUMBER",
        help="the number that is called",
    )
    call.add_argument("--caller", default="", metavar="NUMBER", help="the caller's number (default: none)")
    call.add_argument("--caller-name", default="", metavar="TEXT", help="the caller's name")
    call.add_argument(
        "--at", default="", metavar="TIME", help="1405-09-07 09:00 or 2026-11-28 09:00 (default: now)"
    )
    call.add_argument(
        "--press",
        action="append",
        default=[],
        metavar="KEYS",
        help="what is pressed at the first wait for keys, again for the next; - is nothing, ! hangs up",
    )
    world = parser.add_argument_group("the world that it meets")
    world.add_argument(
        "--device",
        action="append",
        default=[],
        metavar="NAME=STATE",
        help="extension:101=busy, trunk:NAME=unavailable; states: answers, busy, no_answer, unavailable, congestion",
    )
    world.add_argument(
        "--otherwise", default="answers", metavar="STATE", help="all others (default: answers)"
    )
    world.add_argument(
        "--in-use",
        action="append",
        default=[],
        metavar="NAME",
        help="a phone that is in a call: extension:101",
    )
    world.add_argument(
        "--db", action="append", default=[], metavar="KEY=VALUE", help="a value of astdb: CFU/101=102"
    )
    world.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="KIND[:WHAT]=ANSWER",
        help="any other answer: queue:sales=TIMEOUT, password=right (docs/oracle.md)",
    )
    tree = parser.add_argument_group("another configuration folder of Asterisk's")
    tree.add_argument(
        "--tree", type=Path, metavar="DIR", help="a folder like /etc/asterisk in the place of a site"
    )
    tree.add_argument("--context", default="", metavar="NAME", help="where the call begins")
    tree.add_argument("--zone", default="UTC", metavar="ZONE", help="the server's time zone (default: UTC)")
    tree.add_argument(
        "--asterisk",
        type=int,
        default=0,
        metavar="N",
        help="its version, 16 or 22 (default: as the files look)",
    )
    form = parser.add_argument_group("the answer")
    form.add_argument("--steps", action="store_true", help="show each step of the dial plan")
    form.add_argument(
        "--language", choices=("en", "fa"), default="en", help="language of the words (default: en)"
    )
    form.add_argument("--markdown", action="store_true", help="print Markdown")
    form.add_argument("--mermaid", action="store_true", help="print a Mermaid chart of the call's way")
    form.add_argument("--svg", type=Path, metavar="FILE", help="draw the call's way into a file")
    options.add_output(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Follow the call and tell it."""
    from kelid.model.moments import LATIN

    arguments.number = arguments.number.translate(LATIN)
    arguments.caller = arguments.caller.translate(LATIN)
    pbx, call, world, legend, start = _of_tree(arguments) if arguments.tree else _of_site(arguments)
    from kelid.pipeline.calls import happenings
    from kelid.report import traces as report
    from kelid.simulate import simulate

    trace = simulate(pbx, call, world)
    happened = happenings(trace, legend)
    language = arguments.language
    if arguments.svg or arguments.mermaid:
        _draw(arguments, report.flow(trace, happened, legend, language, start))
    if arguments.json:
        options.print_json(report.as_data(trace, happened, legend, language))
    elif arguments.markdown:
        sys.stdout.write(report.markdown(trace, happened, legend, language, start))
    elif not arguments.mermaid:
        colour = options.colour_of(arguments)
        told = report.text(trace, happened, legend, language, start, steps=arguments.steps, colour=colour)
        sys.stdout.write(told)
    return {"unknown": Exit.UNKNOWN, "loop": Exit.FAILURE}.get(trace.end, Exit.OK)


def _draw(arguments: argparse.Namespace, flow: Flow) -> None:
    from kelid.report.flow.picture import picture

    shown = picture(flow, arguments.language)._replace(title=flow.title)
    if arguments.mermaid:
        from kelid.report.flow.mermaid import mermaid

        sys.stdout.write(mermaid(shown))
    if arguments.svg:
        from kelid.report.flow.svg import svg

        try:
            arguments.svg.write_text(svg(shown), encoding="utf-8")
        except OSError as problem:
            raise KelidError(f"{arguments.svg} can't be written: {problem.strerror}") from problem


Case = tuple["Pbx", "Call", "World", "Legend", str]


def _of_site(arguments: argparse.Namespace) -> Case:
    """Return dial plan, call and world of a site, and where the call comes from in words."""
    from kelid import pipeline
    from kelid.model.site import CallWorld
    from kelid.pipeline import calls

    if not arguments.site:
        raise KelidError("which site? Give its name, or --tree DIR", exit=Exit.USAGE)
    if arguments.context:
        raise KelidError("--context goes with --tree; in a site write --from custom:CONTEXT", exit=Exit.USAGE)
    sites = options.sites_of(arguments)
    if arguments.revision:
        found = pipeline.check_at(sites, arguments.site, arguments.revision)
        if found is None:
            raise KelidError(f"there is no site {arguments.site!r} at {arguments.revision}", exit=Exit.USAGE)
        checked = found
    else:
        checked = pipeline.check(sites, arguments.site)
    site = checked.site
    legend = calls.legend(site)
    if arguments.call:
        expected = _expected(site, arguments.call)
        return (checked.pbx, *calls.expected_call(site, checked.pbx, expected), legend, expected.start)
    if not arguments.start:
        ways = [f"trunk:{trunk.name}" for trunk in site.trunks]
        ways += [f"extension:{extension.number}" for extension in site.extensions[:8]]
        raise KelidError(
            f"where does the call come from? Give --from: {', '.join(ways)} ...", exit=Exit.USAGE
        )
    at = moment_of(arguments.at, site.time_zone)
    dialled = calls.Dialled(arguments.number, at, arguments.caller, arguments.caller_name)
    call = calls.site_call(site, checked.pbx, arguments.start, dialled)
    state = CallWorld(
        devices=_states(arguments.device),
        otherwise=_state("--otherwise", arguments.otherwise),
        in_use=tuple(arguments.in_use),
        database=_pairs("--db", arguments.db),
        answers=_answers(arguments.answer),
    )
    return checked.pbx, call, calls.site_world(site, state, arguments.press), legend, arguments.start


def _expected(site: Site, name: str) -> ExpectedCall:
    found = next((item for item in site.calls if item.name == name), None)
    if found is None:
        known = ", ".join(item.name for item in site.calls) or "none: it has no calls.yml"
        raise KelidError(f"{site.name} has no call {name!r}; it has {known}", exit=Exit.USAGE)
    return found


def _of_tree(arguments: argparse.Namespace) -> Case:
    """Return dial plan, call and world of a configuration folder."""
    from kelid.model.call import World
    from kelid.model.outcome import Legend
    from kelid.pipeline import calls, trees

    if arguments.revision:
        raise KelidError("--revision goes with a site; give --tree another folder", exit=Exit.USAGE)
    if arguments.site or arguments.call:
        raise KelidError("give a site, or --tree DIR, not both", exit=Exit.USAGE)
    read = trees.tree(arguments.tree, asterisk=arguments.asterisk)
    at = moment_of(arguments.at, arguments.zone)
    dialled = calls.Dialled(arguments.number, at, arguments.caller, arguments.caller_name)
    if arguments.context:
        call = calls.context_call(read.pbx, arguments.context, dialled)
    elif arguments.start:
        call = calls.endpoint_call(read.pbx, arguments.start, dialled)
    else:
        names = ", ".join(context.name for context in read.pbx.contexts[:12])
        raise KelidError(
            f"where does the call begin? Give --context (there are {names} ...) or --from ENDPOINT",
            exit=Exit.USAGE,
        )
    world = World(
        devices=_states(arguments.device),
        otherwise=_state("--otherwise", arguments.otherwise),
        in_use=frozenset(arguments.in_use),
        database=_pairs("--db", arguments.db),
        presses=calls.presses(arguments.press),
        answers=_answers(arguments.answer),
    )
    return read.pbx, call, world, Legend(), arguments.context or arguments.start


def moment_of(text: str, zone: str) -> datetime:
    """Return the moment that ``--at`` means by the clock of a zone; now where it says nothing.

    Raise KelidError for one that isn't there.
    """
    from zoneinfo import ZoneInfo

    from kelid.model.moments import moment

    try:
        return moment(text, zone) if text else datetime.now(ZoneInfo(zone)).replace(microsecond=0)
    except (KeyError, OSError) as problem:
        raise KelidError(
            f"no time zone is called {zone!r}; write it like Asia/Tehran", exit=Exit.USAGE
        ) from problem
    except ValueError as problem:
        raise KelidError(f"--at: {problem}", exit=Exit.USAGE) from problem


def _pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise KelidError(f"{option} {text}: write NAME=VALUE", exit=Exit.USAGE)
        found[name] = value
    return found


def _states(texts: Iterable[str]) -> Mapping[str, str]:
    return {name: _state(f"--device {name}", state) for name, state in _pairs("--device", texts).items()}


def _state(option: str, state: str) -> str:
    from kelid.model.call import DEVICE_STATES

    if state not in DEVICE_STATES:
        raise KelidError(
            f"{option}: no device does {state!r}; known are {', '.join(DEVICE_STATES)}", exit=Exit.USAGE
        )
    return state


def _answers(texts: Iterable[str]) -> Mapping[str, str]:
    from kelid.model.call import QUESTIONS

    found = _pairs("--answer", texts)
    for name in found:
        kind = name.partition(":")[0]
        if kind not in QUESTIONS:
            raise KelidError(
                f"--answer {name}: nothing asks so; known are {', '.join(QUESTIONS)}", exit=Exit.USAGE
            )
    return found
