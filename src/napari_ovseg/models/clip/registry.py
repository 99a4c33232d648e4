"""The CLIP models that are known by name, as cards; no torch is imported for the ones listed here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from napari_ovseg.errors import InputError
from napari_ovseg.models.card import UNKNOWN_LICENCE
from napari_ovseg.models.clip.card import HUB_PREFIX, ClipCard
from napari_ovseg.views.looks import MEASURED

DEMO_FOLDER = Path(__file__).resolve().parents[2] / "demo"
DEMO_ARCHITECTURE = "ovseg-demo"
DEMO_WEIGHTS = "demo.safetensors"
APPLE = "Apple Machine Learning Research Model licence (research only)"
NON_COMMERCIAL = "CC BY-NC 4.0"


def _lines(file: str) -> list[str]:
    """The lines of a file of the bundled model, in lower case."""
    lines = (DEMO_FOLDER / file).read_text(encoding="utf-8").split("\n")
    return [line.strip().lower() for line in lines if line.strip()]


_CARDS = (
    ClipCard(
        "ViT-B-16-quickgelu/openai", "ViT-B-16-quickgelu", checkpoint="openai",
        megabytes=599, licence="MIT", input_size=224, patch_size=16,
        hub="timm/vit_base_patch16_clip_224.openai/",
        method="cam",
        note="Photos; the default.",
    ),
    ClipCard(
        "ViT-L-14-quickgelu/openai", "ViT-L-14-quickgelu", checkpoint="openai",
        megabytes=1710, licence="MIT", input_size=224, patch_size=14,
        hub="timm/vit_large_patch14_clip_224.openai/",
        note="Photos; knows more names than ViT-B/16, about four times slower.",
    ),
    ClipCard(
        "ViT-B-16/laion2b_s34b_b88k", "ViT-B-16", checkpoint="laion2b_s34b_b88k",
        megabytes=599, licence="MIT", input_size=224, patch_size=16,
        hub="laion/CLIP-ViT-B-16-laion2B-s34B-b88K/",
        method="cam",
        note="Photos; trained on two billion pictures of the web.",
    ),
    ClipCard(
        "ViT-B-16/datacomp_xl_s13b_b90k", "ViT-B-16", checkpoint="datacomp_xl_s13b_b90k",
        megabytes=599, licence="MIT", input_size=224, patch_size=16,
        hub="laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K/",
        method="cam",
        note="Photos; filtered pictures of the web.",
    ),
    ClipCard(
        "ViT-B-16-SigLIP2/webli", "ViT-B-16-SigLIP2", checkpoint="webli",
        megabytes=1500, licence="Apache-2.0", input_size=224, patch_size=16,
        hub="timm/ViT-B-16-SigLIP2/",
        text_repository="timm/ViT-B-16-SigLIP2",
        note="Photos, many languages; says best whether a thing is there at all. "
        "Needs the transformers package.",
    ),
    ClipCard(
        "hf-hub:microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224", "vit_base_patch16_224",
        checkpoint="microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224",
        megabytes=784, licence="MIT", input_size=224, patch_size=16,
        hub="microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224/",
        note="Figures of biomedical papers. Needs the transformers package.",
    ),
    ClipCard(
        "hf-hub:wisdomik/QuiltNet-B-16", "ViT-B-16", checkpoint="wisdomik/QuiltNet-B-16",
        megabytes=599, licence="MIT", input_size=224, patch_size=16,
        hub="wisdomik/QuiltNet-B-16/",
        note="Histology.",
    ),
    ClipCard(
        "hf-hub:imageomics/bioclip", "ViT-B-16", checkpoint="imageomics/bioclip",
        megabytes=599, licence="MIT", input_size=224, patch_size=16,
        hub="imageomics/bioclip/",
        note="Plants, animals and fungi, by common or Latin name.",
    ),
    ClipCard(
        "MobileCLIP2-B/dfndr2b", "MobileCLIP2-B", checkpoint="dfndr2b",
        megabytes=599, licence=APPLE, commercial=False, input_size=224, patch_size=16,
        hub="timm/MobileCLIP2-B-OpenCLIP/",
        note="Photos; a transformer behind a convolutional stem.",
    ),
    ClipCard(
        "MobileCLIP2-S0/dfndr2b", "MobileCLIP2-S0", checkpoint="dfndr2b",
        megabytes=300, licence=APPLE, commercial=False, input_size=256,
        hub="timm/MobileCLIP2-S0-OpenCLIP/",
        note="Photos; small and fast, coarse maps.",
    ),
    ClipCard(
        "RN50-quickgelu/openai", "RN50-quickgelu", checkpoint="openai",
        megabytes=408, licence="MIT", input_size=224,
        hub="timm/resnet50_clip.openai/",
        note="Photos; convolutional, coarse maps by Grad-CAM.",
    ),
    ClipCard(
        "convnext_base_w/laion2b_s13b_b82k_augreg", "convnext_base_w", checkpoint="laion2b_s13b_b82k_augreg",
        megabytes=718, licence="MIT", input_size=256,
        hub="laion/CLIP-convnext_base_w-laion2B-s13B-b82K-augreg/",
        note="Photos; convolutional, maps by Grad-CAM.",
    ),
    ClipCard(
        "demo", DEMO_ARCHITECTURE, checkpoint=DEMO_WEIGHTS,
        megabytes=9, licence="CC0-1.0", input_size=128, patch_size=8,
        view_side=192, templates=("{}",),
        bundled=True,
        # Its training compares these very patch vectors with words.
        method="maskclip",
        known_words=frozenset(_lines("vocabulary.txt")),
        vocabulary="demo",
        # docs/looks.md has what each is worth
        looks=MEASURED,
        windows=True,
        note="Bundled, runs anywhere: generated scenes, simple shapes and colours, stained nuclei, textures.",
    ),
)  # fmt: skip
CLIP_MODELS: dict[str, ClipCard] = {card.name: card for card in _CARDS}
CAM_ARCHITECTURES = ("ViT-B-16", "ViT-B-16-quickgelu")
"""What CLIP-ES was published for, with weights trained on photos, as all that open_clip lists are."""
DEFAULT = "ViT-B-16-quickgelu/openai"
"""The model for photos."""
UNREADABLE = ("eva", "swin", "vit_pe_", "vit_relpos_")
"""Starts of the names of timm's networks whose last attention is built otherwise."""


