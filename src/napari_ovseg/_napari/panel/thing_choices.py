"""What counts as a thing: the same choices for an export and for measuring, kept from one to the next."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QCheckBox, QFormLayout, QSpinBox

from napari_ovseg.export.plan import Options


class ThingChoices:
    """Rows of a form.

    Parameters
    ----------
    fields : QFormLayout
        Gets the rows.
    before : Options
        As they were chosen last.
    """

    def __init__(self, fields: QFormLayout, before: Options) -> None:
        self._fields = fields
        self.smallest_area = QSpinBox()
        self.smallest_area.setRange(1, 1_000_000)
        self.smallest_area.setSuffix(" px")
        self.smallest_area.setToolTip("In pixels. Smaller regions are left out; the summary says how many.")
        self.smallest_area.setValue(before.smallest_area)
        self.corners_touch = QCheckBox("pixels that meet at a corner are one thing")
        self.corners_touch.setChecked(before.connectivity == 8)
        self.split_touching = QCheckBox("cut round things apart where they touch")
        self.split_touching.setChecked(before.split_touching)
        fields.addRow("Smallest area", self.smallest_area)
        fields.addRow("", self.corners_touch)
        fields.addRow("", self.split_touching)

    def show(self, shown: bool) -> None:
        """Show or hide the rows."""
        for field in (self.smallest_area, self.corners_touch, self.split_touching):
            self._fields.setRowVisible(field, shown)

    def options(self) -> Options:
        """What is chosen."""
        return Options(
            self.smallest_area.value(),
            8 if self.corners_touch.isChecked() else 4,
            self.split_touching.isChecked(),
        )

    def arguments(self) -> dict[str, Any]:
        """What is chosen, as arguments of `export`."""
        chosen = self.options()
        return {
            "smallest_area": chosen.smallest_area,
            "connectivity": chosen.connectivity,
            "split_touching": chosen.split_touching,
        }
