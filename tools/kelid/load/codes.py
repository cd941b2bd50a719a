"""The codes of what loading finds, for the documents and for the test that each is earned."""

from __future__ import annotations

CODES = {
    "L001": "the text is not YAML",
    "L002": "a key stands twice in one mapping",
    "L003": "anchors and aliases are not taken",
    "L004": "tags are not taken, but for !vault in secrets.yml",
    "L005": "a key or a list item has no value",
    "L006": "YAML can't carry this value without quotes",
    "L007": "merge keys are not taken",
    "L008": "a key is not a word",
    "L009": "too large or too deeply nested",
    "L010": "a tab, a control character or an invisible character",
    "L011": "more than one document in a file",
    "L012": "an empty file",
    "L013": "a file or a folder is missing or can't be read",
    "L014": "a link, or something else that is not a file",
    "L015": "not UTF-8",
    "L016": "the folder's name can't be a site's name",
    "L017": "a secret that is not sealed",
    "L018": "a file that nobody reads",
    "S001": "an unknown key",
    "S002": "a key is missing",
    "S003": "a value of the wrong type",
    "S004": "a value that doesn't fit",
    "S005": "a number out of its range",
    "S006": "a list or a mapping that is too short, or names something twice",
    "S007": "a day that no calendar has",
    "S008": "a row of numbers that is none, or makes too many phones",
    "S009": "more numbers on trunks than rules can look at",
    "V001": "a secret that the vault's password doesn't open",
}
"""Every code of the loader and of the vault, with what it means. A code is for ever: it never gets another meaning."""
