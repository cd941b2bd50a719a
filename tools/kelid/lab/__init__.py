"""Throwaway PBX hosts, a telephone company, phones and a backup store on this machine.

Everything here is real: systemd, sshd, Asterisk, SIP and RTP. Whatever a lab starts carries the lab's own
name or lies in the lab's own folders and control groups, so that it can be found again and ended.
"""

from kelid.lab.errors import LabError
from kelid.lab.hosts import Host
from kelid.lab.lab import Lab
from kelid.lab.phones import Phone, PhoneCallResult
from kelid.lab.requirements import missing_requirements, require
from kelid.lab.store import Store
from kelid.lab.telco import Call, CallIn, Telco

__all__ = [
    "Call",
    "CallIn",
    "Host",
    "Lab",
    "LabError",
    "Phone",
    "PhoneCallResult",
    "Store",
    "Telco",
    "missing_requirements",
    "require",
]
