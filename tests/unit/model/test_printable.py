"""Other people's texts for a terminal and for a shell."""

from __future__ import annotations

import os
import subprocess

import pytest

from kelid.model.printable import printable, shell

TEXTS = [
    "plain",
    "",
    "two words",
    "it's",
    "$(x) `y` \\z",
    "a\x1b[31m",
    "line\nbreak\ttab\r",
    "a\u202eb",
    "\\'\x07",
    "تلفن",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_shell_reads_what_was_meant(text: str) -> None:
    line = shell(["printf", "%s|", text, "end"])
    assert line.isprintable()
    for locale in ("C", "C.UTF-8"):
        ran = subprocess.run(
            ["bash", "-c", line],
            capture_output=True,
            check=True,
            timeout=30,
            env={**os.environ, "LC_ALL": locale},
        )
        assert ran.stdout.decode() == f"{text}|end|"


def test_nothing_is_an_order_to_a_terminal() -> None:
    assert printable("a\x1b[31mb\u202ec") == "a\\x1b[31mb\\u202ec"
    assert printable("می\u200cشود") == "می\u200cشود"
