"""The codes of what reading finds, for the documents and for the tests."""

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
"""Those of a site's own dial plan. A code is for ever: it never gets another meaning."""

TREE_CODES = {
    "Z001": "a line that Asterisk passes over",
    "Z002": "a line at which Asterisk stops reading",
    "Z003": "a line before the first section",
    "Z004": "an included file that is not there",
    "Z005": "a file that lies outside of the folder",
    "Z006": "a program whose output would be read",
    "Z007": "a directive that is none",
    "Z008": "files that include each other, or lie too deep",
    "Z009": "a template, or a section to add to, that is not there",
    "Z010": "something that was not covered",
    "Z011": "a dial plan in a language that is not read here",
    "Z012": "a file that comes out of a database",
    "Z013": "a second section where Asterisk reads only the first",
    "Z014": "bytes that are no UTF-8 text",
    "Z015": "a folder without a dial plan",
    "Z016": "an option of the dial plan that changes how it is searched",
    "Z020": "a keyword that Asterisk doesn't know",
    "Z021": "same without an extension before it",
    "Z022": "a priority or an extension that is none",
    "Z023": "n behind a hint",
    "Z024": "a step or a hint that stands there already",
    "Z025": "a label that stands there already",
    "Z026": "parentheses that don't close, or close too early",
    "Z027": "a value that only a running Asterisk knows",
    "Z028": "a context that is included twice",
    "Z029": "a bar where a comma belongs",
}
"""Those of a whole configuration folder of Asterisk's (``kelid lint --tree``)."""
