"""Which file an image layer was read from, or which files where several were made into one stack."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_ovseg._napari.layers.result_layers import METADATA_KEY
from napari_ovseg._napari.layers.shown import shows_its_file

if TYPE_CHECKING:
    from napari.layers import Image


def file_of(image: Image) -> str | None:
    """Return the file of a picture; napari tells it only of what one of its readers has opened.

    None where another picture was put into the layer since.
    """
    if not shows_its_file(image):
        return None
    path = image.source.path or image.metadata.get(METADATA_KEY, {}).get("path")
    return None if path is None else str(path)


def files_of(image: Image) -> tuple[Path, ...]:
    """Return the files that were made into a stack, in order; none for a picture of one file or folder.

    napari remembers the first one only, but reads a stack file by file, when a slice is looked at: the plan
    for that names them all.
    """
    path = file_of(image)
    if path is None or image.multiscale or not hasattr(image.data, "__dask_graph__"):
        return ()
    from dask.core import flatten

    graph = dict(image.data.__dask_graph__())
    files = [_file_behind(graph, key, Path(path).suffix) for key in flatten(image.data.__dask_keys__())]
    found = tuple(dict.fromkeys(file for file in files if file is not None))
    if None in files or len(found) < 2 or found[0].absolute() != Path(path).absolute():
        return ()
    return found


def _file_behind(graph: Mapping[Any, Any], key: Any, suffix: str) -> Path | None:
    """The one file that a block of a lazy array is read from."""
    files: set[Path] = set()
    todo, seen = [key], set()
    while todo:
        part = todo.pop()
        if isinstance(part, Hashable) and _is_in(graph, part):
            if part not in seen:
                seen.add(part)
                task = graph[part]
                todo += [task] if isinstance(task, tuple) else _mentioned(task)
        elif isinstance(part, tuple | list):
            todo += part
        # to ask the disk for each of ten thousand files would take a while
        elif isinstance(part, str | Path) and Path(part).suffix == suffix:
            files.add(Path(part))
    return files.pop() if len(files) == 1 else None


def _mentioned(task: Any) -> list[Any]:
    return [*getattr(task, "args", ()), *getattr(task, "dependencies", ())]


def _is_in(graph: Mapping[Any, Any], part: Hashable) -> bool:
    try:
        return part in graph
    except TypeError:
        # a tuple of what has no hash, such as slices
        return False
