"""Put a program of ours on a server: a package in a role's ``files``, one executable file where it runs."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader

SHIP = """\
there=$(sha256sum < "$dest" 2>/dev/null | cut -d ' ' -f 1)
like=$(stat -L -c '%a %u %g' "$dest" 2>/dev/null)
if test "$there" = "$sum" && test "$like" = "$mode 0 0"; then cat > /dev/null; echo same; exit 0; fi
if test -n "$check"; then cat > /dev/null; echo changed; exit 0; fi
fresh=$(mktemp "$dest.XXXXXX") || { cat > /dev/null; exit 1; }
trap 'rm -f "$fresh"' EXIT
trap 'exit 1' HUP INT TERM
cat > "$fresh" || exit 1
test "$(sha256sum < "$fresh" | cut -d ' ' -f 1)" = "$sum" || { echo 'the program came damaged' >&2; exit 1; }
chown 0:0 "$fresh" && chmod "$mode" "$fresh" && sync "$fresh" && mv -f "$fresh" "$dest" && sync "${dest%/*}" && echo changed
"""
"""What runs on the server, with the program on its standard input: one rename, so that nobody meets half a program."""


class ActionModule(ActionBase):
    """``src`` is the package's folder below the role's ``files``, ``dest`` an absolute path, ``mode`` four digits."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("src", "dest", "mode"))
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return whether the server's program was (in check mode: would be) replaced, in one round trip."""
        action_loader.get("kelid_agent", class_only=True)  # finds kelid, where that is elsewhere
        from kelid.deliver.program import program  # noqa: PLC0415 - ansible lists plugins in places that have no kelid

        result: dict[str, Any] = super().run(tmp, task_vars)
        dest, mode = str(self._task.args.get("dest", "")), str(self._task.args.get("mode", "0755"))
        if not dest.startswith("/") or not re.fullmatch(r"0[0-7]{3}", mode):
            raise AnsibleActionFail('dest must be an absolute path, and mode four digits in quotes ("0755")')
        try:
            body = program(Path(self._find_needle("files", str(self._task.args.get("src", "")))))
        except (AnsibleError, OSError) as problem:
            raise AnsibleActionFail(f"there is no program to install: {problem}") from problem
        digest = hashlib.sha256(body).hexdigest()
        given = {
            "dest": dest,
            "mode": mode.lstrip("0"),
            "sum": digest,
            "check": "yes" if self._task.check_mode else "",
        }
        names = "".join(f"{name}={shlex.quote(value)}\n" for name, value in given.items())
        done = self._low_level_execute_command(
            f"sh -c {shlex.quote(names + SHIP)}", in_data=body, sudoable=True
        )
        told = str(done.get("stdout", "")).strip()
        result |= {"dest": dest, "checksum": digest, "changed": told == "changed"}
        if told not in {"same", "changed"}:
            result["failed"] = True
            result["msg"] = (
                f"{dest} can't be put in place: {str(done.get('stderr', '')).strip()[-500:] or 'no answer'}"
            )
        return result
