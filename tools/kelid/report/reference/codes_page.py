"""The page of the finding codes."""

from __future__ import annotations

from collections.abc import Iterator

from kelid.findings import Severity
from kelid.report.reference.markdown import anchor, fenced, mark, prose, table
from kelid.report.reference.values import Code, Contents

_MEANS = {
    Severity.ERROR: "the site can't be rendered or applied before it is put right",
    Severity.WARNING: "the system works as written, and somebody should look; with `--strict` it counts as an error",
    Severity.NOTE: "what could not be told",
}


def codes_page(contents: Contents) -> str:
    """Return the page with every code: how much it matters, what is asked for, and a line that it writes."""
    codes = sorted(contents.codes, key=lambda code: code.code)
    letters = sorted({code.code[0] for code in codes})
    topics = {topic.name for topic in contents.topics}
    parts = [
        mark("the rules' own tables, tests/bad_sites/ and tests/bad_trees/"),
        "# Finding codes\n",
        "`kelid check` and `kelid lint` write each problem on one line: place, code, what is wrong, and the way out.",
        "A code is for ever: it is never given another meaning. Examples are those of the smallest site that earns it.\n",
        table(("severity", "means"), ((severity.value, text) for severity, text in _MEANS.items())),
        "## Contents\n",
        "".join(f"- [{_title(letter, contents)}](#{letter.lower()})\n" for letter in letters),
    ]
    for letter in letters:
        family = [code for code in codes if code.code[0] == letter]
        parts += [anchor(letter.lower()) + "\n", f"## {_title(letter, contents)}\n"]
        parts.append(
            table(
                ("code", "severity", "what it is about"),
                (
                    (f"[{code.code}](#{code.code.lower()})", code.severity.value, _about(code))
                    for code in family
                ),
            )
        )
        for code in family:
            parts += _code(code, topics)
    parts.append("[All files](README.md) · [destinations](destinations.md)\n")
    return "\n".join(parts)


def _title(letter: str, contents: Contents) -> str:
    family = contents.families.get(letter, "")
    return f"{letter}: {family}" if family else letter


def _about(code: Code) -> str:
    return prose(code.asks[:1].upper() + code.asks[1:].rstrip("."))


def _code(code: Code, topics: set[str]) -> Iterator[str]:
    yield f"### {code.code}\n"
    said = [
        prose(code.asks[:1].upper() + code.asks[1:].rstrip(".")) + ".",
        f"*{code.severity.value.capitalize()}.*",
    ]
    topic = code.example.partition(".yml")[0]
    if ".yml" in code.example and topic in topics:
        said.append(f"See [{topic}.yml]({topic}.md).")
    yield " ".join(said) + "\n"
    if code.example:
        yield fenced("text", code.example)
