"""The calls that matter to the client, and what must happen with them (calls.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from kelid.model.record import EMPTY
from kelid.model.site.base import Names, Placed


class Forward(Placed):
    """A forward that a phone has set by code: ``when`` is ``always``, ``busy`` or ``no_answer``."""

    REFERS: ClassVar[Mapping[str, str]] = {"extension": "extension"}

    extension: str
    when: str = "always"
    to: str


class CallWorld(Placed):
    """What a call meets, in the site's words; ``devices`` are by ``extension:101`` or ``trunk:line``.

    ``night_mode`` is schedule -> ``closed`` or ``open``; ``database`` is astdb's FAMILY/KEY -> value; ``answers`` are those
    of ``model/call.py``, by kind of question or ``kind:subject``.
    """

    REFERS: ClassVar[Mapping[str, str]] = {
        "devices": "*",
        "in_use": "*",
        "night_mode": "schedule",
        "do_not_disturb": "*",
    }

    devices: Mapping[str, str] = EMPTY
    otherwise: str = "answers"
    in_use: tuple[str, ...] = ()
    night_mode: Mapping[str, str] = EMPTY
    forwards: tuple[Forward, ...] = ()
    do_not_disturb: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()
    database: Mapping[str, str] = EMPTY
    answers: Mapping[str, str] = EMPTY


class ExpectedCall(Placed):
    """A call, and what must happen: ``expect`` in this order, ``expect_not`` never.

    ``start`` is ``trunk:NAME`` or ``extension:NUMBER`` (the key ``from``), ``at`` as it was written (``model/moments.py``
    reads it). An item of ``expect`` is a word, or ``kind:name``, with one detail behind a space (``extension:101 20s``).
    """

    KIND: ClassVar[str] = "call"
    REFERS: ClassVar[Mapping[str, str]] = {"start": "*", "expect": "*", "expect_not": "*"}

    name: str
    names: Names
    start: str
    dial: str
    caller: str = ""
    at: str
    press: tuple[str, ...] = ()
    """What is pressed at each wait for keys; ``-`` is nothing."""
    world: CallWorld = CallWorld()
    expect: tuple[str, ...]
    expect_not: tuple[str, ...] = ()
    after_apply: bool = False
