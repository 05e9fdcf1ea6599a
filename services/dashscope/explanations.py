"""Every error code the vendor documents, told so that anybody understands it. Data, and the finding of it.

Codes and their meanings: Model Studio, "Error codes" (https://help.aliyun.com/zh/model-studio/error-code) and the
pages of the video models. That a refused call or a failed task is not billed: the same pages and the price list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Fault(StrEnum):
    """Who can put it right."""

    YOU = "you"
    ACCOUNT = "account"
    PROVIDER = "provider"
    STUDIO = "studio"


class Subject(StrEnum):
    """What of a request it is about."""

    WORDS = "words"
    PICTURE = "picture"
    SOUND = "sound"
    RESULT = "result"
    NONE = "none"


class Kind(StrEnum):
    """What a program can do about it: the branch of services.errors that it becomes."""

    REFUSED = "refused"
    KEY = "key"
    BILLING = "billing"
    CONTENT = "content"
    THROTTLED = "throttled"
    NO_CAPACITY = "no capacity"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An error for people."""

    happened: str
    fault: Fault
    which: Subject = Subject.NONE
    charged: bool | None = False
    """Whether money was taken; None where nobody knows yet."""
    advice: str
    """What to do now."""
    kind: Kind = Kind.REFUSED


def _yours(happened: str, advice: str, which: Subject = Subject.NONE) -> Explanation:
    return Explanation(happened=happened, fault=Fault.YOU, which=which, advice=advice)


def _content(happened: str, advice: str, which: Subject = Subject.NONE) -> Explanation:
    return Explanation(happened=happened, fault=Fault.YOU, which=which, advice=advice, kind=Kind.CONTENT)


def _account(happened: str, advice: str, kind: Kind) -> Explanation:
    return Explanation(happened=happened, fault=Fault.ACCOUNT, advice=advice, kind=kind)


def _theirs(happened: str, advice: str, kind: Kind = Kind.BROKEN) -> Explanation:
    return Explanation(happened=happened, fault=Fault.PROVIDER, advice=advice, kind=kind)


def _ours(happened: str) -> Explanation:
    return Explanation(
        happened=happened,
        fault=Fault.STUDIO,
        advice="Try another model. If it happens again, report it with the details below.",
    )


_REWORD = "Change it and try again; the same again will be refused again."
_REPLACE = "Choose another file, or let the studio repair this one, and try again."
_OTHER_PORTRAIT = "Use a picture of one person, seen from the front, with the face free."
_LATER = "Wait a few minutes and try again."
_PAY = "Open the billing page of Alibaba Cloud Model Studio, then try again a few minutes later."
_KEY_PAGE = "Check the key and its region in Settings."

_LINK_FAILED = _yours(
    "The provider could not fetch one of the files it was given.",
    "Try again. If it happens again, add the file itself instead of a link.",
)
_FREE_QUOTA = _account(
    "The free quota of this model is used up.",
    "Choose another model, or allow paid use of this one in Model Studio.",
    Kind.BILLING,
)
_NO_MODEL = _account(
    "The provider does not know this model here, or this key may not use it.",
    "Choose another model, or another region in Settings.",
    Kind.REFUSED,
)
_NOT_BOUGHT = _account(
    "This account has not yet switched on the service.", "Activate Model Studio for this account.", Kind.BILLING
)
_OVERDUE = _account("This account has an unpaid bill, so the provider stopped.", _PAY, Kind.BILLING)
_TOO_FAST = _theirs("Too many requests came from this account at once.", "Wait a minute and try again.", Kind.THROTTLED)
_FULL = _theirs("The provider is full just now.", _LATER, Kind.NO_CAPACITY)
_HICCUP = _theirs("Something went wrong inside the provider.", _LATER)
_TIMED_OUT = _theirs("The provider took too long and gave up.", _LATER)
_NO_PERSON = _yours("No person was found in the picture.", _OTHER_PORTRAIT, Subject.PICTURE)
_POSE = _yours("The person in the picture does not stand as this model needs it.", _OTHER_PORTRAIT, Subject.PICTURE)
_PICTURE_SIZE = _yours("The picture is too large or too small for this model.", _REPLACE, Subject.PICTURE)
_PICTURE_KIND = _yours("The picture is broken or of a kind this model does not read.", _REPLACE, Subject.PICTURE)
_BAD_VALUE = _yours(
    "The provider did not accept one of the values.",
    "Set the choices back to their defaults one by one, or choose another model.",
)
_BAD_BODY = _ours("The studio sent the provider something it could not read.")

