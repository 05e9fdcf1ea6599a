"""The type of a file by its first bytes, before any library opens it. Names are never believed."""

from __future__ import annotations

from enum import StrEnum

HEAD_BYTES = 4096
MATROSKA = b"\x1aE\xdf\xa3"
"""The first bytes of MKV and WebM."""


class Kind(StrEnum):
    """The kind of a file, judged by its beginning."""

    PICTURE = "a picture"
    SOUND = "a sound file"
    FILM = "a clip"
    """A container of clips, which may turn out to hold sound only."""
    UNKNOWN = "unknown"


_STILLS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*")
_SOUNDS = (b"ID3", b"fLaC", b"OggS", b"caff", b"#!AMR", b"riff\x2e\x91\xcf\x11")
_FILMS = (MATROSKA, b"0&\xb2u\x8ef\xcf\x11")  # and Windows Media
_STILL_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ")
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof")


def look(head: bytes) -> Kind:
    """Return the kind of a file that begins with these bytes; HEAD_BYTES of them are enough."""
    if head.startswith(b"RIFF") or head.startswith(b"FORM"):
        forms = {b"WEBP": Kind.PICTURE, b"AVI ": Kind.FILM}
        return forms.get(head[8:12], Kind.SOUND if head[8:12] in {b"WAVE", b"AIFF", b"AIFC"} else Kind.UNKNOWN)
    if head[4:8] in _BOXES:
        return _of_brand(head[8:12]) if head[4:8] == b"ftyp" else Kind.FILM
    if head.startswith(_STILLS) or b"<svg" in head[:1024].lower():
        return Kind.PICTURE
    if head.startswith(_FILMS) or _is_transport_stream(head):
        return Kind.FILM
    # The sync of a bare MP3 or AAC stream: eleven bits, then a version and a layer that exist.
    is_mpeg = len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[2] & 0xF0 != 0xF0
    return Kind.SOUND if is_mpeg or head.startswith(_SOUNDS) else Kind.UNKNOWN


def _of_brand(brand: bytes) -> Kind:
    if brand in _STILL_BRANDS:
        return Kind.PICTURE
    return Kind.SOUND if brand in _SOUND_BRANDS else Kind.FILM


def _is_transport_stream(head: bytes) -> bool:
    """Check for packets of 188 bytes; a camera's have four more in front of each."""
    return any(
        len(head) > start + 2 * length and all(head[start + n * length] == 0x47 for n in range(3))
        for start, length in ((0, 188), (4, 192))
    )
