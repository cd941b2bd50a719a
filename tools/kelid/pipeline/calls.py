"""Calls in a site's words, through the oracle: a way in and a world become a Call and a World, a trace what happens."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from kelid.compile import sounds
from kelid.compile.text import go, sound
from kelid.compile.trunks import dial
from kelid.findings import NOWHERE, Exit, KelidError, Where
from kelid.model.astdb import BLACKLIST, DO_NOT_DISTURB, FORWARDS, NIGHT
from kelid.model.call import Call, Question, World
from kelid.model.destination import KINDS, Destination
from kelid.model.moments import moment
from kelid.model.number_format import sent_as
from kelid.model.origins import DEFAULT, Origin, origins
from kelid.model.outcome import Happening, Judgement, Legend
from kelid.model.pbx import Option, Pbx, Section
from kelid.model.record import replace
from kelid.model.site import BUILTIN, CallWorld, ExpectedCall, Names, Point, Site, Trunk
from kelid.model.site.references import named
from kelid.model.trace import Event, Trace

CALLED = "called:"
"""What the subject of a question about keys begins with where the called person presses them (``simulate/state.py``)."""

NUMBER = frozenset("0123456789*#+")

ENDPOINT = "PJSIP/"
"""What an endpoint's name stands behind where a call comes from it by Asterisk's own name."""

# --- a call --------------------------------------------------------------------------------------


class Dialled(NamedTuple):
    """What is dialled, when, and what the caller shows. ``number`` is "" where a call names none."""

    number: str
    at: datetime
    caller: str = ""
    caller_name: str = ""


def site_call(site: Site, pbx: Pbx, start: str, dialled: Dialled) -> Call:
    """Given a way in in a site's words, return the call: ``trunk:NAME``, ``extension:NUMBER``, ``anonymous``, ``custom:``...

    ``PJSIP/NAME`` is an endpoint by Asterisk's own name: one of several phones of an extension, or a line whose numbers come
    just as they are given. On a trunk the number is as the site's files write it; it becomes what the trunk sends. Raise
    KelidError, with what there is, for what the site hasn't got.
    """
    kind, name = named(start)
    # An extension of a context can have letters in its name.
    as_given = start.startswith(ENDPOINT)
    need_numbers(dialled._replace(number="") if kind == "custom" or as_given else dialled)
    if as_given:
        return endpoint_call(pbx, start.removeprefix(ENDPOINT), dialled)
    if kind == "trunk":
        trunk = _one(site, "trunk", name, {item.name: item for item in site.trunks})
        return _from_trunk(site, pbx, trunk, dialled)
    if kind == "extension":
        extension = _one(site, "extension", name, {item.number: item for item in site.extensions})
        if not dialled.number:
            raise KelidError("a phone dials something: give the number", exit=Exit.USAGE)
        return endpoint_call(pbx, extension.devices[0].endpoint, dialled)
    if start == "anonymous":
        return anonymous_call(pbx, dialled)
    if kind == "custom" and name:
        return context_call(pbx, name, dialled)
    raise KelidError(
        f"no call comes from {start!r}; write trunk:NAME, extension:NUMBER, anonymous, custom:CONTEXT or PJSIP/ENDPOINT",
        exit=Exit.USAGE,
    )


def need_numbers(dialled: Dialled) -> None:
    """Raise KelidError for a number with letters in it."""
    for text, what in (
        (dialled.number, "the number that is called"),
        (dialled.caller, "the caller's number"),
    ):
        wrong = [character for character in text if character not in NUMBER]
        if wrong:
            raise KelidError(
                f"{what}, {text!r}, holds {wrong[0]!r}; a number has 0-9, *, # and +", exit=Exit.USAGE
            )


T = TypeVar("T")


def _one(site: Site, kind: str, name: str, known: Mapping[str, T]) -> T:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1, 0.6)
    there = f"did you mean {near[0]}?" if near else f"it has {', '.join(list(known)[:20]) or 'none'}"
    raise KelidError(f"{site.name} has no {kind} {name!r}; {there}", exit=Exit.USAGE)


def _from_trunk(site: Site, pbx: Pbx, trunk: Trunk, dialled: Dialled) -> Call:
    number, caller = dialled.number, dialled.caller
    exten, variables = number or "s", {}
    lines = {line.number for line in trunk.dahdi.lines} if trunk.dahdi else set()
    if number and number in lines:
        # An analog line sends no number; chan_dahdi.conf says which one each port has.
        exten, variables = "s", {"LINE": number}
    elif number and not trunk.internal:
        if trunk.dids and not _has(trunk, number):
            raise KelidError(
                f"the trunk {trunk.name} has no number {number}; its dids are {', '.join(trunk.dids)}",
                exit=Exit.USAGE,
            )
        exten = sent_as(number, trunk.did_in, site.dial) or number
    if caller:
        caller = sent_as(caller, trunk.caller_id_in, site.dial) or caller
    sent = dialled._replace(number=exten, caller=caller)
    technology, _, endpoint = device(site, trunk).partition("/")
    if trunk.kind == "dahdi":
        context = f"from-trunk-{trunk.name}"
        section = next(
            (item for item in pbx.sections("chan_dahdi.conf") if item.get("context") == context), None
        )
    elif trunk.kind == "iax2":
        section = _section(pbx, "iax.conf", trunk.name, None)
    else:
        section = _section(pbx, "pjsip.conf", trunk.name, "endpoint")
    call = _call(section.options if section else (), technology, endpoint, sent)
    return replace(call, variables={**call.variables, **variables}) if variables else call


def _has(trunk: Trunk, number: str) -> bool:
    return any(len(number) == len(first) and first <= number <= last for first, last, _ in trunk.blocks())


def anonymous_call(pbx: Pbx, dialled: Dialled) -> Call:
    """Return a call of a stranger by SIP. Raise KelidError where there is no endpoint for them: they are answered 401."""
    section = _section(pbx, "pjsip.conf", "anonymous", "endpoint")
    if section is None:
        raise KelidError(
            "strangers can't call: no endpoint is called anonymous, so Asterisk asks for a password (401) and ends it",
            exit=Exit.REFUSED,
        )
    return _call(section.options, "PJSIP", "anonymous", dialled)


def context_call(pbx: Pbx, context: str, dialled: Dialled) -> Call:
    """Return a call that begins in a context. Raise KelidError, with those that there are, for one that isn't there."""
    known = [item.name for item in pbx.contexts]
    if context not in known:
        near = difflib.get_close_matches(context, known, 3, 0.5)
        there = ", ".join(near or known[:20]) or "none"
        raise KelidError(f"there is no context {context!r}; there are {there}", exit=Exit.USAGE)
    return Call(
        context=context,
        exten=dialled.number or "s",
        at=dialled.at,
        caller=dialled.caller,
        caller_name=dialled.caller_name,
    )


