"""A call flow as plain data for JSON."""

from __future__ import annotations

from typing import Any

from kelid.model.flow import Flow


def as_data(flow: Flow) -> dict[str, Any]:
    """Return places and ways."""
    return {
        "title": flow.title,
        "places": [
            {
                "key": place.key,
                "kind": place.kind,
                "name": place.name,
                "names": dict(place.names),
                "facts": dict(place.facts),
                "file": place.where.file,
                "line": place.where.line,
            }
            for place in flow.places
        ],
        "ways": [
            {
                "from": link.source,
                "to": link.target,
                "why": link.why,
                "detail": link.detail,
                "file": link.where.file,
                "line": link.where.line,
            }
            for link in flow.links
        ],
        "notes": list(flow.notes),
    }
