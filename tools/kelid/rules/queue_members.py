"""Q: queues."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.model.feature_codes import FEATURE_CODES, OFF
from kelid.model.meant import instead
from kelid.model.queue_members import logins, queues_of
from kelid.model.site import Queue, Site
from kelid.rules.registry import Fault, rule

_LOGIN_CODES = ("queue_login", "queue_login_toggle")


@rule("Q001")
def member_unknown(site: Site) -> Iterator[Fault]:
    """A queue's member is an extension of the site; so is who may log in, and who may listen."""
    known = {extension.number for extension in site.extensions}
    for queue in site.queues:
        for word, those in (
            ("member", queue.members),
            ("member", queue.dynamic.members),
            ("supervisor", queue.supervisors),
        ):
            for person in those:
                if person.extension not in known:
                    text = f"queue {queue.name!r}: there is no extension {person.extension}"
                    yield person.place("extension"), text, f"add it in extensions.yml, or remove the {word}"


@rule("Q002")
def member_twice(site: Site) -> Iterator[Fault]:
    """A queue names a member once, as one who always answers or as one who may log in."""
    for queue in site.queues:
        seen = set()
        for member in (*queue.members, *queue.dynamic.members):
            if member.extension in seen:
                yield (
                    member.place("extension"),
                    f"queue {queue.name!r} names {member.extension} twice",
                    "keep one",
                )
            seen.add(member.extension)
        watching = set()
        for supervisor in queue.supervisors:
            if supervisor.extension in watching:
                text = f"queue {queue.name!r} names the supervisor {supervisor.extension} twice"
                yield supervisor.place("extension"), text, "keep one"
            watching.add(supervisor.extension)


@rule("Q003")
def queue_rings_nobody(site: Site) -> Iterator[Fault]:
    """A queue needs a member who can answer, or one who can log in."""
    able = {login.queue.name for login in logins(site)}
    codes = site.features.feature_codes
    closed = all(codes.get(key, FEATURE_CODES[key].code) == OFF for key in _LOGIN_CODES)
    for queue in site.queues:
        if queue.members:
            continue
        if queue.name not in able:
            yield (
                queue.place("members"),
                f"queue {queue.name!r} rings nobody",
                "add a member or remove the queue",
            )
        elif closed:
            text = (
                f"queue {queue.name!r} rings nobody: its members would have to log in, and no code does that"
            )
            yield queue.dynamic.where, text, "set the code queue_login in features.yml"


@rule("Q009", Severity.WARNING)
def takes_callers_when_empty(site: Site) -> Iterator[Fault]:
    """Callers don't wait in a queue that nobody is logged in to."""
    for queue in site.queues:
        if queue.members or not (queue.dynamic.members or queue.dynamic.permission_classes):
            continue
        if queue.joinempty in {("yes",), ()}:
            text = f"queue {queue.name!r}: callers join and wait also when no member is logged in"
            yield (
                queue.place("joinempty"),
                text,
                "set joinempty: [unavailable, invalid, unknown], or another condition",
            )


@rule("Q010")
def class_unknown(site: Site) -> Iterator[Fault]:
    """A class that a queue names is at the site; one whose extensions may log in has extensions."""
    known = {item.name for item in site.permission_classes}
    used = {extension.permission_class for extension in site.extensions}
    for queue in site.queues:
        if queue.callback and queue.callback.permission_class not in known:
            text = f"queue {queue.name!r}: there is no permission class {queue.callback.permission_class!r}"
            fix = instead(queue.callback.permission_class, sorted(known), "routes.yml")
            yield queue.callback.place("permission_class"), text, fix
        for index, name in enumerate(queue.dynamic.permission_classes):
            where = queue.dynamic.place(f"permission_classes.{index}")
            if name not in known:
                text = f"queue {queue.name!r}: there is no permission class {name!r}"
                yield where, text, instead(name, sorted(known), "routes.yml")
            elif name not in used:
                text = f"queue {queue.name!r}: no extension has the permission class {name!r}, so nobody may log in by it"
                yield where, text, "give it to an extension, or remove it here"


@rule("Q017")
def steps_out_of_order(site: Site) -> Iterator[Fault]:
    """The steps of a penalty rule follow each other in time, and each changes something."""
    for item in site.penalty_rules:
        before = -1
        for step in item.steps:
            if step.after <= before:
                text = f"penalty rule {item.name!r}: {step.after} s come after {before} s"
                yield step.place("after"), text, "put the steps in order of time, one for each time"
            before = max(before, step.after)
            if not (step.max_penalty or step.min_penalty or step.raise_penalty):
                text = f"penalty rule {item.name!r}: the step after {step.after} s changes nothing"
                yield step.place("after"), text, "give it max_penalty, min_penalty or raise_penalty"


@rule("Q018", Severity.WARNING)
def step_never_reached(site: Site) -> Iterator[Fault]:
    """Callers wait long enough for each step of their penalty rule."""
    rules = {item.name: item for item in site.penalty_rules}
    for queue in site.queues:
        item = rules.get(queue.penalty_rule)
        late = [step for step in item.steps if 0 < queue.max_wait <= step.after] if item else []
        if late:
            left = f"queue {queue.name!r}: callers leave after {queue.max_wait} s"
            text = f"{left}, and never get to the step after {late[0].after} s"
            yield queue.place("penalty_rule"), text, "raise max_wait, or name a rule with shorter times"


@rule("Q019", Severity.WARNING)
def penalties_do_nothing(site: Site) -> Iterator[Fault]:
    """What goes by penalties has members with different ones."""
    penalties: dict[str, set[int]] = {}
    for queue in site.queues:
        penalties[queue.name] = {member.penalty for member in queue.members}
    for login in logins(site):
        penalties[login.queue.name].add(login.penalty)
    for queue in site.queues:
        if len(penalties[queue.name]) != 1:
            continue
        for key in ("penalty_rule", "penaltymemberslimit"):
            if getattr(queue, key):
                text = f"queue {queue.name!r}: {key} does nothing, because all members have the same penalty"
                yield queue.place(key), text, f"give members different penalties, or remove {key}"


@rule("Q020", Severity.WARNING)
def weight_does_nothing(site: Site) -> Iterator[Fault]:
    """A weight is for queues that share members."""
    shared = {queue.name for queues in queues_of(site).values() if len(queues) > 1 for queue in queues}
    for queue in site.queues:
        if queue.weight and queue.name not in shared:
            text = f"queue {queue.name!r}: weight does nothing, because no member answers another queue too"
            yield queue.place("weight"), text, "remove it"


@rule("Q021", Severity.WARNING)
def rings_in_use_too_often(site: Site) -> Iterator[Fault]:
    """At most one queue rings a member who is on the phone."""
    found: dict[str, list[Queue]] = {}
    for queue in site.queues:
        for member in queue.members:
            if member.ringinuse == "yes" or (member.ringinuse == "queue" and queue.ringinuse):
                found.setdefault(member.extension, []).append(queue)
    for login in logins(site):
        if login.queue.ringinuse:
            found.setdefault(login.extension.number, []).append(login.queue)
    said = set()
    for number, queues in found.items():
        names = tuple(queue.name for queue in queues)
        if len(queues) > 1 and names not in said:
            said.add(names)
            text = f"{number} is rung by the queues {', '.join(names)} while on the phone"
            yield queues[-1].place("ringinuse"), text, "leave ringinuse off in all but one"
