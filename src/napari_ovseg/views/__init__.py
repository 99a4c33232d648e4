"""How a picture is looked at: its looks, from where its pixels come, its views, their maps made one."""
