"""A request: a model, a region and its values. Requests are parsed, checked, priced and turned into a body here.

Nothing is sent. The functions are pure: files come in as facts that services.media has read. The page, the API, the
jobs and the simulator's judge all use these functions, which keeps them in agreement.
"""

from services.request.body import build, build_check, called, files_to_send, names_of
from services.request.checking import check, check_value, limit_kind
from services.request.parsing import default_of, fields_for, is_absent, parse, parse_value
from services.request.pricing import (
    billed,
    follow_shape,
    frame_size,
    given_seconds,
    output_count,
    output_seconds,
    output_size,
    output_tier,
    price,
    price_unknown,
    priced_fields,
)
from services.request.values import Cost, Request, Value, Values, files_of, refuse_if_any

__all__ = [
    "Cost",
    "Request",
    "Value",
    "Values",
    "billed",
    "build",
    "build_check",
    "called",
    "check",
    "check_value",
    "default_of",
    "fields_for",
    "files_of",
    "files_to_send",
    "follow_shape",
    "frame_size",
    "given_seconds",
    "is_absent",
    "limit_kind",
    "names_of",
    "output_count",
    "output_seconds",
    "output_size",
    "output_tier",
    "parse",
    "parse_value",
    "price",
    "price_unknown",
    "priced_fields",
    "refuse_if_any",
]
