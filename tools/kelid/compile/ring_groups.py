"""Ring groups: several phones under one name, by FreePBX's strategies."""

from __future__ import annotations

from collections.abc import Mapping

from kelid.compile.calls import call_outside, reach, ring_now
from kelid.compile.dialplan import NO_REDIRECT
from kelid.compile.ring import CONFIRM_SECONDS, RINGING_TONE, recorded, tell
from kelid.compile.sounds import asterisk_language
from kelid.compile.text import go, literal, sound
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Extension, RingGroup, RingGroupMember, Site

_IN_TURN = frozenset({"hunt", "memoryhunt"})
_FIRST = frozenset({"firstavailable", "firstnotonphone"})


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context of the groups, each by its name, one for each group that begins with anybody, and one for each that
    calls numbers outside.
    """
    if not site.ring_groups:
        return ()
    return (
        Context("ring-groups", tuple(_group(site, group) for group in site.ring_groups)),
        *(_turns(site, group) for group in site.ring_groups if group.strategy == "random"),
        *(_outside(site, group) for group in site.ring_groups if any(m.external for m in group.members)),
    )


def _group(site: Site, group: RingGroup) -> Exten:
    extensions = site.by_number
    where = group.place("name")
    steps = _greeting(group)
    if group.recording == "always":
        steps += tell(site, where=group.place("recording"))
    if group.strategy == "random":
        return Exten(group.name, (*steps, *_begin(group)), where)
    if group.strategy in _IN_TURN:
        steps += _in_turn(group, extensions)
    elif group.strategy in _FIRST:
        steps += _first(group, extensions)
    else:
        steps.append(Step("Set", "RINGS=", where=group.place("strategy")))
        for member in group.members:
            steps += _add(group, member, extensions)
        steps.append(_ring(group))
    steps.append(go(group.destination, label="nobody", where=where))
    return Exten(group.name, tuple(steps), where)


def _greeting(group: RingGroup) -> list[Step]:
    """Return what is done with a call before anybody rings."""
    steps = []
    if group.language:
        steps.append(
            Step(
                "Set", f"CHANNEL(language)={asterisk_language(group.language)}", where=group.place("language")
            )
        )
    if group.caller_id_prefix:
        text = f"CALLERID(name)={literal(group.caller_id_prefix)} ${{CALLERID(name)}}"
        steps.append(Step("Set", text, where=group.place("caller_id_prefix")))
    if group.alert_info:
        steps.append(Step("Set", f"__ALERT_INFO={group.alert_info}", where=group.place("alert_info")))
    if group.musicclass:
        # Music needs an answered call; the ringing tone doesn't.
        steps.append(Step("Answer", "500", where=group.place("musicclass")))
    return steps


def _options(group: RingGroup) -> str:
    heard = f"m({group.musicclass})" if group.musicclass else "r"
    return (
        NO_REDIRECT
        + heard
        + RINGING_TONE
        + recorded(group.recording, f"ring-group-{group.name}", "x", told=True)
    )


def _ring(group: RingGroup) -> Step:
    asked = any(member.external and member.confirm for member in group.members)
    seconds = group.ring_time + (CONFIRM_SECONDS if asked else 0)
    return ring_now(seconds, _options(group), where=group.place("ring_time"))


def _add(group: RingGroup, member: RingGroupMember, extensions: Mapping[str, Extension]) -> list[Step]:
    """Return the step that adds a member to those who ring, if it can be rung."""
    if member.external:
        leg = f"Local/{member.external}@ring-group-{group.name}/n"
        return [Step("Set", f"RINGS=${{RINGS}}&{leg}", where=member.place("external"))]
    idle = group.skip_busy or group.strategy == "firstnotonphone"
    # Who may have one call at most is free only while on none.
    extension = extensions[member.extension]
    return reach(extension, calls=1 if idle else None, first=False, where=member.place("extension"))


def _in_turn(group: RingGroup, extensions: Mapping[str, Extension]) -> list[Step]:
    """Return the steps that ring one member after the other; with memoryhunt those before ring on."""
    steps = []
    if group.strategy == "memoryhunt":
        steps.append(Step("Set", "RINGS=", where=group.place("strategy")))
    for member in group.members:
        if group.strategy != "memoryhunt":
            steps.append(Step("Set", "RINGS=", where=group.place("strategy")))
        steps += [*_add(group, member, extensions), _ring(group)]
    return steps


def _begin(group: RingGroup) -> list[Step]:
    """Return the steps that begin with anybody of the group."""
    where = group.place("strategy")
    turn = f"ring-turns-{group.name},${{RAND(1,{len(group.members)})}},1"
    return [Step("Set", "TRIED=0", where=where), Step("Goto", turn, where=where)]


def _turns(site: Site, group: RingGroup) -> Context:
    """Return one extension for each member of a group that begins with anybody: each goes on with the next, in a ring.

    An extension for each, and no label in one of all: who is added to a group is one extension more, and changes no other.
    """
    where, last = group.place("strategy"), len(group.members)
    extens = []
    for number, member in enumerate(group.members, 1):
        steps = [
            Step("Set", "RINGS=", where=where),
            *_add(group, member, site.by_number),
            _ring(group),
            Step("Set", "TRIED=$[${TRIED} + 1]", where=where),
            Step("GotoIf", f"$[${{TRIED}} >= {last}]?nobody", where=where),
            Step("Goto", f"ring-turns-{group.name},{number % last + 1},1", where=where),
            go(group.destination, label="nobody", where=where),
        ]
        extens.append(Exten(str(number), tuple(steps), where))
    return Context(f"ring-turns-{group.name}", tuple(extens), where=where)


def _first(group: RingGroup, extensions: Mapping[str, Extension]) -> list[Step]:
    """Return the steps that ring the first member who can be rung, and nobody else."""
    where = group.place("strategy")
    steps = [Step("Set", "RINGS=", where=where)]
    for index, member in enumerate(group.members):
        steps += _add(group, member, extensions)
        if index + 1 < len(group.members):
            steps.append(Step("GotoIf", '$["${RINGS}" != ""]?ring', where=where))
    ring = _ring(group)
    return [*steps, Step(ring.app, ring.data, "ring", ring.where)]


def _outside(site: Site, group: RingGroup) -> Context:
    """Return one extension for each member outside, under its number: what its channel does."""
    return Context(
        f"ring-group-{group.name}",
        tuple(
            Exten(
                member.external,
                (
                    call_outside(
                        member.external,
                        member.permission_class,
                        group.ring_time,
                        sound(site, group.confirm_prompt) if member.confirm else "",
                        where=member.place("external"),
                    ),
                ),
                member.place("external"),
            )
            for member in group.members
            if member.external
        ),
        where=group.place("name"),
    )
