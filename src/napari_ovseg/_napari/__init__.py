"""The only room that knows napari, Qt and magicgui; everything it shows is computed elsewhere."""
