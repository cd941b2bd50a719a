"""The codes of what rules find without a rule function, for the documents and for the tests."""

from __future__ import annotations

CODES = {
    "C011": "a site's own dial plan includes a context that is nowhere",
    "C013": "a site's own dial plan lets callers from outside dial on",
    "C014": "a site's own dial plan starts programs on the server",
    "C015": "a site's own dial plan goes to a context that is nowhere",
    "K000": "without the vault's password nobody can tell how strong the secrets are",
    "K008": "the vault opens with the sample sites' password",
}
"""Every such code, with what it means. A code is for ever: it never gets another meaning."""
