"""The reference's first page."""

from __future__ import annotations

from kelid.report.reference.markdown import first_sentence, mark, prose, table
from kelid.report.reference.values import Contents


def index_page(contents: Contents) -> str:
    """Return the page that leads to all others."""
    topics = sorted(contents.topics, key=lambda topic: topic.name)
    rows = (
        (
            f"[{topic.name}.yml]({topic.name}.md)",
            "yes" if topic.needed else "",
            prose(first_sentence(topic.schema["description"])),
        )
        for topic in topics
    )
    return "\n".join(
        (
            mark("schemas/ and the tables of destinations and rules"),
            "# Reference\n",
            "Every key of every file of a site: what fits, what stands for it where it is left out, and an example.\n",
            table(("file", "needed", "what it says"), rows),
            "- [Destinations](destinations.md): where a call can be sent, and which keys take one.",
            "- [Finding codes](findings.md): what `kelid check` asks for, code by code.",
            "- [Editors](../editors.md): completion and checks while you type.",
            "- [Sites](../../sites/README.md): how values are written, and where secrets are.\n",
            "A path such as `queues[].members[].penalty` leads from the top of the file to a key; `[]` stands for each item",
            "of a list, `*` for a key that you choose. *Needed* means: in each object that could have the key.\n",
            "They are made of `schemas/` and kelid's own tables by `make reference`; a test fails while they are stale.\n",
        )
    )
