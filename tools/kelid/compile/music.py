"""Music: musiconhold.conf with the site's own classes, and with every other class that something names."""

from __future__ import annotations

from kelid.compile.conf import Value, option, section
from kelid.compile.sounds import path
from kelid.compile.text import sound
from kelid.findings import NOWHERE
from kelid.model.pbx import ConfFile, Section
from kelid.model.site import DEFAULT_MUSIC, MusicClass, Site

KIND = "music_class"


def conf(site: Site) -> ConfFile:
    """Return musiconhold.conf.

    A class that the site doesn't bring plays the folder that the distribution's music package fills; ``default`` is always
    there, because Asterisk plays it wherever none is named.
    """
    own = {item.name: item for item in site.music_classes}
    packaged = {} if DEFAULT_MUSIC in own else {DEFAULT_MUSIC: NOWHERE}
    for reference in site.uses.get(KIND, ()):
        if reference.name not in own:
            packaged.setdefault(reference.name, reference.where)
    return ConfFile(
        "musiconhold.conf",
        (
            *(
                section(name, {"mode": "files", "directory": "moh", "sort": "random"}, where)
                for name, where in packaged.items()
            ),
            *(_class(site, item) for item in own.values()),
        ),
    )


def _class(site: Site, item: MusicClass) -> Section:
    # A play list names files wherever they lie (Asterisk 16.6 and newer); a class of mode files is a folder of its own.
    settings: dict[str, Value] = {"mode": "playlist"}
    if item.sort != "linear":
        settings["sort"] = (item.sort, item.place("sort"))
    if item.announcement:
        settings["announcement"] = (sound(site, item.announcement), item.place("announcement"))
    head = section(item.name, settings, item.place("name"))
    pieces = tuple(
        option("entry", path(site, file), item.place(f"files.{number}"))
        for number, file in enumerate(item.files)
    )
    return Section(head.name, head.options + pieces, head.where)
