"""Run on a PBX host: load a tree of conf files in an Asterisk of its own, without a network, and tell what it did.

Standard input, one JSON object: ``files`` (name -> text), ``media`` (names of wav files to have, silent), ``commands``
(for ``asterisk -rx``), ``calls`` (``exten``, ``context``, ``digits`` as SendDTMF takes them, ``seconds`` at most),
``strangers`` (names that call by SIP without a password), ``redirect`` (whom a phone at 127.0.0.1:5070 sends its calls
to, by SIP 302; may be left out) and ``clock`` ("2026-11-23 10:00:00" in UTC; "" for now). May be left out too: ``lines``
(port at 127.0.0.1 -> the SIP status by which a telephone company's line there answers each call), ``one_by_one`` (each call
begins when the one before is over) and ``afterwards`` (commands when all calls are over).
Standard output: ``log`` (its lines), ``answers`` (command -> text), ``knocks`` (what each stranger is told), ``steps``
(for each call its ``[context, exten, priority, application, data]``), ``invites`` (``[port, text]`` of each call that
came to a line) and ``events`` (all that the manager interface told of the calls, as text).
Python 3.9 and the standard library only: it runs on Debian 11 too.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave

SECRET = "witness"
MANAGER = (
    f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\n[witness]\nsecret = {SECRET}\nread = all\nwrite = all\n"
)
EXECUTING = re.compile(
    r"Executing \[(?P<exten>[^@\]]*)@(?P<context>[^:\]]*):(?P<priority>\d+)\] (?P<app>\w+)"
    r'\("(?P<channel>[^"]*)", "(?P<data>.*)"\) in new stack'
)
"""How Asterisk logs a step (pbx_extension_helper in main/pbx.c, the same in 16 and 22)."""
LIMIT = 20
"""Seconds for anything that takes part of one."""


class Manager:
    """A connection to Asterisk's manager interface, without its events."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", 5038), timeout=LIMIT)
        self.file = self.socket.makefile("rw", encoding="utf-8", newline="")
        self.file.readline()
        self.request(Action="Login", Username="witness", Secret=SECRET, Events="off")

    def request(self, **fields):
        """Send an action and wait for its answer."""
        self.file.write("".join(f"{key}: {value}\r\n" for key, value in fields.items()) + "\r\n")
        self.file.flush()
        answer = {}
        while (line := self.file.readline()) != "\r\n":
            if not line:
                raise EOFError("Asterisk closed the connection")
            key, _, value = line.rstrip("\r\n").partition(": ")
            answer[key] = value
        if answer.get("Response") != "Success":
            raise RuntimeError(f"{fields}: {answer}")


def listen(heard):
    """Gather all events of the manager interface until it closes."""
    with socket.create_connection(("127.0.0.1", 5038), timeout=None) as ears:
        ears.sendall(f"Action: Login\r\nUsername: witness\r\nSecret: {SECRET}\r\nEvents: on\r\n\r\n".encode())
        with contextlib.suppress(OSError):
            while data := ears.recv(65536):
                heard.append(data)


def place(calls, ask, log, one_by_one):
    """Place all calls; return channel -> number of the call when all are over, or have had their time.

    ``ask`` runs a command of Asterisk's, ``log`` is the file of its steps. All is told by that log and the list of channels,
    which are written while a call takes its steps; the manager's events are not: Asterisk 16 drops some when it is busy.
    """
    names = {}
    manager = Manager()
    for index, call in enumerate(calls):
        does = ("SendDTMF", call["digits"]) if call.get("digits") else ("Wait", call["seconds"])
        manager.request(
            Action="Originate",
            Async="true",
            Channel=f"Local/{call['exten']}@{call['context']}/n",
            Timeout=60000,
            Application=does[0],
            Data=does[1],
        )
        mine = re.compile(rf'"(Local/{re.escape(call["exten"])}@{re.escape(call["context"])}-[0-9a-f]+;2)"')
        end = time.monotonic() + LIMIT
        while not (fresh := [name for name in mine.findall(read(log)) if name not in names]):
            if time.monotonic() > end:
                break  # it took no step: the test that asked for it will say so
            time.sleep(0.02)
        names.update({fresh[0]: index} if fresh else {})
        end = time.monotonic() + call["seconds"]
        while one_by_one and "Local/" in ask("core show channels concise") and time.monotonic() < end:
            time.sleep(0.1)
    end = time.monotonic() + max(call["seconds"] for call in calls)
    while "Local/" in ask("core show channels concise") and time.monotonic() < end:
        time.sleep(0.2)
    return names


def read(path):
    """Return the text of a file, nothing where there is none yet."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def steps_of(calls, names, log):
    """Given the names of the calls' channels, return each call's steps as Asterisk logged them while it took them."""
    steps = [[] for _ in calls]
    for line in log.splitlines():
        found = EXECUTING.search(line)
        if found and found["channel"] in names:
            step = [found[key] for key in ("context", "exten", "priority", "app", "data")]
            steps[names[found["channel"]]].append(step)
    return steps


def knock(name):
    """Call by SIP as somebody of that name without a password; return the status line of the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))
        door.settimeout(LIMIT)
        port = door.getsockname()[1]
        lines = (
            "INVITE sip:02188001234@127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{name}",
            f"From: <sip:{name}@127.0.0.1>;tag=1",
            "To: <sip:02188001234@127.0.0.1>",
            f"Call-ID: {name}@127.0.0.1",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{name}@127.0.0.1:{port}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
        )
        door.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), ("127.0.0.1", 5060))
        return door.recv(4096).decode().split("\r\n")[0]


