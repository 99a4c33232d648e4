"""Weights from a local file: which architecture they are for, and where the file is."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_ovseg.errors import InputError


class WeightsRow(QWidget):
    """An architecture, a path, and a button that asks for the file."""

    def __init__(self) -> None:
        super().__init__()
        self.architecture = QLineEdit("ViT-B-16")
        self.architecture.setToolTip(
            "The architecture that the weights were trained with, by open_clip's name."
        )
        self.file = QLineEdit()
        self.file.setPlaceholderText("file of weights")
        self.file.setToolTip("The file with the weights: .safetensors, .pt, .pth or .bin.")
        self.browse = QPushButton("...")
        self.browse.setToolTip("Choose the file of weights.")
        self.browse.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.architecture, 2)
        row.addWidget(self.file, 3)
        row.addWidget(self.browse)

    def chosen(self) -> tuple[str, Path]:
        """The architecture and the file; raises InputError when one is missing."""
        architecture, file = self.architecture.text().strip(), self.file.text().strip()
        if not architecture:
            raise InputError("Weights from a file need their architecture: type it, such as 'ViT-B-16'.")
        if not file:
            raise InputError("No file of weights is chosen: take one with the button '...'.")
        return architecture, Path(file)

    def _ask(self) -> None:
        kinds = "Weights (*.safetensors *.pt *.pth *.bin);;All files (*)"
        file, _ = QFileDialog.getOpenFileName(self, "File of weights", self.file.text(), kinds)
        if file:
            self.file.setText(file)
