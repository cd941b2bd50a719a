"""What the caller hears: recordings, spoken numbers, tones, music. As apps/app_playback.c and main/pbx_builtins.c."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kelid.simulate.applications.flow import length
from kelid.simulate.arguments import leading_integer, split_arguments
from kelid.simulate.dialplan import CAN_MATCH, MATCH_MORE
from kelid.simulate.options import options
from kelid.simulate.state import GO_ON, HANG_UP
from kelid.simulate.unknown import UnknownHere

if TYPE_CHECKING:
    from kelid.simulate.run import Run


def _over(run: Run) -> int:
    return HANG_UP if run.channel.hungup else GO_ON


def _is_true(text: str | None) -> bool:
    """Return what ast_true makes of a text."""
    return (text or "").strip().lower() in ("yes", "true", "y", "t", "1", "on")


def playback(run: Run, data: str) -> int | str:
    """Play recordings; keys don't stop them."""
    parts = split_arguments(data, 2)
    files = parts[0] if parts else ""
    if not files:
        run.warn("Playback requires an argument (filename)")
        return HANG_UP
    wanted = (parts[1] if len(parts) > 1 else "").split(",")
    channel = run.channel
    if not channel.answered:
        if "skip" in wanted:
            run.set("PLAYBACKSTATUS", "SUCCESS")
            return GO_ON
        if "noanswer" not in wanted:
            run.answer()
            if channel.hungup:
                run.set("PLAYBACKSTATUS", "SUCCESS")
                return HANG_UP
    if channel.hungup:  # nobody hears it, and the dial plan goes on
        run.set("PLAYBACKSTATUS", "FAILED")
        return GO_ON
    run.note("hears", files, *([("say", "yes")] if "say" in wanted else []))
    run.set("PLAYBACKSTATUS", "SUCCESS")
    return _over(run)


def background(run: Run, data: str) -> int | str:
    """Play recordings and let the caller press a key meanwhile."""
    if not data:
        run.warn("Background requires an argument (filename)")
        return HANG_UP
    parts = split_arguments(data, 4)
    parts += [""] * (4 - len(parts))
    files, letters, _, context = parts
    channel = run.channel
    context = context or run.get("MACRO_CONTEXT") or channel.context
    lower = letters.lower()
    skip, quiet, exact, deaf = lower == "skip", lower == "noanswer", False, False
    if not skip and not quiet:
        given = options(letters) or {}
        skip, quiet, exact, deaf = "s" in given, "n" in given, "m" in given, "p" in given
    if not channel.answered:
        if skip:
            run.set("BACKGROUNDSTATUS", "SUCCESS")
            return GO_ON
        if not quiet:
            run.answer()
            if channel.hungup:
                return HANG_UP
    if channel.hungup:
        run.set("BACKGROUNDSTATUS", "FAILED")
        return GO_ON
    run.note("hears", files.strip())
    key = "" if deaf else run.press()
    place = 1
    while exact and key and not run.exists(context, key):
        key = run.press(place)  # the recording goes on after a key that leads nowhere
        place += 1
    if not key:
        run.set("BACKGROUNDSTATUS", "SUCCESS")
        return _over(run)
    if run.dialplan.partly(run, context, key, CAN_MATCH) and not run.dialplan.partly(
        run, context, key, MATCH_MORE
    ):
        run.note("keys", key)
        channel.context, channel.exten, channel.priority = context, key, 0
        run.set("BACKGROUNDSTATUS", "SUCCESS")
        return GO_ON
    run.set("BACKGROUNDSTATUS", "SUCCESS")
    return key


def control_playback(run: Run, data: str) -> int | str:
    """Play a recording with keys to stop, wind and pause. As apps/app_controlplayback.c."""
    parts = split_arguments(data, 8)
    if not parts or not parts[0]:
        run.warn("ControlPlayback requires an argument (filename)")
        return HANG_UP
    parts += [""] * (8 - len(parts))
    if run.channel.hungup:
        run.set("CPLAYBACKSTATUS", "ERROR")
        run.set("CPLAYBACKOFFSET", "0")
        return GO_ON
    run.note("hears", parts[0])
    stop = parts[4]
    key = run.press(keys=("", *stop)) if stop else ""
    ended = "ERROR" if run.channel.hungup else "SUCCESS"  # whoever hangs up meanwhile
    run.set("CPLAYBACKSTATUS", "USERSTOPPED" if key else ended)
    if key:
        run.set("CPLAYBACKSTOPKEY", key)
    run.set("CPLAYBACKOFFSET", "0")
    return _over(run)


