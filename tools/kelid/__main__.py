"""``python -m kelid`` is ``kelid``."""

import sys

from kelid.commands import main

if __name__ == "__main__":
    sys.exit(main())
