"""A model that a person's own masks have taught: scores at once, also for names that nobody drew.

`network` is what learns, `model` asks it about a picture by windows, `card` and `offers` make the folder of a
training a model like any other.
"""
