"""Strokes that say what the machine wrote already: no pixel changes, and each is a person's from then on.

napari keeps no record of a stroke that changes nothing. Here it gets one of no pixels in the history of the
layer, so that it is an undo step like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_ovseg._napari.layers.steps import Agreement, Step, no_pixels
from napari_ovseg._napari.layers.strokes import Covered
from napari_ovseg._napari.layers.touches import Touches
from napari_ovseg.annotation.annotation import Position
from napari_ovseg.annotation.corrections import Baseline
from napari_ovseg.categories import void_of

if TYPE_CHECKING:
    from napari.layers import Labels as LabelsLayer

    from napari_ovseg._napari.layers.placement import Placement


class Agreements:
    """Notes in the baselines of a layer where strokes say the same as the machine.

    Parameters
    ----------
    layer : napari.layers.Labels
    placement : Placement
        Any of its slices.
    steps : list of Step or Agreement
        Of the layer, in order; agreements are added to it.
    baseline : callable
        ``baseline(position) -> Baseline``, the one in use, to be changed in place.
    touches : Touches
        Is told which slices have changed.
    """

    def __init__(
        self,
        layer: LabelsLayer,
        placement: Placement,
        steps: list[Step | Agreement],
        baseline: Callable[[Position], Baseline],
        touches: Touches,
    ) -> None:
        self._layer, self._placement = layer, placement
        self._steps, self._baseline, self._touches = steps, baseline, touches

    def hear(self, covered: Covered, label: int) -> None:
        """A person has painted a label: note where that is what the machine wrote."""
        if label == void_of(self._layer.data):
            return
        for position, plane, mask in covered.planes(self._placement):
            baseline = self._baseline(position)
            placement = replace(self._placement, position=position)
            shown = np.asarray(self._layer.data[placement.index])[plane]
            new = mask & (shown == label) & (baseline.written[plane] == label)
            rows, columns = np.nonzero(new & ~baseline.agreed[plane])
            if rows.size:
                rows, columns = rows + plane[0].start, columns + plane[1].start
                before = baseline.human[rows, columns]
                indices = np.ravel_multi_index((rows, columns), baseline.written.shape)
                self._of_this_stroke().pixels.append((position, indices, before))
                baseline.human[rows, columns], baseline.agreed[rows, columns] = label, True
                self._touches.add([position])

    def is_said(self, pixel: tuple[int, ...]) -> bool:
        """Whether a stroke has said already that this pixel is what the machine wrote."""
        position = tuple(pixel[axis] for axis in self._placement.stack_axes)
        return bool(self._baseline(position).agreed[tuple(pixel[axis] for axis in self._placement.axes)])

    def withdraw(self, agreement: Agreement) -> None:
        """Undo has moved over a stroke, or it was broken off."""
        for position, indices, before in reversed(agreement.pixels):
            baseline = self._baseline(position)
            baseline.human.flat[indices], baseline.agreed.flat[indices] = before, False
            self._touches.add([position])

    def renew(self, agreement: Agreement) -> None:
        """Redo has moved over a stroke."""
        for position, indices, _ in agreement.pixels:
            baseline = self._baseline(position)
            baseline.human.flat[indices] = baseline.written.flat[indices]
            baseline.agreed.flat[indices] = True
            self._touches.add([position])

    def _of_this_stroke(self) -> Agreement:
        """What was heard of the stroke that is being painted."""
        staged, last = self._layer._staged_history, self._steps[-1] if self._steps else None
        if isinstance(last, Agreement) and any(
            a is last.atoms[0] for a in staged[last.place : last.place + 1]
        ):
            return last
        begun = Agreement([no_pixels(self._layer.data)], len(staged))
        self._layer._save_history(begun.atoms[0])
        self._steps.append(begun)
        return begun