EXPLANATIONS: Mapping[str, Explanation] = {
    # Values
    "InvalidParameter": _BAD_VALUE,
    "InvalidParameter.DataInspection": _yours(
        "The provider could not read one of the files while checking it.",
        "Try again. If it happens again, choose another file.",
    ),
    "BadRequest": _BAD_BODY,
    "BadRequest.EmptyInput": _BAD_BODY,
    "BadRequest.EmptyParameters": _BAD_BODY,
    "BadRequest.EmptyModel": _BAD_BODY,
    "BadRequest.IllegalInput": _BAD_BODY,
    "BadRequest.InputDownloadFailed": _LINK_FAILED,
    "BadRequest.UnsupportedFileFormat": _yours("The file is of a kind this model does not read.", _REPLACE),
    "BadRequest.ResourceNotExist": _yours("A file this request points to is not there any more.", "Add it again."),
    "BadRequest.TooLarge": _yours("The request was too large to send in one piece.", "Use a smaller file."),
    "UnsupportedOperation": _yours(
        "It is too late to cancel: the provider has already begun.", "Let it finish; it will appear in the gallery."
    ),
    "Conflict": _theirs("The request came in conflict with another one.", "Try again.", Kind.REFUSED),
    # Files
    "InvalidURL": _LINK_FAILED,
    "InvalidURL.ConnectionRefused": _LINK_FAILED,
    "InvalidURL.Timeout": _LINK_FAILED,
    "InvalidFile": _yours("A file does not fit this model.", _REPLACE),
    "InvalidFile.Size": _yours("A file is too large for this model.", _REPLACE),
    "InvalidFile.Duration": _yours("The sound or clip is too long or too short for this model.", _REPLACE),
    "InvalidFile.Format": _yours("A file is of a kind this model does not read.", _REPLACE),
    "InvalidFile.Resolution": _yours("A picture or clip is too large or too small for this model.", _REPLACE),
    "InvalidFile.FPS": _yours("A clip has too many or too few pictures per second for this model.", _REPLACE),
    "InvalidFile.AspectRatio": _yours("A picture or clip is too wide or too tall for this model.", _REPLACE),
    "InvalidFile.ImageSize": _PICTURE_SIZE,
    "InvalidFile.Openerror": _yours("A file could not be opened; it may be broken.", _REPLACE),
    "InvalidFile.Content": _yours("What a file shows does not suit this model.", "Choose another file."),
    "InvalidFile.Value": _yours("A file does not fit this model.", _REPLACE),
    "InvalidFile.NoHuman": _NO_PERSON,
    "InvalidFile.MultiHuman": _yours("There is more than one person in the picture.", _OTHER_PORTRAIT, Subject.PICTURE),
    "InvalidFile.BodyProportion": _yours(
        "The person is too small or too large in the picture.", _OTHER_PORTRAIT, Subject.PICTURE
    ),
    "InvalidFile.FacePose": _yours("The face is turned away.", _OTHER_PORTRAIT, Subject.PICTURE),
    "InvalidFile.FullFace": _yours("The face is not seen as a whole.", _OTHER_PORTRAIT, Subject.PICTURE),
    "InvalidFile.FaceNotMatch": _yours("The faces do not match.", _OTHER_PORTRAIT, Subject.PICTURE),
    "InvalidFile.FrontBody": _POSE,
    "InvalidFile.FullBody": _POSE,
    "InvalidFile.BodyPose": _POSE,
    "InvalidFile.Template.Content": _yours("The effect does not suit this picture.", "Choose another effect."),
    "InvalidImage": _PICTURE_KIND,
    "InvalidImage.FileFormat": _PICTURE_KIND,
    "InvalidImage.ImageSize": _PICTURE_SIZE,
    "InvalidImage.NoHumanFace": _NO_PERSON,
    "InvalidImageResolution": _PICTURE_SIZE,
    "InvalidImageFormat": _PICTURE_KIND,
    "InvalidPerson": _NO_PERSON,
    # Content
    "DataInspectionFailed": _content("The provider's content check did not let this through.", _REWORD),
    "IPInfringementSuspect": _content(
        "This may use somebody's protected work, such as a brand or a character.", "Leave that out and try again."
    ),
    "CustomRoleBlocked": _content(
        "A rule of this account blocked it.", "Change it, or ask who looks after the account."
    ),
    "FaqRuleBlocked": _content("A rule of this account blocked it.", "Change it, or ask who looks after the account."),
    # Account
    "InvalidApiKey": _account("The provider does not accept the key.", _KEY_PAGE, Kind.KEY),
    "NOT AUTHORIZED": _account("The key may not be used with this workspace.", _KEY_PAGE, Kind.KEY),
    "AccessDenied": _account("The key may not do this.", _KEY_PAGE, Kind.KEY),
    "AccessDenied.Unpurchased": _NOT_BOUGHT,
    "Model.AccessDenied": _account(
        "The key may not use this model.", "Choose another model, or allow this one in Model Studio.", Kind.KEY
    ),
    "Workspace.AccessDenied": _account("The key may not be used with this workspace.", _KEY_PAGE, Kind.KEY),
    "App.AccessDenied": _account("The key may not be used with this application.", _KEY_PAGE, Kind.KEY),
    "Arrearage": _OVERDUE,
    "PrepaidBillOverdue": _OVERDUE,
    "PostpaidBillOverdue": _OVERDUE,
    "CommodityNotPurchased": _NOT_BOUGHT,
    "AllocationQuota.FreeTierOnly": _FREE_QUOTA,
    "ModelNotFound": _NO_MODEL,
    "WorkSpaceNotFound": _account("The provider does not know this workspace.", _KEY_PAGE, Kind.REFUSED),
    "NotFound": _account("The provider has nothing at this address.", _KEY_PAGE, Kind.REFUSED),
    # Pace and capacity
    "Throttling": _TOO_FAST,
    "Throttling.RateQuota": _TOO_FAST,
    "Throttling.BurstRate": _TOO_FAST,
    "Throttling.AllocationQuota": _TOO_FAST,
    "ModelUnavailable": _FULL,
    "ModelServingError": _FULL,
    # The service itself
    "InternalError": _HICCUP,
    "InternalError.Algo": _HICCUP,
    "InternalError.FileUpload": _theirs("The provider could not store the result.", _LATER),
    "InternalError.Upload": _theirs("The provider could not store the result.", _LATER),
    "InternalError.Timeout": _TIMED_OUT,
    "RequestTimeOut": _TIMED_OUT,
    "SystemError": _HICCUP,
    "ModelServiceFailed": _HICCUP,
    "RewriteFailed": _theirs(
        "The provider could not improve the prompt.", "Try again, or switch off the improving of the prompt."
    ),
}
"""The vendor's codes."""

