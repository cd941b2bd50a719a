"""What wins where an extension, its profile and the site's defaults all say something: asked for one key, or for all."""

from kelid.findings import Where
from kelid.load.build.view import View
from kelid.load.tree import Mapping, Scalar

PLACE = Where("extensions.yml", 1, 1)


def view(written: dict[str, str], given: dict[str, str]) -> View:
    """Return the view of a mapping with keys that were written, and others that a schema gave."""
    nodes = {key: Scalar(text, True, False, PLACE.file, PLACE) for key, text in written.items()}
    return View({**given, **written}, Mapping(nodes, dict.fromkeys(nodes, PLACE), PLACE))


def test_all_at_once_is_what_each_key_gives() -> None:
    extension = view({"number": "101", "email": "own"}, {"ring_time": "15", "music": "own"})
    profile = view(
        {"ring_time": "30", "language": "fa", "email": "of-profile"},
        {"music": "of-profile", "codecs": "alaw"},
    )
    defaults = view({"ring_time": "45", "language": "en", "music": "of-site"}, {"codecs": "ulaw"})
    over = extension.over(profile, defaults)
    assert over.merged() == {
        "number": "101",
        "email": "own",
        "ring_time": "30",  # written in the profile, only given by default in the extension
        "language": "fa",
        "music": "of-site",  # the only one that was written
        "codecs": "alaw",  # written nowhere: the first default
    }
    assert over.merged() == {key: over.get(key) for key in over.merged()}


def test_alone_it_is_the_mapping_itself() -> None:
    alone = view({"number": "101"}, {"ring_time": "15"})
    assert alone.merged() == {"number": "101", "ring_time": "15"}
