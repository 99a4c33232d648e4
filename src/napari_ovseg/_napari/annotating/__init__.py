"""What a person does between runs: paints, edits the table, takes labels in, goes to what is unsure.

`annotator` keeps the layers, the table and the updates of the picture in view in step; `table_edits` is what
the table may do to pixels, `taking_in` makes labels of any origin the masks of a picture.
"""
