"""The vendor's list of errors as it stands on its pages ("Error codes" of Model Studio and the pages of the models):
HTTP status, code, a part of the message as documented. Beside each what the studio must make of it."""

from __future__ import annotations

from dataclasses import dataclass

from services.dashscope import Action, Subject
from services.domain.errors import (
    BillingStopped,
    ContentRefused,
    KeyRefused,
    Refused,
    Throttled,
    Unavailable,
    VendorError,
)

_NONE, _WORDS, _PICTURE, _SOUND = Subject.NONE, Subject.WORDS, Subject.PICTURE, Subject.SOUND
_VIDEO, _RESULT, _ACCOUNT = Subject.VIDEO, Subject.RESULT, Subject.ACCOUNT
_EDIT, _FILE, _MODEL, _AGAIN = Action.EDIT_PROMPT, Action.CHOOSE_FILE, Action.CHANGE_MODEL, Action.TRY_AGAIN
_WAIT, _KEYS, _BILL = Action.WAIT, Action.OPEN_KEYS, Action.OPEN_BILLING


@dataclass(frozen=True)
class Documented:
    """One error as the vendor documents it."""

    status: int
    code: str
    message: str
    branch: type[VendorError]
    """What a call that only reads makes of it."""
    which: Subject
    """What it is about, as far as code and message tell."""
    action: Action


