"""How telephone numbers are written on lines, and how they are rewritten: one table of prefixes, read alike by all.

The dial plan does in Asterisk what ``rewrite`` does here; ``compile/number_text.py`` prints the same steps.
A number as a phone here dials it is ``02188001234`` (trunk prefix and area code), ``0044...`` (international prefix) or
short and without a prefix; ITU-T E.164 has the parts of a number.
"""

from __future__ import annotations

from typing import NamedTuple

from kelid.model.site.system import DialRules
from kelid.model.site.trunks import NumberIn

SHORT = 6
"""The most digits of a number that has no country or area code: emergency and other services, internal numbers."""

LEAST = 3
"""The fewest digits that follow a prefix: ``00`` alone, or ``000`` (emergency in Australia) is no prefix and number."""


class Rewrite(NamedTuple):
    """One step: a number with this ``prefix`` and ``least`` characters or more loses ``strip`` and gets ``prepend``."""

    prefix: str
    least: int
    strip: int
    prepend: str

    def takes(self, number: str) -> bool:
        """Return True if the step is for this number."""
        return number.startswith(self.prefix) and len(number) >= self.least


def _begins(prefix: str, prepend: str) -> Rewrite:
    """Return the step that puts something in the place of a prefix."""
    return Rewrite(prefix, len(prefix) + LEAST, len(prefix), prepend)


def _keep(prefix: str) -> Rewrite:
    """Return the step that leaves what begins like this as it is."""
    return Rewrite(prefix, 1, 0, "")


def rewrite(number: str, steps: tuple[Rewrite, ...]) -> str:
    """Given a number of ``0-9*#+``, return what the first step that takes it makes of it; the number if none does."""
    for step in steps:
        if step.takes(number):
            return step.prepend + number[step.strip :]
    return number


def _home(dial: DialRules) -> tuple[Rewrite, ...]:
    """Return the steps for numbers that say which country they are in."""
    country, abroad = dial.country_code, dial.international_prefix
    return (
        _begins(f"+{country}", dial.trunk_prefix),
        _begins("+", abroad),
        _begins(f"{abroad}{country}", dial.trunk_prefix),
        _keep(abroad),
    )


def incoming(form: str, dial: DialRules) -> tuple[Rewrite, ...]:
    """Given how a trunk writes numbers (``caller_id_in.format``), return the steps to what a phone here dials."""
    prefix = dial.trunk_prefix
    kept = (_keep(prefix),) if prefix else ()
    if form == "as_sent":
        return ()
    if form == "auto":
        return _home(dial)
    if form == "e164":
        country = dial.country_code
        own = Rewrite(country, len(country) + SHORT, len(country), prefix)
        # Where the trunk prefix is the country code (North America), both say the same.
        known = (own, *kept) if prefix and country.startswith(prefix) else (*kept, own)
        return (*_home(dial), *known, Rewrite("", SHORT + 2, 0, dial.international_prefix))
    if form == "national":
        return (*_home(dial), *kept, *((Rewrite("", SHORT + 1, 0, prefix),) if prefix else ()))
    if form == "local":
        area = f"{prefix}{dial.area_code}" if dial.area_code else ""
        return (*_home(dial), *kept, *((Rewrite("", SHORT - 1, 0, area),) if area else ()))
    raise ValueError(f"no format of incoming numbers is called {form!r}")


def outgoing(form: str, dial: DialRules) -> tuple[Rewrite, ...]:
    """Given how a trunk wants numbers (``number_out.format``, ``caller_id_format``), return the steps from what is dialled.

    Short numbers, and where there is a trunk prefix those without it, stay as they are: nobody can tell their area.
    """
    if form in {"as_dialled", "as_written"}:
        return ()
    if form == "national":
        return _home(dial)
    country, abroad, prefix = dial.country_code, dial.international_prefix, dial.trunk_prefix
    front = {"plus": "+", "e164": "", "international": abroad}.get(form)
    if front is None:
        raise ValueError(f"no format of outgoing numbers is called {form!r}")
    own = _begins(prefix, f"{front}{country}") if prefix else Rewrite("", SHORT + 1, 0, f"{front}{country}")
    return (
        _keep("+") if form == "plus" else _begins("+", front),
        _keep(abroad) if form == "international" else _begins(abroad, front),
        own,
    )


def received(sent: str, how: NumberIn, dial: DialRules) -> str:
    """Given a number as a trunk sends it, return what is made of it when it comes in, as ``compile/inbound.py`` does it."""
    number = sent[-how.digits :] if how.digits else sent
    left = number[how.strip :]
    if how.strip or how.prepend:
        left = f"{how.prepend}{left}" if left else ""
    return rewrite(left, incoming(how.format, dial))


def sent_as(number: str, how: NumberIn, dial: DialRules) -> str | None:
    """Return a number as a trunk would send it, so that it comes in as this one; None if none does.

    Digits that are cut off, and that nothing tells, are zeros.
    """
    forms = [number]
    if how.format != "as_sent":
        forms += [
            rewrite(number, outgoing(form, dial)) for form in ("plus", "e164", "international", "national")
        ]
    for form in forms:
        if form.startswith(how.prepend):
            sent = "0" * how.strip + form[len(how.prepend) :]
            if received(sent, how, dial) == number:
                return sent
    return None
