"""How work gets to the disk and back: where it belongs, when it is written, what closing waits for."""
