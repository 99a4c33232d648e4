"""The per-image network: a small head that learns this one picture from its own rough maps.

Zabari & Hoshen (ECCVW 2022), section 3. The network and its inputs are not published in detail; ours is one
hidden layer on frozen deep features, colour at several blurs, local texture and position. Measurements are in
``docs/refinement.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from napari_ovseg.errors import Cancelled
from napari_ovseg.segmentation import ANCHOR
from napari_ovseg.single_image.sampling import PixelSampler
from napari_ovseg.views.window import Window

BLURS = (0.0, 1.5, 4.0)
HIDDEN = 32
STEPS = 60
RATE = 0.01
DRAWN = 1024
POSITION_WEIGHT = 0.5
# pixels that are answered at once: few enough to stop soon
AT_ONCE = 2**15


@dataclass(frozen=True)
class Standard:
    """What colours and texture of a picture are measured against.

    Attributes
    ----------
    mean, spread : np.ndarray
        ``(A - 2,)``, float32: of each plane of its `appearance` but the two of position.
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(cls, picture: NDArray[np.float32]) -> Standard:
        """Measure a picture ``(H, W, 3)``."""
        planes = _planes(picture)
        return cls(planes.mean((0, 1)), planes.std((0, 1)))


def appearance(picture: np.ndarray, standard: Standard | None = None) -> torch.Tensor:
    """Colour at several blurs, texture and position of every pixel.

    Parameters
    ----------
    picture : np.ndarray
        ``(H, W, 3)``, float32 in [0, 1].
    standard : Standard, optional
        Of the picture that this one is a part of. Position is 0 everywhere then: a part can't know what is
        true of a place elsewhere.

    Returns
    -------
    torch.Tensor
        ``(A, H, W)``, standardised.
    """
    height, width = picture.shape[:2]
    stacked = _planes(picture)
    own = standard or Standard(stacked.mean((0, 1)), stacked.std((0, 1)))
    stacked = (stacked - own.mean) / (own.spread + 1e-3)
    rows, columns = np.mgrid[0:height, 0:width]
    place = np.stack([rows / max(height - 1, 1), columns / max(width - 1, 1)], 2) * 2 - 1
    weight = POSITION_WEIGHT if standard is None else 0.0
    planes = np.concatenate([stacked, weight * place], 2)
    return torch.from_numpy(planes.astype(np.float32)).permute(2, 0, 1).contiguous()


