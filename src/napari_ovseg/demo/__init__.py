"""The bundled small model: its weights, what it was trained on, and how to train it again."""
