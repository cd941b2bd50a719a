"""What the oracle does not know: said, never guessed."""

from __future__ import annotations


class UnknownHere(Exception):  # noqa: N818 - it is no error of the dial plan, only the end of what can be told
    """Raised where an application, a function or an option does something that the oracle can't tell.

    ``what`` is in words a person understands: "function ODBC_LOOKUP". The run ends there as unknown.
    """

    def __init__(self, what: str) -> None:
        """Keep the words."""
        super().__init__(what)
        self.what = what
