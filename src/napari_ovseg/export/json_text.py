"""JSON for other programs, many of which open it in the encoding of their system."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

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


def write_json(file: BinaryIO, content: Mapping[str, Any]) -> None:
    """Write what `json_text` returns for it, where values may be iterators of what goes into a list.

    What they give is written one by one, so that it need not fit into memory.

    Parameters
    ----------
    file : BinaryIO
    content : mapping
    """
    before = b"{"
    for key, value in content.items():
        file.write(before + json_text({key: None})[1:-5])
        before = b", "
        if isinstance(value, Iterator):
            between = b"["
            for one in value:
                file.write(between + json_text(one))
                between = b", "
            file.write(b"]" if between == b", " else b"[]")
        else:
            file.write(json_text({"": value})[5:-1])
    file.write(b"}" if before == b", " else b"{}")
