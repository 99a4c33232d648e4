"""File > Save Selected Layers: labels layers in the formats of `export`, with names and colours."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_ovseg._napari.layers.labelled_layers import LayerTuple, pictures_of
from napari_ovseg._napari.layers.things_layer import is_things
from napari_ovseg.errors import InputError, OutputError
from napari_ovseg.export import export, export_file
from napari_ovseg.export.plan import Notes


def _save(format: str, ending: str, path: str, layers: list[LayerTuple]) -> list[str]:
    """Write labels layers; several pictures become a folder, except for COCO, where they are one file.

    Parameters
    ----------
    format : str
        A key of `export.FORMATS`.
    ending : str
        Of the file, as in the manifest.
    path : str
        Which the user chose, and was asked about if it is there.
    layers : list of (data, state, type)
        Picture layers among them are not written.

    Returns
    -------
    list of str
        The files that were written.

    Raises
    ------
    OutputError
        When something can't be written.
    """
    from napari.utils.notifications import show_info

    notes = Notes()
    asked = path.lower().endswith(ending)
    file = Path(path if asked else path + ending)
    try:
        pictures = [
            picture
            for data, state, kind in layers
            if kind == "labels" and not is_things(state["metadata"])
            for picture in pictures_of(data, state, notes)
        ]
        if not pictures:
            raise InputError(
                "There are no labels of categories in these layers: paint some, or choose others. Things are "
                "exported from the panel, or saved as napari's own .tif."
            )
        if format != "yolo" and (len(pictures) == 1 or format == "coco"):
            # The dialog asked before it gave a name that is there, but neither about one that is only made
            # here nor about the map of names, which is replaced only if it belongs to the file.
            summary = export_file(pictures, file, format, overwrite=asked)
        else:
            summary = export(pictures, file.with_name(file.name[: -len(ending)]), format)
    except InputError as error:
        # napari takes a ValueError to mean that there is no writer, and says so.
        raise OutputError(str(error)) from error
    show_info("\n".join([str(summary), *notes.sentences()]))
    return [str(written) for written in summary.files]


# The endings differ from those of napari's own writers, which then stay the default for theirs.
save_png = partial(_save, "png", ".png")
save_coco = partial(_save, "coco", ".json")
save_geojson = partial(_save, "geojson", ".geojson")
save_labelme = partial(_save, "labelme", ".labelme.json")
save_yolo = partial(_save, "yolo", ".yaml")
save_npz = partial(_save, "npz", ".ovseg.npz")
save_ome_tiff = partial(_save, "ome-tiff", ".ovseg.ome.tif")
save_ome_zarr = partial(_save, "ome-zarr", ".ovseg.ome.zarr")
