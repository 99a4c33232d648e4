"""Names of files as people have them: as text for any file, back from it, and as names of new files."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

# The error handler of as_text, for streams too: what an encoding can't hold becomes %XX, or \uXXXX.
PERCENT = "napari_ovseg.percent"
# File systems take 255 bytes; this leaves room for an ending.
STEM_BYTES = 200

_BAD = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
# Devices, whatever the ending: Windows makes no file of this name.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)", re.IGNORECASE)
_ESCAPED = re.compile(rb"%([89A-F][0-9A-F])")


def as_text(name: str | os.PathLike[str]) -> str:
    r"""Return a path or name as text that JSON, XML, YAML and a terminal can hold.

    Parameters
    ----------
    name : str or path
        Bytes that are not UTF-8 are in it as Python has them, as surrogates. Any other text may be given too.

    Returns
    -------
    str
        Each such byte as ``%XX``, all else as it is. `path_of` finds the file again.

    Examples
    --------
    >>> as_text("caf\udce9.png"), as_text("café 100%.png")
    ('caf%E9.png', 'café 100%.png')
    """
    text = os.fspath(name)
    try:
        stored = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # half a character, as names on Windows may hold
        stored = text.encode("utf-8", "surrogatepass")
    return stored.decode("utf-8", PERCENT)


def path_of(text: str, folder: str | Path | None = None) -> Path:
    """Return the path that a text from `as_text` stands for.

    Parameters
    ----------
    text : str
        A file that is really called so, with its ``%E9``, is taken before one with that byte.
    folder : str or Path, optional
        Where a relative path starts, by default the working folder.

    Returns
    -------
    Path
        As the text says where there is no such file.
    """
    literal = Path(text) if folder is None else Path(folder, text)
    if os.path.lexists(literal) or not _ESCAPED.search(text.encode("utf-8", "surrogatepass")):
        return literal
    # Only what is there is followed: a made-up text of many escapes costs nothing.
    places = [Path(literal.anchor)]
    for part in literal.parts[bool(literal.anchor) :]:
        places = [place / said for place in places for said in _meant(part) if os.path.lexists(place / said)]
    return places[0] if places else literal


def at_home(path: str | Path) -> Path:
    """Return a path with the user's folder for a ``~`` that the shell left, unless a file is called so."""
    path = Path(path)
    if not path.parts or not path.parts[0].startswith("~") or os.path.lexists(path.parts[0]):
        return path
    return Path(os.path.expanduser(path))


def resolved(path: str | Path) -> Path:
    """Make a path absolute, as the system understands it, but keep its last name where that is a link."""
    path = at_home(path)
    if path.name in ("", ".."):
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent), path.name)


def seen_from(folder: str | Path, path: str | Path) -> str:
    """Return a path as a file in this folder names it: relative, with ``/``; absolute on another drive."""
    path = resolved(path)
    try:
        return as_text(Path(os.path.relpath(path, os.path.realpath(folder))).as_posix())
    except ValueError:
        return as_text(path.as_posix())


def fitting(name: str, most: int) -> str:
    """Return a name as text of at most so many bytes; a changed one ends in letters that tell it from others.

    Parameters
    ----------
    name : str
    most : int
        20 or more.
    """
    text = as_text(name)
    if text == name and len(text.encode()) <= most:
        return text
    return f"{_cut(text, most - 9)}-{_letters(name)}"


def is_fitted(name: str, whole: str) -> bool:
    """Whether `fitting` has made a name of this text."""
    return name[-9:] == f"-{_letters(whole)}" and as_text(whole).startswith(name[:-9])


def file_stem(name: str) -> str:
    """Turn a name into a stem that every file system takes, of at most `STEM_BYTES` bytes."""
    stem = _BAD.sub("_", as_text(name)).strip(" .") or "picture"
    if _DEVICE.match(stem):
        stem = f"_{stem}"
    return fitting(stem, STEM_BYTES)


