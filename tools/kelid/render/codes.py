"""The codes of what the gate refuses, for the documents and for the tests."""

from __future__ import annotations

CODES = {
    "G001": "a control character or a bidirectional override",
    "G002": "a value that begins or ends with a blank, which Asterisk would cut off",
    "G003": "the token of a secret where none belongs",
    "G004": "a line that is longer than Asterisk reads",
    "G005": "a name, label, pattern or application that can't be one",
}
"""Every such code, with what it means. A code is for ever: it never gets another meaning."""
