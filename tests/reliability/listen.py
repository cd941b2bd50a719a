"""Listens in a network namespace for RTP that comes in: for each stream, when its packets came and how far apart.

python listen.py SECONDS   prints one JSON object when its input ends: port -> [first, last, packets, [gaps in ms over 30]].
Only the standard library: it runs beside the calls and must not disturb them.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time

ETH_P_IP = 0x0800
UDP = 17
LONG = 0.030
"""Gaps of at least so many seconds are told one by one; packets are 20 ms apart."""


def main() -> None:
    """Listen until the input ends."""
    streams: dict[str, list[float | int]] = {}
    gaps: dict[str, list[float]] = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as ear:
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        print("listening", flush=True)
        while True:
            ready, _, _ = select.select([ear, sys.stdin], [], [])
            if sys.stdin in ready:
                break
            data, about = ear.recvfrom(2048)
            now = time.monotonic()
            if about[2] == socket.PACKET_OUTGOING or len(data) < 40 or data[9] != UDP:
                continue
            head = (data[0] & 15) * 4
            source, target = struct.unpack_from("!HH", data, head)
            rtp = head + 8
            if data[rtp] >> 6 != 2 or data[rtp + 1] & 127 != 8:  # RTP, a-law
                continue
            key = f"{source}>{target}/{data[rtp + 8 : rtp + 12].hex()}"
            stream = streams.get(key)
            if stream is None:
                streams[key] = [now, now, 1]
                gaps[key] = []
                continue
            gap = now - stream[1]
            if gap >= LONG:
                gaps[key].append(round(gap * 1000, 1))
            stream[1] = now
            stream[2] += 1
    print(json.dumps({key: [*stream, gaps[key]] for key, stream in streams.items()}), flush=True)


if __name__ == "__main__":
    main()