def background_detect(run: Run, data: str) -> int | str:
    """Play a recording; whoever speaks meanwhile goes to ``talk``."""
    name = data.partition(",")[0]
    if not name:
        run.warn("BackgroundDetect requires an argument (filename)")
        return HANG_UP
    run.answer()
    run.note("hears", name)
    key = run.press()
    if key:
        return key
    return _over(run)


def _say(run: Run, what: str, text: str) -> int | str:
    run.note("hears", text, ("said", what))
    if _is_true(run.get("SAY_DTMF_INTERRUPT")):
        key = run.press()
        if key:
            return key
    return _over(run)


def say_alpha(run: Run, data: str) -> int | str:
    """Spell a text."""
    return _say(run, "letters", data)


def say_alpha_case(run: Run, data: str) -> int | str:
    """Spell a text, small and large letters."""
    return _say(run, "letters", data.partition(",")[2])


def say_digits(run: Run, data: str) -> int | str:
    """Say digits one by one."""
    return _say(run, "digits", data)


def say_number(run: Run, data: str) -> int | str:
    """Say a number."""
    text, comma, rest = data.partition(",")
    if not data:
        run.warn("SayNumber requires an argument (number)")
        return HANG_UP
    if leading_integer(run.settle(text)) is None:
        run.warn(f"argument '{text}' to SayNumber could not be parsed as a number.")
        return GO_ON
    if comma and rest.partition(",")[0].lower() not in ("f", "m", "c", "n"):
        run.warn("SayNumber gender option is either 'f', 'm', 'c' or 'n'")
        return HANG_UP
    return GO_ON if run.channel.hungup else _say(run, "number", text)


def say_phonetic(run: Run, data: str) -> int | str:
    """Spell a text with the names of its letters."""
    return _say(run, "phonetic", data)


def say_unix_time(run: Run, data: str) -> int | str:
    """Say a time: ``[time][,zone][,format][,options]``. As apps/app_sayunixtime.c."""
    parts = split_arguments(data, 4)
    parts += [""] * (4 - len(parts))
    run.note("hears", parts[0] or "now", ("said", "time"), ("zone", parts[1]), ("format", parts[2]))
    if "j" in parts[3]:
        key = run.press()
        if key:
            return key
    return _over(run)


def say_counted(run: Run, data: str) -> int | str:
    """Say how many of something there are."""
    return _say(run, "counted", data)


def play_tones(run: Run, data: str) -> int | str:
    """Play a tone while the call goes on."""
    if not data:
        run.warn("Playtones requires an argument (tone list)")
        return HANG_UP
    run.note("tone", data)
    return GO_ON


def no_sound(run: Run, data: str) -> int | str:
    """Stop what plays."""
    return GO_ON


def music_on_hold(run: Run, data: str) -> int | str:
    """Play music for some seconds, or until the caller hangs up. As apps/app_mp3.c's neighbour res_musiconhold.c."""
    parts = data.split(",")
    seconds = length(parts[1]) if len(parts) > 1 else 0.0
    run.note("hears", parts[0] or run.channel.musicclass or "default", ("said", "music"))
    if not seconds:
        return _gone(run)
    if not run.channel.hungup:
        run.spend(seconds)
    return GO_ON


def start_music(run: Run, data: str) -> int | str:
    """Play music while the call goes on."""
    run.note("hears", data or run.channel.musicclass or "default", ("said", "music"))
    return GO_ON


def _gone(run: Run) -> int:
    """Return what an application that never ends by itself gives when the caller hangs up."""
    run.channel.hungup = True
    return HANG_UP


def until_gone(what: str) -> Callable[[Run, str], int | str]:
    """Return an application that plays something until the caller hangs up."""

    def endless(run: Run, data: str) -> int | str:
        """Play until the caller hangs up."""
        run.answer()
        run.note("hears", data, ("said", what))
        return _gone(run)

    return endless


