"""Throwaway PBX hosts, a telephone company, phones and a backup store on this machine.

Everything here is real: systemd, sshd, Asterisk, SIP and RTP. Whatever a lab starts carries the lab's own name or
lies in the lab's own folders and control groups, so that it can be found again and ended.
"""

from kelid.lab.errors import LabError
from kelid.lab.hosts import Host
from kelid.lab.lab import Lab
from kelid.lab.requirements import missing_requirements

__all__ = ["Host", "Lab", "LabError", "missing_requirements"]