def endpoint_call(pbx: Pbx, endpoint: str, dialled: Dialled) -> Call:
    """Return a call of an endpoint of pjsip.conf, or of a peer or user of sip.conf or iax.conf.

    Raise KelidError, with those that there are, for one that isn't there.
    """
    known = named_origins(pbx)
    origin = known.get(endpoint)
    if origin is None:
        near = difflib.get_close_matches(endpoint, known, 3, 0.5)
        there = ", ".join(near or list(known)[:20]) or "none"
        raise KelidError(f"there is no endpoint {endpoint!r}; there are {there}", exit=Exit.USAGE)
    return _call(origin.options, origin.technology, endpoint, dialled)


def named_origins(pbx: Pbx) -> dict[str, Origin]:
    """Return the phones and trunks that have a name of their own: of two with the same one, that of pjsip.conf."""
    found = [one for one in origins(pbx) if one.technology in ("PJSIP", "SIP", "IAX2")]
    return {one.name: one for one in sorted(found, key=lambda one: one.technology == "PJSIP")}


def _section(pbx: Pbx, file: str, name: str, type_: str | None) -> Section | None:
    return next((item for item in pbx.sections(file, type_) if item.name == name), None)


def _call(options: Sequence[Option], technology: str, endpoint: str, dialled: Dialled) -> Call:
    """Return a call as the options of its channel driver say that it comes in."""
    given = {option.key: option.value for option in options}
    sets: dict[str, str] = {}
    for option in options:
        if option.key in {"set_var", "setvar"}:
            name, _, text = option.value.partition("=")
            sets[name.strip()] = text
    shown_name, shown = split_caller(given.get("callerid", ""))
    return Call(
        context=given.get("context", DEFAULT),
        exten=dialled.number or "s",
        at=dialled.at,
        technology=technology,
        endpoint=endpoint,
        caller=dialled.caller or shown,
        caller_name=dialled.caller_name or shown_name,
        variables=sets,
        language=given.get("language", ""),
        account=given.get("accountcode", ""),
    )


