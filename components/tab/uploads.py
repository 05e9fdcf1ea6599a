"""Files in Gradio's upload folder: checks that they still exist, and copies of the studio's own files into it."""

from __future__ import annotations

import os.path
import shutil
from pathlib import Path
from tempfile import mkdtemp

from gradio.utils import get_upload_folder

from components.tab.draft import Shown
from services.catalogue.schema import (
    AudioField,
    Field,
    FileField,
    FilesField,
    ImageField,
    ImageLimit,
    Model,
    VideoField,
)

_SAMPLES = Path(__file__).parent.parent.parent / "assets" / "samples"
_CLIP, _VOICE, _PICTURE = "clip.mp4", "voice.mp3", "mountains.jpg"


def sample_of(field: Field, model: Model) -> Path | None:
    """Return the studio's sample file for a field, or None if the field is optional."""
    needed = field.required or (isinstance(field, FilesField) and field.least > 0)
    match field:
        case ImageField() if needed or not any(f.required for f in model.fields if isinstance(f, FileField)):
            return _SAMPLES / (field.sample or _PICTURE)
        case AudioField() if needed:
            return _SAMPLES / _VOICE
        case VideoField() if needed:
            return _SAMPLES / _CLIP
        case FilesField() if needed:
            return _SAMPLES / (_CLIP if not field.taken(ImageLimit) else field.sample or _PICTURE)
        case _:
            return None


def uploads_in(value: Shown) -> Shown:
    """Return the paths in a value that are inside the upload folder, existing or not.

    This check is needed because the browser could name any file of this machine. The disk is not read: no other user
    can put a link there.
    """
    if isinstance(value, list):
        return [path for path in value if _leads_there(path)]
    return value if isinstance(value, str) and _leads_there(value) else None


def still_here(value: Shown) -> Shown:
    """Return the saved uploads that still exist in the upload folder. The browser could name any file."""
    if isinstance(value, list):
        return [path for path in value if _is_upload(path)]
    return value if isinstance(value, str) and _is_upload(value) else None


def into_uploads(path: Path, *, name: str) -> str:
    """Copy a file into the folder that Gradio may serve, under the name the person knows. Call it in a thread."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return str(shutil.copy(path, Path(mkdtemp(dir=folder)) / f"{name}{path.suffix}"))


def _leads_there(path: object) -> bool:
    folder = os.path.normpath(get_upload_folder())
    return isinstance(path, str) and os.path.normpath(path).startswith(folder + os.sep)


def _is_upload(path: str) -> bool:
    folder = Path(get_upload_folder()).resolve()
    found = Path(path).resolve()
    return found.is_relative_to(folder) and found.is_file()
