"""The models to choose from, described for a list: where each is, how large, under which licence."""

from __future__ import annotations

from dataclasses import dataclass

from napari_ovseg.models.clip.download import is_cached
from napari_ovseg.models.clip.registry import DEFAULT, ModelSpec, find_model, list_models, research_licence

BUNDLED = "demo"


@dataclass(frozen=True)
class ModelChoice:
    """One entry of the list."""

    name: str
    title: str
    note: str


def model_choices() -> list[ModelChoice]:
    """Return every model of the registry, the bundled one first."""
    specs = sorted(list_models(), key=lambda spec: spec.name != BUNDLED)
    return [ModelChoice(spec.name, f"{spec.name} - {_where(spec)}", spec.note) for spec in specs]


def default_model() -> str:
    """Return the default for photos once it is on this machine, else the bundled model."""
    return DEFAULT if is_cached(find_model(DEFAULT)) else BUNDLED


def _where(spec: ModelSpec) -> str:
    if spec.name == BUNDLED:
        return "bundled"
    if is_cached(spec):
        return "on this machine"
    size = f"{spec.megabytes} MB, " if spec.megabytes else ""
    return f"to download, {size}{spec.licence}"


def licence_notice(name: str) -> str | None:
    """Return what must be accepted before the first use of a model, chosen or typed, if anything."""
    licence = research_licence(name)
    if licence is None:
        return None
    return (
        f"The weights of '{name}' come under this licence:\n\n{licence}\n\n"
        "It does not allow commercial use. Use this model?"
    )