def redirect(user):
    """Be a phone that answers calls with SIP 302 to a user's name; everything else is fine with it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind(("127.0.0.1", 5070))
        while True:
            request, caller = phone.recvfrom(8192)
            lines = request.decode().split("\r\n")
            if lines[0].startswith("ACK"):
                continue
            answer = ["SIP/2.0 302 Moved" if lines[0].startswith("INVITE") else "SIP/2.0 200 OK"]
            answer += [line for line in lines if re.match("(?i)via:|from:|call-id:|cseq:", line)]
            answer += [f"{line};tag=302" for line in lines if line.lower().startswith("to:")]
            answer += [f"Contact: <sip:{user}@127.0.0.1:5070>", "Content-Length: 0", "", ""]
            phone.sendto("\r\n".join(answer).encode(), caller)


def line(port, status, invites):
    """Be a telephone company's line: answer each call by this SIP status; who is connected sends no sound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as company:
        company.bind(("127.0.0.1", port))
        while True:
            request, caller = company.recvfrom(8192)
            text = request.decode()
            rows = text.split("\r\n")
            word = rows[0].split(" ")[0]
            if word == "ACK":
                continue
            if word == "INVITE":
                invites.append([port, text])
            answer = [f"SIP/2.0 {status if word == 'INVITE' else '200 OK'}"]
            answer += [row for row in rows if re.match("(?i)via:|from:|call-id:|cseq:", row)]
            answer += [
                row if ";tag=" in row else f"{row};tag=line" for row in rows if row.lower().startswith("to:")
            ]
            body = ""
            if word == "INVITE" and status.startswith("200"):
                body = (
                    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                    "m=audio 7078 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
                )
                answer.append("Content-Type: application/sdp")
            answer += [f"Contact: <sip:line@127.0.0.1:{port}>", f"Content-Length: {len(body)}", "", body]
            company.sendto("\r\n".join(answer).encode(), caller)


def main():
    """Do the task on standard input."""
    task = json.load(sys.stdin)
    top = pathlib.Path(tempfile.mkdtemp(prefix="private-asterisk-"))
    try:
        json.dump(work(top, task), sys.stdout)
    finally:
        shutil.rmtree(top)


def work(top, task):
    """Start Asterisk on the tree, ask, call, stop it, and return what was seen."""
    for name in ("etc", "db", "spool", "run", "log/cdr-csv"):
        (top / name).mkdir(parents=True)
    for name, text in task["files"].items():
        (top / "etc" / name).write_text(text, encoding="utf-8")
    if task["calls"]:
        (top / "etc" / "manager.conf").write_text(MANAGER)
        with (top / "etc" / "logger.conf").open("a", encoding="utf-8") as logger:
            logger.write("\n[logfiles](+)\nsteps.log => verbose(3)\n")
    for name in task["media"]:
        path = pathlib.Path("/var/lib/kelid/media", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(8000))
    modules = next(pathlib.Path("/usr/lib").glob("**/asterisk/modules"))
    conf = top / "asterisk.conf"
    conf.write_text(
        "[directories]\n"
        f"astetcdir => {top}/etc\nastmoddir => {modules}\nastdbdir => {top}/db\nastspooldir => {top}/spool\n"
        f"astrundir => {top}/run\nastlogdir => {top}/log\n"
        "astvarlibdir => /var/lib/asterisk\nastdatadir => /usr/share/asterisk\nastkeydir => /var/lib/asterisk\n"
        "astagidir => /usr/share/asterisk/agi-bin\n"
    )
    environment = dict(os.environ)
    if task["clock"]:
        library = next(pathlib.Path("/usr/lib").glob("**/libfaketime.so.1"))
        environment.update(
            LD_PRELOAD=str(library),
            FAKETIME=f"@{task['clock']}",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            FAKETIME_DONT_RESET="1",
            TZ="UTC",
        )
    if task.get("redirect"):
        threading.Thread(target=redirect, args=(task["redirect"],), daemon=True).start()
    invites, heard = [], []
    for port, status in task.get("lines", {}).items():
        threading.Thread(target=line, args=(int(port), status, invites), daemon=True).start()
    asterisk = subprocess.Popen(
        ["asterisk", "-C", str(conf), "-f", "-g"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask(command):
        return subprocess.run(
            ["asterisk", "-C", str(conf), "-rx", command],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        ).stdout

    try:
        end = time.monotonic() + LIMIT
        while "fully booted" not in ask("core waitfullybooted"):
            if time.monotonic() > end or asterisk.poll() is not None:
                raise RuntimeError("Asterisk did not start: " + (top / "log" / "messages.log").read_text())
            time.sleep(0.05)
        answers = {command: ask(command) for command in task["commands"]}
        knocks = [knock(name) for name in task["strangers"]]
        names = {}
        if task["calls"]:
            threading.Thread(target=listen, args=(heard,), daemon=True).start()
            names = place(task["calls"], ask, top / "log" / "steps.log", task.get("one_by_one", False))
        answers.update({command: ask(command) for command in task.get("afterwards", ())})
        log = (top / "log" / "messages.log").read_text(encoding="utf-8").splitlines()
        ask("core stop now")
        asterisk.wait(LIMIT)
        steps = steps_of(task["calls"], names, read(top / "log" / "steps.log"))
    finally:
        asterisk.kill()
        asterisk.wait()
    events = b"".join(heard).decode(errors="replace")
    told = {"log": log, "answers": answers, "steps": steps, "knocks": knocks}
    return {**told, "invites": invites, "events": events}


if __name__ == "__main__":
    main()
