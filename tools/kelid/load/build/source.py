"""What a site is built from."""

from __future__ import annotations

from collections.abc import Mapping

from kelid.findings import Finding
from kelid.load.build.view import View
from kelid.model.record import Record
from kelid.model.site import Sound

_NOTHING = View({}, None)


class Source(Record):
    """The views of a site's files (topic -> view) and its sounds; ``findings`` gathers what the schemas can't see."""

    name: str
    files: Mapping[str, View]
    media: Mapping[str, Sound]
    findings: list[Finding]

    def file(self, topic: str) -> View:
        """Return the view of a file; an empty one if the site hasn't got it."""
        return self.files.get(topic, _NOTHING)

    @property
    def defaults(self) -> View:
        """Return what site.yml says for every extension that doesn't say otherwise."""
        return self.file("site").child("defaults")
