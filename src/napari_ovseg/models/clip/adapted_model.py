"""An adapted CLIP model: what it learnt says where things are, its teacher what is in a picture at all.

Only features of patches are trained. The image vector that the same blocks give after that lies elsewhere:
names that are there would be taken to be absent. So it is read off the teacher's own last two blocks.
"""

from __future__ import annotations

import copy
from collections.abc import Container
from dataclasses import replace
from types import SimpleNamespace

from torch import Tensor, nn

from napari_ovseg.models.clip.model import ClipModel
from napari_ovseg.models.clip.towers import tower_of
from napari_ovseg.models.clip.trunk import TrunkStates, image_vectors, trunk_states


class AdaptedModel(ClipModel):
    """A `ClipModel` whose network has two image towers.

    ``network.visual`` is the adapted one. ``network.teacher``, which moves with it, is the one that it was;
    the two are equal up to the last two blocks.
    """

    def image_vectors(self, states: TrunkStates) -> Tensor:
        """Return the unit vector of each view as the teacher sees it, ``(V, D)``."""
        assert states.vectors is not None
        return states.vectors

    def _states(self, views: Tensor, *, levels: bool, attention: bool) -> TrunkStates:
        states = trunk_states(self.network, views, levels=True, attention=attention)
        block = tower_of(self.network.teacher).blocks[-2]
        frozen = TrunkStates(block.whole(states.levels[-2]), states.grid, states.prefix)
        vectors = image_vectors(SimpleNamespace(visual=self.network.teacher), frozen)
        return replace(states, levels=states.levels if levels else (), vectors=vectors)


def sharing_copy(module: nn.Module, *, but: Container[str]) -> nn.Module:
    """Return a copy of a module that shares its parameters, but those of these names."""
    shared = {id(one): one for name, one in module.named_parameters() if name not in but}
    return copy.deepcopy(module, shared)
