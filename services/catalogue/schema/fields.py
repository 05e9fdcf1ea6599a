"""The values of a form: what each is called, what it may be, and where it stands in the body of a create call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.catalogue.schema.limits import AudioLimit, Bounds, ImageLimit, MediaLimit, Side, VideoLimit

Scalar = str | int | float | bool


class Place(StrEnum):
    """Where in the body of a create call a value is sent."""

    INPUT = "input"
    """A member of `input`; a list where the field holds several files."""
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
    """What every field has."""

    name: str
    """Our name: the keyword of the API and the key in a job's parameters."""
    label: str
    help: str = ""
    """One plain line under the label."""
    required: bool = False
    folded: bool = False
    """Whether it lies under "More choices"."""


@dataclass(frozen=True, kw_only=True)
class TextField(Named):
    """Words. The vendor cuts what is too long, silently; we say so before it is sent."""

    wire: Wire
    max_chars: int
    lines: int = 1
    default: str | None = None


@dataclass(frozen=True, kw_only=True)
class NumberField(Named):
    """A number, whole unless `places` says otherwise; absent where it is optional and not given."""

    wire: Wire
    minimum: float
    maximum: float
    places: int = 0
    """Digits behind the point."""
    unit: str = ""
    default: float | None = None
    vendor_default: float | None = None
    """What the vendor takes where nothing is sent, if that is not our default."""
    vendor_also: tuple[float, ...] = ()
    """Numbers outside the range that mean something to the vendor, such as -1 for "you choose". We never send them."""


@dataclass(frozen=True)
class Choice:
    """One value of a closed set."""

    value: str | int
    label: str
    group: str = ""
    preview: str = ""
    """The name of a small moving picture in assets/effects that shows what it does."""


@dataclass(frozen=True, kw_only=True)
class ChoiceField(Named):
    """One of a closed set of values."""

    wire: Wire
    choices: tuple[Choice, ...]
    unit: str = ""
    default: str | int | None = None
    vendor_default: str | int | None = None
    """What the vendor takes where nothing is sent, if that is not our default."""
    blank: str = "As it is"
    """What it is called to choose none of them, where that may be."""


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
    """An output size by its area alone, for example `1K`: the shape follows the last picture, else it is square."""

    value: str
    pixels: int


@dataclass(frozen=True, kw_only=True)
class SizeField(Named):
    """The output size: a shape and a quality, sent as one `width*height`, or as the name of an area."""

    wire: Wire
    sizes: tuple[Size, ...]
    """The sizes to choose from; all there are, unless `bounds` lets people choose freely."""
    areas: tuple[Area, ...] = ()
    bounds: Bounds | None = None
    default: str | None
    """None where the vendor finds a size of its own: the shape of the last picture, within the bounds."""
    grows: bool = False
    """Whether such a size is the largest there is, even for a smaller picture."""
    vendor_default: str | None = None
    """What the vendor takes where nothing is sent, if that is not our default."""

    def find(self, value: object) -> Size | None:
        """The size with this wire value, one of the list or free within the bounds' meaning, or None."""
        named = next((size for size in self.sizes if size.value == value), None)
        return named or (_free(str(value)) if self.bounds else None)

    def area(self, value: object) -> Area | None:
        """The area with this wire value, or None."""
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
    """Whether "off" is said on the wire, or by leaving the key out."""


@dataclass(frozen=True, kw_only=True)
class FixedField(Named):
    """A value the model does not let anyone choose: shown, and counted in the price."""

    value: int
    unit: str = ""
    wire: Wire | None = None
    """Where the vendor would look for it: the key it refuses with another value."""
    sent: bool = False


@dataclass(frozen=True, kw_only=True)
class ImageField(Named):
    """A picture the person gives; sent as a URL."""

    wire: Wire
    vendor: ImageLimit
    ours: ImageLimit | None = None
    data_uri: bool = False
    """Whether the vendor takes the file itself as a data URI."""
    sample: str = ""
    """A file in assets/samples to try it with, where not any picture will do."""

    def limit(self, side: Side) -> ImageLimit:
        """The limit to hold a picture to."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class AudioField(Named):
    """A sound track the person gives; sent as a URL."""

    wire: Wire
    vendor: AudioLimit
    ours: AudioLimit | None = None
    data_uri: bool = False

    def limit(self, side: Side) -> AudioLimit:
        """The limit to hold a sound track to."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class VideoField(Named):
    """A clip the person gives; sent as a URL."""

    wire: Wire
    vendor: VideoLimit
    ours: VideoLimit | None = None
    data_uri: bool = False

    def limit(self, side: Side) -> VideoLimit:
        """The limit to hold a clip to."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One kind of file that a list takes."""

    vendor: MediaLimit
    ours: MediaLimit | None = None
    most: int | None = None
    """How many of this kind; None where only the list's own number counts."""
    most_seconds: float | None = None
    """How long all of this kind may be together."""
    key: str | None = None
    """The `type` of such an item in `input.media[]`; elsewhere the field's own key."""
    called: str = ""
    """How a prompt speaks of one, for example `character{}`; files with the same pattern are counted together."""

    def limit(self, side: Side) -> MediaLimit:
        """The limit to hold a file to."""
        return self.vendor if side is Side.VENDOR else (self.ours or self.vendor)


@dataclass(frozen=True, kw_only=True)
class FilesField(Named):
    """Several files in an order that the person decides and the prompt speaks of; sent as a list of URLs.

    Fields that share a wire send one list, in the order of the form.
    """

    wire: Wire
    takes: tuple[Taken, ...]
    """One for each kind of file, told apart by the kind of its limit."""
    least: int = 0
    most: int
    data_uri: bool = False
    formerly: str = ""
    """The key the vendor had for the list before, and still reads where the list is not there."""
    mark: tuple[Wire, str] | None = None
    """A list that gets this value once for each file, where the vendor wants to know what each is for."""
    sample: str = ""
    """A file in assets/samples to try it with, where not any will do."""

    def taken(self, kind: type[MediaLimit]) -> Taken | None:
        """What is said of one kind of file, or None where the list does not take it."""
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
