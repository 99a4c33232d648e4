"""What is decided for a picture as a whole: once, and then the same in every window of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from napari_ovseg.pseudo_labels import compete
from napari_ovseg.segmentation import ANCHOR, Run
from napari_ovseg.single_image import POWER_FACTORS, best_outlined
from napari_ovseg.views.span import Span
from napari_ovseg.wording import Guess, Pack

# where no map says anything, and there is no background, what is there shares the cell
LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class Known:
    """What is known of a picture before its maps are read.

    Attributes
    ----------
    presence : torch.Tensor
        ``(C,)``, float32 in [0, 1]: how sure the model is that each category is there.
    there : torch.Tensor
        ``(C,)``, bool: which of them may be painted.
    background_power : float or None
        Alpha of `pseudo_labels.compete` that suits the kind of map; None where every pixel is of a category.
    seed : int
        Of what is drawn at random.
    pack : Pack or None
        Whose words competed with the names.
    guess : Guess or None
        How the pack was guessed, if it was.
    anchor : float
        How strongly the network of the picture is held to the maps.
    """

    presence: torch.Tensor
    there: torch.Tensor
    background_power: float | None
    seed: int = 0
    pack: Pack | None = None
    guess: Guess | None = None
    anchor: float = ANCHOR


@dataclass(frozen=True)
class Context:
    """How the maps of a picture are read, whichever part of it they are of.

    Attributes
    ----------
    known : Known
    maps : Span
        Of the N maps as the model gives them: those of the C categories, then that of the background words.
    walked : Span
        Of the same maps after what looks alike has shared its relevance.
    background_power : float or None
        As in `known`, made to suit this picture: from half to twice of that.
    """

    known: Known
    maps: Span
    walked: Span
    background_power: float | None

    def shares(self, walked: torch.Tensor) -> torch.Tensor:
        """Scores of background and of each category.

        Parameters
        ----------
        walked : torch.Tensor
            ``(N, h, w)``, of the picture or of any window of it.

        Returns
        -------
        torch.Tensor
            ``(C + 1, h, w)``, background first, summing to one.
        """
        return shares(self.walked.stretch(walked), self.known.there, self.background_power)


def what_is_there(presence: torch.Tensor, least: float, background: bool) -> torch.Tensor:
    """Which categories may be painted, ``(C,)`` bool: at least one where there is no background."""
    there = presence >= least
    return there if background or there.any() else presence == presence.max()


def decide(
    known: Known, maps: torch.Tensor, walked: torch.Tensor, picture: torch.Tensor, *, run: Run
) -> Context:
    """Decide how the maps of a picture are read, from all of it.

    Parameters
    ----------
    known : Known
    maps, walked : torch.Tensor
        ``(N, h, w)``, of the whole picture: as the model gives them, and after the walk.
    picture : torch.Tensor
        ``(3, H, W)`` in [0, 1]: its edges tell how strong background is.
    run : Run
        Advances by one step for each round of `single_image.neighbours.ROUNDS` where a power is chosen.

    Raises
    ------
    Cancelled
        Before the next round, once the caller wants to stop.
    """
    span, power = Span.of(walked), known.background_power
    if power is not None:
        powers = [power * factor for factor in POWER_FACTORS]
        candidates = [shares(span.stretch(walked), known.there, one) for one in powers]
        power = powers[best_outlined(candidates, POWER_FACTORS.values(), picture, on_round=run.go_on)]
    return Context(known, Span.of(maps), span, power)


def shares(relevance: torch.Tensor, there: torch.Tensor, power: float | None) -> torch.Tensor:
    """Let what is there, and the background words if there are any, compete with background.

    Parameters
    ----------
    relevance : torch.Tensor
        ``(N, h, w)`` in [0, 1]: the maps of the C categories, then that of the background words, if any.
    there : torch.Tensor
        ``(C,)``, bool.
    power : float or None
        Alpha of `pseudo_labels.compete`.

    Returns
    -------
    torch.Tensor
        ``(C + 1, h, w)``, background first, summing to one.
    """
    least = 0.0 if power is not None else LEAST_SHARE
    sought = relevance[: len(there)].clamp_min(least) * there[:, None, None]
    return compete(sought, relevance[-1] if len(relevance) > len(there) else None, power=power)
