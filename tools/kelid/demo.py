"""The main job from end to end on throwaway machines: what ``make demo`` shows.

Every step that is told is done for real: the sample clinic is checked, rendered, planned and applied over ssh to an empty
machine; SIP phones register and calls are placed; the menu is changed in YAML and only that change is applied while a call
goes on; a backup is taken, the machine destroyed, a new empty one restored, and the same calls are placed again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from kelid import pipeline
from kelid.deliver.server import Server
from kelid.findings import KelidError
from kelid.lab import CallIn, Host, Lab, LabError, Phone, Telco, missing_requirements
from kelid.model.plan import Plan
from kelid.model.progress import Progress
from kelid.pipeline import changes, release
from kelid.report import findings as findings_report
from kelid.report import plans as plans_report
from kelid.report.progress import ProgressLines
from kelid.report.steps import Step, Story

SITE = "noor-clinic"
PBX = "pbx"
TRUNK_HOST = "sip.mokhaberat.example"
STORE_HOST = "backup.noor-clinic.example"
OPEN = datetime(2026, 11, 30, 10, 0, tzinfo=ZoneInfo("Asia/Tehran"))
"""A Monday morning: the clinic is open."""
CLOSED = datetime(2026, 11, 27, 10, 0, tzinfo=ZoneInfo("Asia/Tehran"))
"""A Friday morning: the clinic is closed."""
DID = "02188001234"
PATIENT = "09121234567"

MENU_BEFORE = '      - {digits: "0", destination: extension:101}\n'
MENU_AFTER = MENU_BEFORE + '      - {digits: "3", destination: extension:105}\n'


class DemoError(KelidError):
    """A step of the demo didn't hold."""


def expect(condition: bool, what: str) -> None:
    """Raise DemoError unless the condition holds."""
    if not condition:
        raise DemoError(what)


