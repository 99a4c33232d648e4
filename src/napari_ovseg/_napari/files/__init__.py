"""What goes out and comes in: napari's readers and writers, sample pictures, exports, measurements."""
