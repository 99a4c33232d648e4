"""Keys for annotators beside those of napari: none is taken from anyone, none fires while a person types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit

if TYPE_CHECKING:
    from napari.components import ViewerModel

# No tool of any napari layer has these. Digits alone are the tools of labels layers, and Shift with a digit
# is another sign on each keyboard, so the direct choice takes Alt.
KEYS: Mapping[str, str] = {
    "next_category": "W",
    "previous_category": "Q",
    **{f"category_{position}": f"Alt+{position}" for position in range(1, 10)},
    "background": "Alt+0",
    "update_masks": "U",
    "next_uncertain_place": "N",
}


def bind_keys(viewer: ViewerModel, actions: Mapping[str, Callable[[], Any]]) -> dict[str, str]:
    """Let keys call actions, whichever layer is active.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        A key of its own, of labels layers or of the person's settings stays what it is.
    actions : mapping of str to callable
        By their names in `KEYS`.

    Returns
    -------
    dict of str to str
        The keys that were bound, by action: what tooltips may promise, and what `unbind_keys` takes.
    """
    taken = _taken(viewer)
    bound = {name: KEYS[name] for name in actions if _binding(KEYS[name]) not in taken}
    for name, key in bound.items():
        viewer.bind_key(key, _unless_typing(actions[name]))
    return bound


def unbind_keys(viewer: ViewerModel, bound: Mapping[str, str]) -> None:
    """Give back what `bind_keys` returned."""
    for key in bound.values():
        viewer.bind_key(key, None)


def shown(key: str) -> str:
    """Return a key as this system writes it, for tooltips."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _unless_typing(action: Callable[[], Any]) -> Callable[[ViewerModel], None]:
    def act(_viewer: ViewerModel) -> None:
        if not _is_typing():
            action()

    return act


def _is_typing() -> bool:
    """Text boxes hand on the keys that they make no text of, as Alt with a digit is on some systems."""
    focus = QApplication.focusWidget()
    if isinstance(focus, QComboBox):
        return focus.isEditable()
    boxes = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)
    return isinstance(focus, boxes) and not focus.isReadOnly()


def _taken(viewer: ViewerModel) -> set[Any]:
    from napari.layers import Labels
    from napari.settings import get_settings

    taken = {key for keys in get_settings().shortcuts.shortcuts.values() for key in keys}
    for owner in (*viewer.__class__.__mro__, *Labels.__mro__):
        taken |= set(getattr(owner, "class_keymap", {}))
    return {_binding(key) for key in (*taken, *viewer.keymap) if key is not ...}


def _binding(key: Any) -> Any:
    from napari.utils.key_bindings import coerce_keybinding

    return coerce_keybinding(key)
