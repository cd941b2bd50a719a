"""The parts of the dial plan that every site has in the same form: the end of the road, and what all steps agree on."""

from __future__ import annotations

from kelid.model.pbx import Context, Exten, Step

NUMBER = "_[0-9*#+]!"
"""Any number that was already filtered, and anything that a phone can dial."""

DIALLED = "0-9*#+"
"""The characters of FILTER that may leave the PBX in a dialled number."""

NO_REDIRECT = "i"
"""Option of Dial and Queue: who is called can't send the call elsewhere by SIP 302. Asterisk would take any channel from
such an answer (``PJSIP/0044...@trunk``), whatever the phone's permission class; with it the phone counts as busy."""


OWN_NUMBER = "${CUT(CHANNEL(endpoint),-,1)}"
"""The number of the extension whose phone calls: the endpoint is ``101``, or ``101-mobile``. Unlike a caller ID, no phone
can choose it."""


def contexts() -> tuple[Context, ...]:
    """Return the contexts that don't depend on the site."""
    return (
        # Cause 1 (unallocated number, Q.850) becomes SIP 404: the phone says it, in its own language.
        Context("no-such-number", (Exten(NUMBER, (Step("Hangup", "1"),)),)),
    )