def same_file(name: str) -> str:
    """Return a key that is equal for names that some file system takes for one: other case or composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def distinct_stems(
    pictures: Sequence[tuple[str, Path | None]], taken: Collection[str] = ("categories",)
) -> list[str]:
    """Give each picture a stem of its own, the same whatever their order.

    Parameters
    ----------
    pictures : sequence of (str, Path or None)
        Names, and the absolute paths of the files where they are known.
    taken : collection of str
        Stems that no picture gets.

    Returns
    -------
    list of str
        `file_stem` of the name where nobody else has it. Others get the ending of their file, the folder,
        both, or letters, whichever tells them apart; those without a file a number.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for number, (name, _) in enumerate(pictures):
        groups[same_file(file_stem(name))].append(number)
    used = {same_file(stem) for stem in taken}
    alone = {key for key, members in groups.items() if len(members) == 1} - used
    used |= alone
    stems = {groups[key][0]: file_stem(pictures[groups[key][0]][0]) for key in alone}
    for key in sorted(groups.keys() - alone):
        members = groups[key]
        for told in _told_apart([pictures[number] for number in members]):
            found = [file_stem(name) for name in told]
            keys = {same_file(stem) for stem in found}
            if len(keys) == len(found) and not keys & used:
                break
        used |= keys
        stems.update(zip(members, found, strict=True))
    return [stems[number] for number in range(len(pictures))]


def _told_apart(pictures: list[tuple[str, Path | None]]) -> Iterator[list[str]]:
    """Ways to name pictures that share a name, the plainest first; the last goes on for ever."""
    names = [name for name, _ in pictures]
    paths = [path for _, path in pictures if path is not None]
    if len(paths) == len(pictures):
        ending = [path.suffix.replace(".", "_") for path in paths]
        folder = ["".join(f"{part}_" for part in parts) for parts in _folders_of(paths)]
        yield [name + end for name, end in zip(names, ending, strict=True)]
        yield [inside + name for inside, name in zip(folder, names, strict=True)]
        yield [inside + name + end for inside, name, end in zip(folder, names, ending, strict=True)]
        inside_it = [inside + path.name for inside, path in zip(folder, paths, strict=True)]
        yield [f"{name}-{_letters(whole)}" for name, whole in zip(names, inside_it, strict=True)]
    first = 1
    while True:
        yield [f"{name}_{number}" for number, name in enumerate(names, first)]
        first += 1


def _folders_of(paths: list[Path]) -> list[tuple[str, ...]]:
    """The folders of files, below the one that they share."""
    parents = [path.parent for path in paths]
    try:
        shared = os.path.commonpath(parents)
    except ValueError:
        return [tuple(re.sub(r"[:/\\]", "", part) for part in parent.parts) for parent in parents]
    return [parent.relative_to(shared).parts for parent in parents]


def _cut(text: str, most: int) -> str:
    """The beginning of a text in so many bytes, without half a character or letters that others build on."""
    kept = text.encode()[:most].decode("utf-8", "ignore")
    rest = text[len(kept) :]
    while kept and rest and _belong_together(kept[-1], rest[0]):
        kept, rest = kept[:-1], kept[-1] + rest
    return kept.rstrip(" .")


def _belong_together(before: str, after: str) -> bool:
    joiner = "\u200d"
    return (
        unicodedata.category(after).startswith("M")
        or joiner in (before, after)
        # shades of emoji, and the later letters of a Korean syllable as macOS writes it
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\u1160" <= after <= "\u11ff"
    )


def _letters(name: str) -> str:
    return hashlib.blake2b(as_text(name).encode(), digest_size=4).hexdigest()


def _meant(part: str) -> list[str]:
    """What a part of a path may stand for, itself first."""
    stored = part.encode("utf-8", "surrogatepass")
    plain = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), stored)
    found = [part]
    decode: list[Callable[[bytes], str]] = [
        lambda stored: stored.decode("utf-8", "surrogateescape"),
        lambda stored: stored.decode("utf-8", "surrogatepass"),
    ]
    for each in decode:
        try:
            found.append(each(plain))
        except UnicodeDecodeError:
            continue
    return list(dict.fromkeys(found))


def _percent(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError):
        return "".join(f"%{byte:02X}" for byte in error.object[error.start : error.end]), error.end
    if isinstance(error, UnicodeEncodeError):
        text = as_text(error.object[error.start : error.end])
        return text.encode("ascii", "backslashreplace").decode(), error.end
    raise error


codecs.register_error(PERCENT, _percent)
