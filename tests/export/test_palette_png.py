from __future__ import annotations

import struct
import zlib
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_ovseg.categories import labels_dtype, void_id
from napari_ovseg.colours import category_colours
from napari_ovseg.errors import InputError
from napari_ovseg.export import write_labels


def decode(path: Path) -> tuple[np.ndarray, int, bytes]:
    """Read pixels, colour type and palette of a PNG by the specification, without an imaging library."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    place = 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length])[0] == zlib.crc32(
            kind + body
        )
        chunks[kind] = chunks.get(kind, b"") + body
        place += 12 + length
    width, height, bits, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    size = max(bits // 8, 1)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert bits in (8, 16)
    pixels = np.zeros((height, width * size), np.int64)
    for y, (kind_of_filter, *line) in enumerate(rows.tolist()):
        above = pixels[y - 1] if y else np.zeros(width * size, np.int64)
        for x, value in enumerate(line):
            left = int(pixels[y, x - size]) if x >= size else 0
            corner = int(above[x - size]) if x >= size else 0
            up = int(above[x])
            nearest = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
            guess = (0, left, up, (left + up) // 2, nearest)[kind_of_filter]
            pixels[y, x] = (value + guess) % 256
    pixels = pixels.astype(np.uint8)
    return pixels.view(">u2") if bits == 16 else pixels, colour, chunks.get(b"PLTE", b"")


@settings(deadline=None, max_examples=40)
@given(count=st.sampled_from([1, 3, 254, 255, 1000, 65534]), data=st.data())
def test_labels_come_back_bit_for_bit(tmp_path_factory, count, data):
    ids = st.integers(0, count) | st.just(void_id(count))
    labels = data.draw(hnp.arrays(labels_dtype(count), st.tuples(*[st.integers(1, 9)] * 2), elements=ids))
    path = tmp_path_factory.mktemp("png") / "labels.png"
    write_labels(path, labels, count)
    pixels, colour_type, palette = decode(path)
    np.testing.assert_array_equal(pixels, labels)
    if count <= 254:
        assert colour_type == 3
        colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
        np.testing.assert_array_equal(colours[: count + 1], category_colours(count))
        assert colours[255].tolist() == [255, 255, 255]
    else:
        assert colour_type == 0


@pytest.mark.parametrize(
    "labels", [np.zeros((3, 3, 3), int), np.zeros((3, 3)), np.full((3, 3), 256), np.full((3, 3), -1)]
)
def test_what_is_no_labels_picture_is_refused(tmp_path, labels):
    with pytest.raises(InputError):
        write_labels(tmp_path / "a.png", labels, 2)
    assert not list(tmp_path.iterdir())
