"""Generated scenes with their truth: coloured shapes, microscopy-like particles, real textures.

``scene(rng)`` draws one; ``sample_scene(seed)`` is the short form that the window and the command line show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_ovseg.demo.outlines import OUTLINES, Array, particle
from napari_ovseg.demo.phrases import COLOURS, HELD_OUT, PARTICLES, PATTERNS, SHAPES, TEXTURES, Phrase


@dataclass(frozen=True)
class Scene:
    """A picture and what is where in it.

    Attributes
    ----------
    picture : numpy.ndarray
        uint8, (H, W, 3).
    labels : numpy.ndarray
        uint8, (H, W): 0 background, k the k-th thing.
    things : tuple of Phrase
        The full description of each thing.
    """

    picture: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    things: tuple[Phrase, ...]

    @property
    def names(self) -> list[str]:
        """The name of each thing, in the order of the label ids."""
        return [thing.text for thing in self.things]


def _local(
    size: int, centre: NDArray[np.float64], radius: float, angle: float
) -> tuple[tuple[slice, slice], Array, Array]:
    """The window of the canvas around a thing, and its coordinates there in units of the radius."""
    low = np.clip(np.floor(centre - 1.5 * radius), 0, size).astype(int)
    high = np.clip(np.ceil(centre + 1.5 * radius), 0, size).astype(int)
    y = (np.arange(low[0], high[0], dtype=np.float32)[:, None] - centre[0]) / radius
    x = (np.arange(low[1], high[1], dtype=np.float32)[None, :] - centre[1]) / radius
    u = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    v = np.float32(np.cos(angle)) * y - np.float32(np.sin(angle)) * x
    return (slice(low[0], high[0]), slice(low[1], high[1])), u, v


def _paint(thing: Phrase, u: Array, v: Array, radius: float, rng: np.random.Generator) -> Array:
    """Colour of every pixel of a thing's window, (h, w, 3)."""
    colour = np.array(COLOURS[thing.colour], np.float32) + rng.normal(0, 0.03, 3).astype(np.float32)
    second = colour * 0.45 if colour.mean() > 0.5 else colour * 0.55 + 0.42
    period = max(5.0 / radius, rng.uniform(0.3, 0.55))
    if thing.pattern == "striped":
        other = (u / period) % 1 < 0.45
    elif thing.pattern == "checkered":
        other = ((u / period) % 1 < 0.5) ^ ((v / period) % 1 < 0.5)
    elif thing.pattern == "dotted":
        other = np.hypot((u / period) % 1 - 0.5, (v / period) % 1 - 0.5) < 0.3
    else:
        shade = 1 + 0.1 * rng.uniform(-1, 1) * u[..., None]
        return colour * shade
    return np.where(other[..., None], second, colour)


@cache
def texture(kind: str, half: str) -> Array:
    """Return one half of a real texture of scikit-image: the left is for training, the right for tests."""
    from skimage import data

    picture = getattr(data, kind)().astype(np.float32) / 255
    middle = picture.shape[1] // 2
    return picture[:, :middle] if half == "train" else picture[:, middle:]


def _smooth_noise(size: int, sigma: float, rng: np.random.Generator) -> Array:
    cells = max(2, int(size / sigma))
    field = ndimage.zoom(rng.standard_normal((cells, cells)).astype(np.float32), size / cells, order=1)
    return field[:size, :size]


def _background(size: int, colours: list[str], microscopy: bool, rng: np.random.Generator) -> Array:
    """A background whose colour can't be taken for that of a thing."""
    taken = np.array([COLOURS[colour] for colour in colours])
    for _ in range(60):
        if microscopy:
            level = rng.uniform(0.0, 0.12) if rng.random() < 0.5 else rng.uniform(0.75, 0.97)
            colour = level + rng.normal(0, 0.03, 3)
        else:
            colour = rng.uniform(0.1, 0.9) + rng.normal(0, 0.08, 3)
        if (np.abs(taken - colour).max(axis=1) > 0.3).all():
            break
    canvas = np.broadcast_to(colour.astype(np.float32), (size, size, 3)).copy()
    if rng.random() < 0.6:
        canvas += rng.uniform(0.01, 0.06) * _smooth_noise(size, rng.uniform(4, 60), rng)[..., None]
    if rng.random() < 0.4:
        ramp = np.linspace(-1, 1, size, dtype=np.float32) * rng.uniform(-0.1, 0.1)
        canvas += ramp[:, None, None] if rng.random() < 0.5 else ramp[None, :, None]
    return canvas


def _choose_things(
    rng: np.random.Generator, microscopy: bool, count: int, held_out: bool | None
) -> tuple[Phrase, ...]:
    """Choose things, no name true of another; ``held_out`` False: never, True: at least one, None: any."""
    kinds = PARTICLES if microscopy else SHAPES
    while True:
        pairs = [(str(rng.choice(list(COLOURS))), str(rng.choice(kinds))) for _ in range(count)]
        secret = [pair in HELD_OUT for pair in pairs]
        if held_out is not None and any(secret) != held_out:
            continue
        if len(set(pairs)) < count or (microscopy and len({kind for _, kind in pairs}) < count):
            continue
        pattern = ["" if microscopy or rng.random() < 0.5 else str(rng.choice(PATTERNS)) for _ in pairs]
        return tuple(Phrase(c, p, k) for (c, k), p in zip(pairs, pattern, strict=True))


