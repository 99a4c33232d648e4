"""Learn from a person's own pictures: what was learnt is a folder, and a model like any other.

`adaptation` puts the steps of ``train adapt`` together. `unlabelled` finds the pictures of a folder,
`targets` computes once what is to be learnt from each and keeps it, `student` is the part of the tower that
learns it.

`fast` puts those of ``train fast`` together. `annotated` reads pictures with masks, `fast_examples` draws
windows of them, `fast_loss` says how far an answer is from them.

`run_folder` begins and ends the folder of any training, `alone` keeps others out of it, and `resumable` is a
training that goes on where it was stopped.
"""

from __future__ import annotations

from napari_ovseg.training.adaptation import adapt
from napari_ovseg.training.fast import train_fast

__all__ = ["adapt", "train_fast"]