STREAM_LOST = Explanation(
    happened="The connection broke before anything arrived. Whether it was billed is not known; it is not sent again.",
    fault=Fault.PROVIDER,
    which=Subject.RESULT,
    charged=None,
    advice="Look at the bill in Model Studio before making it again.",
    kind=Kind.BROKEN,
)
STREAM_LOST_CODE = "StreamLost"

STUDIO_EXPLANATIONS: Mapping[str, Explanation] = {
    "UNKNOWN": Explanation(
        happened="The provider no longer knows this task; it forgets them after 24 hours.",
        fault=Fault.PROVIDER,
        which=Subject.RESULT,
        charged=None,
        advice="Look at the bill in Model Studio before making it again.",
        kind=Kind.BROKEN,
    ),
    "ResultGone": Explanation(
        happened="The finished work can no longer be fetched: the provider keeps it for 24 hours only.",
        fault=Fault.PROVIDER,
        which=Subject.RESULT,
        charged=True,
        advice="Make it again, with the studio left running until it is done.",
    ),
    STREAM_LOST_CODE: STREAM_LOST,
    "CheckLost": Explanation(
        happened="The answer of the portrait check was lost, and it is not asked again by itself.",
        fault=Fault.PROVIDER,
        which=Subject.PICTURE,
        charged=None,
        advice="Press Generate to check the picture again.",
        kind=Kind.BROKEN,
    ),
    "CheckFailed": _yours("The provider's portrait check refused the picture.", _OTHER_PORTRAIT, Subject.PICTURE),
    "NoResult": Explanation(
        happened="The provider said that it was done, but gave nothing.",
        fault=Fault.PROVIDER,
        which=Subject.RESULT,
        charged=None,
        advice="Look at the bill in Model Studio before making it again.",
        kind=Kind.BROKEN,
    ),
    "UploadRefused": _theirs("The provider's storage did not take the file.", _LATER, Kind.REFUSED),
}
"""Codes of our own, for what the vendor has no code for."""