def find_clip(name: str, *, checkpoint: str | Path | None = None, others: Iterable[str] = ()) -> ClipCard:
    """Return the card of a CLIP model by name.

    Parameters
    ----------
    name : str
        A name of `CLIP_MODELS`, any other ``ARCHITECTURE/TAG`` that open_clip knows,
        ``hf-hub:ORG/REPOSITORY``, or, with ``checkpoint``, an architecture alone.
    checkpoint : path, optional
        A local file to take the weights from instead.
    others : iterable of str
        Names of models of other kinds, one of which may be meant.

    Returns
    -------
    ClipCard

    Raises
    ------
    InputError
        When nothing has this name; the message offers the closest ones.
    """
    name = name.strip()
    if name in CLIP_MODELS:
        return CLIP_MODELS[name]
    if name.startswith(HUB_PREFIX):
        repository = name.removeprefix(HUB_PREFIX)
        if repository.count("/") != 1 or not all(repository.split("/")):
            raise InputError(f'"{name}" isn\'t a hub repository: write it as hf-hub:ORGANISATION/REPOSITORY.')
        licence = research_licence(name)
        return ClipCard(
            name, "", checkpoint=repository, licence=licence or UNKNOWN_LICENCE, commercial=licence is None,
            hub=f"{repository}/", note="From the Hugging Face hub.",
        )  # fmt: skip
    if checkpoint is None and (
        Path(name).is_file() or name.endswith((".safetensors", ".pt", ".pth", ".bin"))
    ):
        raise InputError(
            f'"{name}" is a file of weights: name its architecture too, as in '
            f'load_model("ViT-B-16", checkpoint="{name}").'
        )
    return _from_open_clip(name, checkpoint, others)


