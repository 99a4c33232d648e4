"""What an export did, in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Summary:
    """What an export did.

    Attributes
    ----------
    folder : Path
    files : tuple of Path
        All that was written; the last is the map from ids to names.
    pictures : dict of str to tuple of str
        The names of the pictures in each split, "" where nothing is set apart.
    notes : tuple of str
        What was left out, changed or is missing, in sentences.
    what : str
        How many pictures, and which slices of which stacks.
    """

    folder: Path
    files: tuple[Path, ...]
    pictures: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]
    what: str = ""

    def __str__(self) -> str:
        parts = [f"{len(names)} for {split}" for split, names in self.pictures.items() if split]
        apart = f" ({', '.join(parts)})" if parts else ""
        files = f"{len(self.files)} files"
        return "\n".join([f"Wrote {files} for {self.what}{apart} into {self.folder}.", *self.notes])
