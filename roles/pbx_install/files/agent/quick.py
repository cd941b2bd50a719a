"""The door's mat: who only wants to hear "nothing to do" need not wait until the house is built."""

from __future__ import annotations

import json
import sys

LIKE = "--like"


def main() -> int:
    """Answer ``status --like BUNDLE:SEALED`` the short way if it can be; else do what ``__main__`` does with the words."""
    words = sys.argv[1:]
    if words[:2] == ["status", LIKE] and len(words) == 3:
        from .same import same

        told = same(words[2])
        if told:
            sys.stdout.write(json.dumps(told) + "\n")
            return 0
        del sys.argv[2:]
    from .__main__ import main as house

    return house()
