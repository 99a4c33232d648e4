"""The keys of one panel: what they do, which tooltips name them, and the window that lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

from napari_ovseg._napari.keys import bind_keys, follow_keys, key_text, keys_of, unbind_keys
from napari_ovseg._napari.outside import Outside
from napari_ovseg._napari.panel.help_window import HelpWindow

if TYPE_CHECKING:
    from napari_ovseg._napari.annotating.annotator import Annotator
    from napari_ovseg._napari.panel.form import Form


class PanelKeys(QObject):
    """Binds the keys as long as the panel is there, and tells of them.

    Parameters
    ----------
    panel : QWidget
    form : Form
        Of the panel.
    annotator : Annotator
        Of the panel.
    own : mapping of str to callable
        What the panel itself does, by the names of `keys.KEYS`.
    """

    def __init__(
        self, panel: QWidget, form: Form, annotator: Annotator, own: Mapping[str, Callable[[], Any]]
    ) -> None:
        super().__init__(panel)
        self._viewer, self._form = annotator.viewer, form
        self.window: HelpWindow | None = None
        choose = annotator.requests
        actions: dict[str, Callable[[], Any]] = {
            **own,
            "next_uncertain_place": annotator.go_to_next_uncertain_place,
            "previous_category": lambda: choose.choose_neighbour(-1),
            "next_category": lambda: choose.choose_neighbour(1),
            **{f"category_{number}": partial(choose.choose_nth, number) for number in range(1, 10)},
            "background": partial(choose.choose_nth, 0),
        }
        self._outside = Outside(self)
        bind_keys(self._viewer, actions)
        self._outside.at_end(partial(unbind_keys, self._viewer, actions))
        self._buttons = {
            "run": form.run,
            "run_here": form.run_here,
            "cancel": form.cancel,
            "save": form.saving.save,
            "update_masks": form.correct.update_masks,
            "next_uncertain_place": form.correct.next_uncertain,
        }
        self._tips = {name: button.toolTip() for name, button in self._buttons.items()}
        self._outside.at_end(follow_keys(self._tell))
        self._tell()
        form.help.clicked.connect(self.show_window)
        self._listen(panel)

    def _listen(self, panel: QWidget) -> None:
        """Open the list with ?, which is on another key of each keyboard; where a person types it is text."""
        window = getattr(self._viewer, "window", None)
        shortcut = QShortcut(QKeySequence("?"), panel if window is None else window._qt_window)
        shortcut.activated.connect(self.show_window)
        shortcut.activatedAmbiguously.connect(self.show_window)
        self._outside.at_end(partial(_delete, shortcut))

    def _tell(self) -> None:
        """Name in tooltips the keys that work now."""
        keys = keys_of(self._viewer)
        for name, button in self._buttons.items():
            tip = self._tips[name]
            button.setToolTip(f"{tip} Key: {key_text(keys[name])}" if name in keys else tip)
        self._form.table.show_keys(keys)
        if self.window is not None:
            self.window.show_keys(keys)

    def show_window(self) -> None:
        """Show the list of keys, or bring it to the front."""
        if self.window is None:
            self.window = HelpWindow(self._form)
            self.window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.window.destroyed.connect(partial(setattr, self, "window", None))
        self.window.show_keys(keys_of(self._viewer))
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()


def _delete(shortcut: QShortcut) -> None:
    # a key that is pressed before it is deleted would be ambiguous
    shortcut.setEnabled(False)
    shortcut.deleteLater()
