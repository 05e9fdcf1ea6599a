"""Explanations, in plain words, of every error code the vendor documents, and our own codes for the rest.

Data only; explain.py searches it. Codes and their meanings: Model Studio, "Error codes"
(https://help.aliyun.com/zh/model-studio/error-code) and the pages of the models. Source for refused calls and failed
tasks not being billed: the same pages and the price list. A portrait check is billed by itself, regardless of its
answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.dashscope.errors.text import (
    AGAIN,
    FILES,
    INPUTS,
    LATER,
    Action,
    Explanation,
    Fault,
    Kind,
    Subject,
    account,
    choices,
    content,
    file,
    lost,
    picture,
    provider,
    studio,
    video,
    words,
)

_OTHER_PORTRAIT = "Use a picture of one person, seen from the front, with the face free."
_PAY = "Open the billing page of Alibaba Cloud Model Studio, then try again a few minutes later."
_KEY_PAGE = "Check the key and its region in Settings."
_ASK_ACCOUNT = "Change it, or ask who looks after the account."
_SEEN = frozenset({Subject.PICTURE, Subject.VIDEO})
_TIMED = frozenset({Subject.SOUND, Subject.VIDEO})


def _key(happened: str, *, kind: Kind = Kind.KEY) -> Explanation:
    return account(happened, _KEY_PAGE, action=Action.OPEN_KEYS, kind=kind)


def _bill(happened: str, advice: str = _PAY) -> Explanation:
    return account(happened, advice, action=Action.OPEN_BILLING, kind=Kind.BILLING)


LINK_FAILED = Explanation(
    happened="The provider could not fetch one of the files it was given.",
    fault=Fault.YOU,
    may_be=FILES,
    advice="Try again. If it happens again, add the file itself instead of a link.",
    action=Action.TRY_AGAIN,
)
FREE_QUOTA = account(
    "The free quota of this model is used up.",
    "Choose another model, or allow paid use of this one in Model Studio.",
    action=Action.CHANGE_MODEL,
    kind=Kind.BILLING,
)
NO_MODEL = account(
    "The provider does not know this model here, or this key may not use it.",
    "Choose another model, or another region in Settings.",
    action=Action.CHANGE_MODEL,
    kind=Kind.REFUSED,
)
BAD_BODY = studio("The studio sent the provider something it could not read.")
BAD_PICTURE = picture("The picture is broken or of a kind this model does not read.")
PICTURE_SIZE = picture("The picture is too large or too small for this model.")
TOO_LARGE = file("The request was too large to send in one piece.", "Use a smaller file.")
_NOT_BOUGHT = _bill("This account has not yet switched on the service.", "Activate Model Studio for this account.")
_OVERDUE = _bill("This account has an unpaid bill, so the provider stopped.")
_TOO_FAST = provider(
    "Too many requests came from this account at once.",
    "Wait a minute and try again.",
    action=Action.WAIT,
    kind=Kind.THROTTLED,
)
_FULL = provider("The provider is full just now.", LATER, action=Action.WAIT, kind=Kind.NO_CAPACITY)
_HICCUP = provider("Something went wrong inside the provider.")
_TIMED_OUT = provider("The provider took too long and gave up.")
_NOT_STORED = provider("The provider could not store the result.")
_NO_PERSON = picture("No person was found in the picture.", _OTHER_PORTRAIT)
_POSE = picture("The person in the picture does not stand as this model needs it.", _OTHER_PORTRAIT)
_RULE = content("A rule of this account blocked it.", _ASK_ACCOUNT, may_be=INPUTS)

EXPLANATIONS: Mapping[str, Explanation] = {
    # Values
    "InvalidParameter": choices(
        "The provider did not accept one of the values.",
        "Set the choices back to their defaults one by one, or choose another model.",
    ),
    "InvalidParameter.DataInspection": file(
        "The provider could not read one of the files while checking it.",
        "Try again. If it happens again, choose another file.",
    ),
    "BadRequest": BAD_BODY,
    "BadRequest.EmptyInput": BAD_BODY,
    "BadRequest.EmptyParameters": BAD_BODY,
    "BadRequest.EmptyModel": BAD_BODY,
    "BadRequest.IllegalInput": BAD_BODY,
    "BadRequest.InputDownloadFailed": LINK_FAILED,
    "BadRequest.UnsupportedFileFormat": file("The file is of a kind this model does not read."),
    "BadRequest.ResourceNotExist": file("A file this request points to is not there any more.", "Add it again."),
    "BadRequest.TooLarge": TOO_LARGE,
    "UnsupportedOperation": Explanation(
        happened="It is too late to cancel: the provider has already begun.",
        fault=Fault.YOU,
        advice="Let it finish; it will appear in the gallery.",
        action=Action.WAIT,
    ),
    "Conflict": provider("The request came in conflict with another one.", "Try again.", kind=Kind.REFUSED),
    # Files
    "InvalidURL": LINK_FAILED,
    "InvalidURL.ConnectionRefused": LINK_FAILED,
    "InvalidURL.Timeout": LINK_FAILED,
    "InvalidFile": file("A file does not fit this model."),
    "InvalidFile.Size": file("A file is too large for this model."),
    "InvalidFile.Duration": file("The sound or clip is too long or too short for this model.", may_be=_TIMED),
    "InvalidFile.Format": file("A file is of a kind this model does not read."),
    "InvalidFile.Resolution": file("A picture or clip is too large or too small for this model.", may_be=_SEEN),
    "InvalidFile.FPS": video("A clip has too many or too few pictures per second for this model."),
    "InvalidFile.AspectRatio": file("A picture or clip is too wide or too tall for this model.", may_be=_SEEN),
    "InvalidFile.ImageSize": PICTURE_SIZE,
    "InvalidFile.Openerror": file("A file could not be opened; it may be broken."),
    "InvalidFile.Content": file("What a file shows does not suit this model.", "Choose another file.", may_be=_SEEN),
    "InvalidFile.Value": file("A file does not fit this model."),
    "InvalidFile.NoHuman": _NO_PERSON,
    "InvalidFile.MultiHuman": picture("There is more than one person in the picture.", _OTHER_PORTRAIT),
    "InvalidFile.BodyProportion": picture("The person is too small or too large in the picture.", _OTHER_PORTRAIT),
    "InvalidFile.FacePose": picture("The face is turned away.", _OTHER_PORTRAIT),
    "InvalidFile.FullFace": picture("The face is not seen as a whole.", _OTHER_PORTRAIT),
    "InvalidFile.FaceNotMatch": picture("The faces do not match.", _OTHER_PORTRAIT),
    "InvalidFile.FrontBody": _POSE,
    "InvalidFile.FullBody": _POSE,
    "InvalidFile.BodyPose": _POSE,
    "InvalidFile.Template.Content": choices("The effect does not suit this picture.", "Choose another effect."),
    "InvalidImage": BAD_PICTURE,
    "InvalidImage.FileFormat": BAD_PICTURE,
    "InvalidImage.ImageSize": PICTURE_SIZE,
    "InvalidImage.NoHumanFace": _NO_PERSON,
    "InvalidImageResolution": PICTURE_SIZE,
    "InvalidImageFormat": BAD_PICTURE,
    "InvalidPerson": _NO_PERSON,
    # Content
    "DataInspectionFailed": content(
        "The provider's content check did not let this through.",
        "Change it before you try again: as it is, it would be refused again.",
        may_be=INPUTS,
    ),
    "IPInfringementSuspect": content(
        "This may use somebody's protected work, such as a brand or a character.",
        "Leave that out and try again.",
        may_be=INPUTS,
    ),
    "CustomRoleBlocked": _RULE,
    "FaqRuleBlocked": _RULE,
    # Account
    "InvalidApiKey": _key("The provider does not accept the key."),
    "NOT AUTHORIZED": _key("The key may not be used with this workspace."),
    "AccessDenied": _key("The key may not do this."),
    "AccessDenied.Unpurchased": _NOT_BOUGHT,
    "Model.AccessDenied": account(
        "The key may not use this model.",
        "Choose another model, or allow this one in Model Studio.",
        action=Action.CHANGE_MODEL,
        kind=Kind.KEY,
    ),
    "Workspace.AccessDenied": _key("The key may not be used with this workspace."),
    "App.AccessDenied": _key("The key may not be used with this application."),
    "Arrearage": _OVERDUE,
    "PrepaidBillOverdue": _OVERDUE,
    "PostpaidBillOverdue": _OVERDUE,
    "CommodityNotPurchased": _NOT_BOUGHT,
    "AllocationQuota.FreeTierOnly": FREE_QUOTA,
    "ModelNotFound": NO_MODEL,
    "WorkSpaceNotFound": _key("The provider does not know this workspace.", kind=Kind.REFUSED),
    "NotFound": _key("The provider has nothing at this address.", kind=Kind.REFUSED),
    # Rate limits and capacity
    "Throttling": _TOO_FAST,
    "Throttling.RateQuota": _TOO_FAST,
    "Throttling.BurstRate": _TOO_FAST,
    "Throttling.AllocationQuota": _TOO_FAST,
    "ModelUnavailable": _FULL,
    "ModelServingError": _FULL,
    # The service itself
    "InternalError": _HICCUP,
    "InternalError.Algo": _HICCUP,
    "InternalError.FileUpload": _NOT_STORED,
    "InternalError.Upload": _NOT_STORED,
    "InternalError.Timeout": _TIMED_OUT,
    "RequestTimeOut": _TIMED_OUT,
    "SystemError": _HICCUP,
    "ModelServiceFailed": _HICCUP,
    "RewriteFailed": provider(
        "The provider could not improve the prompt.", "Try again, or switch off the improving of the prompt."
    ),
}
"""The vendor's codes."""

