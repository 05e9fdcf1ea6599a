"""The fields of a form: names, allowed values, and their places in the body of a create call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.catalogue.schema.limits import AudioLimit, Bounds, ImageLimit, MediaLimit, Side, VideoLimit

Scalar = str | int | float | bool


class Place(StrEnum):
    """The place of a value in the body of a create call."""

    INPUT = "input"
    """A member of `input`. A list if the field takes several files."""
    PARAMETERS = "parameters"
    """A member of `parameters`."""
    CONTENT = "content"
    """A part of the one user message, `input.messages[0].content[]`: `{key: value}`."""
    MEDIA = "media"
    """An item of `input.media[]`: `{"type": key, "url": value}`."""


@dataclass(frozen=True)
class Wire:
    """The place and the JSON key of a value on the wire."""

    place: Place
    key: str


@dataclass(frozen=True, kw_only=True)
class Named:
    """The attributes of every field."""

    name: str
    """Our name: the keyword of the API and the key in a job's parameters."""
    label: str
    help: str = ""
    """One plain line under the label."""
    required: bool = False
    folded: bool = False
    """Whether it is under "More choices"."""


@dataclass(frozen=True, kw_only=True)
class TextField(Named):
    """Text. The vendor silently cuts text that is too long; we report it before sending."""

    wire: Wire
    max_chars: int
    lines: int = 1
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class NumberField(Named):
    """A number, whole unless `places` is set. Absent if it is optional and not given."""

    wire: Wire
    minimum: float
    maximum: float
    places: int = 0
    """Digits after the decimal point."""
    unit: str = ""
    default: float | None = None
    vendor_default: float | None = None
    """The vendor's default if nothing is sent, if it differs from ours."""
    vendor_also: tuple[float, ...] = ()
    """Numbers outside the range with a meaning to the vendor, such as -1 for "you choose". We never send them."""


@dataclass(frozen=True)
class Choice:
    """One value of a closed set."""

    value: str | int
    label: str
    group: str = ""
    preview: str = ""
    """The name of a small animated picture in assets/effects that shows the effect."""


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Named):
    """One of a closed set of values."""

    wire: Wire
    choices: tuple[Choice, ...]
    unit: str = ""
    default: str | int | None = None
    vendor_default: str | int | None = None
    """The vendor's default if nothing is sent, if it differs from ours."""
    blank: str = "As it is"
    """The label for choosing none of them, if that is allowed."""


@dataclass(frozen=True)
class Size:
    """One output size, sent as `width*height`."""

    tier: str
    ratio: str
    width: int
    height: int

    @property
    def value(self) -> str:
        """The vendor's spelling, with an asterisk."""
        return f"{self.width}*{self.height}"


@dataclass(frozen=True)
class Area:
    """An output size given by its area, for example `1K`. The shape follows the last picture, else it is square."""

    value: str
    pixels: int


@dataclass(frozen=True, kw_only=True)
class SizeField(Named):
    """The output size: a shape and a quality, sent as one `width*height`, or as the name of an area."""

    wire: Wire
    sizes: tuple[Size, ...]
    """The sizes to choose from. These are all sizes, unless `bounds` allows free ones."""
    areas: tuple[Area, ...] = ()
    bounds: Bounds | None = None
    default: str | None
    """None if the vendor chooses a size: the shape of the last picture, within the bounds."""
    grows: bool = False
    """Whether the vendor chooses the largest such size, even for a smaller picture."""
    vendor_default: str | None = None
    """The vendor's default if nothing is sent, if it differs from ours."""

    def find(self, value: object) -> Size | None:
        """Return the size with this wire value, or None. It is from the list, or free if there are bounds."""
        named = next((size for size in self.sizes if size.value == value), None)
        return named or (_free(str(value)) if self.bounds else None)

    def area(self, value: object) -> Area | None:
        """Return the area with this wire value, or None."""
        return next((area for area in self.areas if area.value == value), None)


def _free(value: str) -> Size | None:
    width, _, height = value.partition("*")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()) or len(value) > 15:
        return None
    return Size("", "", int(width), int(height)) if int(width) and int(height) else None


@dataclass(frozen=True, kw_only=True)
class SwitchField(Named):
    """On or off."""

    wire: Wire
    default: bool
    sent_when_off: bool = True
    """Whether "off" is sent on the wire. If not, the key is left out."""


@dataclass(frozen=True, kw_only=True)
class FixedField(Named):
    """A fixed value of the model. It is shown, and counted in the price."""

    value: int
    unit: str = ""
    wire: Wire | None = None
    """The vendor's key for it, which is refused with another value."""
    sent: bool = False


@dataclass(frozen=True, kw_only=True)
class ImageField(Named):
    """A picture given by the person, sent as a URL."""

    wire: Wire
    vendor: ImageLimit
    ours: ImageLimit | None = None
    data_uri: bool = False
    """Whether the vendor accepts the file itself as a data URI."""
    sample: str = ""
    """The sample file in assets/samples, if not every picture is suitable."""

    def limit(self, side: Side) -> ImageLimit:
        """Return the limit that a picture must meet."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class AudioField(Named):
    """A sound track given by the person, sent as a URL."""

    wire: Wire
    vendor: AudioLimit
    ours: AudioLimit | None = None
    data_uri: bool = False

    def limit(self, side: Side) -> AudioLimit:
        """Return the limit that a sound track must meet."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class VideoField(Named):
    """A clip given by the person, sent as a URL."""

    wire: Wire
    vendor: VideoLimit
    ours: VideoLimit | None = None
    data_uri: bool = False

    def limit(self, side: Side) -> VideoLimit:
        """Return the limit that a clip must meet."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One kind of file that a list accepts."""

    vendor: MediaLimit
    ours: MediaLimit | None = None
    most: int | None = None
    """The maximum number of this kind, or None if only the list's maximum counts."""
    most_seconds: float | None = None
    """The maximum total length of all files of this kind, in seconds."""
    key: str | None = None
    """The `type` of such an item in `input.media[]`. In other places the field's own key is used."""
    called: str = ""
    """Its name in a prompt, for example `character{}`. Files with the same pattern are numbered together."""

    def limit(self, side: Side) -> MediaLimit:
        """Return the limit that a file must meet."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class FilesField(Named):
    """Several files, sent as a list of URLs. The person chooses their order, and the prompt refers to it.

    Fields that share a wire send one list, in the order of the form.
    """

    wire: Wire
    takes: tuple[Taken, ...]
    """One entry for each kind of file, identified by the kind of its limit."""
    least: int = 0
    most: int
    data_uri: bool = False
    formerly: str = ""
    """The vendor's former key for the list, which it still reads if the list is missing."""
    mark: tuple[Wire, str] | None = None
    """A list that gets this value once for each file, if the vendor requires the purpose of each."""
    sample: str = ""
    """The sample file in assets/samples, if not every file is suitable."""

    def taken(self, kind: type[MediaLimit]) -> Taken | None:
        """Return the entry for one kind of file, or None if the list does not accept it."""
        return next((taken for taken in self.takes if isinstance(taken.vendor, kind)), None)


MediaField = ImageField | AudioField | VideoField
"""One file."""
FileField = ImageField | AudioField | VideoField | FilesField
"""One file or several."""
Field = (
    TextField
    | NumberField
    | ChoiceField
    | SizeField
    | SwitchField
    | FixedField
    | ImageField
    | AudioField
    | VideoField
    | FilesField
)
