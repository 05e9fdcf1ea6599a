"""Codes and messages of the gateways that people put in front of DashScope, and their meanings. Data only.

They are not the vendor's, so its documentation does not list them. Sources, read on 2026-11-30: the OpenAI error codes
that LiteLLM, new-api and one-api pass on, and the codes those three make themselves
(https://docs.litellm.ai/docs/exception_mapping, https://github.com/QuantumNous/new-api).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.dashscope.errors.codes import EXPLANATIONS, UNKNOWN_REFUSALS
from services.dashscope.errors.text import Action, Explanation, Kind, account

QUOTA_USED_UP = account(
    "The quota of this key is used up.",
    "Top it up with the service that gave you the key, or use another key in Settings.",
    action=Action.OPEN_KEYS,
    kind=Kind.BILLING,
)
_KEY = EXPLANATIONS["InvalidApiKey"]
_NOT_ALLOWED = EXPLANATIONS["AccessDenied"]
_TOO_FAST = EXPLANATIONS["Throttling"]
_CONTENT = EXPLANATIONS["DataInspectionFailed"]
_REFUSED = UNKNOWN_REFUSALS[Kind.REFUSED]

GATEWAY_EXPLANATIONS: Mapping[str, Explanation] = {
    "insufficient_user_quota": QUOTA_USED_UP,
    "pre_consume_token_quota_failed": QUOTA_USED_UP,
    "insufficient_balance": QUOTA_USED_UP,
    "insufficient_credits": QUOTA_USED_UP,
    "billing_hard_limit_reached": QUOTA_USED_UP,
    "budget_exceeded": QUOTA_USED_UP,
    "quota_exceeded": QUOTA_USED_UP,
    "authentication_error": _KEY,
    "invalid_token": _KEY,
    "permission_error": _NOT_ALLOWED,
    "permission_denied": _NOT_ALLOWED,
    "access_denied": _NOT_ALLOWED,
    "rate_limit_exceeded": _TOO_FAST,
    "rate_limit_error": _TOO_FAST,
    "content_filter": _CONTENT,
    "content_policy_violation": _CONTENT,
    "invalid_request_error": _REFUSED,
    "invalid_parameter_error": _REFUSED,
    "bad_request": _REFUSED,
}

_SAYS_QUOTA = re.compile(
    r"额度不足|余额不足|额度已用尽|额度已用完|配额不足"
    r"|insufficient[ _](?:user[ _])?(?:quota|balance|credits?|funds)"
    r"|(?:quota|balance|credits?|budget)\b.{0,40}\b(?:exhausted|used up|exceeded|insufficient|not enough|run out)"
    r"|(?:out of|exceeded your (?:current )?) ?(?:quota|credits?|budget)",
    re.IGNORECASE,
)
_QUOTA_STATUSES = frozenset({400, 401, 402, 403})
"""429 is left out: a quota per minute also runs out, but is full again a minute later."""


def says_quota_is_used_up(http_status: int, message: str) -> bool:
    """Return whether the message of a reply without a known code says that no money is left behind the key."""
    return http_status in _QUOTA_STATUSES and _SAYS_QUOTA.search(message) is not None
