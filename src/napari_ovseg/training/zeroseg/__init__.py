"""``train zeroseg``: the student of ZeroSeg (Chen et al., arXiv 2306.00450) learns from pictures alone.

`learning` puts the steps together. `targets` is what the teacher says of a picture and its crops, `examples`
brings both to the student, `losses` is what it minimises, `student` and `decoder` are what learns. `level`
chooses where background begins, `watch` says which groups are in use.
"""

from __future__ import annotations

from napari_ovseg.training.zeroseg.learning import zeroseg

__all__ = ["zeroseg"]
