"""How a picture is shown to a model: its looks."""
