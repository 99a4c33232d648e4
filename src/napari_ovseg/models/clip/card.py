"""What is said of a CLIP model before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_ovseg.models.card import MapMethod, ModelCard
from napari_ovseg.models.clip.method_names import CLIP_METHODS

HUB_PREFIX = "hf-hub:"
PHOTO: tuple[str, ...] = ("a photo of a {}.",)


@dataclass(frozen=True)
class ClipCard(ModelCard):
    """One vision-language model of open_clip's.

    Attributes
    ----------
    name : str
        What a user types: ``ARCHITECTURE/TAG``, ``hf-hub:ORG/REPOSITORY``, ``demo``, or an architecture that
        goes with a local checkpoint.
    architecture : str
        The name open_clip knows the architecture by.
    checkpoint : str
        open_clip's tag of the weights, the hub repository, or the path of a file.
    input_size : int
        Side, in pixels, of the square picture the model was trained on; 0 when only the checkpoint knows.
    patch_size : int or None
        Pixels per patch, for transformers.
    view_side : int
        Side, in pixels, of the square that views are shown at where more than ``input_size`` pays; else 0.
    templates : tuple of str
        Prompts around a name, with ``{}`` where it goes; their vectors are averaged.
    hub : str
        Where the weights are on the Hugging Face hub: ``ORG/REPOSITORY/`` or ``ORG/REPOSITORY/FILE``, as
        open_clip writes it; kept here so that the chooser can look into the cache without importing torch.
    text_repository : str
        Where the tokenizer is on the hub, for models that need one of the transformers package.
    method : str
        The relevance method that suits it, see `relevance`;
        ``docs/method.md`` says on what evidence.
    """

    architecture: str
    input_size: int = 0
    patch_size: int | None = None
    view_side: int = 0
    templates: tuple[str, ...] = PHOTO
    hub: str = ""
    text_repository: str = ""
    methods: tuple[MapMethod, ...] = field(default=CLIP_METHODS, kw_only=True)
    method: str = field(default="explain", kw_only=True)

    @property
    def repository(self) -> str | None:
        """The hub repository of an ``hf-hub:`` model, else None."""
        return self.checkpoint if self.name.startswith(HUB_PREFIX) else None
