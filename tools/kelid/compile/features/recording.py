"""Recording calls: the one context by which any part of the dial plan starts it, and how the files are called.

Files lie under ``monitor/YEAR/MONTH/DAY`` of the spool folder, named by the time, what was recorded, who called, whom
(where the recording begins at who answers) and the channel's unique id: all of it filtered, because a caller ID is what a
stranger chose. ``142501-extension-104-02188001234-104-1795418763.1.wav``. Nothing deletes them: how long recordings may and
must be kept is the client's to say.
"""

from __future__ import annotations

from kelid.compile.features.phone import DIGITS
from kelid.compile.text import sound
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Site

_WHAT = r"A-Za-z0-9_\-"
"""For FILTER, which drops a dash that no backslash stands before (documentation of FILTER, seen in 16 and 22)."""


def announcement(site: Site) -> str:
    """Return what Playback plays before a recording, to a call that isn't answered for it; "" for nothing."""
    wanted = site.features.recording.announcement
    return f"{sound(site, wanted)},noanswer" if wanted else ""


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context ``recording``: Gosub(recording,s,1(queue-sales)) records the call from now on, once.

    A second argument says that the caller was told already.
    """
    wanted = site.features.recording
    name = (
        f"${{STRFTIME(${{EPOCH}},{site.time_zone},%Y/%m/%d/%H%M%S)}}"
        f'-${{FILTER({_WHAT},${{ARG1}})}}-${{IF($["${{caller}}" = ""]?:${{caller}}-)}}'
        f"${{FILTER({DIGITS},${{CALLERID(num)}})}}-${{FILTER(0-9.,${{UNIQUEID}})}}.wav"
    )
    # b: nothing is written before the call is answered.
    options = f"bB({wanted.beep})" if wanted.beep else "b"
    steps = [Step("GotoIf", '$["${RECORDED}" != ""]?already')]
    if wanted.announcement:
        # Where the caller was told before phones rang, who answers needn't hear it.
        played = f"Playback({announcement(site)})"
        told = f'$["${{ARG2}}" = ""]?{played}'
        steps.append(Step("ExecIf", told, where=wanted.place("announcement")))
    steps += [
        # On a channel that was called this is who called; on a caller's it is nobody yet.
        Step("Set", f"LOCAL(caller)=${{FILTER({DIGITS},${{CONNECTEDLINE(num)}})}}"),
        Step("Set", f"RECORDED={name}"),
        Step("MixMonitor", f"${{RECORDED}},{options}"),
        Step("Return", label="already"),
    ]
    return (Context("recording", (Exten("s", tuple(steps)),)),)