DOCUMENTED = tuple(
    Documented(*row)
    for row in (
        # Key, account, routing
        (401, "InvalidApiKey", "Invalid API-key provided.", KeyRefused, _ACCOUNT, _KEYS),
        (401, "invalid_api_key", "Incorrect API key provided.", KeyRefused, _ACCOUNT, _KEYS),
        (401, "NOT AUTHORIZED", "not authorized to access this workspace", KeyRefused, _ACCOUNT, _KEYS),
        (403, "AccessDenied", "Access denied.", KeyRefused, _ACCOUNT, _KEYS),
        (403, "AccessDenied", "does not support synchronous calls", Refused, _NONE, _MODEL),
        (403, "AccessDenied", "does not support asynchronous calls", Refused, _NONE, _MODEL),
        (403, "AccessDenied", "Invalid according to Policy: Policy expired.", Unavailable, _NONE, _AGAIN),
        (403, "AccessDenied.Unpurchased", "make sure you are eligible", BillingStopped, _ACCOUNT, _BILL),
        (403, "Model.AccessDenied", "Model access denied.", KeyRefused, _ACCOUNT, _MODEL),
        (403, "Workspace.AccessDenied", "Workspace access denied.", KeyRefused, _ACCOUNT, _KEYS),
        (403, "App.AccessDenied", "App access denied.", KeyRefused, _ACCOUNT, _KEYS),
        (403, "AllocationQuota.FreeTierOnly", "free tier has been exhausted", BillingStopped, _ACCOUNT, _MODEL),
        (400, "Arrearage", "account is in good standing", BillingStopped, _ACCOUNT, _BILL),
        (429, "PrepaidBillOverdue", "bill is overdue", BillingStopped, _ACCOUNT, _BILL),
        (429, "PostpaidBillOverdue", "bill is overdue", BillingStopped, _ACCOUNT, _BILL),
        (429, "CommodityNotPurchased", "not purchased", BillingStopped, _ACCOUNT, _BILL),
        (404, "ModelNotFound", "Model can not be found.", Refused, _ACCOUNT, _MODEL),
        (404, "model_not_found", "does not exist", Refused, _ACCOUNT, _MODEL),
        (400, "InvalidParameter", "Model not exist.", Refused, _ACCOUNT, _MODEL),
        (404, "WorkSpaceNotFound", "not found", Refused, _ACCOUNT, _KEYS),
        (404, "NotFound", "not found", Refused, _ACCOUNT, _KEYS),
        (400, "InvalidParameter", "url error, please check url！", Refused, _NONE, _MODEL),
        (400, "UnsupportedOperation", "please confirm if the task is in PENDING status.", Refused, _NONE, _WAIT),
        (409, "Conflict", "conflict", Refused, _NONE, _AGAIN),
        # What was asked for
        (400, "InvalidParameter", "something else entirely", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "num_images_per_prompt must be 1", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "Range of n should be [1, 4]", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "'seed' must be Integer", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "No messages found in input", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "lack of image or text", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "messages length only support 1", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "content length only support 2", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "Required body invalid, please check", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "Field required: input.img_url", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "Missing required parameter", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "Required parameter(prompt) missing or invalid", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "The size is not match xxxxxx", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "Range of input length should be [1, 2000]", Refused, _WORDS, _EDIT),
        (400, "InvalidParameter", "only support stream mode", Refused, _NONE, _MODEL),
        (400, "", "x-dashscope-sse and stream parameter mismatch", Refused, _NONE, _MODEL),
        (400, "BadRequest.EmptyInput", "input is missing from request", Refused, _NONE, _MODEL),
        (400, "BadRequest.EmptyParameters", "parameters is missing from request", Refused, _NONE, _MODEL),
        (400, "BadRequest.EmptyModel", "model is missing from request", Refused, _NONE, _MODEL),
        (400, "BadRequest.IllegalInput", "requires json", Refused, _NONE, _MODEL),
        (413, "BadRequest.TooLarge", "Payload Too Large", Refused, _NONE, _FILE),
        # Files
        (400, "InvalidParameter", "download image failed", Refused, _PICTURE, _AGAIN),
        (400, "InvalidParameter", "Failed to download multimodal content", Refused, _NONE, _AGAIN),
        (400, "InvalidParameter", "Download the media resource timed out", Refused, _NONE, _AGAIN),
        (400, "InvalidParameter", "Unable to download the media resource", Refused, _NONE, _AGAIN),
        (400, "InvalidParameter", "Failed to find the requested media resource", Refused, _NONE, _AGAIN),
        (400, "InvalidParameter", "Don't have authorization to access the media resource", Refused, _NONE, _AGAIN),
        (400, "InvalidParameter.DataInspection", "Unable to download the media resource", Refused, _NONE, _FILE),
        (400, "InvalidParameter.DataInspection", "The media format is not supported", Refused, _NONE, _FILE),
        (400, "InvalidURL", "Required URL is missing or invalid", Refused, _NONE, _AGAIN),
        (400, "InvalidURL", "make sure the url is correct and is an image", Refused, _PICTURE, _AGAIN),
        (400, "InvalidURL", "image format is one of JPEG, PNG", Refused, _PICTURE, _FILE),
        (400, "InvalidURL", "The input audio is longer than 20s.", Refused, _SOUND, _FILE),
        (400, "InvalidURL", "File size is larger than 15MB.", Refused, _NONE, _FILE),
        (400, "InvalidURL", "Allowed types are: .wav, .mp3.", Refused, _SOUND, _FILE),
        (400, "InvalidURL.ConnectionRefused", "Connection to host refused", Refused, _NONE, _AGAIN),
        (400, "InvalidURL.Timeout", "Download timeout", Refused, _NONE, _AGAIN),
        (400, "BadRequest.InputDownloadFailed", "Failed to download the input file", Refused, _NONE, _AGAIN),
        (400, "BadRequest.UnsupportedFileFormat", "File format unsupported", Refused, _NONE, _FILE),
        (400, "BadRequest.ResourceNotExist", "resource not exist", Refused, _NONE, _FILE),
        (400, "InvalidParameter", "image format error", Refused, _PICTURE, _FILE),
        (400, "InvalidParameter", "Invalid image format or corrupted file", Refused, _PICTURE, _FILE),
        (400, "InvalidParameter", "Failed to decode the image", Refused, _PICTURE, _FILE),
        (400, "InvalidParameter", "Input files format not supported", Refused, _PICTURE, _FILE),
        (400, "InvalidParameter", "image length and width do not meet the model", Refused, _PICTURE, _FILE),
        (400, "InvalidParameter", "size of input image is too small or too large", Refused, _PICTURE, _FILE),
        (400, "InvalidParameter", "image size is not supported for the data inspection", Refused, _NONE, _MODEL),
        (400, "InvalidParameter", "Exceeded limit on max bytes per data-uri item", Refused, _NONE, _FILE),
        (400, "InvalidImageResolution", "too large or small", Refused, _PICTURE, _FILE),
        (400, "InvalidImageFormat", "invalid format", Refused, _PICTURE, _FILE),
        (400, "InvalidImage.FileFormat", "Invalid image type", Refused, _PICTURE, _FILE),
        (400, "InvalidImage.ImageSize", "size of image is beyond limit", Refused, _PICTURE, _FILE),
        (400, "InvalidImage.NoHumanFace", "no human face", Refused, _PICTURE, _FILE),
        (400, "InvalidPerson", "", Refused, _PICTURE, _FILE),
        (400, "InvalidFile.ImageSize", "size of image is beyond limit", Refused, _PICTURE, _FILE),
        (400, "InvalidFile.Resolution", "the largest length must be smaller than 7000", Refused, _NONE, _FILE),
        (400, "InvalidFile.Size", "Invalid file size", Refused, _NONE, _FILE),
        (400, "InvalidFile.Duration", "Invalid file duration", Refused, _NONE, _FILE),
        (400, "InvalidFile.FPS", "Invalid file fps", Refused, _VIDEO, _FILE),
        (400, "InvalidFile.AspectRatio", "Invalid file ratio", Refused, _NONE, _FILE),
        (400, "InvalidFile.Format", "Invalid file format", Refused, _NONE, _FILE),
        (400, "InvalidFile.Openerror", "Invalid file", Refused, _NONE, _FILE),
        (400, "InvalidFile.Content", "", Refused, _NONE, _FILE),
        (400, "InvalidFile.Value", "", Refused, _NONE, _FILE),
        (400, "InvalidFile.Template.Content", "Invalid template content.", Refused, _NONE, _MODEL),
        *(
            (400, f"InvalidFile.{rule}", "human body or face", Refused, _PICTURE, _FILE)
            for rule in (
                "NoHuman",
                "MultiHuman",
                "BodyProportion",
                "FacePose",
                "FullFace",
                "FrontBody",
                "FullBody",
                "BodyPose",
                "FaceNotMatch",
            )
        ),
        # Content
        (400, "DataInspectionFailed", "Input data may contain inappropriate content.", ContentRefused, _NONE, _EDIT),
        (400, "data_inspection_failed", "Input text data may contain", ContentRefused, _WORDS, _EDIT),
        (400, "DataInspectionFailed", "Input text data may contain", ContentRefused, _WORDS, _EDIT),
        (400, "DataInspectionFailed", "Input image data may contain", ContentRefused, _PICTURE, _FILE),
        (400, "DataInspectionFailed", "Input video data may contain", ContentRefused, _VIDEO, _FILE),
        (400, "DataInspectionFailed", "Input audio data may contain", ContentRefused, _SOUND, _FILE),
        (400, "DataInspectionFailed", "Output data may contain", ContentRefused, _RESULT, _EDIT),
        (400, "IPInfringementSuspect", "suspected of being involved in IP", ContentRefused, _NONE, _EDIT),
        (400, "CustomRoleBlocked", "custom rule", ContentRefused, _NONE, _EDIT),
        (400, "FaqRuleBlocked", "faq rule", ContentRefused, _NONE, _EDIT),
        (400, "InvalidParameter", "does not comply with green network", ContentRefused, _PICTURE, _FILE),
        # Pace
        (429, "Throttling", "Requests throttling triggered", Throttled, _NONE, _WAIT),
        (429, "Throttling.RateQuota", "Requests rate limit exceeded", Throttled, _NONE, _WAIT),
        (429, "LimitRequests", "request limit", Throttled, _NONE, _WAIT),
        (429, "limit_requests", "request limit", Throttled, _NONE, _WAIT),
        (429, "Throttling.BurstRate", "Request rate increased too quickly", Throttled, _NONE, _WAIT),
        (429, "limit_burst_rate", "Request rate increased too quickly", Throttled, _NONE, _WAIT),
        (429, "Throttling.AllocationQuota", "Allocated quota exceeded", Throttled, _NONE, _WAIT),
        (400, "Throttling.AllocationQuota", "Allocated quota exceeded", Throttled, _NONE, _WAIT),
        (429, "insufficient_quota", "Allocated quota exceeded", Throttled, _NONE, _WAIT),
        (429, "Throttling.AllocationQuota", "Free allocated quota exceeded.", BillingStopped, _ACCOUNT, _MODEL),
        # The service
        (500, "InternalError", "An internal error has occured", Unavailable, _NONE, _AGAIN),
        (500, "InternalError.Algo", "inference error", Unavailable, _NONE, _AGAIN),
        (500, "InternalError.FileUpload", "oss upload error", Unavailable, _NONE, _AGAIN),
        (500, "InternalError.Upload", "Failed to upload result", Unavailable, _NONE, _AGAIN),
        (500, "InternalError.Timeout", "internal timeout error", Unavailable, _NONE, _AGAIN),
        (500, "SystemError", "internal error", Unavailable, _NONE, _AGAIN),
        (500, "ModelServiceFailed", "internal error", Unavailable, _NONE, _AGAIN),
        (500, "RewriteFailed", "Failed to rewrite content for prompt", Unavailable, _NONE, _AGAIN),
        (408, "RequestTimeOut", "Request timed out", Unavailable, _NONE, _AGAIN),
        (500, "RequestTimeOut", "Response timeout", Unavailable, _NONE, _AGAIN),
        (500, "ModelServingError", "Too many requests for the system capacity", Unavailable, _NONE, _WAIT),
        (503, "ModelServingError", "Too many requests for the system capacity", Unavailable, _NONE, _WAIT),
        (503, "ModelUnavailable", "Model is unavailable", Unavailable, _NONE, _WAIT),
    )
)
