"""Students of ZeroSeg: pictures fall into groups, and each group has a vector that text is compared with.

`sizes` lists the presets, `network` is the student without what only training needs, `grouping` its way to
groups. `model` answers with scores, `card` is what its folder says.
"""
