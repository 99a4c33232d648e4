"""Many pictures into one folder: one bad file never ends the others, and a run goes on where it was stopped.

`jobs` plans (a `Job` for each picture, a `Result` for each job) and finds every clash before a picture is
looked at. `work` does one job, `executor` all of them, wherever that is. `folder` writes what was found.
`ledger` keeps on the disk what is done, and `resume` says what of it still holds. `run` puts these together.
`picture_files` finds the pictures that a person means by folders and patterns.
"""

from __future__ import annotations

from napari_ovseg.many.jobs import Job, Result, plan
from napari_ovseg.many.run import segment_files

__all__ = ["Job", "Result", "plan", "segment_files"]