@dataclass
class Demo:
    """The demo's machines and what it holds in hand while it runs."""

    story: Story
    stream: TextIO
    lab: Lab
    sites: Path
    secrets: dict[str, str] = field(default_factory=dict)
    address: str = ""
    telco: Telco = field(init=False)
    phones: dict[str, Phone] = field(default_factory=dict)

    # -- tools

    @contextmanager
    def watching(self) -> Iterator[ProgressLines]:
        """Show progress of long work."""
        with ProgressLines(self.stream, colour=self.story.colour) as watch:
            yield watch

    def server(self, watch: Callable[[Progress], None]) -> Server:
        """Return the clinic's server, which in the lab has an address of the lab."""
        store_key = self.lab.host_key("store")
        return Server(
            site=SITE,
            root=pipeline.root(),
            environment={
                "KELID_SITES": str(self.sites),
                "KELID_SITE": SITE,
                "KELID_ADDRESS": self.address,
                "KELID_IDENTITY": str(self.lab.key),
                "KELID_KNOWN_HOSTS": str(self.lab.known_hosts),
                "KELID_BACKUP_HOST_KEY": store_key,
            },
            watch=watch,
        )

    def plan(self) -> Plan:
        """Ask the server what it has and return the plan; print it."""
        with self.watching() as watch:
            status = self.server(watch).status()
        plan = release.plan_for(pipeline.check(self.sites, SITE), self.sites, status)
        for line in plans_report.plan_text(plan, colour=self.story.colour).splitlines()[:40]:
            self.story.say(line)
        return plan

    def commit(self, message: str) -> None:
        """Commit everything in the demo's own repository, made on first use."""
        repository = self.sites.parent
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        identity = ["-c", "user.name=demo", "-c", "user.email=demo@kelid.example"]
        start = [] if (repository / ".git").exists() else [["init", "-q", "-b", "main"]]
        for arguments in (
            *start,
            ["add", "-A"],
            [*identity, "commit", "-q", "-m", message],
        ):
            subprocess.run(
                ["git", "-C", str(repository), *arguments], check=True, capture_output=True, env=environment
            )

    def register(self, *numbers: str) -> None:
        """Bring up real phones and register them with the passwords from the vault."""
        for number in numbers:
            password = self.secrets[f"extension_{number}"]
            self.phones[number] = self.lab.phone(f"phone{number}", number, password, self.address)
            self.phones[number].register()
        for number in numbers:
            self.phones[number].wait_registered()
            self.story.say(f"phone {number} registered from {self.phones[number].address}")

    def put_away_phones(self) -> None:
        """End all phones."""
        for number, phone in self.phones.items():
            phone.stop()
            self.lab.remove_phone(f"phone{number}")
        self.phones.clear()

    def from_outside(self, keys: dict[float, str], *, did: str = DID, seconds: float = 12) -> CallIn:
        """Let a patient call in over the telephone company and press keys at given seconds after the answer."""
        return self.telco.call_in(did, PATIENT, user=DID, digits=keys, seconds=seconds)

    # -- the calls

    def place_calls(self, step: Step, *, new_key: bool) -> None:
        """Place the calls that matter to the clinic; raise DemoError at the first that goes elsewhere."""
        calls: list[tuple[str, Callable[[], str]]] = [
            ("101 calls 103", lambda: self.talk("101", "103")),
            ("outside, key 1: queue, 101 answers", lambda: self.reach("101", {2: "1"})),
            ("outside, keys 2 and 1: second menu, 103 answers", lambda: self.reach("103", {2: "2", 5: "1"})),
            ("101 calls 88776655 in the city", lambda: self.dial_out("101", "88776655", "02188776655")),
            ("105, who may only call in the city, calls 115", lambda: self.dial_out("105", "115", "115")),
            ("105 calls a mobile and may not", lambda: self.refused("105", "09351112233")),
            ("outside on a Friday: the closed announcement", self.closed),
        ]
        if new_key:
            calls.insert(3, ("outside, the new key 3: 105 answers", lambda: self.reach("105", {2: "3"})))
        for title, place in calls:
            self.story.say(f"{title}: {place()}")
        step.show(f"{len(calls)} calls")

    def talk(self, caller: str, called: str) -> str:
        """Let one phone call another; both must hear each other."""
        one, other = self.phones[caller], self.phones[called]
        one.call(called)
        who = other.wait_incoming()
        other.answer()
        one.wait_answered()
        self.wait_sound(one)
        self.wait_sound(other)
        one.hangup()
        ended = one.wait_ended()
        other.wait_ended()
        return (
            f"rang as {who}, answered, {ended.packets_received} RTP packets heard, {ended.packets_sent} sent"
        )

    def reach(self, number: str, keys: dict[float, str]) -> str:
        """Let a patient call in and press keys until the phone rings and is answered; both must hear each other."""
        call = self.from_outside(keys)
        phone = self.phones[number]
        who = phone.wait_incoming(30)
        phone.answer()
        phone.wait_answered()
        self.wait_sound(phone)
        phone.hangup()
        heard = phone.wait_ended()
        outside = call.wait_ended()
        expect(outside.seconds_heard > 0, f"the patient heard nothing from {number}")
        return f"{number} rang as {who}, {heard.packets_received} RTP packets, patient heard {outside.seconds_heard:.1f} s"

    def dial_out(self, number: str, dialled: str, arrives: str) -> str:
        """Let a phone call outside; the telephone company must get the number as it wants it."""
        before = sum(call.number == arrives for call in self.telco.received())
        phone = self.phones[number]
        phone.call(dialled)
        phone.wait_answered()
        self.wait_sound(phone)
        phone.hangup()
        phone.wait_ended()
        call = self.telco.wait_received(arrives, after=before)
        return f"the telephone company got {call.number} from {call.caller}"

    def refused(self, number: str, dialled: str) -> str:
        """Let a phone call what its class doesn't allow; nothing may reach the telephone company."""
        phone = self.phones[number]
        before = len(self.telco.received())
        phone.call(dialled)
        ended = phone.wait_ended(30)
        expect(len(self.telco.received()) == before, f"{dialled} reached the telephone company from {number}")
        return f"refused ({ended.code} {ended.reason})"

    def closed(self) -> str:
        """Let a patient call on a Friday; the announcement must be heard and no phone ring."""
        pbx = self.lab.host(PBX)
        pbx.set_clock(CLOSED)
        try:
            call = self.from_outside({}, seconds=5).wait_ended()
        finally:
            pbx.set_clock(OPEN)
        expect(call.answered and call.seconds_heard > 1, "the announcement was not heard")
        return f"heard {call.seconds_heard:.1f} s of it"

    def wait_sound(self, phone: Phone, packets: int = 25, limit: float = 10) -> None:
        """Wait until a phone has heard half a second of RTP. Raise DemoError if it hasn't in time."""
        until = time.monotonic() + limit
        while phone.packets().get("received", 0) < packets:
            expect(time.monotonic() < until, f"phone {phone.number} hears nothing")
            time.sleep(0.05)

    def leave_message(self) -> str:
        """Let a patient skip the greeting (#) of a direct line that nobody answers and speak; return ``mailbox``."""
        call = self.from_outside({3: "#"}, did="02188001235", seconds=12).wait_ended(90)
        expect(call.answered, "the mailbox did not answer")
        return self.mailbox()

    def mailbox(self) -> str:
        """Return the checksums of all that the PBX keeps of voicemail and prompts, and its astdb values."""
        return self.lab.host(PBX).shell(
            "cd / && find var/spool/asterisk/voicemail var/lib/kelid/media -type f -print0"
            " | sort -z | xargs -0 -r sha256sum\n"
            "asterisk -rx 'database show' | grep '^/demo/' | sort"
        )

    # -- the story

    def tell(self) -> None:
        """Run all steps; raise at the first that doesn't hold."""
        self.set_up()
        before = self.work()
        self.lose_and_restore(before)

    def set_up(self) -> None:
        """From nothing to a PBX that runs the clinic's release."""
        story = self.story
        with story.step("Bring up a lab: an empty server, a telephone company, a backup store") as step:
            self.bring_up(step)
        with story.step(f"Check sites/{SITE}") as step:
            checked = self.check(step)
        with story.step("Render it") as step:
            bundle = checked.bundle
            for path, text in bundle.files.items():
                story.say(f"{len(text.splitlines()):>5} lines  {path}")
            step.show(f"{len(bundle.files)} files, bundle {bundle.digest[:12]}")
        with (
            story.step("Make the empty machine a PBX (over ssh, with Ansible)") as step,
            self.watching() as watch,
        ):
            self.server(watch).install()
            self.lab.host(PBX).set_clock(OPEN)
            step.show(self.lab.host(PBX).asterisk("core show version").split(" built")[0])
        with story.step("Show the plan") as step:
            plan = self.plan()
            step.show(f"plan {plan.digest[:12]}, {len(plan.comparison.objects)} objects")
        with story.step("Apply it") as step:
            self.apply(plan, step)
            self.telco.wait_registered(DID)
            story.say("the trunk is registered with the telephone company")
        with story.step("Apply the same commit again") as step:
            expect(self.plan().empty, "the second plan is not empty")
            with self.watching() as watch:
                again = self.server(watch).apply()
            expect(again.ok and not again.changed, "the second apply changed something")
            step.show("nothing changed")

    def work(self) -> str:
        """Use the phone system, change it, back it up; return what must be found again after a restore."""
        story = self.story
        with story.step("Register real SIP phones") as step:
            self.register("101", "103", "105")
            step.show(f"{len(self.phones)} phones")
        with story.step("Place real calls") as step:
            self.place_calls(step, new_key=False)
        with story.step("Change the menu in YAML and apply just that, while a call goes on") as step:
            self.change_menu(step)
        with story.step("Leave a message, then back up") as step:
            self.lab.host(PBX).asterisk("database put demo forward 09121112233")
            before = self.leave_message()
            expect("msg0000" in before, "there is no message in the mailbox")
            with self.watching() as watch:
                result = self.server(watch).backup()
            step.show(
                f"snapshot {str(result.get('snapshot', ''))[:8]}, {len(before.splitlines())} items to find again"
            )
        return before

    def lose_and_restore(self, before: str) -> None:
        """Destroy the server and bring it back on another machine."""
        story = self.story
        with story.step("Destroy the PBX") as step:
            self.put_away_phones()
            self.lab.destroy_host(PBX)
            step.show("host and disk are gone")
        with story.step("Restore onto a new, empty machine") as step:
            self.new_machine()
            with self.watching() as watch:
                self.server(watch).restore()
            after = self.mailbox()
            expect(after == before, f"not the same after the restore:\n{before}\n---\n{after}")
            step.show("the same voicemail, prompts and astdb values, byte for byte")
        with story.step("Place the same calls again") as step:
            self.lab.host(PBX).set_clock(OPEN)
            self.telco.wait_registered(DID, 60)
            self.register("101", "103", "105")
            self.place_calls(step, new_key=True)
            expect(self.plan().empty, "the restored server has another release than git says")

    def bring_up(self, step: Step) -> None:
        """Make the lab's machines."""
        public = subprocess.run(
            ["ssh-keygen", "-y", "-f", "/dev/stdin"],
            input=self.secrets["backup_ssh_key"],
            text=True,
            capture_output=True,
            check=False,
        )
        expect(public.returncode == 0, f"the backup key in the vault is none: {public.stderr.strip()}")
        self.telco = self.lab.create_telco(
            DID, self.secrets["trunk_mokhaberat"], aliases=[TRUNK_HOST], progress=self.story.say
        )
        self.lab.create_store(public.stdout.strip(), aliases=[STORE_HOST], progress=self.story.say)
        self.new_machine()
        for host in self.lab.hosts():
            self.story.say(f"{host.name:<8} {host.address}")
        step.show(f"{len(self.lab.hosts())} machines")

    def new_machine(self) -> None:
        """Make an empty machine: Debian with ssh, no Asterisk."""
        host: Host = self.lab.create_host(PBX, image="bare", progress=self.story.say)
        self.address = host.address

    def check(self, step: Step) -> pipeline.Checked:
        """Check the clinic with its vault open."""
        checked = pipeline.check(self.sites, SITE, password=pipeline.need_password(self.sites, SITE))
        for line in findings_report.text(checked.findings).splitlines():
            self.story.say(line)
        expect(checked.valid, f"{SITE} is not valid")
        step.show(findings_report.summary(checked.findings) or "no findings")
        return checked

    def apply(self, plan: Plan, step: Step) -> None:
        """Do the plan and say what it took."""
        with self.watching() as watch:
            applied = self.server(watch).apply(
                {"base": plan.base, "state": plan.state, "release": plan.release}
            )
        expect(applied.ok, f"{applied.code}: {applied.message}")
        for command in applied.reloads:
            self.story.say(f"Asterisk was told: {command}")
        step.show(
            f"release {applied.release[:12]}; "
            + ("a restart" if applied.restarted else ", ".join(applied.reloads) or "no reload")
        )

    def change_menu(self, step: Step) -> None:
        """Give the menu a key 3 and apply that while 101 and 103 talk; their call must not notice."""
        menu = self.sites / SITE / "ivrs.yml"
        text = menu.read_text(encoding="utf-8")
        expect(text.count(MENU_BEFORE) == 1, "the sample's menu is not as the demo knows it")
        menu.write_text(text.replace(MENU_BEFORE, MENU_AFTER), encoding="utf-8")
        difference = changes.difference(self.sites, SITE, "HEAD", None)
        for line in plans_report.comparison_text(difference, colour=self.story.colour).splitlines():
            self.story.say(line)
        self.commit("Noor: key 3 rings the laboratory")
        one, other = self.phones["101"], self.phones["103"]
        one.call("103")
        other.wait_incoming()
        other.answer()
        one.wait_answered()
        self.wait_sound(one)
        plan = self.plan()
        self.apply(plan, step)
        heard = one.packets()["received"]
        self.wait_sound(one, heard + 25)
        one.hangup()
        ended = one.wait_ended()
        other.wait_ended()
        expect(ended.answered, "the call that went on was lost")
        self.story.say(
            f"the call that went on all the while: {ended.seconds} s, {ended.packets_received} RTP packets"
        )
        self.story.say(f"outside, the new key 3: {self.reach('105', {2: '3'})}")
        step.show("a call went on meanwhile")