def echo(run: Run, data: str) -> int | str:
    """Give back what the caller says until he presses # or hangs up; other keys are given back too (apps/app_echo.c)."""
    run.note("hears", "", ("said", "echo"))
    place = 0
    while key := run.press(place, keys=("", "#")):
        if key == "#":
            return GO_ON
        place += 1
    return _gone(run)


def player(what: str) -> Callable[[Run, str], int | str]:
    """Return an application that has another program play or speak."""

    def play(run: Run, data: str) -> int | str:
        """Play what a program makes."""
        run.answer()
        run.note("hears", data, ("said", what))
        return _over(run)

    return play


def wait_for(run: Run, data: str) -> int | str:
    """Wait until it is silent, or noisy. As apps/app_waitforsilence.c."""
    run.set("WAITSTATUS", "HANGUP" if run.channel.hungup else "SILENCE")
    return GO_ON


def wait_until(run: Run, data: str) -> int | str:
    """Wait until a moment. As apps/app_waituntil.c."""
    if not data:
        run.warn("WaitUntil requires an argument(epoch)")
        run.set("WAITUNTILSTATUS", "FAILURE")
        return GO_ON
    at = leading_integer(run.settle(data))
    if at is None:
        run.set("WAITUNTILSTATUS", "FAILURE")
        return GO_ON
    left = at[0] - int(run.now().timestamp())
    run.set("WAITUNTILSTATUS", "OK" if left >= 0 else "PAST")
    if left < 0:
        return GO_ON
    run.spend(left)
    return _over(run)


def send_dtmf(run: Run, data: str) -> int | str:
    """Send keys to the caller."""
    if not data:
        run.warn("SendDTMF requires an argument")
        return GO_ON
    run.note("hears", data.partition(",")[0], ("said", "keys"))
    return _over(run)


def send_text(run: Run, data: str) -> int | str:
    """Send a text to the caller's phone."""
    run.set("SENDTEXTSTATUS", "FAILURE" if run.channel.hungup else "SUCCESS")
    return GO_ON


def receive_dtmf(run: Run, data: str) -> int | str:
    """Take keys: ``variable[,digits[,timeout]]``. As apps/app_senddtmf.c."""
    parts = split_arguments(data, 3)
    if not parts or not parts[0]:
        run.warn("ReceiveDTMF requires an argument")
        return GO_ON
    most = leading_integer(parts[1])[0] if len(parts) > 1 and leading_integer(parts[1]) else 0  # type: ignore[index]
    digits = ""
    while not most or len(digits) < most:
        key = run.press(len(digits))
        if not key:
            break
        digits += key
    run.assign(parts[0], digits)
    return _over(run)


def answering_machine(run: Run, data: str) -> int | str:
    """Listen whether a person or a machine answers. As apps/app_amd.c."""
    raise UnknownHere("application AMD: whether a person or a machine speaks")


APPLICATIONS = {
    "AMD": answering_machine,
    "BackGround": background,
    "BackgroundDetect": background_detect,
    "ControlPlayback": control_playback,
    "Echo": echo,
    "Festival": player("speech"),
    "ICES": until_gone("stream"),
    "MP3Player": player("stream"),
    "Milliwatt": until_gone("milliwatt"),
    "Morsecode": say_alpha,
    "MusicOnHold": music_on_hold,
    "NBScat": player("stream"),
    "PlayTones": play_tones,
    "Playback": playback,
    "ReceiveDTMF": receive_dtmf,
    "SayAlpha": say_alpha,
    "SayAlphaCase": say_alpha_case,
    "SayCountedAdj": say_counted,
    "SayCountedNoun": say_counted,
    "SayDigits": say_digits,
    "SayNumber": say_number,
    "SayPhonetic": say_phonetic,
    "SayUnixTime": say_unix_time,
    "DateTime": say_unix_time,
    "SendDTMF": send_dtmf,
    "SendText": send_text,
    "StartMusicOnHold": start_music,
    "StopMusicOnHold": no_sound,
    "StopPlayTones": no_sound,
    "WaitForNoise": wait_for,
    "WaitForSilence": wait_for,
    "WaitUntil": wait_until,
    "Zapateller": no_sound,
}
