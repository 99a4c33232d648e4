"""How work gets to the disk and back: where it belongs, when it is written, what closing waits for.

`session` follows which picture is worked on, `save_places` knows where its work belongs, `autosave` decides
when it is written, `closing` asks before anything is lost. The files themselves are of `annotation.sidecar`.
"""
