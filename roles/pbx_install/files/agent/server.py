"""A server as the verbs see it."""

from __future__ import annotations

import grp
import pwd

from .access import Access
from .firewall import Firewall
from .journal import Journal
from .live import Live
from .places import Places
from .receipts import Receipts
from .refusal import Refusal
from .releases import Releases
from .scrub import Scrubber
from .way_back import WayBack


class Server:
    """What the verbs stand on: the places, the live Asterisk, the releases, the receipts of what was done, the way back.

    ``scrub`` learns the secrets of the releases that a verb works with.
    """

    def __init__(self, places: Places) -> None:
        """Ask who Asterisk is. Raise Refusal ``not_installed`` where it is nobody."""
        try:
            self.uid, self.gid = pwd.getpwnam("asterisk").pw_uid, grp.getgrnam("asterisk").gr_gid
        except KeyError:
            raise Refusal("not_installed", "no user asterisk here; run the playbook install first") from None
        self.at = places
        self.live = Live(places.asterisk_conf)
        self.releases = Releases(places, self.gid)
        self.journal = Journal(places.state / "journal.jsonl")
        self.receipts = Receipts(places.receipts, self.gid)
        self.way_back = WayBack(places)
        self.firewall = Firewall(places)
        self.access = Access(places)
        self.scrub = Scrubber()