ALIASES: Mapping[str, str] = {
    "invalid_api_key": "InvalidApiKey",
    "model_not_found": "ModelNotFound",
    "data_inspection_failed": "DataInspectionFailed",
    "LimitRequests": "Throttling.RateQuota",
    "limit_requests": "Throttling.RateQuota",
    "limit_burst_rate": "Throttling.BurstRate",
    "insufficient_quota": "Throttling.AllocationQuota",
}
"""Other spellings the vendor documents."""

UNREACHABLE = Explanation(
    happened="The provider could not be reached.",
    fault=Fault.PROVIDER,
    advice="Check the internet connection and try again.",
    kind=Kind.NO_CAPACITY,
)
OUTCOME_UNKNOWN = Explanation(
    happened="The answer of the provider was lost, so it may or may not have begun this.",
    fault=Fault.PROVIDER,
    charged=None,
    advice="Do not send it again yet: look for it in the account's task list first.",
    kind=Kind.BROKEN,
)
UNANSWERED = _theirs("The provider did not answer properly.", _LATER)
UNKNOWN_ERROR = _theirs(
    "The provider answered with an error this studio does not know.", "The details below are its own words."
)
UNKNOWN_REFUSALS: Mapping[Kind, Explanation] = {
    Kind.REFUSED: _theirs(
        "The provider refused this without a reason the studio knows.",
        "The details below are its own words.",
        Kind.REFUSED,
    ),
    Kind.KEY: EXPLANATIONS["AccessDenied"],
    Kind.BILLING: _OVERDUE,
    Kind.THROTTLED: _TOO_FAST,
    Kind.NO_CAPACITY: _FULL,
    Kind.BROKEN: UNANSWERED,
}
"""What to say of an answer whose code, if it has one, is not documented."""


@dataclass(frozen=True)
class _Wording:
    """One code that means something else where its message holds one of these words."""

    code: str
    holds: tuple[str, ...]
    means: Explanation


