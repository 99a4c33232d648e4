"""What a person and the machine have made of a picture so far, apart from any window."""

from __future__ import annotations

from napari_ovseg.annotation.annotation import Annotation, PictureIdentity, SliceAnnotation

__all__ = ["Annotation", "PictureIdentity", "SliceAnnotation"]
