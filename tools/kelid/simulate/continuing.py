"""Extensions that go on with the steps of others which match the same numbers.

Asterisk looks for each step anew, in all extensions that match (pbx_find_extension in main/pbx.c): one that has no step of
that number is passed over. So behind the last step of ``703`` may stand the next one of ``_7XX``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kelid.model.pbx import Pbx, Step
from kelid.simulate.dialplan import overlap

STOPS = frozenset({"return", "hangup", "busy", "congestion", "goto", "parkedcall"})
"""Applications behind which there is no next step."""

Key = tuple[str, str, int]
Steps = Mapping[str, Mapping[str, Mapping[int, Step]]]
"""The steps by context, extension (``pattern`` or ``pattern/caller``) and number."""


def steps_of(pbx: Pbx) -> dict[str, dict[str, dict[int, Step]]]:
    """Return the steps of a dial plan; of several with one number the first, which Asterisk keeps."""
    steps: dict[str, dict[str, dict[int, Step]]] = {}
    for context in pbx.contexts:
        extens = steps.setdefault(context.name, {})
        for exten in context.extens:
            row = extens.setdefault(exten.name, {})
            for number, step in exten.numbered:
                row.setdefault(number, step)
    return steps


def includes_of(pbx: Pbx) -> dict[str, list[str]]:
    """Return which contexts each context includes, at whatever time."""
    includes: dict[str, list[str]] = {}
    for context in pbx.contexts:
        includes.setdefault(context.name, []).extend(one.context for one in context.includes)
    return includes


def closure(context: str, includes: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the context and all that it includes."""
    seen: set[str] = set()
    waiting = [context]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += includes.get(one, ())
    return seen


class Continuing:
    """Finds where extensions go on."""

    def __init__(self, steps: Steps, includes: Mapping[str, Sequence[str]]) -> None:
        """Given all steps, and which contexts include which, begin."""
        self._steps = steps
        self._having: dict[tuple[str, int, bool], list[str]] = {}
        self.contexts: set[str] = set()
        """Contexts of those that were found, and all that are searched with them."""
        together: dict[str, set[str]] = {}
        for context in steps:
            searched = closure(context, includes)
            for one in searched:
                together.setdefault(one, set()).update(searched)
        self._searched = {context: sorted(others) for context, others in together.items()}

    def after(self, context: str, exten: str, number: int) -> list[Key]:
        """Return the next steps behind one of an extension that are other extensions'."""
        own = number + 1 in self._steps[context][exten]
        name = exten.partition("/")[0]
        searched = self._searched[context]
        found: list[Key] = []
        for home in searched:
            for other in self._which_have(home, number + 1, late=own):
                others = other.partition("/")[0]
                if name[:1] != "_" and others[:1] != "_" and name != others:
                    continue
                if (home, other) != (context, exten) and overlap(name, others):
                    found.append((home, other, number + 1))
        if found:
            self.contexts.update(searched)
        return found

    def _which_have(self, context: str, number: int, *, late: bool) -> list[str]:
        """Return the extensions of a context that have a step of that number; ``late``: and none before it."""
        key = (context, number, late)
        if key not in self._having:
            self._having[key] = [
                name
                for name, steps in self._steps.get(context, {}).items()
                if number in steps and not (late and number - 1 in steps)
            ]
        return self._having[key]


def continued(pbxs: Iterable[Pbx]) -> set[str]:
    """Return the contexts in which the steps of an extension are followed by those of another one."""
    found: set[str] = set()
    for pbx in pbxs:
        steps = steps_of(pbx)
        continuing = Continuing(steps, includes_of(pbx))
        for name, extens in steps.items():
            for exten_name, row in extens.items():
                for number, step in row.items():
                    if step.app.lower() not in STOPS:
                        continuing.after(name, exten_name, number)
        found |= continuing.contexts
    return found