def split_caller(text: str) -> tuple[str, str]:
    """Given ``"Reception" <101>``, return name and number; DAHDI's ``asreceived`` is neither."""
    if text == "asreceived":
        return "", ""
    name, bracket, rest = text.partition("<")
    if not bracket:
        return ("", text) if text.strip("0123456789*#+") == "" else (text.strip().strip('"'), "")
    return name.strip().strip('"'), rest.rstrip(">").strip()


# --- a world -------------------------------------------------------------------------------------


def device(site: Site, trunk: Trunk) -> str:
    """Return the device that a trunk is to Asterisk: ``PJSIP/mokhaberat``, ``IAX2/isfahan``, ``DAHDI/r0``."""
    if trunk.kind == "sip":
        return f"PJSIP/{trunk.name}"
    return "/".join(dial(site, trunk).split("/")[:2])


def devices(site: Site, text: str) -> tuple[str, ...]:
    """Given ``extension:101`` or ``trunk:line``, return its devices; a device of Asterisk's (``PJSIP/101``) is itself.

    Raise KelidError for what the site hasn't got.
    """
    kind, name = named(text)
    if "/" in text:
        return (text,)
    if kind == "trunk":
        trunk = _one(site, kind, name, {item.name: item for item in site.trunks})
        return (device(site, trunk),)
    if kind == "extension":
        extension = _one(site, kind, name, {item.number: item for item in site.extensions})
        return tuple(f"PJSIP/{item.endpoint}" for item in extension.devices)
    raise KelidError(f"{text!r} is no device; write extension:NUMBER or trunk:NAME", exit=Exit.USAGE)


def site_world(site: Site, world: CallWorld, press: Iterable[str] = ()) -> World:
    """Return the world that a site's file describes, in Asterisk's words."""
    database = {f"{NIGHT}/{name}": state for name, state in world.night_mode.items()}
    for name, state in world.night_mode.items():
        database[f"CustomDevstate/NIGHT-{name}-{state}"] = "INUSE"
    for forward in world.forwards:
        database[f"{FORWARDS[forward.when]}/{forward.extension}"] = forward.to
    for text in world.do_not_disturb:
        number = named(text)[1]
        database[f"{DO_NOT_DISTURB}/{number}"] = "1"
        database[f"CustomDevstate/DND{number}"] = "INUSE"
    database |= {f"{BLACKLIST}/{number}": "1" for number in world.blacklist}
    return World(
        devices={name: state for text, state in world.devices.items() for name in devices(site, text)},
        otherwise=world.otherwise,
        in_use=frozenset(name for text in world.in_use for name in devices(site, text)),
        database={**database, **world.database},
        presses=presses(press),
        answers=dict(world.answers),
    )


def presses(texts: Iterable[str]) -> tuple[str, ...]:
    """Return what is pressed at each wait for keys; ``-`` is nothing."""
    return tuple("" if text == "-" else text for text in texts)


# --- what happens --------------------------------------------------------------------------------


def legend(site: Site) -> Legend:
    """Return how the dial plan of a site is said in the site's words."""
    places: dict[tuple[str, str], Point] = {}
    names: dict[Point, Names] = {}
    for thing in site.objects():
        point = (thing.KIND, thing.label)
        if found := getattr(thing, "names", None):
            names[point] = found
        for kind, name in (known for known, _ in thing.points() if known[0] in KINDS):
            for greeting in ("unavailable", "busy"):
                _place(places, Destination(kind, name), greeting)
    for way in site.ways:
        if way.destination.kind == "custom":
            _place(places, way.destination, "")
    belongs: dict[str, Point] = {}
    # A phone that dials an extension finds it by an include: the step is one of the phone's own context.
    dialled = [f"from-class-{payer.name}" for payer in site.permission_classes]
    for extension in site.extensions:
        point = ("extension", extension.number)
        places |= {(context, extension.number): point for context in dialled}
        belongs |= {f"PJSIP/{item.endpoint}": point for item in extension.devices}
        names["voicemail", extension.number] = extension.names
    belongs |= {device(site, trunk): ("trunk", trunk.name) for trunk in site.trunks}
    prompts = {sound(site, prompt.name): prompt.name for prompt in site.prompts}
    texts = {
        prompt.name: {recording.language: recording.text for recording in prompt.recordings if recording.text}
        for prompt in site.prompts
    }
    return Legend(
        places=places,
        devices=belongs,
        prompts=prompts,
        names=names,
        texts=texts,
        language=site.language,
        calendar="jalali" if site.country in {"IR", "AF"} else "gregorian",
    )


def _place(places: dict[tuple[str, str], Point], to: Destination, greeting: str) -> None:
    if to.kind in {"hangup", "busy", "external"}:
        return
    parts = go(to, greeting=greeting, where=NOWHERE).data.split(",")
    places[parts[0], parts[1]] = (to.kind, to.name)


