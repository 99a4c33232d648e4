"""Names of any length and letters, where Qt would grow as wide as they are or read them as HTML."""

from __future__ import annotations

import html
import re

_LONGEST_WORD = 40
_BREAK = "\u200b"
_LONGEST_NAME = 60


def foldable(text: str) -> str:
    """Return text that a label can wrap: long words get places to break, which nobody sees."""
    return re.sub(
        rf"\S{{{_LONGEST_WORD},}}", lambda word: re.sub(r"(.{20})(?=.)", rf"\1{_BREAK}", word[0]), text
    )


def shortened(name: str) -> str:
    """Return a name as a menu or a sentence shows it: the beginning of a long one."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def tip(text: str) -> str:
    """Return a tooltip that shows text as it is, its lines wrapped where they are long."""
    plain = len(text) <= _LONGEST_NAME and "<" not in text
    if plain:
        return text
    return f"<qt>{html.escape(foldable(text)).replace(chr(10), '<br>')}</qt>"
