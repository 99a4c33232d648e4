"""The errors a caller may meet; each message says what is wrong with which input and how to mend it."""

from __future__ import annotations

from napari_ovseg.file_names import as_text


class OvsegError(Exception):
    """Base of every error this package raises on purpose; its text can be written wherever text can."""

    def __str__(self) -> str:
        return as_text(super().__str__())


class InputError(OvsegError, ValueError):
    """A picture, a list of names or a setting that can't be used as it is."""


class ModelError(OvsegError):
    """A model that can't be found, loaded or run."""


class DownloadError(ModelError):
    """Weights that could not be fetched."""


class OutputError(OvsegError, OSError):
    """A result that could not be written."""


class NoRoomError(OutputError):
    """The disk is full: what comes next can't be written either."""


class LossError(OutputError):
    """Files would be replaced; nothing was written.

    Parameters
    ----------
    problem : str
        Which files they are, without advice and full stop.
    replaceable : bool
        Whether they may be replaced if that is asked for; pictures never are.

    Notes
    -----
    The message advises in the words of the command line; a dialog makes its own of the two attributes.
    """

    def __init__(self, problem: str, *, replaceable: bool) -> None:
        replace = "add --overwrite, or " if replaceable else ""
        super().__init__(f"{problem}: {replace}name another output folder.")
        self.problem, self.replaceable = problem, replaceable


class ConflictError(OutputError):
    """A save that would have replaced what somebody else has saved since; nothing was written."""


class IncompleteError(OutputError):
    """A save of some slices only, where others are not on the disk any more; nothing was written."""


class Cancelled(OvsegError):
    """The run was stopped by ``should_stop``; nothing was changed."""
