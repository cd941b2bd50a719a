"""Feature codes: the table of what each does, and the context that phones dial them in.

To add a code, give it a line in ``model/feature_codes.py``, the same key in features.schema.json, and a line in ``CODES``: a
function that takes the code as it was asked for and returns its extensions. One with a lamp has a line in ``LAMPS`` too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kelid.compile.features import calls, own, queues, services
from kelid.compile.features.phone import Asked
from kelid.model.feature_codes import FEATURE_CODES, OFF
from kelid.model.pbx import Context, Exten, Hint
from kelid.model.site import Site

CODES: dict[str, Callable[[Asked], tuple[Exten, ...]]] = {
    "own_mailbox": services.own_mailbox,
    "any_mailbox": services.any_mailbox,
    "forward_all": partial(own.forward, family="CFU"),
    "forward_all_off": partial(own.forward_off, family="CFU"),
    "forward_busy": partial(own.forward, family="CFB"),
    "forward_busy_off": partial(own.forward_off, family="CFB"),
    "forward_no_answer": partial(own.forward, family="CFNA"),
    "forward_no_answer_off": partial(own.forward_off, family="CFNA"),
    "dnd_on": own.dnd_on,
    "dnd_off": own.dnd_off,
    "dnd_toggle": own.dnd_toggle,
    "call_waiting_on": own.call_waiting_on,
    "call_waiting_off": own.call_waiting_off,
    "pickup": calls.pickup,
    "group_pickup": calls.group_pickup,
    "intercom": calls.intercom,
    "intercom_on": own.intercom_on,
    "intercom_off": own.intercom_off,
    "speed_dial": calls.speed_dial,
    "blacklist_add": services.blacklist_add,
    "blacklist_remove": services.blacklist_remove,
    "blacklist_last": services.blacklist_last,
    "call_last": calls.call_last,
    "record_prompt": services.record_prompt,
    "queue_login": partial(queues.members, way="login"),
    "queue_logout": partial(queues.members, way="logout"),
    "queue_login_toggle": partial(queues.members, way="login-toggle"),
    "queue_pause": partial(queues.members, way="pause"),
    "queue_unpause": partial(queues.members, way="unpause"),
    "queue_pause_toggle": partial(queues.members, way="pause-toggle"),
    "queue_listen": partial(queues.supervisors, mode="listen"),
    "queue_whisper": partial(queues.supervisors, mode="whisper"),
    "queue_barge": partial(queues.supervisors, mode="barge"),
    "echo_test": services.echo_test,
    "speaking_clock": services.speaking_clock,
    "own_number": services.own_number,
}
"""The key of a code -> its extensions."""

LAMPS: dict[str, Callable[[Asked], tuple[Hint, ...]]] = {
    "dnd_toggle": partial(own.hints, family="DND"),
    "forward_all_off": partial(own.hints, family="CFU"),
    "queue_login_toggle": queues.login_hints,
    "queue_pause_toggle": queues.pause_hints,
}
"""The key of a code -> what lamp keys can watch of it."""


def code(site: Site, key: str) -> str:
    """Return the code that the site has for a key of the table; "" where it is switched off."""
    found = site.features.feature_codes.get(key, FEATURE_CODES[key].code)
    return "" if found == OFF else found


def contexts(site: Site) -> tuple[Context, ...]:
    """Return the context ``features``, and those that its codes go on in."""
    extens: list[Exten] = []
    hints: list[Hint] = []
    for key, steps in CODES.items():
        dialled = code(site, key)
        if not dialled:
            continue
        asked = Asked(site=site, code=dialled, where=site.features.place(f"feature_codes.{key}"))
        extens += steps(asked)
        hints += LAMPS[key](asked) if key in LAMPS else ()
    return (
        Context("features", tuple(extens), hints=tuple(hints)),
        *own.contexts(),
        *calls.auto_answer(),
    )
