"""Let the tests import the agent's package from the role that ships it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "roles" / "pbx_install" / "files"))
