"""The latest work on each picture: other layers of it must not replace saved corrections that they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.layers.annotated import Annotated
from napari_ovseg._napari.layers.result_layers import METADATA_KEY, tracked_labels
from napari_ovseg._napari.saving.on_disk import OnDisk
from napari_ovseg._napari.saving.painted import Painted
from napari_ovseg._napari.saving.save_places import SavePlaces

if TYPE_CHECKING:
    from napari.components import ViewerModel


class LatestWork:
    """Knows which work was the last to be saved of each picture, also once its layers are gone."""

    def __init__(self, places: SavePlaces, known: OnDisk) -> None:
        self._places, self._known = places, known
        # by `shown.picture_key`
        self._latest: dict[str, Annotated | Painted] = {}

    def take(self, current: Annotated) -> None:
        """Save this work from now on; what was saved is set aside first where this lacks its corrections."""
        before = self._latest.get(current.key)
        if before is not None and before is not current:
            found = self._places.found.get(current.key)
            if found is None:
                # asked again as soon as it is known where that is
                return
            painted = before if isinstance(before, Painted) else Painted.of(before)
            if painted.is_dropped_by(current):
                self._known.begin_afresh(found)
        self._latest[current.key] = current

    def adopt(self, resumed: Annotated) -> None:
        """Save this work from now on, which is what was saved."""
        self._latest[resumed.key] = resumed

    def forget(self, layer: Any) -> bool:
        """Keep of work whose masks are gone only what other layers may lack; whether there is such work."""
        gone = {
            key: work
            for key, work in self._latest.items()
            if isinstance(work, Annotated) and work.masks.layer is layer
        }
        self._latest |= {key: Painted.of(work) for key, work in gone.items()}
        return bool(gone)


def annotated_of(viewer: ViewerModel, image: Any) -> Annotated | None:
    """Return the latest work on the picture that an image shows, of which the layers are in the viewer."""
    found = []
    for layer in viewer.layers:
        annotated = layer.metadata.get(METADATA_KEY, {}).get("annotated")
        if not isinstance(annotated, Annotated) or tracked_labels(layer) is not annotated.masks:
            continue
        if annotated.is_of(image):
            found.append(annotated)
    return max(found, key=lambda one: one.masks.layer.metadata[METADATA_KEY]["number"], default=None)
