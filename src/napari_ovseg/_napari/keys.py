"""Keys for annotators beside those of napari: none is taken from anyone, none fires while a person types.

Each is an action of napari's action manager, so that Preferences > Shortcuts shows and changes it. Actions
are of all windows: each acts on the panel of the window that the key was pressed in. What a person changes is
kept in the plugin's own settings: at each start napari warns of actions in its own that are not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit

from napari_ovseg._napari.remembered import remembered

if TYPE_CHECKING:
    from napari.components import ViewerModel

Actions = Mapping[str, Callable[[], Any]]

# No tool of any napari layer has these. Digits alone are the tools of labels layers, and Shift with a digit
# is another sign on each keyboard, so the direct choice takes Alt.
KEYS: Mapping[str, str] = {
    "run": "Ctrl+Enter",
    "run_here": "Ctrl+Shift+Enter",
    "cancel": "Ctrl+.",
    "save": "Ctrl+Shift+S",
    "update_masks": "U",
    "next_uncertain_place": "N",
    "previous_category": "Q",
    "next_category": "W",
    **{f"category_{position}": f"Alt+{position}" for position in range(1, 10)},
    "background": "Alt+0",
}

WHAT: Mapping[str, str] = {
    "run": "Run, with the names that are typed",
    "run_here": "Run only what is in view, or inside the rectangle of the active shapes layer",
    "cancel": "Cancel the run or the update",
    "save": "Save all work in this window",
    "update_masks": "Update the masks from what was painted",
    "next_uncertain_place": "Go to the next uncertain place",
    "previous_category": "Paint with the category above",
    "next_category": "Paint with the category below",
    **{f"category_{position}": f"Paint with category {position}" for position in range(1, 10)},
    "background": "Paint with the background",
}

_PREFIX = "napari-ovseg:"

# of the panels of each window, the first of which acts
_panels: dict[int, list[Actions]] = {}


def bind_keys(viewer: ViewerModel, actions: Actions) -> None:
    """Let keys call actions in this window, whichever layer is active.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        A key of its own, of labels layers or of the person's settings stays what it is.
    actions : mapping of str to callable
        By their names in `KEYS`.
    """
    _panels.setdefault(id(viewer), []).append(actions)
    _register()


def unbind_keys(viewer: ViewerModel, actions: Actions) -> None:
    """Undo `bind_keys`: the keys do nothing more in this window."""
    panels = _panels.get(id(viewer), [])
    panels[:] = [one for one in panels if one is not actions]
    if not panels:
        _panels.pop(id(viewer), None)


def keys_of(viewer: ViewerModel) -> dict[str, str]:
    """Return the keys that work in a window, by action: what tooltips may promise."""
    from napari.utils.action_manager import action_manager
    from napari.utils.interactions import Shortcut

    working = {}
    for name in KEYS:
        keys = [key for key in action_manager._shortcuts.get(_PREFIX + name, ()) if key]
        free = [key for key in keys if _binding(key) not in viewer.keymap]
        if free:
            working[name] = Shortcut(free[0]).qt
    return working


def follow_keys(follow: Callable[[], Any]) -> Callable[[], None]:
    """Call `follow` whenever one of these keys is changed, until what is returned is called."""
    from napari.utils.action_manager import action_manager

    def changed(event: Any) -> None:
        if event.name.startswith(_PREFIX):
            follow()

    action_manager.events.shortcut_changed.connect(changed)
    return partial(action_manager.events.shortcut_changed.disconnect, changed)


def key_text(key: str) -> str:
    """Return a key as this system writes it, for tooltips."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _register() -> None:
    """Make what is not an action yet one, with the key that the person chose, or ours where that is free."""
    from napari.components import ViewerModel
    from napari.settings import get_settings
    from napari.utils.action_manager import action_manager

    get_settings().shortcuts.events.shortcuts.connect(_keep_apart)
    action_manager.events.shortcut_changed.connect(_remember)
    taken = _taken()
    for name, key in KEYS.items():
        action = _PREFIX + name
        if action in action_manager._actions:
            continue
        action_manager.register_action(action, _acting(name), f"{WHAT[name]} (napari-ovseg)", ViewerModel)
        chosen = remembered().value(f"keys/{name}", None)
        keys = [key] if chosen is None else str(chosen).split()
        for binding in map(_binding, keys):
            if binding not in taken:
                action_manager.bind_shortcut(action, binding)


def _remember(event: Any) -> None:
    """Keep what a person has changed, from one start to the next."""
    from napari.utils.action_manager import action_manager

    name = event.name.removeprefix(_PREFIX)
    if name == event.name or name not in KEYS:
        return
    keys = [str(key) for key in action_manager._shortcuts.get(event.name, ())]
    if keys == [KEYS[name]]:
        remembered().remove(f"keys/{name}")
    else:
        remembered().setValue(f"keys/{name}", " ".join(keys))


def _keep_apart(_event: Any) -> None:
    from napari.settings import get_settings

    settings = get_settings().shortcuts
    theirs = {name: keys for name, keys in settings.shortcuts.items() if not name.startswith(_PREFIX)}
    if len(theirs) < len(settings.shortcuts):
        settings.shortcuts = theirs


def _acting(name: str) -> Callable[[Any], None]:
    def act(viewer: Any) -> None:
        panels = _panels.get(id(viewer))
        if panels and name in panels[0] and not _is_typing():
            panels[0][name]()

    # napari tells actions apart by the names of their functions
    act.__name__ = f"ovseg_{name}"
    return act


def _is_typing() -> bool:
    """Text boxes hand on the keys that they make no text of, as Alt with a digit is on some systems."""
    focus = QApplication.focusWidget()
    if isinstance(focus, QComboBox):
        return focus.isEditable()
    boxes = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)
    return isinstance(focus, boxes) and not focus.isReadOnly()


def _taken() -> set[Any]:
    from napari.components import ViewerModel
    from napari.layers import Labels
    from napari.settings import get_settings

    taken = {key for keys in get_settings().shortcuts.shortcuts.values() for key in keys}
    for owner in (*ViewerModel.__mro__, *Labels.__mro__):
        taken |= set(getattr(owner, "class_keymap", {}))
    return {_binding(key) for key in taken if key is not ...}


def _binding(key: Any) -> Any:
    from napari.utils.key_bindings import coerce_keybinding

    return coerce_keybinding(key)
