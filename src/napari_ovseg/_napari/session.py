"""Which picture is being worked on: its layers if they are there, saved work if there is some, and saving."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QSettings, Signal

from napari_ovseg._napari.annotated import Annotated
from napari_ovseg._napari.autosave import Autosave, Snapshot
from napari_ovseg._napari.layers import METADATA_KEY, tracked_labels
from napari_ovseg._napari.restore import restore
from napari_ovseg._napari.resume import Resumed, ResumeOffer
from napari_ovseg.annotation.labelled_pictures import labelled_pictures
from napari_ovseg.annotation.resuming import Found
from napari_ovseg.categories import void_of
from napari_ovseg.errors import OvsegError
from napari_ovseg.labelled import LabelledPicture

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_ovseg._napari.annotator import Annotator
    from napari_ovseg._napari.save_row import SaveRow
    from napari_ovseg._napari.source import Source

_FOLDER = "sidecar_folder"


class Session(QObject):
    """Turns the annotator to the picture that is chosen, offers to resume saved work, and saves.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    annotator : Annotator
    offer : ResumeOffer
    row : SaveRow
    source : callable
        ``source(image) -> Source``: how the picture is read now; may raise InputError.
    """

    said = Signal(str, bool)
    resumed = Signal(dict)

    def __init__(
        self,
        viewer: ViewerModel,
        annotator: Annotator,
        offer: ResumeOffer,
        row: SaveRow,
        source: Callable[[Image], Source],
    ) -> None:
        super().__init__(row)
        self.viewer, self.annotator, self.offer, self.row = viewer, annotator, offer, row
        self._source = source
        self._image: Image | None = None
        self._found: dict[str, Found] = {}
        self._written: Annotated | None = None
        self._first_of: dict[str, str] = {}
        self._latest: Annotated | None = None
        self.autosave = Autosave(self._snapshot, self._folder, lambda text: self.said.emit(text, True), self)
        settings = QSettings("napari-ovseg", "napari-ovseg")
        chosen = settings.value(_FOLDER, "")
        self._elsewhere = Path(str(chosen)) if chosen else None
        row.show_folder(self._elsewhere)
        row.folder_chosen.connect(self._choose_folder)
        offer.found.connect(self._looked)
        offer.accepted.connect(self._resume)
        offer.failed.connect(lambda text: self.said.emit(text, True))
        annotator.changed.connect(self._changed)
        self.autosave.saved.connect(row.show_saved)
        # while the layers are still there
        viewer.layers.events.removing.connect(lambda _event: self.flush())
        self.autosave.closing.connect(annotator.settle)
        window = getattr(viewer, "window", None)
        if window is not None:
            self.autosave.watch(window._qt_window)

    def turn_to(self, image: Image | None, model: str | None = None) -> None:
        """Work on this picture from now on."""
        if image is self._image:
            return
        self.flush()
        self._image = image
        self.offer.clear()
        self.row.show_saved(None)
        known = None if image is None else annotated_of(self.viewer, image)
        if known is not None:
            self.annotator.show(known)
        else:
            self.annotator.leave()
        if image is not None and str(image.unique_id) not in self._found:
            self._look_up(image, model)

    def flush(self) -> None:
        """Save what is not saved yet, also what was painted a moment ago."""
        self.annotator.settle()
        self.autosave.flush()

    def labelled_pictures(self) -> list[LabelledPicture]:
        """The masks of all pictures in the window."""
        from napari.layers import Image

        found: list[LabelledPicture] = []
        for image in dict.fromkeys(layer for layer in self.viewer.layers if isinstance(layer, Image)):
            annotated = annotated_of(self.viewer, image)
            if annotated is None:
                continue
            annotation = annotated.snapshot()
            place = self._found.get(str(image.unique_id))
            annotation.picture = None if place is None else place.picture
            size, unit = _pixel_size(annotated)
            found += labelled_pictures(annotation, image.name, pixel_size=size, unit=unit)
        return found

    def export_folder(self) -> Path:
        """Where an export is likely wanted: beside the picture."""
        found = None if self._image is None else self._found.get(str(self._image.unique_id))
        path = None if found is None else found.picture.path
        return (Path.home() if path is None else path.parent) / "masks"

    def _look_up(self, image: Image, model: str | None) -> None:
        pixels = image.data[0] if image.multiscale else image.data
        path = image.source.path or image.metadata.get(METADATA_KEY, {}).get("path")
        part = self._part(image, path)
        self.offer.look(image.name, pixels, path, elsewhere=self._elsewhere, model=model, part=part)

    def _part(self, image: Image, path: Any) -> str:
        """What tells the layers of one file apart: all but the first go by their name."""
        first = self._first_of.setdefault(str(path), str(image.unique_id)) if path else ""
        return image.name if path and first != str(image.unique_id) else ""

    def _looked(self, found: Found) -> None:
        if self._image is not None:
            self._found[str(self._image.unique_id)] = found
            if annotated_of(self.viewer, self._image) is not None:
                self.offer.withdraw()

    def _resume(self, resumed: Resumed) -> None:
        image = self._image
        if image is None:
            return
        try:
            annotated = restore(self.viewer, image, self._source(image), resumed.annotation)
        except OvsegError as error:
            self.offer.offer_again(resumed.found, str(error))
            return
        annotated.worth_saving = True
        self.autosave.adopt(resumed.found.place, resumed.sidecar)
        self._latest = annotated
        self.annotator.show(annotated)
        self.row.show_saved(resumed.sidecar.folder)
        self.resumed.emit(annotated.settings)
        self.said.emit(f"Resumed the work on '{image.name}'.", False)

    def _changed(self) -> None:
        current = self.annotator.current
        if current is None:
            return
        self.offer.withdraw()
        # what only the machine made is made again in no time; no folder is cluttered with it
        if not current.worth_saving:
            at = self.annotator.position
            places = current.touched() | (set() if at is None else {at})
            current.worth_saving = any(map(current.has_corrections, places))
        if current.worth_saving:
            self._keep_what_is_dropped(current)
            self.autosave.touch()

    def _keep_what_is_dropped(self, current: Annotated) -> None:
        """Other layers for the same picture don't replace saved corrections that they lack."""
        before, self._latest = self._latest, current
        if before is None or before is current or before.image is not current.image:
            return
        place = self._folder()
        if place is not None and drops_corrections(before, current):
            self.autosave.start_beside(place)

    def _snapshot(self) -> Snapshot | None:
        current = self.annotator.current
        if current is None or not current.worth_saving:
            return None
        # other layers, or another folder: nothing that is on the disk there is taken for what is here
        whole = current is not self._written
        annotation = current.snapshot(whole=whole)
        self._written = current
        changed = None if whole else current.unsaved
        current.unsaved = set()
        found = self._found.get(str(current.image.unique_id))
        annotation.picture = None if found is None else found.picture
        return annotation, changed

    def _folder(self) -> Path | None:
        current = self.annotator.current
        found = None if current is None else self._found.get(str(current.image.unique_id))
        return None if found is None else found.place

    def _choose_folder(self, folder: Path | None) -> None:
        self.flush()
        self._written = None
        self._elsewhere = folder
        QSettings("napari-ovseg", "napari-ovseg").setValue(_FOLDER, "" if folder is None else str(folder))
        self.row.show_folder(folder)
        self._found = {}
        if self._image is not None:
            self._look_up(self._image, None)
        if self.annotator.current is not None and self.annotator.current.worth_saving:
            self.autosave.touch()


