"""What saved work was made with: how to go on with it here, and what of that has changed."""

from __future__ import annotations

import json
import socket
from collections import Counter
from pathlib import Path
from typing import Any

from napari_ovseg.annotation.document import Document
from napari_ovseg.version import __version__


def choices_of(document: Document) -> dict[str, Any]:
    """Return what a resumed picture is to go on with, as far as it can be had here.

    Returns
    -------
    dict
        ``model``, and ``checkpoint`` where that is a file that is still there; ``preset``, ``pack``,
        ``look``; ``method``, None for the one that suits the model; ``device`` if the work was done on this
        computer; ``read``, how most of its slices were read: ``axes`` of rows and columns, ``channel_axis``,
        ``channels``. What is not known of these is missing. ``size``, "" for none, is always there.
    """
    settings = document.settings
    wanted = ["preset", "pack", "look"]
    if document.saved.host == socket.gethostname():
        wanted.append("device")
    if not settings.get("checkpoint"):
        wanted.append("model")
    elif Path(str(settings["checkpoint"])).is_file():
        wanted += ["model", "checkpoint"]
    choices = {key: settings[key] for key in wanted if settings.get(key)}
    # None is the one that suits, which is a choice
    if "method" in settings:
        choices["method"] = settings["method"]
    # work from before there were sizes was made without one, whatever is chosen for the picture before
    choices["size"] = settings.get("size", "")
    readings = [json.dumps(entry.record["read"]) for entry in document.slices if "read" in entry.record]
    if readings:
        choices["read"] = json.loads(Counter(readings).most_common(1)[0][0])
    return choices


def model_remarks(document: Document, chosen: str | None = None) -> list[str]:
    """Say how the model that work was made with differs from what is here, one sentence each.

    Parameters
    ----------
    document : Document
        The saved work, with the record of its runs.
    chosen : str, optional
        The model that is chosen now.
    """
    records = [entry.record for entry in document.slices if entry.record.get("model")]
    found = []
    for model, checkpoint in dict.fromkeys((str(r["model"]), str(r.get("checkpoint", ""))) for r in records):
        sentence = _availability(model, checkpoint)
        if sentence:
            found.append(sentence)
        if chosen is not None and chosen != model:
            back = ": Resume goes back to it" if choices_of(document).get("model") == model else ""
            found.append(f"It was made with the model '{model}', and '{chosen}' is chosen now{back}.")
    device = document.settings.get("device", "auto")
    if device != "auto" and document.saved.host != socket.gethostname():
        found.append(f"It was made on '{device}' of another computer, so the device stays as it is chosen.")
    versions = {str(record.get("versions", {}).get("napari-ovseg", __version__)) for record in records}
    for version in sorted(versions - {__version__}):
        found.append(
            f"It was made with napari-ovseg {version} and this is {__version__}: a new run may differ."
        )
    return found


def _availability(model: str, checkpoint: str) -> str | None:
    """Whether the weights of a record are the ones here."""
    from napari_ovseg.models.registry import offers

    if checkpoint and Path(checkpoint).is_absolute():
        there = Path(checkpoint).is_file()
        return (
            None if there else f"Its weights, {checkpoint}, are no longer there: updates work without them."
        )
    offer = offers().get(model)
    # To look further would import PyTorch, only because a picture was opened; a run says whether it is there.
    if offer is None:
        return None
    here = offer.card.checkpoint
    if checkpoint and here != checkpoint:
        return f"It was made with the weights '{checkpoint}' of '{model}'; here they are '{here}'."
    if not offer.is_here():
        return (
            f"The weights of '{model}' are not on this machine: updates work without them, Run fetches them."
        )
    return None
