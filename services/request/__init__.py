"""A request: a model, a region and its values. Parsed, checked, priced and turned into a body; nothing is sent here.

Pure: files come in as facts that services.media has read. The page, the API, the jobs and the simulator's judge all
use these functions, so that they cannot disagree.
"""

from services.request.body import build, files_to_send
from services.request.checking import check, check_value
from services.request.parsing import default_of, is_absent, parse, parse_value
from services.request.pricing import follow_shape, output_seconds, output_size, output_tier, price
from services.request.values import Cost, Request, Values, refuse_if_any

__all__ = [
    "Cost",
    "Request",
    "Values",
    "build",
    "check",
    "check_value",
    "default_of",
    "files_to_send",
    "follow_shape",
    "is_absent",
    "output_seconds",
    "output_size",
    "output_tier",
    "parse",
    "parse_value",
    "price",
    "refuse_if_any",
]
