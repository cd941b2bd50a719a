"""The reliability campaign: a phone system in use, changed over and over while everything goes wrong."""

from reliability import calls, node_faults, power, release_faults, server_faults, upgrade_faults
from reliability.cases import Fault

FAULTS: tuple[Fault, ...] = (
    *server_faults.FAULTS,
    *power.FAULTS,
    *node_faults.FAULTS,
    *release_faults.FAULTS,
    *upgrade_faults.FAULTS,
    *calls.FAULTS,
)
"""All faults, in the order in which they are tried."""
