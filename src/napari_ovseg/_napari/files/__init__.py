"""What goes out and comes in: napari's readers and writers, sample pictures, exports, measurements.

The formats themselves are in `export` and `imports`, which know no window.
"""
