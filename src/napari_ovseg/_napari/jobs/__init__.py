"""What runs in the background, one job at a time: a run, an update, a search for names."""
