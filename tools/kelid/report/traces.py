"""What a call does, in words that a client understands, or step by step: for the terminal, as Markdown, JSON, a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kelid.findings import Where
from kelid.model.flow import Flow, Link, Place
from kelid.model.moments import moment_text
from kelid.model.outcome import Happening, Legend
from kelid.model.site.base import Point
from kelid.model.trace import Trace
from kelid.report.colour import paint
from kelid.report.words import WORDS, apart, name_in, say

TECHNICAL = frozenset({"keeps", "lamp", "log", "box", "member"})
"""Kinds of happenings that only an engineer asks for."""

_WIDTH = 76
"""Characters before the places of lines."""


def title(trace: Trace, legend: Legend, language: str, start: str) -> str:
    """Return who calls whom, and when: by the site's own calendar, and by the Gregorian one."""
    call = trace.call
    when = moment_text(call.at, legend.calendar)
    if legend.calendar != "gregorian":
        when += f" ({call.at:%Y-%m-%d})"
    at = f"{say(f'day.{call.at.weekday()}', language)} {apart(when, language)}"
    caller = call.caller or say("trace.caller.hidden", language)
    return say("trace.title", language, caller=caller, number=call.exten, start=start, at=at)


def sentence(happening: Happening, legend: Legend, language: str) -> str:
    """Return what happens in one sentence, without a full stop."""
    kind = happening.kind
    if kind == "reached":
        of, name = happening.about[0]
        shown = name_in(legend.names.get((of, name), {}), language, name)
        tag = apart(f"{of}:{name}", language)
        return f"{say(f'place.{of}', language)}: {shown} ({tag})"
    values = dict(happening.values)
    who = say("comma", language).join(_who(point, legend, language) for point in happening.about)
    subject = values.get("subject", "")
    key = f"did.{kind}"
    if kind == "hears":
        return _hears(happening, legend, language)
    if kind == "tone" and f"did.tone.{subject}" in WORDS:
        key = f"did.tone.{subject}"
    elif kind == "keys" and not subject:
        key = "did.keys.none"
    elif kind in {"rings", "queue"} and values.get("seconds"):
        key = f"did.{kind}.seconds"
    elif kind == "talks" and who:
        key = "did.talks.who"
    cause = values.get("cause", "16")
    values["cause"] = say(f"cause.{cause}" if f"cause.{cause}" in WORDS else "cause", language, cause=cause)
    return say(key, language, **{**values, "who": who or subject})


def _hears(happening: Happening, legend: Legend, language: str) -> str:
    prompts = [item.partition(":")[2] for item in happening.items]
    values = dict(happening.values)
    if values.get("said") == "music":
        return say("did.hears.music", language, subject=values.get("subject", ""))
    subject = say("comma", language).join(prompts) or values.get("said", "") or values.get("subject", "")
    spoken = [legend.texts[name] for name in prompts if name in legend.texts]
    text = " ".join(name_in(texts, language) for texts in spoken)
    if text:
        return say("did.hears.text", language, subject=subject, text=text)
    return say("did.hears", language, subject=subject)


def _who(point: Point, legend: Legend, language: str) -> str:
    """Return an object as people call it: ``extension 101 (Reception)``."""
    kind, name = point
    names = legend.names.get(point) or legend.names.get(("extension", name), {}) if kind != "trunk" else {}
    word = say(f"kind.{kind}", language) if f"kind.{kind}" in WORDS else kind
    shown = name_in(names or {}, language)
    return f"{word} {name} ({shown})".strip() if shown else f"{word} {name}".strip()


def shown(happened: Iterable[Happening], *, every: bool = False) -> list[Happening]:
    """Return the happenings that a client wants to know of; with ``every`` all of them."""
    found = list(happened)
    if every:
        return found
    # An extension's own place says no more than that its phones ring, if they do.
    return [
        item
        for item in found
        if item.kind not in TECHNICAL and (item.items or item.kind != "reached" or _silent(item))
    ]


def _silent(happening: Happening) -> bool:
    """Return True for a place that no event of its own follows."""
    return happening.about[0][0] not in {"extension", "voicemail", "queue"}


def text(
    trace: Trace,
    happened: Sequence[Happening],
    legend: Legend,
    language: str,
    start: str,
    *,
    steps: bool = False,
    colour: bool = False,
) -> str:
    """Return the trace for a terminal: what happens, with the line behind it; with ``steps`` each step too."""
    rows = [paint(title(trace, legend, language, start), "bold", on=colour)]
    if steps:
        rows += _all_steps(trace, happened, legend, language, colour=colour)
    else:
        for number, item in enumerate(shown(happened), start=1):
            rows.append(_row(f"{number:3}  {sentence(item, legend, language)}", item.where, colour=colour))
    if ending := _ending(trace, language):
        rows.append(paint(ending, "red bold", on=colour))
    return "\n".join(rows) + "\n"


