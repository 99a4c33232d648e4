"""The colour models of TIFF files, turned into what is seen: grey values, RGB or RGBA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from tifffile import TiffPage

# TIFF's PhotometricInterpretation.
_WHITE_IS_ZERO, _GREY, _RGB, _PALETTE, _CMYK, YCBCR, _LAB, _ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9
_COLOUR_MAP = 320
_PREMULTIPLIED, _ALPHA = 1, 2


def as_shown(pixels: NDArray[Any], page: TiffPage, sampled: bool) -> tuple[NDArray[Any], bool]:
    """Turn stored samples into what is seen.

    Parameters
    ----------
    pixels : np.ndarray
        Any axes; the samples of a pixel, if there are several, in the last.
    page : tifffile.TiffPage
        What the samples mean.
    sampled : bool
        Whether the last axis holds samples.

    Returns
    -------
    pixels : np.ndarray
        Grey without a further axis, RGB or RGBA in the last; numbers that are no colours stay as they are.
    sampled : bool
        Whether the last axis holds colours now.
    """
    kind = int(page.photometric)
    count = pixels.shape[-1] if sampled else 1
    if kind in (_WHITE_IS_ZERO, _GREY):
        return _grey(pixels, page, sampled, inverted=kind == _WHITE_IS_ZERO)
    if kind == _PALETTE:
        return _looked_up(pixels, page, sampled), True
    if kind == _RGB and count >= 3:
        colours = _to_8_bits(pixels[..., :3], page)
        return _with_alpha(colours, pixels[..., 3:], page), True
    if kind == _CMYK and count >= 4 and page.tags.valueof(332, 1) == 1:
        return _from_cmyk(pixels[..., :4]), True
    if kind in (_LAB, _ICC_LAB) and count >= 3:
        return _from_lab(pixels[..., :3], signed=kind == _LAB), True
    return pixels, sampled


def plain(page: TiffPage) -> bool:
    """Whether `as_shown` leaves the samples of a page as they are."""
    extra = [int(kind) for kind in page.extrasamples]
    if int(page.photometric) == YCBCR:
        # JPEG is decoded to RGB by every reader
        return not extra and int(page.compression) in (6, 7)
    whole = int(page.bitspersample) >= 8 or int(page.bitspersample) == 1
    grey = int(page.photometric) == _GREY and not (len(extra) == 1 and extra[0] in (_PREMULTIPLIED, _ALPHA))
    return whole and (grey or (int(page.photometric) == _RGB and extra in ([], [_ALPHA])))


def _grey(
    pixels: NDArray[Any], page: TiffPage, sampled: bool, *, inverted: bool
) -> tuple[NDArray[Any], bool]:
    two = sampled and pixels.shape[-1] == 2 and bool(page.extrasamples)
    alpha = _alpha_kind(page) if two else 0
    grey = pixels[..., 0] if alpha else pixels
    if inverted:
        grey = _inverted(grey, page)
    grey = _to_8_bits(grey, page)
    if not alpha:
        return grey, sampled
    return _with_alpha(np.repeat(grey[..., None], 3, axis=-1), pixels[..., 1:], page), True


def _inverted(values: NDArray[Any], page: TiffPage) -> NDArray[Any]:
    """Unsigned values where zero is white; others have no white."""
    if values.dtype.kind == "b":
        return ~values
    if values.dtype.kind != "u":
        return values
    white = values.dtype.type(2 ** int(page.bitspersample) - 1)
    return white - values


def _to_8_bits(values: NDArray[Any], page: TiffPage) -> NDArray[Any]:
    """Values of 2 to 7 bits as they are shown, with white at 255."""
    bits = int(page.bitspersample)
    if values.dtype != np.uint8 or not 2 <= bits < 8:
        return values
    return (values.astype(np.uint16) * 255 // (2**bits - 1)).astype(np.uint8)


def _alpha_kind(page: TiffPage) -> int:
    """What the first extra sample is: 0 no alpha, else as TIFF numbers them."""
    extra = [int(kind) for kind in page.extrasamples]
    if not extra:
        # RGB with a fourth sample that is not explained is shown as RGBA.
        return _ALPHA
    return _ALPHA if extra[0] == 999 else extra[0]


def _with_alpha(colours: NDArray[Any], extra: NDArray[Any], page: TiffPage) -> NDArray[Any]:
    """Put alpha beside the colours, which are freed from it; samples that are no alpha are left out."""
    kind = _alpha_kind(page)
    if not extra.shape[-1] or kind not in (_PREMULTIPLIED, _ALPHA):
        return np.ascontiguousarray(colours)
    alpha = extra[..., :1]
    if kind == _PREMULTIPLIED:
        colours = _divided(colours, alpha)
    return np.concatenate([colours, alpha], axis=-1)


def _divided(colours: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """Colours that were multiplied by alpha, as they were before."""
    if colours.dtype.kind == "f":
        return np.divide(colours, alpha, out=colours.copy(), where=alpha > 0)
    if colours.dtype.kind != "u":
        return colours
    white = np.iinfo(colours.dtype).max
    whole = (alpha == 0) | (alpha == white)
    divided = colours.astype(np.uint64) * np.uint64(white) // np.where(whole, 1, alpha).astype(np.uint64)
    return np.where(whole, colours, np.minimum(divided, white).astype(colours.dtype))


def _looked_up(pixels: NDArray[Any], page: TiffPage, sampled: bool) -> NDArray[np.uint8]:
    """Indices in the colours of the palette."""
    palette = np.asarray(page.tags.valueof(_COLOUR_MAP), np.uint16).reshape(3, -1).T
    # The map is of 16 bits; programs that write 8 into it are as frequent as they are wrong.
    colours = (palette >> 8 if palette.max() > 255 else palette).astype(np.uint8)
    indices = pixels[..., 0] if sampled else pixels
    missing = max(0, int(indices.max(initial=0)) + 1 - len(colours))
    rgb = np.pad(colours, ((0, missing), (0, 0)))[indices.astype(np.intp, copy=False)]
    if sampled and pixels.shape[-1] > 1 and _ALPHA in map(int, page.extrasamples[:1]):
        return np.concatenate([rgb, pixels[..., 1:2].astype(np.uint8)], axis=-1)
    return rgb


def _from_cmyk(inks: NDArray[Any]) -> NDArray[Any]:
    if inks.dtype == np.uint8:
        return _by_pillow(inks, "CMYK")
    if inks.dtype.kind != "u" or inks.dtype.itemsize > 2:
        return inks
    white = np.uint32(np.iinfo(inks.dtype).max)
    paper = white - inks.astype(np.uint32)
    return ((paper[..., :3] * paper[..., 3:] + white // 2) // white).astype(inks.dtype)


def _from_lab(values: NDArray[Any], *, signed: bool) -> NDArray[Any]:
    """CIE L*a*b* of 8 or 16 bits as RGB of 8."""
    if values.dtype.itemsize > 2 or values.dtype.kind not in "ui":
        return values
    stored = values.view(np.uint16) >> 8 if values.dtype.itemsize == 2 else values.view(np.uint8)
    lab = stored.astype(np.uint8)
    if not signed:
        lab = lab ^ np.array([0, 128, 128], np.uint8)
    return _by_pillow(lab, "LAB")


def _by_pillow(samples: NDArray[np.uint8], mode: str) -> NDArray[np.uint8]:
    """8-bit samples of another colour model as Pillow shows them."""
    *outer, columns, _ = samples.shape
    rows = int(np.prod(outer))
    picture = Image.frombytes(mode, (columns, rows), np.ascontiguousarray(samples).tobytes())
    return np.asarray(picture.convert("RGB")).reshape(*outer, columns, 3)
