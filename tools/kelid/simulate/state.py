"""What a call has at a moment: its channel, and what it shares with all others."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Frame:
    """One Gosub: where it returns to, its LOCAL variables (ARG1... too), and what it was called with."""

    context: str
    exten: str
    priority: int
    variables: dict[str, str]
    argument_count: int = 0
    predial: bool = False
    """True for a subroutine that an application runs (Dial's b, U): returning from it ends the run."""


@dataclass(slots=True)
class Channel:
    """A channel as the dial plan sees it.

    ``number`` tells channels of a trace apart (0: the caller's). ``variables`` keep their ``_`` and ``__`` in the name's
    prefix of ``inherited``: name -> 1 for ``_NAME`` (the next channel), 2 for ``__NAME`` (all that follow).
    """

    name: str
    technology: str
    endpoint: str
    context: str
    exten: str
    priority: int = 1
    number: int = 0
    unique_id: str = ""
    caller: str = ""
    caller_name: str = ""
    caller_pres: str = "allowed_not_screened"
    ani: str = ""
    dnid: str = ""
    rdnis: str = ""
    connected: str = ""
    connected_name: str = ""
    language: str = "en"
    musicclass: str = ""
    account: str = ""
    answered: bool = False
    hangup_cause: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, int] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    timeouts: dict[str, float] = field(default_factory=dict)
    """Seconds for "digit" (5), "response" (10), "absolute" (0: none), where the dial plan has set them."""
    hooks: dict[str, str] = field(default_factory=dict)
    """What other modules hold for the channel: CDR, FAXOPT, hangup handlers ... by ``function/argument``."""