_ENDS = {"busy": "busy", "congestion": "congestion"}
"""Tones that are words of ``calls.yml``."""


def happenings(trace: Trace, words: Legend) -> tuple[Happening, ...]:
    """Return what happens in a call, in order: the objects that it reaches, and its events."""
    at: dict[int, list[Event]] = {}
    for event in trace.events:
        at.setdefault(event.step, []).append(event)
    found: list[Happening] = [_told(event, trace, words) for event in at.get(-1, ())]
    for index, step in enumerate(trace.steps):
        point = words.places.get((step.context, step.exten)) if step.priority == 1 else None
        if point is not None:
            item = f"{point[0]}:{point[1]}"
            # An extension and a mailbox are there only when something rings or can be left: their events say so.
            items = () if point[0] in {"extension", "voicemail", "queue"} else (item,)
            found.append(Happening("reached", items, "", (point,), (), index, step.where))
        found += [_told(event, trace, words) for event in at.get(index, ())]
    return tuple(_with_seconds(found))


def _with_seconds(found: list[Happening]) -> Iterator[Happening]:
    """Yield the happenings; a ring group has the seconds of the first ringing after it."""
    for index, happening in enumerate(found):
        detail = happening.detail
        if happening.kind == "reached" and happening.about[0][0] == "ring_group":
            rings = next((later for later in found[index + 1 :] if later.kind in {"rings", "reached"}), None)
            detail = rings.detail if rings and rings.kind == "rings" else ""
        yield happening._replace(detail=detail)


def _told(event: Event, trace: Trace, words: Legend) -> Happening:
    """Return an event in the site's words."""
    details = dict(event.details)
    where = _line(trace, event.step)
    kind, subject = event.kind, event.subject
    items: tuple[str, ...] = ()
    detail = ""
    about: tuple[Point, ...] = ()
    values: dict[str, str] = {"subject": subject, **details}
    if kind == "rings":
        about = tuple(dict.fromkeys(_owner(words, name) for name in subject.split("&")))
        items = tuple(f"{of}:{name}" for of, name in about)
        detail = f"{details['seconds']}s" if details.get("seconds") else ""
    elif kind == "calls-out":
        about = (_owner(words, subject),)
        items = tuple(f"{of}:{name}" for of, name in about)
        detail = details.get("number", "")
    elif kind == "queue":
        about, items = (("queue", subject),), (f"queue:{subject}",)
    elif kind == "voicemail":
        boxes = [text.partition("@")[0] for text in subject.split("&")]
        about = tuple(("voicemail", box) for box in boxes)
        items = tuple(f"voicemail:{box}" for box in boxes)
    elif kind == "conference":
        about, items = (("conference", subject),), (f"conference:{subject}",)
    elif kind == "hears":
        prompts = [_prompt(words, file) for file in subject.split("&") if file]
        about = tuple(("prompt", name) for name in prompts if name)
        items = tuple(f"prompt:{name}" for name in prompts)
    elif kind == "talks":
        items = ("talk",)
        if subject.startswith("queue "):
            about = (("queue", subject.removeprefix("queue ")),)
        elif subject in words.devices:
            about = (_owner(words, subject),)
    elif kind == "answered":
        items = ("answered",)
    elif kind == "tone":
        items = (_ENDS[subject],) if subject in _ENDS else ()
    elif kind == "hangup":
        items, detail = ("hangup",), details.get("cause", "")
    return Happening(kind, items, detail, about, tuple(values.items()), event.step, where)


def _line(trace: Trace, step: int) -> Where:
    """Return the line behind a step; of one that every site has (the subroutine that rings), that of the step before."""
    for index in range(min(step, len(trace.steps) - 1), -1, -1):
        if trace.steps[index].where.file:
            return trace.steps[index].where
    return NOWHERE


def _owner(words: Legend, name: str) -> Point:
    """Return the object that a channel belongs to; of one that none does, the device itself."""
    return words.devices.get(name, ("device", name))


def _prompt(words: Legend, file: str) -> str:
    """Return the prompt that a sound file is: a name of the site's, or a packaged sound."""
    file = file.strip()
    if file in words.prompts:
        return words.prompts[file]
    return file if file.startswith((sounds.MEDIA, "/")) else f"{BUILTIN}{file}"


# --- what is expected ----------------------------------------------------------------------------