def _pixel_size(annotated: Annotated) -> tuple[tuple[float, float] | None, str | None]:
    """Height and width of a pixel of the masks and their unit, where the layer has a unit of length."""
    layer, axes = annotated.masks.layer, annotated.masks.placement.axes
    unit = str(layer.units[axes[0]])
    if unit == "pixel":
        return None, None
    height, width = (abs(float(layer.scale[axis])) for axis in axes)
    return (height, width), unit


def drops_corrections(before: Annotated, now: Annotated) -> bool:
    """Whether pixels that were a person's are not so any more."""
    for position in before.masks.positions:
        human = before.human_pixels(position)
        painted = human != void_of(human)
        if not painted.any():
            continue
        if position not in now.masks.positions:
            return True
        kept = now.human_pixels(position)
        if kept.shape != painted.shape or bool((kept[painted] == void_of(kept)).any()):
            return True
    return False


def annotated_of(viewer: ViewerModel, image: Any) -> Annotated | None:
    """Return the latest work on a picture whose layers are in the viewer."""
    found = []
    for layer in viewer.layers:
        annotated = layer.metadata.get(METADATA_KEY, {}).get("annotated")
        if not isinstance(annotated, Annotated) or tracked_labels(layer) is not annotated.masks:
            continue
        if annotated.image is image:
            found.append(annotated)
    return max(found, key=lambda one: one.masks.layer.metadata[METADATA_KEY]["number"], default=None)