def _planes(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colour at several blurs, and texture, ``(H, W, A - 2)``."""
    blurred = [ndimage.gaussian_filter(picture, (s, s, 0)) if s else picture for s in BLURS]
    grey = picture.mean(2)
    texture = [
        np.sqrt(np.maximum(ndimage.gaussian_filter(grey**2, s) - ndimage.gaussian_filter(grey, s) ** 2, 0))
        for s in (1.5, 4.0)
    ]
    planes: NDArray[np.float32] = np.concatenate([*blurred, np.stack(texture, 2)], 2)
    return planes


class SingleImageHead(nn.Module):
    """One hidden layer on deep features (coarse grid) and appearance (every pixel)."""

    def __init__(self, deep: int, shallow: int, categories: int) -> None:
        super().__init__()
        self.deep = nn.Linear(deep, HIDDEN, bias=False) if deep else None
        self.shallow = nn.Linear(shallow, HIDDEN)
        self.out = nn.Linear(HIDDEN, categories)

    def forward(self, deep: torch.Tensor | None, shallow: torch.Tensor) -> torch.Tensor:
        """Projected deep features ``(N, HIDDEN)`` or None, and ``(N, shallow)`` -> logits ``(N, K)``."""
        hidden = self.shallow(shallow)
        if deep is not None:
            hidden = hidden + deep
        return self.out(F.relu(hidden))


class _Adam:
    """Adam (Kingma & Ba, ICLR 2015, algorithm 1) with a constant rate.

    The one of ``torch.optim`` loads torch's compiler at its first step, which takes longer than all training.
    """

    def __init__(self, parameters: list[torch.Tensor]) -> None:
        self.parameters = parameters
        self._moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
        self._count = 0

    @torch.no_grad()
    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        self._count += 1
        for parameter, gradient, (mean, square) in zip(
            self.parameters, gradients, self._moments, strict=True
        ):
            mean.lerp_(gradient, 0.1)
            square.lerp_(gradient**2, 0.01)
            spread = (square / (1 - 0.99**self._count)).sqrt_().add_(1e-8)
            parameter.addcdiv_(mean / (1 - 0.9**self._count), spread, value=-RATE)


def train(
    shallow: torch.Tensor,
    scores: torch.Tensor,
    deep: torch.Tensor | None,
    *,
    seed: int = 0,
    steps: int = STEPS,
    step_done: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SingleImageHead:
    """Train a head on this picture, on draws from everywhere in it.

    Parameters
    ----------
    shallow : torch.Tensor
        ``(A, H, W)``, as from `appearance`, of the picture at working size.
    scores : torch.Tensor
        ``(K, h, w)``, the rough maps as a share of each category, background first.
    deep : torch.Tensor or None
        ``(D, gh, gw)`` deep features of the same picture, as from `affinity.deep_components`; without them
        colour and position must do.
    seed : int
        Of the draws and the first weights.
    steps : int
        Training steps.
    step_done : callable, optional
        Called after each step.
    should_stop : callable, optional
        Asked before each step.

    Returns
    -------
    SingleImageHead
        In double precision.

    Raises
    ------
    Cancelled
        When ``should_stop`` turns true.
    """
    size = (shallow.shape[1], shallow.shape[2])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = SingleImageHead(0 if deep is None else len(deep), len(shallow), len(scores))
    # Training magnifies rounding, which differs with the number of threads: 0.003 % of the pixels in float32.
    head.double()
    sampler = PixelSampler(scores, seed=seed)
    optimiser = _Adam(list(head.parameters()))
    pixels = shallow.flatten(1).T.contiguous()
    for _ in range(steps):
        if should_stop is not None and should_stop():
            raise Cancelled("Stopped while training on this picture; nothing was changed.")
        points, labels = sampler.draw(DRAWN)
        row, column = (points * torch.tensor(size)).long().unbind(1)
        index = row * size[1] + column
        seen = None if deep is None or head.deep is None else head.deep(_at(deep, points).double())
        loss = F.cross_entropy(head(seen, pixels[index].double()), labels)
        optimiser.step(torch.autograd.grad(loss, optimiser.parameters))
        if step_done is not None:
            step_done()
    return head


def _at(deep: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Features ``(D, gh, gw)`` interpolated at points ``(N, 2)``: ``(N, D)``."""
    where = (2 * points - 1).flip(1)[None, None]
    return F.grid_sample(deep[None], where, padding_mode="border", align_corners=False)[0, :, 0].T


@torch.inference_mode()
def predict(
    head: SingleImageHead,
    shallow: torch.Tensor,
    deep: torch.Tensor | None,
    window: Window,
    *,
    check: Callable[[], None] = lambda: None,
) -> torch.Tensor:
    """Ask a head about every pixel of a window.

    Parameters
    ----------
    head : SingleImageHead
        From `train`.
    shallow : torch.Tensor
        ``(A, h, w)``: the pixels of the window in what `train` was given.
    deep : torch.Tensor or None
        ``(D, gh, gw)``, of the whole picture, as `train` was given.
    window : Window
        Where the pixels lie in the picture.
    check : callable, optional
        Called now and then; may raise to stop.

    Returns
    -------
    torch.Tensor
        ``(K, h, w)``, float32, sums to one in every pixel: the same whatever window a pixel is asked in.
    """
    seen = None
    if deep is not None and head.deep is not None:
        # projecting before interpolating gives the same and is far cheaper
        projected = head.deep(deep.flatten(1).T.double()).T.unflatten(1, deep.shape[1:])
        seen = window.of(projected).flatten(1).T
    pixels, answers = shallow.flatten(1).T, []
    for start in range(0, len(pixels), AT_ONCE):
        check()
        some = slice(start, start + AT_ONCE)
        logits = head(None if seen is None else seen[some], pixels[some].double())
        answers.append(logits.softmax(1).float())
    return torch.cat(answers).T.unflatten(1, (window.rows, window.columns)).contiguous()


def told_apart(scores: torch.Tensor) -> float:
    """How many categories the maps ``(K, h, w)`` tell apart: 1 where they say the same everywhere, K at most.

    The exponential of the information (nats) that a cell has about its category; maps sum to one in each.
    """
    own = scores.double().clamp_min(1e-4)
    return float((own * (own / own.mean((1, 2), keepdim=True)).log()).sum(0).mean().exp())


def anchor(
    learnt: torch.Tensor,
    scores: torch.Tensor,
    window: Window,
    weight: float = ANCHOR,
    *,
    apart: float | None = None,
) -> torch.Tensor:
    """Multiply what the head learnt of a window ``(K, h, w)`` by the maps it learnt from, to a power.

    A thing too small or too rare to be learnt keeps what its map says. The power is ``weight`` times the
    cube of `told_apart`: vague maps need the head, maps that know much already are little changed by it.
    The maps ``(K, gh, gw)`` are those of the whole picture, unless ``apart`` says how much these tell apart.
    """
    power = weight * (told_apart(scores) if apart is None else apart) ** 3
    maps = window.of(scores)
    return (learnt.clamp_min(1e-4).log() + power * maps.clamp_min(1e-4).log()).softmax(0)