def _row(words: str, where: Where, *, colour: bool) -> str:
    if not where.file:
        return words
    gap = " " * max(2, _WIDTH - len(words))
    return f"{words}{gap}{paint(f'{where.file}:{where.line}', 'dim', on=colour)}"


def _all_steps(
    trace: Trace, happened: Sequence[Happening], legend: Legend, language: str, *, colour: bool
) -> list[str]:
    told: dict[int, list[Happening]] = {}
    for item in happened:
        if item.kind != "reached":
            told.setdefault(item.step, []).append(item)
    rows = [
        f"       {paint(sentence(item, legend, language), 'blue', on=colour)}" for item in told.get(-1, ())
    ]
    for index, step in enumerate(trace.steps):
        channel = f" [{step.channel}]" if step.channel else ""
        words = f"{index + 1:5}{channel} {step.context},{step.exten},{step.priority} {step.app}({step.data})"
        rows.append(_row(words, step.where, colour=colour))
        rows += [
            f"       {paint(sentence(item, legend, language), 'blue', on=colour)}"
            for item in told.get(index, ())
        ]
    return rows


def _ending(trace: Trace, language: str) -> str:
    key = f"trace.end.{trace.end}"
    return say(key, language, why=trace.unknown) if key in WORDS else ""


def markdown(trace: Trace, happened: Sequence[Happening], legend: Legend, language: str, start: str) -> str:
    """Return what happens as a list in Markdown."""
    rows = [f"### {title(trace, legend, language, start)}", ""]
    for item in shown(happened):
        place = f" `{item.where.file}:{item.where.line}`" if item.where.file else ""
        rows.append(f"1. {sentence(item, legend, language)}{place}")
    if ending := _ending(trace, language):
        rows += ["", f"**{ending}**"]
    return "\n".join(rows) + "\n"


def as_data(trace: Trace, happened: Sequence[Happening], legend: Legend, language: str) -> dict[str, Any]:
    """Return the whole trace as plain data for JSON."""
    call, world = trace.call, trace.world
    return {
        "call": {
            "context": call.context,
            "exten": call.exten,
            "at": call.at.isoformat(),
            "technology": call.technology,
            "endpoint": call.endpoint,
            "caller": call.caller,
            "caller_name": call.caller_name,
            "variables": dict(call.variables),
        },
        "world": {
            "devices": dict(world.devices),
            "otherwise": world.otherwise,
            "in_use": sorted(world.in_use),
            "database": dict(world.database),
            "press": list(world.presses),
            "answers": dict(world.answers),
        },
        "end": trace.end,
        "unknown": trace.unknown,
        "happenings": [happening_data(item, legend, language) for item in happened],
        "steps": [
            {
                "context": step.context,
                "exten": step.exten,
                "priority": step.priority,
                "app": step.app,
                "data": step.data,
                "channel": step.channel,
                "file": step.where.file,
                "line": step.where.line,
            }
            for step in trace.steps
        ],
        "asked": [
            {"kind": asked.question.kind, "subject": asked.question.subject, "answer": asked.answer}
            for asked in trace.asked
        ],
    }


def happening_data(item: Happening, legend: Legend, language: str) -> dict[str, Any]:
    """Return one happening as plain data."""
    return {
        "kind": item.kind,
        "items": list(item.items),
        "detail": item.detail,
        "text": sentence(item, legend, language),
        "step": item.step,
        "file": item.where.file,
        "line": item.where.line,
    }


_PLACE = {
    "rings": "phones",
    "calls-out": "line",
    "queue": "queue",
    "voicemail": "voicemail",
    "conference": "conference",
    "park": "parking",
    "page": "page",
    "hears": "announcement",
    "hangup": "hangup",
    "unknown": "unknown",
    "loop": "unknown",
    "talks": "phone",
    "fax": "fax",
}
"""Kind of happening -> kind of place in the picture of a trace; the others stand on the way to the next."""


def flow(trace: Trace, happened: Sequence[Happening], legend: Legend, language: str, start: str) -> Flow:
    """Return the way of one call as a flow, to be drawn: one place after the other, and what is done between."""
    places = [Place("start", "trunk", start)]
    links: list[Link] = []
    between: list[str] = []
    for number, item in enumerate(shown(happened)):
        words = sentence(item, legend, language)
        if item.kind == "reached":
            of, name = item.about[0]
            place = Place(f"{number}", of, name, legend.names.get((of, name), {}), (), item.where)
        elif item.kind == "hangup":
            place = Place(f"{number}", "hangup", "")
        elif item.kind in _PLACE:
            short = say("comma", language).join(item.items) or words
            place = Place(f"{number}", _PLACE[item.kind], short, {language: words}, (), item.where)
        else:
            between.append(words)
            continue
        links.append(
            Link(places[-1].key, place.key, "goes", say("comma", language).join(between), item.where)
        )
        places.append(place)
        between = []
    name = title(trace, legend, language, start)
    return Flow(
        title=name, names={language: name}, language=language, places=tuple(places), links=tuple(links)
    )