ALIASES: Mapping[str, str] = {
    "invalid_api_key": "InvalidApiKey",
    "model_not_found": "ModelNotFound",
    "data_inspection_failed": "DataInspectionFailed",
    "LimitRequests": "Throttling.RateQuota",
    "limit_requests": "Throttling.RateQuota",
    "limit_burst_rate": "Throttling.BurstRate",
    "insufficient_quota": "Throttling.AllocationQuota",
    "APIConnectionError": "Unreachable",
}
"""Other spellings that the vendor documents."""

STREAM_LOST = lost(
    "The connection broke before anything arrived. Whether it was billed is not known; it is not sent again."
)
STREAM_LOST_CODE = "StreamLost"
UNREACHABLE = provider(
    "The provider could not be reached.",
    "Check the internet connection and try again.",
    kind=Kind.NO_CAPACITY,
)
OUTCOME_UNKNOWN = Explanation(
    happened="The answer of the provider was lost, so it may or may not have begun this.",
    fault=Fault.PROVIDER,
    charged=None,
    advice="Do not send it again yet: look for it in the account's task list first.",
    action=Action.OPEN_BILLING,
    kind=Kind.BROKEN,
)
UNANSWERED = provider("The provider did not answer properly.", AGAIN)
UNKNOWN_ERROR = provider(
    "The provider answered with an error this studio does not know.",
    "The details below are its own words.",
    action=Action.COPY_REQUEST,
)
UNKNOWN_REFUSALS: Mapping[Kind, Explanation] = {
    Kind.REFUSED: provider(
        "The provider refused this without a reason the studio knows.",
        "The details below are its own words.",
        action=Action.COPY_REQUEST,
        kind=Kind.REFUSED,
    ),
    Kind.KEY: EXPLANATIONS["AccessDenied"],
    Kind.BILLING: _OVERDUE,
    Kind.THROTTLED: _TOO_FAST,
    Kind.NO_CAPACITY: _FULL,
    Kind.BROKEN: UNANSWERED,
}
"""Explanations of a reply whose code, if it has one, is not documented."""