def _draw(
    canvas: Array,
    labels: NDArray[np.uint8],
    number: int,
    thing: Phrase,
    radius: float,
    rng: np.random.Generator,
) -> None:
    """Place one instance where it hides little of the others."""
    size = len(labels)
    margin = min(0.7 * radius, size / 2 - 1)
    for _attempt in range(25):
        centre = rng.uniform(margin, size - margin, 2)
        angle = rng.uniform(0, 2 * np.pi) if thing.kind in PARTICLES else rng.normal(0, 0.35)
        window, u, v = _local(size, centre, radius, angle)
        inside = OUTLINES[thing.kind](u, v) if thing.kind in OUTLINES else particle(thing.kind, u, v, rng)
        taken = labels[window]
        if ((taken > 0) & (taken != number) & inside).sum() > 0.08 * max(inside.sum(), 1):
            continue
        canvas[window][inside] = _paint(thing, u, v, radius, rng)[inside]
        taken[inside] = number
        return


def _draw_texture(
    canvas: Array, labels: NDArray[np.uint8], number: int, kind: str, half: str, rng: np.random.Generator
) -> None:
    """Fill a side or a blob of the picture with a real texture."""
    size = len(labels)
    whole = texture(kind, half)
    step = int(rng.integers(1, 3)) if min(whole.shape) >= 2 * size else 1
    y, x = (int(rng.integers(0, extent - size * step + 1)) for extent in whole.shape)
    patch = whole[y : y + size * step : step, x : x + size * step : step]
    field = _smooth_noise(size, size / 2.5, rng)
    inside = field > np.quantile(field, rng.uniform(0.5, 0.75))
    tint = np.clip(1 + rng.normal(0, 0.05, 3), 0, 1.2).astype(np.float32)
    canvas[inside] = (patch[..., None] * tint)[inside]
    labels[inside] = number


def scene(
    rng: np.random.Generator,
    size: int = 192,
    *,
    count: int | None = None,
    microscopy: bool | None = None,
    held_out: bool | None = False,
    half: str = "train",
) -> Scene:
    """Draw a scene of 2 to 5 named things.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    size : int
        Side of the square picture in pixels, at most 256 (half of a texture).
    count : int, optional
        How many different things; 2 to 5 (4 in microscopy) by chance if None.
    microscopy : bool, optional
        Particles on a dark or light field rather than shapes; by chance if None.
    held_out : bool, optional
        False: no combination of `HELD_OUT`; True: at least one; None: as it comes.
    half : {"train", "test"}
        Which half of the real textures may appear.

    Returns
    -------
    Scene
        Every thing it names covers at least 0.4 % of the picture.
    """
    while True:
        micro = bool(rng.random() < 0.45) if microscopy is None else microscopy
        number_of_things = count or int(rng.integers(2, 5 if micro else 6))
        things = _choose_things(rng, micro, number_of_things, held_out)
        canvas = _background(size, [thing.colour for thing in things], micro, rng)
        labels = np.zeros((size, size), np.uint8)
        if not micro and number_of_things > 2 and rng.random() < 0.35:
            kind = str(rng.choice(TEXTURES))
            things = (Phrase(kind=kind), *things[1:])
            _draw_texture(canvas, labels, 1, kind, half, rng)
            labels_oftexture = labels.copy()
            labels[:] = 0
        else:
            labels_oftexture = labels
        _draw_all(canvas, labels, things, micro, rng)
        labels = np.where(labels > 0, labels, labels_oftexture)
        areas = np.bincount(labels.ravel(), minlength=len(things) + 1)[1:]
        if (areas < 0.004 * size * size).any() or (held_out and not any(thing.held_out for thing in things)):
            continue
        return Scene(_finish(canvas, micro, rng), labels, things)


def _draw_all(
    canvas: Array,
    labels: NDArray[np.uint8],
    things: tuple[Phrase, ...],
    micro: bool,
    rng: np.random.Generator,
) -> None:
    size = len(labels)
    for number, thing in enumerate(things, 1):
        if not thing.colour:
            continue  # a texture, already there
        base = size * (rng.uniform(0.03, 0.09) if micro else rng.uniform(0.07, 0.24))
        base *= {"fibres": 4.0, "debris": 0.7, "rods": 1.3}.get(thing.kind, 1.0)
        for _instance in range(int(rng.integers(4, 12)) if micro else int(rng.integers(1, 4))):
            _draw(canvas, labels, number, thing, base * rng.uniform(0.8, 1.2), rng)


def _finish(canvas: Array, micro: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Blur, noise and exposure as a camera would add them."""
    if rng.random() < 0.5:
        canvas = ndimage.gaussian_filter(canvas, (s := rng.uniform(0.4, 1.3), s, 0))
    canvas = canvas + rng.normal(0, rng.uniform(0.0, 0.05), canvas.shape).astype(np.float32)
    if micro and rng.random() < 0.3:
        canvas = canvas * np.float32(rng.uniform(0.7, 1.0))
    return (np.clip(canvas, 0, 1) * 255).round().astype(np.uint8)


def sample_scene(seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8], list[str]]:
    """A scene to try things on.

    Parameters
    ----------
    seed : int
        The same seed gives the same scene.

    Returns
    -------
    picture : numpy.ndarray
        uint8, (256, 256, 3).
    labels : numpy.ndarray
        uint8, (256, 256): 0 background, k the k-th name.
    names : list of str
        What is in the picture.
    """
    drawn = scene(np.random.default_rng(seed), 256, held_out=None, half="test")
    return drawn.picture, drawn.labels, drawn.names
