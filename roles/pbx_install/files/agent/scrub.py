"""Taking secrets out of what leaves the server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .disk import tree_files

TOKEN = re.compile(r"%%secret:[a-z][a-z0-9_]{0,63}(?::md5)?%%")
SENSITIVE = re.compile(
    r"(?i)\b(password|secret|md5_cred|md5secret|auth_password|pin|vmsecret|dbpass|passwd|oauth_secret|refresh_token)"
    r"(\s*=>?\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)


def secret_values(release: Path) -> set[str]:
    """Return every secret value of a release: what stands in its files where its bundle has tokens."""
    found: set[str] = set()
    bundle = release / ".kelid" / "bundle"
    for path, with_tokens in tree_files(bundle).items() if bundle.is_dir() else ():
        try:
            real = (release / path).read_text(errors="replace").splitlines()
        except OSError:
            continue
        for template, line in zip(with_tokens.read_text(errors="replace").splitlines(), real):
            if not TOKEN.search(template):
                continue
            pattern = "(.*?)".join(re.escape(part) for part in TOKEN.split(template))
            match = re.fullmatch(pattern, line)
            for value in match.groups() if match else ():
                found.update((value, re.sub(r"\\(.)", r"\1", value)))
    return {value for value in found if len(value) >= 3}


class Scrubber:
    """Takes secrets out of text before it leaves the server."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Keep the values, the longest first, so that none shows a part of another."""
        ordered = sorted(set(values), key=lambda value: (-len(value), value))
        self._values = (
            re.compile("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in ordered)) if ordered else None
        )

    def known(self, text: str) -> str:
        """Return the text with the secrets that are known replaced, and nothing taken away for its looks."""
        return self._values.sub("***", text) if self._values else text

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced by ``***``."""
        # The values that are known first: a rule that goes by words could leave the tail of one.
        text = self.known(text)
        return SENSITIVE.sub(r"\1\2***", text)
