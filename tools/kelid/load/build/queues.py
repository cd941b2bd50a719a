"""Queues, with what their templates and the defaults of queues.yml say for them."""

from __future__ import annotations

from kelid.load.build.source import Source
from kelid.load.build.view import View
from kelid.model.site import Queue


def build(source: Source) -> tuple[Queue, ...]:
    """Return the queues of the site; a template that isn't there says nothing (rule N006 says that it is missing)."""
    file = source.file("queues")
    templates = {view.get("name"): view for view in file.each("templates")}
    defaults = file.child("defaults")
    return tuple(_queue(view, templates, defaults) for view in file.each("queues"))


def _queue(view: View, templates: dict[str, View], defaults: View) -> Queue:
    below = templates.get(view.get("template"))
    return view.over(*(item for item in (below, defaults) if item is not None)).make(
        Queue, name=view.get("name"), template=view.get("template")
    )
