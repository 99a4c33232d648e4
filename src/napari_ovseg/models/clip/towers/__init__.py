"""One file per kind of image tower; `tower_of` picks the one that fits an open_clip ``visual`` module.

Every kind tells the same two things about its last step: how the image vector is *read* from the patches
(`Readout`) and which queries, keys and values an edited
attention may use (`LastAttention`). The relevance methods are
written against those.
"""

from __future__ import annotations

from typing import Any

from open_clip.modified_resnet import ModifiedResNet
from open_clip.transformer import VisionTransformer

from napari_ovseg.errors import ModelError
from napari_ovseg.models.clip.towers.convolutional import ModifiedResNetTower, TimmConvTower
from napari_ovseg.models.clip.towers.open_clip_vit import OpenClipViT
from napari_ovseg.models.clip.towers.readout import LastAttention, Positions, Readout, Tower
from napari_ovseg.models.clip.towers.timm_vit import TimmViT

__all__ = ["LastAttention", "Positions", "Readout", "Tower", "tower_of"]


def tower_of(visual: Any) -> Tower:
    """Return the tower that reads ``visual`` (the image side of an open_clip model).

    Raises
    ------
    ModelError
        When no kind of tower here can read it.
    """
    if isinstance(visual, VisionTransformer):
        return OpenClipViT(visual)
    if isinstance(visual, ModifiedResNet):
        return ModifiedResNetTower(visual)
    for kind in (TimmViT, TimmConvTower):
        if kind.reads(visual):
            return kind(visual)
    trunk = type(getattr(visual, "trunk", visual)).__name__
    raise ModelError(
        f"The image tower {trunk} can't be explained patch by patch here: use a ViT, SigLIP, ResNet or "
        'ConvNeXt model, such as "ViT-B-16-quickgelu/openai".'
    )
