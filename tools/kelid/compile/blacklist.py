"""Callers from outside who are refused: those that the site names, those that phones add, and who hides their number."""

from __future__ import annotations

from kelid.compile.patterns import as_pattern
from kelid.compile.text import sound
from kelid.model.astdb import BLACKLIST
from kelid.model.pbx import Context, Exten, Step
from kelid.model.site import Blacklist, Site

_NUMBER = "${FILTER(0-9+,${CALLERID(num)})}"
"""The caller's number; what else a caller may send as one is taken out before it is looked up."""

_NOTHING = Blacklist(patterns=(), allow=(), anonymous="allow", anonymous_prompt="")


def contexts(site: Site) -> tuple[Context, ...]:
    """Return ``blacklist``, which every inbound route asks by ``Gosub(blacklist,s,1)``: it ends the call or returns.

    Its lists are contexts of their own, in which a number is looked for as an extension.
    """
    black = site.blacklist or _NOTHING
    where = black.where if site.blacklist else site.where
    hidden = '$["${number}" = "" | "${CALLERID(num-pres):0:6}" = "prohib"]'
    steps = [Step("Set", f"LOCAL(number)={_NUMBER}", where=where)]
    if black.anonymous != "allow":
        steps.append(Step("GotoIf", f"{hidden}?hidden", where=black.place("anonymous")))
    steps.append(Step("GotoIf", '$["${number}" = ""]?welcome', where=where))
    if black.allow:
        look = "${DIALPLAN_EXISTS(blacklist-allow,${number},1)}"
        steps.append(Step("GotoIf", f"{look}?welcome", where=black.place("allow")))
    steps.append(Step("GotoIf", f'$["${{DB({BLACKLIST}/${{number}})}}" != ""]?refused', where=where))
    if black.patterns:
        look = "${DIALPLAN_EXISTS(blacklist-numbers,${number},1)}"
        steps.append(Step("GotoIf", f"{look}?refused", where=black.place("patterns")))
    steps.append(Step("Return", label="welcome", where=where))
    # Played without an answer: the call costs the caller nothing, and the trunk's line is soon free.
    if black.anonymous == "announce":
        place = black.place("anonymous_prompt")
        steps += [
            Step("Progress", label="hidden", where=place),
            Step("Playback", f"{sound(site, black.anonymous_prompt)},noanswer", where=place),
            Step("Hangup", "21", where=place),
        ]
    elif black.anonymous == "reject":
        steps.append(Step("Hangup", "21", label="hidden", where=black.place("anonymous")))
    if black.prompt:
        place = black.place("prompt")
        steps += [
            Step("Progress", label="refused", where=place),
            Step("Playback", f"{sound(site, black.prompt)},noanswer", where=place),
            Step("Hangup", "21", where=place),
        ]
    else:
        steps.append(Step("Hangup", "21", label="refused", where=where))
    found = [Context("blacklist", (Exten("s", tuple(steps), where),), where=where)]
    for key, name in (("patterns", "blacklist-numbers"), ("allow", "blacklist-allow")):
        if texts := getattr(black, key):
            extens = tuple(
                Exten(
                    as_pattern(text),
                    (Step("NoOp", where=black.place(f"{key}.{index}")),),
                    black.place(f"{key}.{index}"),
                )
                for index, text in enumerate(texts)
            )
            found.append(Context(name, extens, where=black.place(key)))
    return tuple(found)
