"""What holds for the whole site in features.yml."""

from __future__ import annotations

from kelid.load.build.source import Source
from kelid.model.feature_codes import FEATURE_CODES
from kelid.model.site import Features


def build(source: Source) -> Features:
    """Return it with every feature code, those that the site doesn't name as they are by default."""
    view = source.file("features")
    codes = {key: known.code for key, known in FEATURE_CODES.items()}
    return view.make(Features, feature_codes={**codes, **view.get("feature_codes", {})})