_WORDINGS = (
    _Wording(
        "InvalidURL",
        ("longer than", "larger than", "allowed types", "image format is"),
        _yours("A file does not fit this model.", _REPLACE),
    ),
    _Wording("InvalidParameter", ("url error",), _ours("The studio used the wrong address for this model.")),
    _Wording("InvalidParameter", ("model not exist",), _NO_MODEL),
    _Wording("InvalidParameter", ("field required", "required parameter", "required body"), _BAD_BODY),
    _Wording(
        "InvalidParameter",
        ("green network",),
        _content("The picture did not pass the provider's content check.", "Choose another picture.", Subject.PICTURE),
    ),
    _Wording("InvalidParameter", ("download", "media resource", "the provided url"), _LINK_FAILED),
    _Wording(
        "InvalidParameter",
        ("image format", "decode the image", "files format", "corrupted file"),
        _PICTURE_KIND,
    ),
    _Wording("InvalidParameter", ("image length and width", "size of input image", "image size"), _PICTURE_SIZE),
    _Wording("InvalidParameter", ("data-uri",), EXPLANATIONS["BadRequest.TooLarge"]),
    _Wording(
        "InvalidParameter",
        ("audio duration", "audio length", "audio file", "input audio"),
        _yours("The sound does not fit this model.", _REPLACE, Subject.SOUND),
    ),
    _Wording(
        "InvalidParameter",
        ("duration",),
        _yours("This model does not make clips of this length.", "Choose another length, or another model."),
    ),
    _Wording(
        "InvalidParameter",
        ("size", "resolution"),
        _yours("This model does not make this shape or quality.", "Choose another shape, or another model."),
    ),
    _Wording(
        "InvalidParameter",
        ("input length", "prompt"),
        _yours("The provider did not accept the prompt.", "Write it shorter, or in other words.", Subject.WORDS),
    ),
    _Wording("InvalidParameter", ("seed",), _yours("The provider did not accept the seed.", "Leave the seed empty.")),
    _Wording(
        "AccessDenied",
        ("synchronous calls",),
        _ours("The studio called the provider in a way this model does not take."),
    ),
    _Wording("AccessDenied", ("policy expired",), _theirs("The leave to upload had run out.", "Try again.")),
    _Wording("Throttling.AllocationQuota", ("free allocated", "free tier", "free quota"), _FREE_QUOTA),
    _Wording(
        "DataInspectionFailed",
        ("output",),
        _content(
            "What was made did not pass the provider's content check, so it was held back.",
            "Say it in other words and try again.",
            Subject.RESULT,
        ),
    ),
)

# Only for explanations that do not say themselves what they are about.
_SUBJECTS = (
    (("audio", "sound", "voice", ".mp3", ".wav"), Subject.SOUND),
    (("image", "picture", "img_url"), Subject.PICTURE),
    (("prompt", "text"), Subject.WORDS),
)

_CODES = {code.lower(): code for code in (*EXPLANATIONS, *STUDIO_EXPLANATIONS)} | {
    alias.lower(): code for alias, code in ALIASES.items()
}


def find(code: str, vendor_message: str = "") -> Explanation | None:
    """What a code means, read together with its message; None for a code nobody has documented."""
    known = _known(code)
    if known is None:
        return None
    text = vendor_message.lower()
    wording = next((w for w in _WORDINGS if w.code == known and any(part in text for part in w.holds)), None)
    if wording:
        explanation = wording.means
    else:
        explanation = EXPLANATIONS[known] if known in EXPLANATIONS else STUDIO_EXPLANATIONS[known]
    if explanation.which is Subject.NONE and explanation.fault is Fault.YOU:
        return replace(explanation, which=_subject(text))
    return explanation


def explain(code: str, vendor_message: str = "") -> Explanation:
    """What a code means for people. One that nobody has documented gets an honest general sentence."""
    return find(code, vendor_message) or UNKNOWN_ERROR


def _known(code: str) -> str | None:
    """The documented code, or the family it belongs to: InvalidFile.Anything is an InvalidFile."""
    name = code.strip().lower()
    while name:
        if name in _CODES:
            return _CODES[name]
        name = name.rpartition(".")[0]
    return None


def _subject(text: str) -> Subject:
    return next((subject for words, subject in _SUBJECTS if any(word in text for word in words)), Subject.NONE)
