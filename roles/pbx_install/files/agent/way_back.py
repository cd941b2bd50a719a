"""The way back: armed before the switch, so that only a confirmation keeps a change."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .disk import remove, sync_dir, write_whole
from .places import Places
from .refusal import Refusal
from .tools import run


@dataclass(frozen=True)
class WayBack:
    """The record of what to go back to, and the timer that does so unless it is stopped."""

    at: Places

    def record(self) -> dict[str, Any] | None:
        """Return what is armed, or None."""
        try:
            found = json.loads(self.at.armed.read_text())
        except FileNotFoundError:
            return None
        return found if isinstance(found, dict) else None

    def arm(self, record: Mapping[str, Any]) -> None:
        """Start the timer and write the record. Raise Refusal ``no_timer``, OSError; then nothing is armed.

        The timer runs first, because whoever is killed in between must not leave a record without a clock: that would
        bar every later change. A clock without a record does nothing.
        """
        try:
            self._start_timer(record["confirm_within"])
            self._lay_link(f"releases/{record['previous']}" if record["previous"] else "")
            write_whole(self.at.armed, json.dumps(record, indent=1).encode())
        except BaseException:  # a full /run or disk, say
            self.disarm()
            raise

    def disarm(self) -> None:
        """Take the record away, for good, and stop the timer."""
        remove(self.at.armed)
        sync_dir(self.at.state)
        remove(self.at.way_back)
        self._stop_timer()

    def _lay_link(self, target: str) -> None:
        """Make the link that becomes ``current`` again beforehand: on a full disk there is no room for one any more."""
        remove(self.at.way_back)
        if target:
            os.symlink(target, self.at.way_back)

    def rearm(self, record: Mapping[str, Any]) -> None:
        """Write the record anew and start its clock from the beginning. Raise as ``arm``, with the old one still armed."""
        write_whole(self.at.armed, json.dumps(record, indent=1).encode())
        self._start_timer(record["confirm_within"])

    def _start_timer(self, within: int) -> None:
        """Start the clock that undoes the change unless it is confirmed."""
        folder = self.at.units / "kelid-undo.timer.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "within.conf").write_text(f"[Timer]\nOnActiveSec=\nOnActiveSec={within}s\nAccuracySec=100ms\n")
        done = run("systemctl", "daemon-reload")
        done = done if done.returncode else run("systemctl", "restart", "kelid-undo.timer")
        if done.returncode:
            raise Refusal(
                "no_timer",
                f"the way back can't be armed: {done.stderr.strip()}; run the playbook install again",
            )

    def _stop_timer(self) -> None:
        """Stop the clock."""
        run("systemctl", "--no-block", "stop", "kelid-undo.timer")
        remove(self.at.units / "kelid-undo.timer.d")
