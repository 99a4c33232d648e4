"""Learn from a person's own pictures: what was learnt is a folder, and a model like any other.

`adaptation` puts the steps of ``train adapt`` together. `unlabelled` finds the pictures of a folder,
`targets` computes once what is to be learnt from each and keeps it, `student` is the part of the tower that
learns it. `resumable` is a training that goes on where it was stopped.
"""

from __future__ import annotations

from napari_ovseg.training.adaptation import adapt
from napari_ovseg.training.fast import train_fast

__all__ = ["adapt", "train_fast"]
