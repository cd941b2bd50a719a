"""Show an object of a site as it is after all merging: every value with the file and line that it comes from.

A value that nobody wrote is marked as default. Below stands who names the object. Secrets are named, never shown.

  kelid show noor-clinic                   every object of the site
  kelid show noor-clinic extension:101
  kelid show noor-clinic reception         a bare name, where one object alone is called so
  kelid show noor-clinic site              what holds for the whole site
"""

from __future__ import annotations

import argparse
import sys

from kelid import pipeline
from kelid.commands import options
from kelid.findings import Exit, KelidError
from kelid.model.site import Placed, Reference, Site
from kelid.report import objects as report

NAME = "show"
HELP = "show an object with the file and line behind every value"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser)
    parser.add_argument(
        "object", nargs="?", metavar="OBJECT", help="extension:101, queue:sales, a bare name, or site"
    )
    options.add_output(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Find the object and print it."""
    site = pipeline.load(options.sites_of(arguments), arguments.site)
    colour = options.colour_of(arguments)
    if arguments.object is None:
        if arguments.json:
            options.print_json({"site": site.name, "objects": report.index_data(site)})
        else:
            sys.stdout.write(report.index_text(site, colour=colour))
        return Exit.OK
    title, thing = find(site, arguments.object)
    used = users(site, thing)
    if arguments.json:
        options.print_json({"site": site.name, **report.as_data(site, title, thing, used)})
    else:
        sys.stdout.write(report.text(site, title, thing, used, colour=colour))
    return Exit.OK


def find(site: Site, wanted: str) -> tuple[str, Placed]:
    """Return the object that a text means, and its title.

    Raise KelidError, with what there is, if it means none or several.
    """
    things = report.objects(site)
    found = [(title, thing) for title, thing in things if title == wanted]
    kind, colon, label = wanted.partition(":")
    if not found and colon:
        found = [pair for pair in things if any((kind, label) == point for point, _ in pair[1].points())]
    if not found and not colon:
        found = [pair for pair in things if pair[1].KIND and pair[1].label == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{title} ({thing.where})" for title, thing in found)
        raise KelidError(f"{site.name} has several objects of that name: {names}; say which", exit=Exit.USAGE)
    same = [title for title, thing in things if colon and kind == thing.KIND]
    there = f"it has {', '.join(same)}" if same else f"kelid show {site.name} lists what it has"
    raise KelidError(f"{site.name} has no {wanted}; {there}", exit=Exit.USAGE)


def users(site: Site, thing: Placed) -> list[Reference]:
    """Return the references of other objects to this one, its mailbox included."""
    points = {point for point, _ in thing.points()}
    return [use for use in site.references if use.point in points and use.owner is not thing]
