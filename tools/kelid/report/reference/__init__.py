"""The reference: one page for each file of a site, and pages of the destinations, the finding codes and all of these.

``pages`` returns them as Markdown; what they say is made of the schemas and tables, so that it is never out of date.
"""

from __future__ import annotations

from kelid.report.reference.codes_page import codes_page
from kelid.report.reference.destinations_page import destinations_page
from kelid.report.reference.index_page import index_page
from kelid.report.reference.topic_page import topic_page
from kelid.report.reference.values import Code, Contents, Topic

__all__ = ["Code", "Contents", "Topic", "pages"]


def pages(contents: Contents) -> dict[str, str]:
    """Return the text of every page under its file's name."""
    made = {f"{topic.name}.md": topic_page(topic) for topic in contents.topics}
    made["README.md"] = index_page(contents)
    made["destinations.md"] = destinations_page(contents)
    made["findings.md"] = codes_page(contents)
    return dict(sorted(made.items()))
