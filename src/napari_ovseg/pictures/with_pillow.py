"""PNG, JPEG and all else that Pillow knows, of any size, with every bit of 16."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from napari_ovseg.errors import InputError
from napari_ovseg.pictures.limits import ANY, DEFLATE, JPEG_PIXELS, LZW, refuse_claim, refuse_memory
from napari_ovseg.pictures.orientation import ORIENTATION

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_HEIF = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
# An Encapsulated PostScript file is a program, and another program would run it.
_NEVER = {"EPS"}
# Formats in which a picture of one colour takes next to nothing, whatever its size.
_PREDICTED = {"WEBP", "AVIF", "HEIF", "JPEG2000", "JXL"}
# Modes of 8 bits that Pillow makes of JPEG 2000 with more.
_CUT = {"RGB", "RGBA"}
_WITH_KEY = {"1", "L", "RGB", "P", "PA", "LA", "RGBa"}
_OTHER_MODELS = {"CMYK", "YCbCr", "LAB", "HSV", "RGBX", "P"}

_no_limit = threading.Lock()


@contextlib.contextmanager
def any_size() -> Iterator[None]:
    """Lift Pillow's own limit on sizes, which genuine microscope pictures exceed; `check` has another."""
    with _no_limit:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture of any format but those that other programs would have to run."""
    Image.init()
    with path.open("rb") as stream:
        start = stream.read(12)
        stream.seek(0)
        heif = start[4:8] == b"ftyp" and start[8:12] in _HEIF
        if heif:
            _know_heif()
        try:
            with any_size():
                picture = Image.open(stream, formats=[name for name in Image.ID if name not in _NEVER])
        except UnidentifiedImageError as error:
            if heif and "HEIF" not in Image.ID:
                raise InputError(
                    f"{path} is compressed with HEVC (HEIC), which can't be read here: run pip install "
                    "pillow-heif, or save it as PNG."
                ) from error
            raise
        with picture:
            yield picture


def _know_heif() -> None:
    with contextlib.suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()


def check(path: Path, picture: Image.Image) -> None:
    """Refuse a size that the file can't hold or the memory can't take."""
    columns, rows = picture.size
    length = path.stat().st_size
    shape = (rows, columns, len(picture.getbands()))
    needed, most = _least(path, picture, shape)
    refuse_claim(path, shape, needed, length * most)
    deep = "16" in picture.mode or _is_deep(path) or picture.format in {"JPEG2000", "PPM"}
    wide = 4 if picture.mode in {"I", "F"} else 2 if deep else 1
    refuse_memory(path, shape, rows * columns * len(picture.getbands()) * wide)


def _least(path: Path, picture: Image.Image, shape: tuple[int, int, int]) -> tuple[float, float]:
    """Bytes that the picture takes, and how many of them one byte of the file can stand for."""
    rows, columns, bands = shape
    kind = picture.format
    if kind in {"JPEG", "MPO"}:
        return rows * columns, JPEG_PIXELS
    if kind == "PNG":
        depth, samples = _png_kind(path)
        return rows * (1 + columns * depth * samples / 8), DEFLATE
    if kind == "PPM":
        # Text may need one byte for a pixel and one for a space; packed bits an eighth.
        return rows * columns / 8 if picture.mode == "1" else rows * columns * bands, 1
    return rows * columns * bands, ANY if kind in _PREDICTED else LZW


def _png_kind(path: Path) -> tuple[int, int]:
    """Bits of a sample, and samples of a pixel, of a PNG file."""
    with path.open("rb") as stream:
        header = stream.read(26)
    return header[24], _PNG_SAMPLES.get(header[25], 1)


def _is_deep(path: Path) -> bool:
    """Whether a file is a PNG of 16-bit colours, of which Pillow drops the lower half."""
    with path.open("rb") as stream:
        header = stream.read(26)
    return header.startswith(_PNG) and len(header) == 26 and header[24] == 16 and header[25] in (2, 4, 6)


def pixels_of(path: Path, picture: Image.Image) -> NDArray[Any]:
    """Return the first frame as shown, not yet upright; no bit of 16 is lost."""
    deep = None
    if _is_deep(path):
        deep = _deep_png(path)
    elif picture.format == "PPM":
        deep = _deep_ppm(path)
    elif picture.format == "JPEG2000" and picture.mode in _CUT:
        deep = _deep_jpeg2000(path, picture)
    return shown(picture) if deep is None else deep


def _deep_png(path: Path) -> NDArray[Any]:
    from imagecodecs import png_decode

    pixels = np.asarray(png_decode(path.read_bytes()))
    if pixels.ndim == 3 and pixels.shape[-1] == 2:
        return pixels[..., [0, 0, 0, 1]]
    return pixels


def _deep_jpeg2000(path: Path, picture: Image.Image) -> NDArray[np.uint16] | None:
    from imagecodecs import jpeg2k_decode

    pixels = np.asarray(jpeg2k_decode(path.read_bytes()))
    same = pixels.shape == (*picture.size[::-1], len(picture.getbands()))
    return pixels if same and pixels.dtype == np.uint16 else None


def _deep_ppm(path: Path) -> NDArray[np.uint16] | None:
    """Pixels of a binary PGM or PPM of more than 8 bits, None of others."""
    content = path.read_bytes()
    space = rb"(?:\s+|#[^\n]*\n)+"
    header = re.match(rb"P([56])" + rb"".join(space + rb"(\d+)" for _ in range(3)) + rb"\s", content)
    if header is None or int(header[4]) < 256:
        return None
    kind, columns, rows = (int(part) for part in header.groups()[:3])
    bands = 3 if kind == 6 else 1
    values = np.frombuffer(content, ">u2", rows * columns * bands, header.end()).astype(np.uint16)
    return values.reshape((rows, columns, 3) if bands == 3 else (rows, columns))


def shown(picture: Image.Image) -> NDArray[Any]:
    """Pixels of the current frame as they are seen: grey, RGB, or RGBA where any may be clear."""
    if picture.mode == "La":
        picture = picture.convert("LA")
    if picture.mode in _WITH_KEY and picture.has_transparency_data:
        return np.asarray(picture.convert("RGBA"))
    if picture.mode in _OTHER_MODELS:
        return np.asarray(picture.convert("RGB"))
    pixels = np.asarray(picture)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def values_of(path: Path, picture: Image.Image) -> NDArray[Any]:
    """Return the numbers of the first frame as they are stored, not yet upright."""
    if picture.format == "PPM" and (deep := _deep_ppm(path)) is not None:
        return deep
    pixels = np.asarray(picture)
    if picture.format == "PNG" and picture.mode == "L":
        # Pillow spreads fewer bits over all of 8.
        return pixels // (255 // (2 ** _png_kind(path)[0] - 1))
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def samples_are_shown(path: Path, picture: Image.Image) -> bool:
    """Whether any reader shows the same; of an animation others may show all frames."""
    if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
        return True
    keyed = picture.mode in {"1", "L", "RGB"} and picture.has_transparency_data
    plain = picture.mode in {"1", "L", "RGB", "RGBA", "I;16", "I", "F"}
    return plain and not keyed and not _is_deep(path) and picture.format not in {"PPM", "JPEG2000"}


def orientation_of(path: Path, picture: Image.Image) -> Any:
    """Return the orientation tag of a picture, without decoding it."""
    if picture.format == "PNG" and not _tells_late(path):
        # PngImageFile decodes all to see what follows the pixels.
        return Image.Image.getexif(picture).get(ORIENTATION, 1)
    return picture.getexif().get(ORIENTATION, 1)


def _tells_late(path: Path) -> bool:
    """Whether something is told after the pixels of a PNG file."""
    with path.open("rb") as stream:
        stream.seek(len(_PNG))
        pixels = False
        while len(head := stream.read(8)) == 8:
            length, kind = int.from_bytes(head[:4]), head[4:]
            if pixels and kind in {b"eXIf", b"iTXt", b"tEXt", b"zTXt"}:
                return True
            pixels |= kind == b"IDAT"
            stream.seek(length + 4, 1)
    return False
