"""``Site`` or ``Pbx`` -> ``Flow``: where calls can go, as a graph that ``report/flow`` draws."""

from __future__ import annotations

from kelid.flow.site import site_flow
from kelid.flow.tree import tree_flow

__all__ = ["site_flow", "tree_flow"]