def run(stream: TextIO, *, colour: bool, lab_name: str = "demo", keep: bool = False) -> Story:
    """Tell the whole story, or without a lab what needs none, and return it. What was made is removed unless ``keep``."""
    story = Story(stream, colour)
    missing = missing_requirements()
    with tempfile.TemporaryDirectory(prefix="kelid-demo-") as folder:
        sites = Path(folder) / "sites"
        shutil.copytree(pipeline.root() / "sites" / SITE, sites / SITE)
        shutil.copy(pipeline.root() / "sites" / pipeline.SAMPLE_PASSWORD, sites)
        if missing:
            _without_lab(story, sites, missing)
        else:
            _with_lab(story, stream, sites, lab_name, keep=keep)
    return story


def _with_lab(story: Story, stream: TextIO, sites: Path, lab_name: str, *, keep: bool) -> None:
    Lab(lab_name).down()  # what an earlier run that was killed may have left
    lab = Lab.up(lab_name, progress=story.say)
    secrets = pipeline.secrets_of(sites, pipeline.check(sites, SITE), None)
    demo = Demo(story=story, stream=stream, lab=lab, sites=sites, secrets=secrets)
    try:
        demo.commit("Noor: as the clinic ordered it")
        demo.tell()
    except (KelidError, LabError, OSError, subprocess.SubprocessError) as problem:
        print(f"\nThe demo failed: {problem}", file=stream)
    finally:
        if keep:
            print(
                f"\nThe lab stays up: kelid lab status --lab {lab_name}; end it with kelid lab down --lab {lab_name}",
                file=stream,
            )
        else:
            for phone in demo.phones.values():
                phone.stop()
            lab.down()


