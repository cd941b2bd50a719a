"""The functions of the dial plan: ``${NAME(arguments)}`` and ``Set(NAME(arguments)=value)``, one module for each family.

Importing this registers them all in ``kelid.simulate.registry.FUNCTIONS``.
"""

from __future__ import annotations

from kelid.simulate.functions import strings

__all__ = ["strings"]
