"""Bring a site's release to its server, verify it from here, and keep it or go back: the whole of an apply, in one task.

One task and not four, because Ansible takes a batch of hosts through a play task by task: the first host's change would
wait for its confirmation, the way back counting down, until the last host's was in force; and a host that fails would end
the play for others that are half-way.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.loader import action_loader

_AGENT = action_loader.get("kelid_agent", class_only=True)  # which also finds kelid, where that is elsewhere

with contextlib.suppress(ImportError):  # ansible lists plugins in places that have no kelid
    # Ansible reads this module once and then forks for each host: none of those has to import what all of them need.
    import kelid.compile
    import kelid.render  # noqa: F401
    from kelid.pipeline import cache, machines

    cache.of_kelid()

AGENT = "/usr/local/lib/kelid/agent"
NEW = {"kelid_upgrade": "the new packages are", "kelid_harden": "ssh, sudo and the firewall are"}
OLD = {"kelid_upgrade": "the old packages are back", "kelid_harden": "what was in force before is back"}
"""What comes into force, and what is back, where that is no release."""


class ActionModule(_AGENT):  # type: ignore[misc]
    """Takes what kelid_begin takes, ``verify_limit`` (seconds that a registration gets to come back), and ``expect`` (names
    of objects by their kind that must be loaded besides those of the release).

    Without a plan (its ``base`` and ``release``) the server is asked first whether it has all that already; then nobody need
    open the site's vault. With ``rollback`` (kelid_rollback's ``release``, or "") a release that the server still has is put
    in force again; with ``upgrade`` Asterisk's newest packages are (kelid_upgrade),
    with ``harden`` what sshd and sudo are told, its firewall and bans (kelid_harden, with its ``sshd``, ``sudoers`` and
    ``user``); with ``look_as_user`` that is kept only if ``user`` gets in from here and may ask the agent as root.

    What each step told is under ``kelid_steps``, by the step's own action; what kelid_begin told also under ``kelid``.
    """

    _VALID_ARGS = frozenset(
        (
            "plan",
            "confirm_within",
            "restart",
            "limit",
            "overrides",
            "verify_limit",
            "expect",
            "rollback",
            "upgrade",
            "harden",
            "sshd",
            "sudoers",
            "user",
            "look_as_user",
        )
    )

    def work(self) -> dict[str, Any]:
        """Return the task's result: failed where the release isn't kept, with the reason and what became of the old one."""
        self.steps: dict[str, Any] = {}
        args = dict(self._task.args)
        limit = float(args.pop("verify_limit", None) or 0)
        self.besides = args.pop("expect", None) or {}
        self.first = "kelid_begin"
        user = str(args.get("user") or "") if boolean(args.pop("look_as_user", None) or False) else ""
        if "rollback" in args:
            self.first = "kelid_rollback"
            args["release"] = args.pop("rollback")
        elif args.pop("upgrade", None):
            self.first = "kelid_upgrade"
        elif args.pop("harden", None):
            self.first = "kelid_harden"
        elif not (self.plan().get("base") or self.plan().get("release")):
            told = self.ask("status", "--like", self.likeness())
            if told.get("same"):
                told["previous"] = told["release"]
                self.steps["kelid_begin"] = told
                return {**self.result(told), "kelid_steps": self.steps}
            if told.get("ok") and not self._task.check_mode:
                args["plan"] = {"base": told["release"] or "none", "state": told.get("state") or ""}
        begun = self.step(self.first, args)
        if begun.get("failed") or not begun.get("changed") or self._task.check_mode:
            return {**begun, "kelid_steps": self.steps}
        told = begun["kelid"]
        name = {"release": told["release"]}
        try:
            self.tell(
                f"{NEW.get(self.first) or 'release ' + told['release'][:12] + ' is'} in force, the way back armed"
            )
            looking = {
                **name,
                "expect": self.expected(told["expect"]),
                "before": told["before"],
                "restarted": told["restarted"],
                "calls": True,
                "limit": limit,
                "fresh": True,
            }
            verified = self.step("kelid_verify", looking)
            shut_out = "" if verified.get("failed") or not user else self.shut_out(user)
            if shut_out:
                return self.back(name, shut_out)
            if not verified.get("failed"):
                self.tell("verified over a new connection")
                kept = self.step("kelid_confirm", name)
                if not kept.get("failed"):
                    return {**begun, "kelid_steps": self.steps}
                return self.back(name, str(kept.get("msg")))
            return self.back(name, str(verified.get("msg")))
        except AnsibleConnectionFailure as problem:
            # Nobody there to be asked to go back: the server does so by itself when nobody confirms.
            return {"unreachable": True, "msg": str(problem), "kelid": told, "kelid_steps": self.steps}
        except AnsibleError as problem:
            return self.back(name, str(problem))

    def expected(self, release: dict[str, Any]) -> dict[str, Any]:
        """Return what must be loaded: what the release says, and what the task wants besides."""
        made = dict(release)
        for kind, names in self.besides.items():
            made[kind] = [*made.get(kind, ()), *names]
        return made

    def likeness(self) -> str:
        """Return two digests of what the site is now. Raise AnsibleActionFail with every finding if it is not valid."""
        from kelid.findings import KelidError  # noqa: PLC0415

        try:
            return str(machines.likeness(self.sites(), self.variable("kelid_site"), cache.Cache()))
        except KelidError as problem:
            findings = "".join(f"\n{finding}" for finding in problem.findings)
            raise AnsibleActionFail(f"{problem}{findings}") from problem

    def shut_out(self, user: str) -> str:
        """Return what keeps a user from a new connection from here, or from asking the agent as root; "" for nothing."""
        link = self._connection
        if getattr(link, "transport", "") != "ssh":
            return ""
        me = link.get_option("remote_user")
        if user == me:
            return ""  # that was looked at
        link.set_option("remote_user", user)
        try:
            link.reset()
            as_root = "" if user == "root" else "sudo -n "
            code, _, errors = link.exec_command(f"{as_root}{AGENT} status", in_data=b"\n", sudoable=False)
        except AnsibleConnectionFailure as problem:
            return f"{user} doesn't get in from here: {str(problem).strip()[-300:]}"
        finally:
            with contextlib.suppress(AnsibleError):
                link.reset()
            link.set_option("remote_user", me)
        said = errors.decode(errors="replace").strip()[-300:]
        return f"{user} may not ask the agent as root: {said or code}" if code else ""

    def back(self, name: dict[str, str], reason: str) -> dict[str, Any]:
        """Go back to the release before, and return the result of a release that did not hold."""
        try:
            undone = self.step("kelid_undo", {**name, "why": reason})
        except AnsibleError as problem:
            undone = {"failed": True, "msg": str(problem)}
        if undone.get("failed"):
            state = f"going back: {undone.get('msg') or 'no answer'}; the server goes back by itself"
        else:
            state = OLD.get(self.first, "the release before is back")
            self.tell(state)
        told = {**self.steps[self.first], "ok": False, "code": "not_kept", "message": f"{reason}; {state}"}
        return {**self.result(told, changed=False), "kelid_steps": self.steps}

    def step(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run another action of this folder on the same host and connection; return its result."""
        task = self._task.copy()
        task.action, task.args = action, arguments
        made = self._shared_loader_obj.action_loader.get(
            action,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        self._since = time.monotonic()
        result: dict[str, Any] = made.run(task_vars=self.given)
        if "kelid" in result:
            self.steps[action] = result["kelid"]
        return result

    def tell(self, step: str) -> None:
        """Say at once that a step of this host is done; the task's own result comes only at its end."""
        host = self.given.get("inventory_hostname", "")
        self._display.display(f"kelid: {host}: {step} ({time.monotonic() - self._since:.1f} s)")
