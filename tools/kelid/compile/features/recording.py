"""Recording calls: the one context by which any part of the dial plan starts it, and how the files are called.

Files lie under ``monitor/YEAR/MONTH/DAY`` of the spool folder, named by the time, what was recorded, who called and the
call's unique id: all of it filtered, because a caller ID is what a stranger chose. Nothing deletes them: how long recordings
may and must be kept is the client's to say.
"""

from __future__ import annotations

from kelid.compile.features.phone import DIGITS
from kelid.compile.text import sound
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Site

_WHAT = "A-Za-z0-9_-"


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context ``recording``: Gosub(recording,s,1(queue-sales)) records the call from now on, once."""
    wanted = site.features.recording
    name = (
        f"${{STRFTIME(${{EPOCH}},{site.time_zone},%Y/%m/%d/%H%M%S)}}"
        f"-${{FILTER({_WHAT},${{ARG1}})}}-${{FILTER({DIGITS},${{CALLERID(num)}})}}-${{FILTER(0-9.,${{UNIQUEID}})}}.wav"
    )
    # b: nothing is written before the call is answered.
    options = f"bB({wanted.beep})" if wanted.beep else "b"
    steps = [Step("GotoIf", '$["${RECORDED}" != ""]?already')]
    if wanted.announcement:
        # A call that isn't answered yet isn't answered for that.
        played = f"{sound(site, wanted.announcement)},noanswer"
        steps.append(Step("Playback", played, where=wanted.place("announcement")))
    steps += [
        Step("Set", f"RECORDED={name}"),
        Step("MixMonitor", f"${{RECORDED}},{options}"),
        Step("Return", label="already"),
    ]
    return (Context("recording", (Exten("s", tuple(steps)),)),)
