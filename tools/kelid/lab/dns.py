"""The lab's name server: answers at once from the lab's hosts file, and says of every other name that there is none.

Without one, a PBX that looks up the host of its trunk waits for servers that it can't reach.
Run as ``python -m kelid.lab.dns ADDRESS HOSTS_FILE``; a process of the lab, on this machine's address in its network.
"""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path

PORT = 53
_ADDRESS, _INTERNET, _SECONDS = 1, 1, 1
_ANSWER, _NO_SUCH_NAME = 0x8580, 0x8583


def names_in(hosts: str) -> dict[str, str]:
    """Given the text of a hosts file, return name -> IPv4 address."""
    found = {}
    for line in hosts.splitlines():
        address, *names = line.split("#")[0].split() or [""]
        if "." in address:
            found.update({name.lower(): address for name in names})
    return found


def answer(query: bytes, names: dict[str, str]) -> bytes:
    """Given a query as it came and the known names, return the response (RFC 1035). Raise ValueError if it's none."""
    if len(query) < 17:
        raise ValueError("too short for a query")
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
        if at >= len(query):
            raise ValueError("the name has no end")
    question = query[12 : at + 5]
    if len(question) < at - 7:
        raise ValueError("the question has no type")
    kind = struct.unpack("!H", question[-4:-2])[0]
    address = names.get(".".join(labels).lower())
    records = b""
    if address and kind == _ADDRESS:
        records = struct.pack("!HHHIH4s", 0xC00C, _ADDRESS, _INTERNET, _SECONDS, 4, socket.inet_aton(address))
    flags = _ANSWER if address else _NO_SUCH_NAME
    return query[:2] + struct.pack("!HHHHH", flags, 1, 1 if records else 0, 0, 0) + question + records


def ask(server: str, name: str, timeout: float = 1) -> str:
    """Return the address of a name as the server tells it, "" if it knows none or doesn't answer in time."""
    labels = b"".join(bytes([len(part)]) + part.encode("ascii") for part in name.split("."))
    query = (
        struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, _ADDRESS, _INTERNET)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(timeout)
        try:
            asking.sendto(query, (server, PORT))
            response = asking.recv(512)
        except OSError:
            return ""
    return socket.inet_ntoa(response[-4:]) if response[6:8] == b"\0\1" else ""


def main() -> None:
    """Serve until killed."""
    address, hosts = sys.argv[1], Path(sys.argv[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as serving:
        serving.bind((address, PORT))
        while True:
            query, whence = serving.recvfrom(512)
            try:
                serving.sendto(answer(query, names_in(hosts.read_text(encoding="utf-8"))), whence)
            except (ValueError, IndexError):
                continue  # not a query


if __name__ == "__main__":
    main()
