"""What is pressed, where two dial plans are walked together: at each wait for keys both get the same ones.

That is how a call is told (``World.presses``): what is pressed at its first wait, at its second... One side may wait for a
key where the other waits for several digits, or for more of them. What a wait doesn't read is over with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kelid.model.call import Question
from kelid.simulate.case import Case
from kelid.simulate.state import IN_ALL
from kelid.simulate.substitute import EVERYTHING
from kelid.simulate.symbolic import Explored
from kelid.simulate.symbols import ATOM, Variable

_KEPT = ("key", "")
"""Under which question the answers of the run that is ahead are kept, in their order."""


class _Given(NamedTuple):
    """A key (``most`` 0), or digits of which so many were waited for; ``place``: "" for the first of a wait."""

    place: str
    most: int
    text: str

    @classmethod
    def of(cls, kept: str) -> _Given:
        place, most, text = kept.split("\0", 2)
        return cls(place, int(most), text)

    @property
    def kept(self) -> str:
        return f"{self.place}\0{self.most}\0{self.text}"


class Pressed:
    """Answers a question for a key, or for digits, of one of two runs."""

    def __init__(self, case: Case, index: int, new: Callable[[Question], str]) -> None:
        """Given which of the runs asks, and what answers a question that the other wasn't asked, begin."""
        self._case, self._index, self._new = case, index, new
        symbols = case.runs[0].symbols
        assert isinstance(symbols, Explored)  # noqa: S101 - for type checkers: it can be nothing else
        self._symbols = symbols

    def answer(self, question: Question) -> str:
        """Return what is pressed."""
        case, place = self._case, question.subject.rpartition(",")[2].partition("+")[2]
        if not place:
            while (over := self._next()) is not None and over.place:
                self._take()
        if case.behind.get(_KEPT, 1 - self._index) != self._index:
            answer = self._new(question)
            most = question.limit if question.kind == "digits" else 0
            case.answers.setdefault(_KEPT, []).append(_Given(place, most, answer).kept)
            case.behind[_KEPT] = 1 - self._index
            return answer
        if question.kind == "digits":
            return self._digits(question, first=not place)
        given = self._next()
        if given is None or bool(place) != bool(given.place):
            return self._new(question)  # the other has read less at this wait
        self._take()
        if given.most and not self._symbols.equal(given.text, ""):
            if given.most > 1:
                self._put_back(_Given("1", given.most - 1, self._part(given.text, 1, EVERYTHING)))
            return self._that_may_come(self._part(given.text, 0, 1), question)
        if given.most:
            return self.answer(question._replace(subject=f"{question.subject}+end"))
        return self._that_may_come(given.text, question)

    def _digits(self, question: Question, *, first: bool = False) -> str:
        """Return digits, from what the other has read at this wait."""
        given, limit = self._next(), question.limit
        if given is None or not (first or given.place):
            return self._new(question)
        self._take()
        if not given.most:
            ends = "" if "#" in question.answers else "#"
            if self._symbols.equal(given.text, "") or (ends and self._symbols.equal(given.text, ends)):
                self._put_back(_Given("end", 0, given.text))
                return ""
            return self._with_more(given.text, 1, question)
        if limit < given.most:
            return self._part(given.text, 0, limit)
        if limit == given.most:
            return given.text  # and not its first characters, of which nobody knows that they are all
        if self._symbols.equal(self._part(given.text, given.most - 1, 1), ""):
            return given.text  # they ended there
        return self._with_more(given.text, given.most, question)

    def _with_more(self, digits: str, count: int, question: Question) -> str:
        if question.limit == count:
            return digits
        more = self._digits(question._replace(limit=question.limit - count))
        return self._symbols.joined(digits + more, Variable("digits", IN_ALL))

    def _that_may_come(self, key: str, question: Question) -> str:
        """Return the key if it may be pressed where the question is asked, another one otherwise."""
        return key if key in question.answers or ATOM.search(key) else self._new(question)

    def _part(self, text: str, start: int, length: int) -> str:
        return self._symbols.substring(text, start, length)

    def _next(self) -> _Given | None:
        """Return what the other run has been given and this one not yet, None if there is nothing."""
        if self._case.behind.get(_KEPT) != self._index:
            return None
        return _Given.of(self._case.answers[_KEPT][0])

    def _take(self) -> None:
        row = self._case.answers[_KEPT]
        del row[0]
        if not row:
            del self._case.answers[_KEPT], self._case.behind[_KEPT]

    def _put_back(self, given: _Given) -> None:
        self._case.answers.setdefault(_KEPT, []).insert(0, given.kept)
        self._case.behind[_KEPT] = self._index
