"""The only room that knows napari and Qt; everything it shows is computed elsewhere."""
