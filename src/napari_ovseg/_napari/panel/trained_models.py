"""The models that a person has trained, or used by their folder: remembered, and offered again."""

from __future__ import annotations

from pathlib import Path

from napari_ovseg._napari.remembered import remembered
from napari_ovseg.errors import OvsegError
from napari_ovseg.models.trained import is_trained, trained_card

_FOLDERS = "trained_models"
_MOST = 30


def remember_trained(name: str) -> bool:
    """Put a model first among those that are remembered; False where this is no folder of one."""
    folder = Path(name.strip()).expanduser().absolute()
    if not name.strip() or not _can_be_used(folder):
        return False
    others = [one for one in _remembered() if one != str(folder)]
    remembered().setValue(_FOLDERS, [str(folder), *others][:_MOST])
    return True


def trained_models() -> list[Path]:
    """Return the folders of those that are there, the last one first."""
    return [folder for folder in map(Path, _remembered()) if _can_be_used(folder)]


def _can_be_used(folder: Path) -> bool:
    """Whether a folder holds a model whose training has ended."""
    try:
        return is_trained(str(folder)) and bool(trained_card(folder).weights)
    except (OvsegError, OSError):
        return False


def _remembered() -> list[str]:
    # one string alone comes back as a string
    kept = remembered().value(_FOLDERS, [])
    return [str(one) for one in ([kept] if isinstance(kept, str) else kept or [])]