STUDIO_EXPLANATIONS: Mapping[str, Explanation] = {
    "UNKNOWN": lost("The provider no longer knows this task; it forgets them after 24 hours."),
    "ResultGone": Explanation(
        happened="The finished work can no longer be fetched: the provider keeps it for 24 hours only.",
        fault=Fault.PROVIDER,
        which=Subject.RESULT,
        charged=True,
        advice="Make it again, with the studio left running until it is done.",
        action=Action.TRY_AGAIN,
    ),
    STREAM_LOST_CODE: STREAM_LOST,
    "CheckLost": Explanation(
        happened="The answer of the portrait check was lost, and it is not asked again by itself.",
        fault=Fault.PROVIDER,
        which=Subject.PICTURE,
        charged=None,
        advice="Press Generate to check the picture again.",
        action=Action.TRY_AGAIN,
        kind=Kind.BROKEN,
    ),
    "CheckFailed": picture("The provider's portrait check refused the picture.", _OTHER_PORTRAIT),
    "NoResult": lost("The provider said that it was done, but gave nothing."),
    "UploadRefused": provider("The provider's storage did not take the file.", LATER, kind=Kind.REFUSED),
    "OrdersInVain": provider(
        "Several orders of this came to nothing in a row, so the studio does not send it any more.",
        "Change it or choose another model. Nothing is known to be billed.",
        action=Action.CHANGE_MODEL,
        kind=Kind.REFUSED,
    ),
    "DemoEnded": words(
        "Demo mode was switched off before this was done.",
        "Generate it again; with a key it is made for real, at the price on the button.",
    ),
    "InvalidRequest": words(
        "This cannot be sent as it is.", "Open it in the form, put right what is marked, and try again."
    ),
    # Replies without a code, by the class of services.domain.errors they became
    "Unreachable": UNREACHABLE,
    "OutcomeUnknown": OUTCOME_UNKNOWN,
    "Refused": UNKNOWN_REFUSALS[Kind.REFUSED],
    "KeyRefused": UNKNOWN_REFUSALS[Kind.KEY],
    "BillingStopped": UNKNOWN_REFUSALS[Kind.BILLING],
    "Throttled": UNKNOWN_REFUSALS[Kind.THROTTLED],
    "Unavailable": UNKNOWN_REFUSALS[Kind.BROKEN],
}
"""Codes of our own, for errors that the vendor has no code for."""
