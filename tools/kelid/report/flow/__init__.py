"""A call flow as a picture: SVG, or the text of a Mermaid chart."""

from __future__ import annotations
