"""Compare two rendered PBXs: which objects and which lines of text differ."""

from kelid.compare.bundles import compare_files
from kelid.compare.objects import compare_objects
from kelid.compare.plans import compare, make_plan

__all__ = ["compare", "compare_files", "compare_objects", "make_plan"]
