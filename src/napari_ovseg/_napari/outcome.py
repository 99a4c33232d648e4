"""What a run has brought into the viewer so far, and the link between the masks and the category table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_ovseg._napari.colours import Legend
from napari_ovseg._napari.layers import MASKS, METADATA_KEY, PSEUDO_LABELS, Written, write_labels
from napari_ovseg.colours import category_colours
from napari_ovseg.labelled import NamedLabel

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Labels

    from napari_ovseg._napari.category_table import CategoryTable
    from napari_ovseg._napari.run import Request
    from napari_ovseg.pipeline import Segmentation

# Long enough not to count pixels during a brush stroke.
_SETTLE_MS = 300


class Outcome:
    """The layers of one run: shown as they arrive, all taken back if the run does not finish."""

    def __init__(self, viewer: ViewerModel, image: Image, request: Request) -> None:
        self.viewer = viewer
        self.image = image
        self.legend = Legend(
            tuple(category.name for category in request.categories if not category.background)
        )
        self._placement = request.source.placement
        self._written: dict[str, Written] = {}

    @property
    def masks(self) -> Labels:
        return self._written[MASKS].layer

    def show_pseudo_labels(self, labels: np.ndarray) -> None:
        """Show the first guess while the masks are still being worked out."""
        self._write(PSEUDO_LABELS, labels)

    def show_result(self, result: Segmentation) -> str:
        """Show both layers; returns what there is to say, in a few sentences."""
        if PSEUDO_LABELS not in self._written:
            self._write(PSEUDO_LABELS, result.pseudo_labels)
        self._write(MASKS, result.masks)
        self._written[PSEUDO_LABELS].layer.visible = False
        self.masks.visible = True
        for written in self._written.values():
            written.layer.metadata[METADATA_KEY]["record"] = result.record
        self.viewer.layers.selection.active = self.masks
        return " ".join([*self._notes(), *_findings(result)])

    def roll_back(self) -> None:
        """Leave the layers as they were before the run."""
        for written in reversed(self._written.values()):
            written.roll_back()

    def _write(self, kind: str, labels: np.ndarray) -> None:
        self._written[kind] = write_labels(
            self.viewer, self.image, kind, labels, self._placement, self.legend
        )

    def _notes(self) -> list[str]:
        return [
            f"'{written.kept.name}' was edited and is left alone: the new result is '{written.layer.name}'."
            for written in self._written.values()
            if written.kept is not None
        ]


def _findings(result: Segmentation) -> list[str]:
    absent = list(result.record.get("absent", []))
    names = [category.name for category in result.categories if category.name not in absent]
    found = [f"Segmented {_listed(names)}."] if names else []
    if absent:
        found.append(f"Probably absent, and not painted: {_listed(absent)}.")
    return [*found, *result.record.get("warnings", [])]


def _listed(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more


class MasksView(QObject):
    """Keeps the category table in step with the masks of the latest run, in both directions."""

    def __init__(self, viewer: ViewerModel, table: CategoryTable) -> None:
        super().__init__()
        self.viewer = viewer
        self.table = table
        self.layer: Labels | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE_MS)
        self._timer.timeout.connect(self._count)
        table.picked.connect(self._pick)

    def show(self, layer: Labels, legend: Legend, result: Segmentation) -> None:
        """Fill the table from a result, and follow its masks from now on."""
        self._unfollow()
        self.layer = layer
        colours = category_colours(len(legend.names))[1:].tolist()
        labels = [
            NamedLabel(id, name, (red, green, blue))
            for id, (name, (red, green, blue)) in enumerate(zip(legend.names, colours, strict=True), start=1)
        ]
        presence = dict(zip(legend.names, result.presence.tolist(), strict=True))
        self.table.show_categories(labels, (), presence, result.record.get("absent", []))
        self._count()
        for event in (layer.events.paint, layer.events.set_data, layer.events.data):
            event.connect(self._changed)
        layer.events.selected_label.connect(self._mark)
        self._mark()

    def forget(self, layer: Any) -> None:
        """Empty the table if the layer that was removed is the one it shows."""
        if layer is self.layer:
            self._unfollow()
            self.table.empty()

    def _unfollow(self) -> None:
        if self.layer is not None:
            for event in (self.layer.events.paint, self.layer.events.set_data, self.layer.events.data):
                event.disconnect(self._changed)
            self.layer.events.selected_label.disconnect(self._mark)
        self.layer = None
        self._timer.stop()

    def _changed(self, _event: Any = None) -> None:
        self._timer.start()

    def _count(self) -> None:
        if self.layer is not None:
            self.table.show_shares(np.asarray(self.layer.data))

    def _pick(self, label: int) -> None:
        if self.layer is not None:
            self.viewer.layers.selection.active = self.layer
            self.layer.visible = True
            self.layer.selected_label = label

    def _mark(self, _event: Any = None) -> None:
        if self.layer is not None:
            self.table.mark(int(self.layer.selected_label))
