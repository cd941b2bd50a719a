"""Conferences: rooms (confbridge.conf), who may come in, and what they can press there."""

from __future__ import annotations

from kelid.compile.conf import Value, section
from kelid.compile.features.phone import is_phone
from kelid.compile.sounds import asterisk_language
from kelid.findings import Where
from kelid.model.pbx import ConfFile, Context, Exten, Section, Step, secret_token
from kelid.model.site import Conference, Site

_USER = {
    "*": "playback_and_continue(conf-usermenu)",
    "*1": "toggle_mute",
    "*4": "decrease_listening_volume",
    "*5": "reset_listening_volume",
    "*6": "increase_listening_volume",
    "*7": "decrease_talking_volume",
    "*8": "leave_conference",
    "*9": "increase_talking_volume",
    "*#": "participant_count",
}
"""The keys of Asterisk's sample, of which its prompt speaks; ``*#`` is ours."""

_MODERATOR = {
    **_USER,
    "*": "playback_and_continue(conf-adminmenu)",
    "*2": "admin_toggle_conference_lock",
    "*3": "admin_kick_last",
    "*0": "admin_toggle_mute_participants",
}


def conf(site: Site) -> ConfFile:
    """Return confbridge.conf: for each room its bridge, and profiles of those who come in as users and as moderators."""
    found = [section("general", {})]
    if site.conferences:
        found += [
            section("kelid-user", {"type": "menu", **_USER}),
            section("kelid-moderator", {"type": "menu", **_MODERATOR}),
        ]
    for room in site.conferences:
        found += [_bridge(room), _profile(room, "user")]
        if room.moderator_number:
            found.append(_profile(room, "moderator"))
        if room.moderators:
            found.append(_profile(room, "phone"))
    return ConfFile("confbridge.conf", tuple(found))


def _bridge(room: Conference) -> Section:
    options: dict[str, Value] = {
        "type": "bridge",
        "max_members": (room.max_members, room.place("max_members")),
        "record_conference": (room.record, room.place("record")),
        "video_mode": "none",
    }
    if room.language:
        options["language"] = (asterisk_language(room.language), room.place("language"))
    return section(f"{room.name}-room", options, room.place("name"))


def _profile(room: Conference, name: str) -> Section:
    """Return the profile of a user, of a moderator who knows the PIN, or of a moderator's own ``phone``."""
    moderator = name != "user"
    options: dict[str, Value] = {
        "type": "user",
        "admin": moderator,
        "marked": moderator,
        "startmuted": (room.mute_on_entry and not moderator, room.place("mute_on_entry")),
        "music_on_hold_when_empty": (room.music_when_alone, room.place("music_when_alone")),
        "music_on_hold_class": (room.musicclass, room.place("musicclass")),
        "announce_join_leave": (room.announce_join_leave, room.place("announce_join_leave")),
        "announce_user_count": (room.announce_count, room.place("announce_count")),
        "wait_marked": (room.wait_for_moderator and not moderator, room.place("wait_for_moderator")),
        "end_marked": (room.end_with_moderator, room.place("end_with_moderator")),
        "dsp_drop_silence": True,
    }
    key = {"user": "pin_secret", "moderator": "moderator_pin_secret"}.get(name, "")
    secret = getattr(room, key, "")
    if secret:
        options["pin"] = (secret_token(secret), room.place(key))
    return section(f"{room.name}-{name}", options, room.place("name"))


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the ways in: ``conferences`` for everybody, ``conference-moderators`` for those who know the moderators' PIN.

    A moderator's own phone is asked for no PIN by either: nobody else can call with its endpoint.
    """
    if not site.conferences:
        return ()
    found = [Context("conferences", tuple(_way_in(room, "user") for room in site.conferences))]
    known = tuple(_way_in(room, "moderator") for room in site.conferences if room.moderator_number)
    return (*found, Context("conference-moderators", known)) if known else tuple(found)


def _way_in(room: Conference, profile: str) -> Exten:
    where = room.place("name" if profile == "user" else "moderator_number")
    moderators = tuple(
        Step("GotoIf", f"$[{is_phone(number)}]?moderator", where=room.place(f"moderators.{index}"))
        for index, number in enumerate(room.moderators)
    )
    steps = [Step("Answer", "500", where=where), *moderators, *_join(room, profile, where)]
    if moderators:
        steps += _join(room, "phone", where, label="moderator")
    return Exten(room.name, tuple(steps), where)


def _join(room: Conference, profile: str, where: Where, label: str = "") -> tuple[Step, ...]:
    menu = "kelid-user" if profile == "user" else "kelid-moderator"
    return (
        Step("ConfBridge", f"{room.name},{room.name}-room,{room.name}-{profile},{menu}", label, where),
        Step("Hangup", where=where),
    )
