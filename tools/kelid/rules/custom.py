"""A site's own dial plan beside the one that is made of its YAML: they must not run into one another.

Codes C0xx are shared with readback, which finds what can't be read at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from kelid.findings import Finding, Where
from kelid.model.pbx import Context


def check_custom(custom: Sequence[Context], generated: Collection[str]) -> Iterator[Finding]:
    """Given the site's own contexts and the names of those that are made, yield clashes (C005) and dead includes (C011)."""
    known: dict[str, Where | None] = dict.fromkeys(generated)
    for context in custom:
        if context.name in known:
            before = known[context.name]
            whose = f"stands in {before} too" if before else "is made of the site's YAML"
            text = f"the context {context.name!r} {whose}, and Asterisk would join the two"
            yield Finding(context.where, "C005", text, "give yours another name")
        known.setdefault(context.name, context.where)
    for context in custom:
        for include in context.includes:
            if include.context not in known:
                text = f"there is no context {include.context!r} to include"
                yield Finding(include.where, "C011", text, "write it, or take the line out")
