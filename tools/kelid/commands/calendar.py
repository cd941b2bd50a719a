"""Show a site's holidays and closures in three calendars, or fill a calendar with a year's public holidays.

The days come from the library holidays; those of the lunar calendar are estimates, and are marked confirmed: false until
somebody has seen the announcement. Look the list through before you commit it: the client answers for its own holidays.

  kelid calendar noor-clinic                          every calendar: Gregorian, Jalali, Hijri, day of the week
  kelid calendar noor-clinic iran --fill 1407         the holidays of 1407, and the horizon at its end
  kelid calendar brightwater-hotel england --fill 2028 --subdivision ENG --dry-run
"""

from __future__ import annotations

import argparse
import sys
from datetime import date

from kelid.commands import options
from kelid.findings import Exit, KelidError

NAME = "calendar"
HELP = "show a site's holidays, or fill a calendar with a year's public holidays"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    options.add_sites(parser)
    parser.add_argument("calendar", nargs="?", metavar="CALENDAR", help="one calendar (default: all of them)")
    parser.add_argument(
        "--fill", metavar="YEAR", help="add the public holidays of a year of the calendar's own dates"
    )
    parser.add_argument(
        "--country", metavar="XX", help="whose holidays, ISO 3166 (default: the site's country)"
    )
    parser.add_argument(
        "--subdivision", default="", metavar="XXX", help="a part of the country, as ENG of GB"
    )
    parser.add_argument(
        "--dates",
        choices=("gregorian", "jalali", "hijri"),
        help="how a calendar that is new writes its dates (default: jalali in Iran and Afghanistan, else gregorian)",
    )
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="show from that day on (default: today)",
    )
    parser.add_argument("--all", action="store_true", help="show the days that are over, too")
    options.add_output(parser)
    from kelid.commands.finish import add_dry_run

    add_dry_run(parser)


def run(arguments: argparse.Namespace) -> Exit:
    """Show, or fill."""
    if arguments.fill:
        return _fill(arguments)
    from kelid import pipeline
    from kelid.report import calendars as report

    site = pipeline.load(options.sites_of(arguments), arguments.site)
    found = [item for item in site.calendars if arguments.calendar in {None, item.name}]
    if not found:
        raise _unknown(arguments, [item.name for item in site.calendars])
    start = date.min if arguments.all else arguments.today or date.today()  # noqa: DTZ011 - where the reader is
    if arguments.json:
        options.print_json({"site": site.name, "calendars": [report.as_data(item, start) for item in found]})
    else:
        for calendar in found:
            sys.stdout.write(report.text(calendar, site.language, start, colour=options.colour_of(arguments)))
    return Exit.OK


def _unknown(arguments: argparse.Namespace, known: list[str]) -> KelidError:
    there = f"it has {', '.join(known)}" if known else "it has none yet; --fill YEAR makes one"
    what = f"no calendar {arguments.calendar!r}" if arguments.calendar else "no calendar"
    return KelidError(f"{arguments.site} has {what}; {there}", exit=Exit.USAGE)


def _fill(arguments: argparse.Namespace) -> Exit:
    from kelid import pipeline
    from kelid.commands.finish import finish
    from kelid.edit import calendars, holidays
    from kelid.pipeline.drafts import Draft, schemas

    site = pipeline.load(options.sites_of(arguments), arguments.site)
    country = (arguments.country or site.country).upper()
    if not country:
        raise KelidError("whose holidays? Give --country, or country: in site.yml", exit=Exit.USAGE)
    names = [item.name for item in site.calendars]
    name = arguments.calendar or (names[0] if len(names) == 1 else "")
    if not name:
        raise (
            _unknown(arguments, names)
            if names
            else KelidError("give the new calendar a name", exit=Exit.USAGE)
        )
    draft = Draft(options.sites_of(arguments), arguments.site)
    document = draft.document("hours")
    written = {item["name"]: item.get("dates", "gregorian") for item in document.data(("calendars",)) or []}
    usual = "jalali" if country in {"IR", "AF"} else "gregorian"
    dates = written.get(name) or arguments.dates or usual
    first, last = calendars.year_of(arguments.fill, dates)
    languages = [site.language, *(tag for tag in ("en",) if tag != site.language)]
    days = holidays.public_holidays(country, first, last, languages, subdivision=arguments.subdivision)
    if name not in written:
        place = f"{country} {arguments.subdivision}".strip()
        source = f"library holidays {holidays.version()} ({place}); days that are not confirmed are estimates"
        order = list(schemas()["hours"]["properties"])
        calendars.new_calendar(document, name, dates, source, first, order=order)
        draft.need_shape()
        site = draft.check().loaded.site or site
    calendar = next(item for item in site.calendars if item.name == name)
    done = calendars.fill(document, calendar, dates, days, (first, last))
    unsure = sum(1 for item in days if not item.certain)
    notes = [
        f"{unsure} of the {len(days)} days are estimates (confirmed: false): set shift where the moon was seen "
        "otherwise, and take confirmed away when they are announced"
    ]
    return finish(arguments, draft, done, notes if unsure else ())
