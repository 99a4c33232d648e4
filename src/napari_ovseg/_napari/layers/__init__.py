"""What lies in the viewer: pictures to read, results and saved work as layers, whose pixels are whose.

`source` makes a picture of a layer, `result_layers` makes layers of results, `annotated` is the work on one
picture with both of its layers. `tracked_labels` tells a person's pixels from the machine's: there a stroke
becomes human pixels, undo and redo included.
"""
