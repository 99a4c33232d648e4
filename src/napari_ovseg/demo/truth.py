"""What may truthfully be said of a crop, and of a window in it: each phrase is true, false or left unsaid.

Where things are is used here alone. Training sees pixels and phrases.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_ovseg.demo.canvases import Canvas
from napari_ovseg.demo.phrases import HELD_OUT, INDEX, PARTICLES, SHAPES, TEXTURES, VOCABULARY, Phrase

FALSE, TRUE, UNSAID = 0, 1, -1
# shares of a crop: less of a thing can't be seen, more is in the picture
_NOT_SEEN, _SEEN = 0.001, 0.012
# of a small window, which is said to hold only what it is about
_NOT_IN_WINDOW, _IN_WINDOW = 0.02, 0.25
_SHAPED = np.array([phrase.kind in SHAPES for phrase in VOCABULARY])
_HELD_OUT = np.array([phrase.held_out for phrase in VOCABULARY])
_COLOURED = np.array([bool(phrase.colour) for phrase in VOCABULARY])
_BACKGROUND = INDEX[Phrase(kind="background")]
_EMPTY = INDEX[Phrase(kind="empty background")]
_TISSUE = INDEX[Phrase(kind="stained tissue")]
_NUCLEI = np.array([INDEX[Phrase(kind=kind)] for kind in ("nuclei", "stained nuclei", "fluorescent nuclei")])
_ROUND = np.array([phrase.kind in ("circle", "round cells") for phrase in VOCABULARY])
_PLAIN = np.array([not phrase.kind and not phrase.pattern for phrase in VOCABULARY])
# may be seen in a photo of anything
_EVERYWHERE = np.array(
    [p.kind in (*SHAPES, *TEXTURES, "background", "empty background", "") for p in VOCABULARY]
)
_PARTICLES = np.array([phrase.kind in PARTICLES for phrase in VOCABULARY])


def _of_held_out_pairs() -> NDArray[np.bool_]:
    """(phrases, phrases): row by row, whether a phrase is the other half of a held-out pair of this one.

    No red star is ever shown. If every red thing were said not to be a star, a model would learn that red
    things are never stars.
    """
    halves = np.zeros((len(VOCABULARY), len(VOCABULARY)), bool)
    for colour, kind in HELD_OUT:
        of_colour = np.array([p.colour == colour and p.kind != kind for p in VOCABULARY])
        of_kind = np.array([p.kind == kind and p.colour != colour for p in VOCABULARY])
        says_kind = np.array([p.kind == kind and not p.colour for p in VOCABULARY])
        says_colour = np.array([p.colour == colour and not p.kind for p in VOCABULARY])
        halves |= (of_colour[:, None] & says_kind) | (of_kind[:, None] & says_colour)
    return halves


_OTHER_HALF = _of_held_out_pairs()


def what_is_said(canvas: Canvas, cut: NDArray[np.uint8], side: int, subject: int = 0) -> NDArray[np.int8]:
    """Truth of every phrase for one crop.

    Parameters
    ----------
    canvas : Canvas
        The picture.
    cut : numpy.ndarray
        uint8: `Canvas.labels` of the crop, at any scale.
    side : int
        Side of the crop in pixels of the canvas.
    subject : int
        The thing that the crop is of, the only one that is then spoken of; 0 for all that is in it.

    Returns
    -------
    numpy.ndarray
        int8, (phrases,): `TRUE`, `FALSE`, or `UNSAID` where a thing is barely in the crop, is not its subject
        or, for words of shape, too little of its outline is seen.
    """
    share = _shares(canvas, cut)
    spoken_of = share[1:] >= _SEEN
    if subject:
        spoken_of &= np.arange(1, len(share)) == subject
    said = _said(canvas, share[1:] >= _NOT_SEEN, spoken_of, hidden_outlines(canvas, cut, side))
    return _with_ground(canvas, said, share[0], there=0.15, gone=0.02, all_but=1 - _SEEN)


def what_a_window_holds(
    canvas: Canvas, cut: NDArray[np.uint8], hidden: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Truth of every phrase for a small window of a crop that is seen as a whole.

    Parameters
    ----------
    canvas : Canvas
        The picture.
    cut : numpy.ndarray
        uint8: `Canvas.labels` of the window, at any scale.
    hidden : numpy.ndarray
        bool, (things,): `hidden_outlines` of the crop, as what is around a window is seen too.

    Returns
    -------
    numpy.ndarray
        int8, (phrases,): things that fill a quarter of the window are in it; those of less than a
        fiftieth are not, though they may be beside it.
    """
    share = _shares(canvas, cut)
    said = _said(canvas, share[1:] >= _NOT_IN_WINDOW, share[1:] >= _IN_WINDOW, hidden)
    return _with_ground(canvas, said, share[0], there=0.5, gone=0.05, all_but=0.9)


def hidden_outlines(canvas: Canvas, cut: NDArray[np.uint8], side: int) -> NDArray[np.bool_]:
    """Tell of which things, ``(things,)``, a crop shows less than half of the largest piece."""
    whole = np.zeros(len(canvas.truths))
    np.maximum.at(whole, canvas.regions[:, 0] - 1, canvas.regions[:, 4])
    return canvas.shaped & (_shares(canvas, cut)[1:] * side**2 < 0.5 * whole)


def without_colours(canvas: Canvas, said: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return what is still said, ``(..., phrases)``, once a picture is grey.

    Nothing is said of colours or stains, and of grey particles not that they are no nuclei.
    """
    said = said.copy()
    said[..., _COLOURED] = UNSAID
    if canvas.kind == "stained":
        said[..., [_TISSUE, *_NUCLEI[1:]]] = UNSAID
    elif canvas.truths[:, _PARTICLES].any():
        said[..., _NUCLEI] = UNSAID
    return said


def _shares(canvas: Canvas, cut: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.bincount(cut.ravel(), minlength=len(canvas.truths) + 1) / cut.size


def _with_ground(
    canvas: Canvas, said: NDArray[np.int8], share: float, *, there: float, gone: float, all_but: float
) -> NDArray[np.int8]:
    """Say by the share of ground whether there is background, and whether nothing else is; not of photos."""
    if canvas.kind != "photo":
        said[_BACKGROUND] = TRUE if share > there else (UNSAID if share > gone else FALSE)
        said[_EMPTY] = TRUE if share == 1 else (UNSAID if share > all_but else FALSE)
    return said


def _said(
    canvas: Canvas, there: NDArray[np.bool_], spoken_of: NDArray[np.bool_], hidden: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """Say what is true of the things spoken of, deny what is true of none that is there."""
    sayable = canvas.truths[spoken_of] & ~(hidden[spoken_of, None] & _SHAPED)
    true = sayable.any(axis=0)
    unsure = canvas.truths[there].any(axis=0) | _OTHER_HALF[true].any(axis=0)
    if canvas.kind in ("grey", "stained"):
        unsure |= _ROUND | _PLAIN
    if canvas.kind == "photo":
        unsure |= _EVERYWHERE
    said = np.where(true, TRUE, np.where(unsure, UNSAID, FALSE)).astype(np.int8)
    said[_HELD_OUT] = UNSAID
    if canvas.kind == "stained":
        said[_TISSUE] = TRUE
    return said
