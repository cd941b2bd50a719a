"""Conferences. As apps/app_confbridge.c and apps/app_meetme.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kelid.model.call import Question
from kelid.simulate.arguments import split_arguments
from kelid.simulate.state import GO_ON, HANG_UP

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def confbridge(run: Run, data: str) -> int | str:
    """Enter a conference: ``name[,bridge profile[,user profile[,menu]]]``."""
    parts = split_arguments(data, 4)
    parts += [""] * (4 - len(parts))
    if not parts[0]:
        run.warn("ConfBridge requires an argument (conference name[,options])")
        run.set("CONFBRIDGE_RESULT", "FAILED")
        return HANG_UP
    channel = run.channel
    if not channel.answered:
        run.answer()
        if channel.hungup:
            return HANG_UP
    settings = [("bridge", parts[1]), ("user", parts[2]), ("menu", parts[3])]
    for section in run.pbx.sections("confbridge.conf"):
        if section.name in (parts[1] or "default_bridge", parts[2] or "default_user"):
            settings += [
                (option.key, option.value) for option in section.options if option.key not in ("pin", "type")
            ]
            if section.get("pin"):
                settings.append(("pin", "asked"))
    pin = any(
        section.get("pin")
        for section in run.pbx.sections("confbridge.conf")
        if section.name == (parts[2] or "default_user") and section.get("type") == "user"
    )
    if pin:
        answer = run.ask(Question("password", f"conference {parts[0]}", ("right", "wrong", "none")))
        run.note("password", f"conference {parts[0]}", ("answer", answer))
        if answer != "right":
            run.set("CONFBRIDGE_RESULT", "FAILED")
            return HANG_UP
    run.note("conference", parts[0], *settings)
    answer = run.ask(Question("conference", parts[0], ("HANGUP", "KICKED", "ENDMARKED", "DTMF", "TIMEOUT")))
    run.set("CONFBRIDGE_RESULT", answer)
    if answer == "HANGUP":
        channel.hungup = True
    return HANG_UP if channel.hungup else GO_ON


def confkick(run: Run, data: str) -> int | str:
    """Throw somebody out of a conference."""
    run.set("CONFKICKSTATUS", "SUCCESS")
    return GO_ON


def meetme(run: Run, data: str) -> int | str:
    """Enter a conference of the old kind, until the caller hangs up or leaves it by #."""
    parts = split_arguments(data, 3)
    parts += [""] * (3 - len(parts))
    run.answer()
    run.note("conference", parts[0], ("options", parts[1]))
    if "p" in parts[1] and run.ask(Question("conference", parts[0], ("HANGUP", "DTMF"))) == "DTMF":
        return GO_ON
    run.channel.hungup = True
    return HANG_UP


def nothing(run: Run, data: str) -> int | str:
    """Do what this call doesn't show."""
    return GO_ON


APPLICATIONS = {
    "ConfBridge": confbridge,
    "ConfKick": confkick,
    "MeetMe": meetme,
    "MeetMeAdmin": nothing,
    "MeetMeChannelAdmin": nothing,
}
