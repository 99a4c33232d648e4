"""What is learnt from each picture: the tower's own features, averaged over finely slid windows.

SPAR (CVPR 2026) has the idea: a window shows things as large as the tower was trained to see them, and where
windows overlap, what is wrong in one of them is averaged out. It slides windows by 24 pixels, and compares by
the mean squared error. Here a window is as wide as the tower's own input, they are slid by half of that over
the picture at 3.5 times that side, and features are compared by their cosine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.clip.relevance.windows import window_starts
from napari_ovseg.models.clip.towers import tower_of
from napari_ovseg.models.clip.trunk import patch_vectors, trunk_states
from napari_ovseg.training.kept import Kept
from napari_ovseg.views.augmentation import View, view_size
from napari_ovseg.views.source import reduce

# in sides of the tower's own input: the one look that is learnt, and the picture that windows are slid over
ONE_LOOK, ENLARGED = 2.0, 3.5
WINDOWS_AT_ONCE = 9


@dataclass(frozen=True)
class Example:
    """One picture, as the student sees it, and what it is to answer.

    Attributes
    ----------
    tokens : torch.Tensor
        ``(n, W)``, float16: of one look at the picture, as they enter the last but one block.
    target : torch.Tensor
        ``(gh, gw, D)``, float16: for each patch of this look the mean of what windows say there, of no
        particular length.
    """

    tokens: Tensor
    target: Tensor


def own_side(model: ClipModel) -> int:
    """Return the side, in pixels, of the square pictures that a tower was trained on."""
    size = model.network.visual.image_size
    return int(size if isinstance(size, int) else size[0])


def look_side(model: ClipModel) -> int:
    """Return the side, in pixels, of a square picture in one look."""
    return round(ONE_LOOK * own_side(model))


def slid_vectors(network: Any, view: Tensor, side: int) -> Tensor:
    """Return the mean, over all windows that show a patch, of its unit vector there.

    Parameters
    ----------
    network : open_clip model
    view : (1, 3, H, W) tensor
        H and W are multiples of the patch size.
    side : int
        Of a window, in pixels. Windows begin every half of it, at a patch; the last ends where the view does.

    Returns
    -------
    (D, gh, gw) float32 tensor
        One vector for each patch of the view.
    """
    patch = tower_of(network.visual).patch_size
    grid = rows, columns = view.shape[-2] // patch, view.shape[-1] // patch
    cells = side // patch
    tall, wide = min(cells, rows), min(cells, columns)
    starts = [window_starts(length, cells, max(cells // 2, 1)) for length in grid]
    corners = [(top, left) for top in starts[0] for left in starts[1]]
    total, shown = torch.zeros(0), torch.zeros(grid, device=view.device)
    for first in range(0, len(corners), WINDOWS_AT_ONCE):
        some = corners[first : first + WINDOWS_AT_ONCE]
        windows = [
            view[..., top * patch : (top + tall) * patch, left * patch : (left + wide) * patch]
            for top, left in some
        ]
        states = trunk_states(network, torch.cat(windows))
        vectors = patch_vectors(network, states).float().transpose(1, 2).unflatten(-1, states.grid)
        if not len(total):
            total = vectors.new_zeros(vectors.shape[1], *grid)
        for (top, left), seen in zip(some, vectors, strict=True):
            total[:, top : top + tall, left : left + wide] += seen
            shown[top : top + tall, left : left + wide] += 1
    return total / shown


@torch.no_grad()
def example_of(picture: NDArray[np.float32], model: ClipModel) -> Example:
    """Compute what is learnt from a picture ``(H, W, 3)`` in [0, 1]."""
    side = own_side(model)
    look, enlarged = (_shown(picture, model, round(times * side)) for times in (ONE_LOOK, ENLARGED))
    states = trunk_states(model.network, look, levels=True)
    finely = slid_vectors(model.network, enlarged, side)
    target = F.adaptive_avg_pool2d(finely, states.grid).permute(1, 2, 0)
    return Example(states.levels[-2][0].half().cpu(), target.half().cpu().contiguous())


def _shown(picture: NDArray[np.float32], model: ClipModel, side: int) -> Tensor:
    """Show the whole picture as a run does (`picture_relevance`): its aspect, about ``side ** 2`` pixels."""
    size = view_size(View(), *picture.shape[:2], input_size=side, patch_size=model.patch_size)
    return model.preprocess(reduce(picture, 2 * max(size)), size).to(model.device)


class Examples(Kept):
    """The examples of a folder of pictures.

    Parameters
    ----------
    folder : Path
        Made if it isn't there.
    model : ClipModel
        The teacher.
    """

    def __init__(self, folder: Path, model: ClipModel) -> None:
        super().__init__(
            folder,
            lambda picture: vars(example_of(picture, model)),
            (model.checkpoint_id, own_side(model), ONE_LOOK, ENLARGED),
        )

    def load(self, contents: str) -> Example:
        """Return the example of a picture by its digest.

        Raises
        ------
        ModelError
            When its file is damaged.
        """
        return Example(**self.tensors(contents))
