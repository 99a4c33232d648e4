"""A student of ZeroSeg as it learns: the network, its decoder, and the loss of a batch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from napari_ovseg.models.zeroseg.network import DEVIATION, MEAN, Network, as_patches
from napari_ovseg.models.zeroseg.sizes import Sizes
from napari_ovseg.training.zeroseg.decoder import Decoder
from napari_ovseg.training.zeroseg.losses import balance, matching, multi_scale, reconstruction
from napari_ovseg.training.zeroseg.presets import Recipe
from napari_ovseg.training.zeroseg.start import start_tokens

HIDDEN = 0.6
"""The share of patches that are hidden (Chen et al., arXiv 2306.00450)."""
BALANCE = 0.1
"""Weight of the loss against collapse."""


class Student(nn.Module):
    """A network that learns.

    Parameters
    ----------
    sizes : Sizes
    recipe : Recipe
    centre, spread : torch.Tensor
        ``(D,)`` and ``()``: of the teacher's vectors, from `Examples.centre`.
    """

    def __init__(self, sizes: Sizes, recipe: Recipe, centre: Tensor, spread: Tensor) -> None:
        super().__init__()
        # the same start in every training, whatever chance was used for before
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network = Network(sizes, len(centre))
            self.decoder = Decoder(sizes, recipe)
        self.network.centre.copy_(centre)
        self.network.spread.copy_(spread)

    def losses(self, pixels: Tensor, vectors: Tensor, chance: torch.Generator) -> dict[str, Tensor]:
        """Return the parts of the loss of a batch, which are added up.

        Those of vectors are divided by how many numbers are compared, so that they weigh the same whatever
        the teacher.

        Parameters
        ----------
        pixels : (B, 3, s, s) tensor
            In [0, 1].
        vectors : (B, V, D) tensor
            The teacher's, that of the whole picture first.
        chance : torch.Generator
            Which patches are hidden, and the noise of the groups.
        """
        network = self.network
        patches = as_patches((pixels - MEAN) / DEVIATION, network.sizes.patch)
        kept, hidden = hide(patches.shape[:2], chance)
        kept, hidden = kept.to(pixels.device), hidden.to(pixels.device)
        tokens = network.encoder(pixels, kept)
        found = network.head(tokens, chance)
        wanted = (vectors.float() - network.centre) / network.spread
        count, size = wanted.shape[1:]
        return {
            "reconstruction": reconstruction(self.decoder(tokens, kept), patches, hidden),
            "multi-scale": multi_scale(found.whole, wanted) / (count * size),
            "matching": matching(found.vectors, wanted[:, 1:]) / (found.vectors.shape[1] * size),
            "balance": BALANCE * sum(balance(one) for one in found.logits),
        }

    @torch.no_grad()
    def start_apart(self, vectors: Tensor) -> None:
        """Let group tokens begin at clusters of the teacher's vectors of crops, ``(N, D)``."""
        centred = (vectors - self.network.centre.cpu()) / self.network.spread.cpu()
        for tokens in self.network.head.tokens:
            tokens.copy_(start_tokens(centred, *tokens.shape[1:])[None])

    @property
    def learning(self) -> Mapping[str, nn.Parameter]:
        """What is trained, by name."""
        return dict(self.named_parameters())


def hide(shape: tuple[int, ...], chance: torch.Generator) -> tuple[Tensor, Tensor]:
    """Choose by chance which patches of ``shape (B, n)`` are seen.

    Returns
    -------
    kept : (B, m) int64 tensor
        Numbers of those that are, in the order of the picture.
    hidden : (B, n) bool tensor
        Which are not.
    """
    order = torch.rand(shape, generator=chance).argsort(1)
    kept = order[:, : shape[1] - round(HIDDEN * shape[1])].sort(1).values
    return kept, torch.ones(shape, dtype=torch.bool).scatter(1, kept, False)


@torch.no_grad()
def groups_in_use(network: Network, pixels: Tensor) -> list[set[int]]:
    """Return the groups that have patches in each whole picture ``(B, 3, s, s)``, without noise."""
    return [{*row.tolist()} for row in network(pixels)[1]]
