"""Two private networks of the kernel, in which it is tried what would let whoever comes from outside in, or not."""

from __future__ import annotations

TWO_NETWORKS = r"""
server=$1 client=$2 port=$3 bits=$4 python=$5 nodad=$6
shift 6
ip link set lo up
unshare --net sleep 60 </dev/null >/dev/null 2>&1 & outside=$!
trap 'kill "$outside" $inside 2>/dev/null || true' EXIT
while [ "$(readlink "/proc/$outside/ns/net")" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link add inside type veth peer name outside netns "$outside"
ip address add "$server/$bits" dev inside $nodad
ip link set inside up
ip route add "$client/$bits" dev inside
there() { nsenter --net="/proc/$outside/ns/net" "$@"; }
there ip address add "$client/$bits" dev outside $nodad
there ip link set outside up
there ip route add "$server/$bits" dev outside
"""
"""Shell text, run by ``unshare --net``: the server's address is here, and ``there`` runs a program where the client's is.

Takes its words (``words_of``) away from the front of the shell's; ``$inside`` is a process that is to end with it.
"""


def words_of(server: str, client: str, port: int, python: str) -> tuple[str, ...]:
    """Return what ``TWO_NETWORKS`` takes; ``server`` and ``client`` are addresses of one family."""
    bits, nodad = ("128", "nodad") if ":" in client else ("32", "")
    return server, client, str(port), bits, python, nodad
