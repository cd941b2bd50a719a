"""What wins where an extension, its profile and the site's defaults all say something: asked for one key, or for all."""

import pytest

from kelid.findings import Where
from kelid.load.build.view import View
from kelid.load.tree import Mapping, Scalar, Sequence

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


def test_places_are_those_of_what_was_written_first_of_all() -> None:
    own, below = Where("extensions.yml", 1, 1), Where("site.yml", 8, 5)
    nodes = {"email": Scalar("x", True, False, own.file, Where("", 0, 0))}
    more = {
        "email": Scalar("y", True, False, below.file, Where("", 7, 4)),
        "codecs": Sequence([Scalar("alaw", True, False, below.file, Where("", 7, 4))], below),
    }
    extension = View({"email": "x", "ring_time": 15}, Mapping(nodes, dict.fromkeys(nodes, own), own))
    profile = View({"email": "y", "codecs": ["alaw"]}, Mapping(more, dict.fromkeys(more, below), below))
    places = extension.over(profile).places
    assert (places["email"], places["codecs"], places["codecs.0"]) == (own, below, below)
    assert places.get("ring_time") is None
    assert places.get("codecs.1", own) is own
    assert sorted(places) == ["codecs", "codecs.0", "email"]
    with pytest.raises(KeyError):
        places["ring_time"]


def test_a_view_over_one_that_is_over_another_is_over_both() -> None:
    first, second, third = (view({"name": name}, {name: "given"}) for name in ("a", "b", "c"))
    for over in (first.over(second, third), first.over(second.over(third)), first.over(second).over(third)):
        assert over.merged() == {"name": "a", "a": "given", "b": "given", "c": "given"}
        assert [over.get(key) for key in ("a", "b", "c")] == ["given"] * 3
    assert first.over() is first
