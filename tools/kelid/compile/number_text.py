"""Numbers rewritten in the dial plan, as ``model/number_format.py`` says."""

from __future__ import annotations

from kelid.model.number_format import Rewrite


def expression(steps: tuple[Rewrite, ...], variable: str) -> str:
    """Given the steps and what holds a number (``EXTEN``, ``CALLERID(num)``), return text that becomes the number rewritten.

    The variable holds nothing but ``0-9*#+``. Letters before the compared texts keep Asterisk from comparing numbers.
    """
    text = unchanged = f"${{{variable}}}"
    for step in reversed(steps):
        if text == unchanged and not step.strip and not step.prepend:
            continue  # nothing after it changes anything either
        asked = [f'"c${{{variable}:0:{len(step.prefix)}}}" = "c{step.prefix}"'] if step.prefix else []
        if step.least > max(1, len(step.prefix)):
            asked.append(f"${{LEN(${{{variable}}})}} >= {step.least}")
        left = f"${{{variable}:{step.strip}}}" if step.strip else unchanged
        made = f"{step.prepend}{left}"
        text = f"${{IF($[{' & '.join(asked)}]?{made}:{text})}}" if asked else made
    return text
