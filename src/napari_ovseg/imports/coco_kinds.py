"""JSON of other kinds that people take for COCO: what it is, and what to do instead."""

from __future__ import annotations

from typing import Any


def other_kind(content: Any) -> str | None:
    """Return what a file of JSON is, to go on "FILE is" with, or None where it may be COCO."""
    if isinstance(content, list):
        return _kind_of_list(content)
    if not isinstance(content, dict):
        return "a single value: choose another file"
    annotations = content.get("annotations")
    first = annotations[0] if isinstance(annotations, list) and annotations else None
    if isinstance(first, dict) and "segments_info" in first and "segmentation" not in first:
        return "COCO panoptic, whose masks are PNG files: convert it to COCO instances first"
    if "_via_img_metadata" in content or _is_via(content):
        return "a project of VGG Image Annotator: choose Annotation > Export in COCO format there"
    if isinstance(content.get("items"), list) and isinstance(content.get("categories"), dict):
        return "Datumaro's own JSON: export it as COCO"
    if "objects" in content and "size" in content:
        return "Supervisely's own JSON: export it as COCO"
    return None


def _kind_of_list(content: list[Any]) -> str:
    first = content[0] if content else None
    if isinstance(first, dict) and {"image_id", "category_id"} <= set(first):
        return (
            "a list of COCO results, which has no names of pictures and categories: put it under "
            "'annotations' of the COCO file that it belongs to"
        )
    if isinstance(first, dict) and "data" in first and ("annotations" in first or "completions" in first):
        return "Label Studio's own JSON: choose COCO when you export there"
    return "a JSON list, not the object that COCO is: choose another file"


def _is_via(content: dict[str, Any]) -> bool:
    first = next(iter(content.values()), None)
    return isinstance(first, dict) and "filename" in first and "regions" in first