class Tried(NamedTuple):
    """An expected call with what it did."""

    call: ExpectedCall
    trace: Trace
    happenings: tuple[Happening, ...]
    judgement: Judgement
    notes: tuple[str, ...] = ()


def expected_call(site: Site, pbx: Pbx, expected: ExpectedCall) -> tuple[Call, World]:
    """Return an expected call of calls.yml and its world as the oracle takes them."""
    at = moment(expected.at, site.time_zone)
    call = site_call(site, pbx, expected.start, Dialled(expected.dial, at, expected.caller))
    return call, site_world(site, expected.world, expected.press)


def try_call(site: Site, pbx: Pbx, words: Legend, expected: ExpectedCall) -> Tried:
    """Return what an expected call does, and whether that is what is expected.

    Raise KelidError where the call can't be made at all.
    """
    from kelid.simulate import simulate

    call, world = expected_call(site, pbx, expected)
    trace = simulate(pbx, call, world)
    happened = happenings(trace, words)
    judgement = judge(expected, trace, happened)
    if expected.after_apply and judgement.status == "ok":
        from kelid.pipeline.after_apply import judged

        judgement = judged(site, pbx, words, expected)
    return Tried(expected, trace, happened, judgement, tuple(unasked(site, expected, trace)))


def unasked(site: Site, expected: ExpectedCall, trace: Trace) -> Iterator[str]:
    """Yield what a world says that the call never asks for: a slip, or a call that goes another way than was thought."""
    questions = [asked.question for asked in trace.asked]
    waits = sum(
        1
        for question in questions
        if question.kind == "key" and "+" not in question.subject and not question.subject.startswith(CALLED)
    )
    if waits < len(expected.press):
        yield f"keys are given for {len(expected.press)} waits, and the call waits {waits} times"
    for text in expected.world.devices:
        if not any(_asked_about(name, questions) for name in devices(site, text)):
            yield f"the call never asks what {text} does"
    subjects = {question.subject for question in questions if question.kind == "database-has"}
    for key in trace.world.database:
        if not key.startswith("CustomDevstate/") and key not in subjects:
            yield f"the call never asks for {key} of the database"


def _asked_about(name: str, questions: Iterable[Question]) -> bool:
    """Return True if a question is about a device (``PJSIP/line``), or about a call over it (``PJSIP/0912@line``)."""
    for question in questions:
        if question.kind in {"dial", "device"}:
            for called in question.subject.split("&"):
                if called == name or called.startswith(f"{name}/") or _over(called) == name:
                    return True
    return False


def _over(called: str) -> str:
    """Return the trunk over which a number is called."""
    technology, _, rest = called.partition("/")
    return f"{technology}/{rest.rpartition('@')[2]}"


def judge(expected: ExpectedCall, trace: Trace, happened: tuple[Happening, ...]) -> Judgement:
    """Return whether a call did what is expected of it."""
    place = -1
    before = ""
    for index, item in enumerate(expected.expect):
        where = expected.place(f"expect.{index}")
        found = next(
            (later for later in range(place + 1, len(happened)) if happened[later].answers(item)), None
        )
        if found is None:
            problem = f"{item} does not happen" + (f" after {before}" if before else "")
            if near := _instead(item, happened):
                problem += f"; {near}"
            return _doubted(trace, Judgement("failed", problem, where))
        place, before = found, item
    for index, item in enumerate(expected.expect_not):
        where = expected.place(f"expect_not.{index}")
        wrong = next((happening for happening in happened if happening.answers(item)), None)
        if wrong is not None:
            told = f" ({wrong.where})" if wrong.where.file else ""
            return Judgement("failed", f"{item} happens{told}", where)
    return _doubted(trace, Judgement("ok"))


def _doubted(trace: Trace, otherwise: Judgement) -> Judgement:
    """Return the judgement, or that nobody can tell, where the oracle didn't know how the call goes on."""
    if trace.end == "unknown":
        where = trace.steps[-1].where if trace.steps else otherwise.where
        return Judgement("unknown", f"could not tell: {trace.unknown}", where)
    if trace.end == "loop":
        where = trace.steps[-1].where if trace.steps else otherwise.where
        loops = next((event.subject for event in trace.events if event.kind == "loop"), "")
        return Judgement("failed", f"the call goes round for ever: {loops}", where)
    return otherwise


def _instead(item: str, happened: Iterable[Happening]) -> str:
    """Return what happened that is nearly what was expected: the same with another detail; or in another order."""
    word, _, detail = item.partition(" ")
    for happening in happened:
        if word in happening.items:
            return f"{word} {happening.detail}".strip() + (" does" if detail else " happens before")
    return ""
