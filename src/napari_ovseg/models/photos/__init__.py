"""A model for everyday photos whose weights come from the package registry: a classifier of 1,000 things."""
