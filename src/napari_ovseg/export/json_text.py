"""JSON for other programs, many of which open it in the encoding of their system."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from napari_ovseg.file_names import as_text

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def json_text(content: Mapping[str, Any], *, indent: int | None = None) -> bytes:
    """Return JSON in ASCII: other letters are escaped, bytes of file names that are no text are ``%XX``.

    Parameters
    ----------
    content : mapping
        What JSON can hold.
    indent : int, optional
        As `json.dumps` has it.
    """
    text = as_text(json.dumps(content, ensure_ascii=False, indent=indent))
    return _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text).encode("ascii")
