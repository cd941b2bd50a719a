"""The codes of what reading a site's own dial plan finds, for the documents and for the tests."""

from __future__ import annotations

CODES = {
    "C001": "a line that Asterisk can't read",
    "C002": "a line before the first context",
    "C003": "a section that is not for a site's own dial plan",
    "C004": "a context that uses a template",
    "C005": "a context that is there already",
    "C006": "a directive or a keyword that is not followed here",
    "C007": "same without an extension before it",
    "C008": "a priority or a label that is none",
    "C009": "a gap in an extension's steps, or a step that stands there already",
    "C010": "a step that is no application with its arguments",
    "C012": "a pattern that Asterisk warns of",
}
"""Every such code, with what it means. A code is for ever: it never gets another meaning."""
