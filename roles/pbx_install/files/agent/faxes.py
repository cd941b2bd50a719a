"""Faxes by mail: what Asterisk has written down as received is sent where the release says, and struck out."""

from __future__ import annotations

import re
import socket
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from .server import Server
from .tools import run

FAMILY = "faxes"
"""Asterisk's database: the file's name -> the fax's, written when a call that brought pages ends."""
LIST = "fax-mail.list"
"""In a release: a line a fax, its name, the address and perhaps the sender's, with spaces between."""
SENDMAIL = "/usr/sbin/sendmail"
FILE = re.compile(r"(?P<day>[0-9]{8})-(?P<time>[0-9]{6})-(?P<fax>[a-z][a-z0-9_-]*?)-(?P<caller>[0-9+]*)-[0-9.]+\.tif\Z")
GIVEN_UP = 7 * 86400
"""Seconds for which a fax that can't be sent is tried again. The file stays in any case."""


def send_faxes(server: Server) -> dict[str, Any]:
    """Send every fax that waits; return which were ``sent``, which are ``waiting``, and which were ``dropped``."""
    addresses = _addresses(server.at.current / LIST)
    told: dict[str, list[str]] = {"sent": [], "waiting": [], "dropped": []}
    for name, fax in _waiting(server):
        file = server.at.faxes / name
        address, sender = addresses.get(fax, ("", ""))
        if not address or FILE.match(name) is None or not file.is_file():
            state = "dropped"  # nobody wants it by mail any more, or it is gone
        elif _send(server, file, fax, address, sender):
            state = "sent"
        else:
            state = "dropped" if time.time() - file.stat().st_mtime > GIVEN_UP else "waiting"
        if state != "waiting":
            server.live.ask(f"database del {FAMILY} {name}")
            server.journal.add("faxes", fax=name, state=state)
        told[state].append(name)
    return {"ok": not told["waiting"], **told}


def _addresses(path: Path) -> dict[str, tuple[str, str]]:
    """Return fax -> address and sender ("" for the server's own), as the release in force says."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    rows = [(*line.split(" "), "") for line in lines if " " in line]
    return {row[0]: (row[1], row[2]) for row in rows}


def _waiting(server: Server) -> list[tuple[str, str]]:
    """Return name of the file and of the fax for each that waits, as ``database show`` prints them."""
    text = server.live.ask(f"database show {FAMILY}")
    return re.findall(rf"^/{FAMILY}/([A-Za-z0-9+._-]+)\s*: ([a-z][a-z0-9_-]*)\s*$", text, re.MULTILINE)


def _send(server: Server, file: Path, fax: str, address: str, sender: str) -> bool:
    """Hand one fax to the server's program for mail; return whether that took it."""
    found = FILE.match(file.name)
    caller = (found["caller"] if found else "") or "a hidden number"
    message = EmailMessage()
    message["Subject"] = f"Fax from {caller}"
    message["From"] = f"{fax} <{sender or f'asterisk@{socket.getfqdn()}'}>"
    message["To"] = address
    message.set_content(f"A fax from {caller} is attached. It is kept on the phone system too.\n")
    message.add_attachment(file.read_bytes(), maintype="image", subtype="tiff", filename=file.name)
    done = run(SENDMAIL, "-t", "-oi", feed=message.as_bytes(), limit=120)
    if done.returncode:
        server.journal.add("faxes", fax=file.name, state="failed", why=done.stderr.strip()[-300:])
    return not done.returncode
