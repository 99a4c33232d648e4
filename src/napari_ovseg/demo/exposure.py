"""What cameras, stains and lamps vary: crops are shown in as many looks as microscopes deliver.

Grey pictures are dim or bright, with things bright on dark or dark on bright, with a background or without,
out of focus, noisy, under uneven light, or in one hue. Sections are stained by other dyes and more or less
of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import hed_from_rgb

Picture = NDArray[np.float32]

# side, in pixels of a crop, of what is taken for background: that of `views.rendering`
_BACKGROUND_WIDTH = 49
_LEAST_SIDE_FOR_BACKGROUND = 64
# brightness that counts as black
_BLACK = 1 / 255
# optical densities of red, green and blue: haematoxylin, eosin, DAB (Ruifrok and Johnston 2001, table 1)
_HAEMATOXYLIN, _EOSIN, _DAB = np.array([(0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78)])


def grey_look(picture: Picture, rng: np.random.Generator, *, ground_goes: bool) -> Picture:
    """Show a grey picture as another microscope, or a look, would.

    Parameters
    ----------
    picture : numpy.ndarray
        float32, (s, s, 3) in [0, 1], stretched to its whole range.
    rng : numpy.random.Generator
        The only source of chance.
    ground_goes : bool
        Whether background may be removed: not where things may be wider than what counts as background.

    Returns
    -------
    numpy.ndarray
        float32, (s, s, 3) in [0, 1].
    """
    grey = picture.mean(axis=2)
    if rng.random() < 0.4:
        grey = 1 - grey
    if ground_goes and rng.random() < 0.4 and len(grey) >= _LEAST_SIDE_FOR_BACKGROUND:
        ground = ndimage.grey_opening(grey, (_BACKGROUND_WIDTH, _BACKGROUND_WIDTH), mode="nearest")
        grey = np.maximum(grey - ndimage.uniform_filter(ground, _BACKGROUND_WIDTH, mode="nearest"), 0)
        grey = grey / max(float(np.quantile(grey, 0.999)), 0.1)
    if rng.random() < 0.3:
        grey = grey.clip(0, 1) ** rng.uniform(0.5, 1.2)
    if rng.random() < 0.25:
        grey = ndimage.gaussian_filter(grey, rng.uniform(0.3, 1.5))
    if rng.random() < 0.3:
        grey = grey * _uneven_light(len(grey), rng)
    least, most = (0.5, 1.0) if rng.random() < 0.4 else (0.08, 0.5)
    gain = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    grey = grey * gain
    if rng.random() < 0.3:
        grey = grey + rng.uniform(0, 0.5) * (1 - gain)
    if rng.random() < 0.5:
        grey = grey + rng.normal(0, rng.uniform(0, 0.05) * gain + 0.003, grey.shape)
    hue = rng.dirichlet((0.4, 0.4, 0.4)) if rng.random() < 0.12 else np.ones(3)
    return (grey[..., None] * hue / hue.max()).clip(0, 1).astype(np.float32)


def stained_look(picture: Picture, rng: np.random.Generator) -> Picture:
    """Stain a section otherwise: more or less of either dye, other hues, brown nuclei on blue too.

    Dyes are told apart by their optical densities, which add up (Ruifrok and Johnston, "Quantification of
    histochemical staining by color deconvolution", 2001).

    Parameters
    ----------
    picture : numpy.ndarray
        float32, (s, s, 3) in [0, 1]: haematoxylin and eosin.
    rng : numpy.random.Generator
        The only source of chance.
    """
    density = -np.log(np.maximum(picture, _BLACK)) @ hed_from_rgb
    amounts = density[..., :2] * np.exp(rng.uniform(-0.5, 0.5, 2))
    dyes = _two_dyes(rng) + rng.normal(0, 0.04, (2, 3))
    # what two dyes can't explain stays as it was
    rest = density[..., 2:] * _DAB
    shown = np.exp(-(amounts @ dyes.clip(0.02, 1.2) + rest)) ** rng.uniform(0.8, 1.25)
    shown = shown * rng.normal(1, 0.04, 3) * rng.uniform(0.85, 1.08)
    if rng.random() < 0.25:
        blur = rng.uniform(0.3, 1.2)
        shown = ndimage.gaussian_filter(shown, (blur, blur, 0))
    if rng.random() < 0.3:
        shown = shown * _uneven_light(len(shown), rng)[..., None]
    if rng.random() < 0.3:
        shown = shown + rng.normal(0, rng.uniform(0, 0.05), shown.shape)
    return shown.clip(0, 1).astype(np.float32)


def coloured_look(picture: Picture, rng: np.random.Generator) -> Picture:
    """Expose a drawn scene a little more or less; its colours stay what they are called."""
    return (picture * np.float32(rng.uniform(0.85, 1.15))).clip(0, 1)


def _two_dyes(rng: np.random.Generator) -> NDArray[np.float64]:
    """Optical densities of the dye of the nuclei, and of the other one."""
    choice = rng.random()
    if choice < 0.6:
        return np.stack([_HAEMATOXYLIN, _EOSIN])
    if choice < 0.8:
        return np.stack([_DAB, rng.uniform(0.3, 0.7) * _HAEMATOXYLIN])
    if choice < 0.9:
        return np.stack([_HAEMATOXYLIN, rng.uniform(0.4, 1.0) * _DAB])
    return np.stack([_HAEMATOXYLIN, rng.uniform(0.3, 0.6) * _HAEMATOXYLIN])


def _uneven_light(side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A slope of light across a crop, ``(side, side)``, around 1."""
    across = np.linspace(-1, 1, side)
    slope = rng.uniform(-0.35, 0.35, 2)
    return 1 + slope[0] * across[:, None] + slope[1] * across[None, :]
