"""From which size on a picture is segmented in tiles, and what a run calls that; no torch."""

from __future__ import annotations

TILED_FROM = 4096 * 4096
"""Pixels: all of a smaller picture takes 4 GB at most."""
SURVEY, TILES = "Deciding what holds for the whole picture", "Segmenting, tile by tile"
"""The stages of a run."""