def _without_lab(story: Story, sites: Path, missing: list[str]) -> None:
    """Tell what needs no lab: check, render, and the plan of a change against the last commit."""
    demo = Demo(story=story, stream=story.stream, lab=Lab("demo"), sites=sites)
    try:
        with story.step(f"Check sites/{SITE}") as step:
            checked = demo.check(step)
        with story.step("Render it") as step:
            step.show(f"{len(checked.bundle.files)} files, bundle {checked.bundle.digest[:12]}")
        with story.step("Change the menu in YAML and plan it against the last commit") as step:
            demo.commit("Noor: as the clinic ordered it")
            menu = sites / SITE / "ivrs.yml"
            menu.write_text(
                menu.read_text(encoding="utf-8").replace(MENU_BEFORE, MENU_AFTER), encoding="utf-8"
            )
            difference = changes.difference(sites, SITE, "HEAD", None)
            expect(not difference.empty, "the change made no difference")
            for line in plans_report.comparison_text(difference, colour=story.colour).splitlines():
                story.say(line)
            step.show(f"changed objects: {len(difference.objects)}")
    except (KelidError, OSError, subprocess.SubprocessError) as problem:
        print(f"\nThe demo failed: {problem}", file=story.stream)
    why = "; ".join(missing)
    for title in ("Apply to a real server", "Real phones and calls", "Backup, destruction and restore"):
        story.leave_out(title, why)