def card_by_name(name: str) -> ClipCard:
    """Return what the name alone says of a CLIP model that is not in the list; no torch is imported."""
    licence = research_licence(name)
    architecture, _, tag = name.partition("/")
    return ClipCard(
        name, architecture, checkpoint=tag, licence=licence or UNKNOWN_LICENCE, commercial=licence is None
    )


def research_licence(name: str) -> str | None:
    """Return the licence of weights that forbid commercial use, else None; a typed name is enough."""
    name = name.strip().lower()
    if re.search("metaclip|nllb", name):
        return NON_COMMERCIAL
    return APPLE if re.search("mobileclip|datacompdr|dfn|^hf-hub:apple/", name) else None


def _from_open_clip(name: str, checkpoint: str | Path | None, others: Iterable[str]) -> ClipCard:
    import open_clip

    architecture, _, tag = name.partition("/")
    known = open_clip.list_models()
    if architecture not in known:
        names = [
            *CLIP_MODELS,
            *others,
            *(f"{arch}/{tag}" for arch, tag in open_clip.list_pretrained()),
            *known,
        ]
        raise InputError(f'There is no model named "{name}". {_closest(name, names)}')
    if not tag and checkpoint is not None:
        return ClipCard(name, architecture, checkpoint=str(checkpoint), note="Weights from a local file.")
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if tag not in tags:
        offer = (
            ", ".join(f"{architecture}/{t}" for t in tags[:4])
            or "checkpoint=FILE, as it has none to download"
        )
        raise InputError(
            f'"{name}" doesn\'t say which weights: choose one of {offer}.'
            if not tag
            else f'The architecture {architecture} has no weights "{tag}": choose one of {offer}.'
        )
    _refuse_unreadable(architecture)
    _refuse_wrong_activation(architecture, tag)
    licence = research_licence(name)
    return ClipCard(
        name, architecture, checkpoint=tag, licence=licence or UNKNOWN_LICENCE, commercial=licence is None,
        hub=open_clip.get_pretrained_cfg(architecture, tag).get("hf_hub", ""),
        text_repository=open_clip.get_model_config(architecture)["text_cfg"].get("hf_tokenizer_name", ""),
        method="cam" if architecture in CAM_ARCHITECTURES else "explain",
        note="From open_clip's list.",
    )  # fmt: skip


def _refuse_unreadable(architecture: str) -> None:
    """Refuse, before anything is downloaded, the image towers that can't be taken apart here."""
    import open_clip

    trunk = open_clip.get_model_config(architecture)["vision_cfg"].get("timm_model_name", "")
    if trunk.startswith(UNREADABLE):
        raise InputError(
            f"The image tower of {architecture} ({trunk}) can't be explained patch by patch here: use a ViT, "
            f'SigLIP, ResNet or ConvNeXt model, such as "{DEFAULT}".'
        )


def _refuse_wrong_activation(architecture: str, tag: str) -> None:
    """Refuse weights that would load and be quietly worse, as they were trained with the other GELU."""
    import open_clip

    wants = bool(open_clip.get_pretrained_cfg(architecture, tag).get("quick_gelu", False))
    has = bool((open_clip.get_model_config(architecture) or {}).get("quick_gelu", False))
    if wants == has:
        return
    right = f"{architecture}-quickgelu" if wants else architecture.removesuffix("-quickgelu")
    trained = "QuickGELU" if wants else "plain GELU"
    raise InputError(
        f'The weights "{tag}" were trained with {trained}, which {architecture} lacks: use "{right}/{tag}".'
    )


def _closest(name: str, names: list[str]) -> str:
    lower = {n.lower(): n for n in names}
    close = [lower[n] for n in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.4)]
    if not close:
        return 'Run "napari-ovseg models list" to see what there is, or use "demo".'
    quoted = [f'"{c}"' for c in close]
    return f"Did you mean {' or '.join(quoted)}?"
