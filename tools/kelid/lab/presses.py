"""What a caller presses live, so that a real Asterisk gets the very keys that a trace was given, where it was given them."""

from __future__ import annotations

from kelid.lab.witness import PIN, Press
from kelid.model.call import Question
from kelid.model.pbx import Pbx
from kelid.model.trace import Trace

SETTLE = 0.7
"""Seconds after the beginning of a step until the first key: an application has answered the call by then, which takes half
a second (__ast_answer in main/channel.c waits so long for sound)."""
AGAIN = 3.0
"""Seconds between the keys that bring an application to its end."""
TYPED = 0.25
"""Seconds that a key takes (``press`` of the witness's program)."""
LOOKED_UP = 1.5
"""Seconds after the last digit of a PIN until the application listens for what comes next."""
TRIES = 3
"""How often a wrong PIN is given: Authenticate, VMAuthenticate and mailboxes hang up after the third."""

ENDED_BY_KEYS = {("voicemail", "SUCCESS"): "#1", ("record", "DTMF"): "#"}
"""Questions and answers for which the caller presses keys again and again until the application is over: # ends a
greeting and a message, 1 keeps it where it may be heard first."""

LEAVES = "!"
"""The caller hangs up."""

LEFT_IN = {("dial", "CANCEL"), ("queue", "ABANDON")}
"""Questions and answers where the caller hangs up while others ring, after the seconds that follow."""

_LETTERS = ("", "", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz")
_SPELLED = 3
"""Letters of a name that Directory asks for, if it isn't told another number (NUMDIGITS in apps/app_directory.c)."""


def presses(trace: Trace, pbx: Pbx | None = None) -> list[Press]:
    """Return the keys for the steps of the caller's own channel (counted from 0).

    ``pbx`` tells the names in a directory and the keys of a conference's menu: without it nobody spells or leaves by key.
    """
    own: dict[int, int] = {}
    for index, taken in enumerate(trace.steps):
        if taken.channel == 0:
            own[index] = len(own)
    left = {event.step for event in trace.events if event.kind == "leaves"}
    found: list[Press] = []
    began: dict[int, float] = {}
    later: dict[int, float] = {}
    for asked in trace.asked:
        question, answer = asked.question, asked.answer
        if (question.kind, answer.partition(" ")[0]) in LEFT_IN:
            if asked.step not in left:
                continue  # it was over before
            # While others ring for it the caller's own channel is in its last step.
            last = max(at for index, at in own.items() if index <= asked.step)
            found.append(Press(last, LEAVES, SETTLE + float(answer.partition(" ")[2] or 0)))
            continue
        step = own.get(asked.step)
        if step is None:
            continue
        begin = began.setdefault(step, asked.at)
        after = SETTLE + asked.at - begin + later.get(step, 0.0)
        if question.kind == "key" and answer and not question.subject.startswith("called:"):
            goes_on = "+" in question.subject.rpartition(",")[2]
            if goes_on and found and found[-1].step == step:
                found[-1] = found[-1]._replace(keys=found[-1].keys + answer)
            else:
                found.append(Press(step, answer, after))
        elif keys := ENDED_BY_KEYS.get((question.kind, answer)):
            found.append(Press(step, keys, SETTLE, AGAIN))
        elif question.kind == "password" and (keys := pin(question, answer)):
            found.append(Press(step, keys, after))
            later[step] = later.get(step, 0.0) + len(keys) * TYPED + LOOKED_UP
        elif question.kind == "conference":
            keys = LEAVES if answer == "HANGUP" else leaving_key(pbx, trace, asked.step)
            if keys and answer in ("HANGUP", "DTMF"):
                found.append(Press(step, keys, after + 1.0, AGAIN))
        elif question.kind == "directory" and answer:
            found += spelled(pbx, question.subject, answer, step, after)
    return found


def pin(question: Question, answer: str) -> str:
    """Return the keys of a caller who gives the PIN (all are the same in the witness), or a wrong one; "" for no key."""
    right, _, account = answer.partition(" ")
    if account and right == "right":
        return ""  # all accounts have the same PIN there
    return {"right": f"{PIN}#", "wrong": "0000#" * TRIES}.get(right, "")


def leaving_key(pbx: Pbx | None, trace: Trace, step: int) -> str:
    """Return the keys that leave the conference of a step by its menu, "" if none do."""
    menu = ([part.strip() for part in trace.steps[step].data.split(",")] + [""] * 4)[3]
    for section in pbx.sections("confbridge.conf") if pbx and menu else ():
        if section.name == menu:
            for option in section.options:
                if "leave_conference" in option.value:
                    return option.key
    return ""


def spelled(pbx: Pbx | None, mailboxes: str, answer: str, step: int, after: float) -> list[Press]:
    """Return the keys that choose a mailbox by the first letters of its owner's last name; * and 0 leave."""
    if answer in ("0", "*"):
        return [Press(step, answer, after + 1.0)]
    for section in pbx.sections("voicemail.conf") if pbx else ():
        if section.name != mailboxes:
            continue
        for option in section.options:
            if option.key == answer:
                last = [*option.value.split(","), ""][1].split(" ")[-1].lower()
                keys = "".join(
                    str(key) for letter in last for key, letters in enumerate(_LETTERS) if letter in letters
                )
                return [
                    Press(step, keys[:_SPELLED], after),
                    Press(step, "1", after + _SPELLED * TYPED + AGAIN, AGAIN),
                ]
    return []


__all__ = ["presses"]
