"""The vendor's HTTP API. Only this package talks to DashScope; headers, paths and replies stay inside it."""

from services.dashscope.account import Account
from services.dashscope.client import LONGEST_WINDOW, DashScope
from services.dashscope.downloads import Downloaded
from services.dashscope.errors.codes import EXPLANATIONS
from services.dashscope.errors.explain import explain, find
from services.dashscope.errors.mapping import (
    broken_stream,
    code_of,
    error_from_reply,
    explain_error,
    forgotten,
    is_of_what_was_given,
    nothing_given,
    orders_in_vain,
    words_of,
)
from services.dashscope.errors.text import Action, Explanation, Fault, Subject
from services.dashscope.rate_limit import QueryBudget
from services.dashscope.replies import Checked, Created, Failure, ListedTask, Part, Task, TaskStatus
from services.dashscope.retry import Retry
from services.dashscope.stream import Piece

__all__ = [
    "EXPLANATIONS",
    "LONGEST_WINDOW",
    "Account",
    "Action",
    "Checked",
    "Created",
    "DashScope",
    "Downloaded",
    "Explanation",
    "Failure",
    "Fault",
    "ListedTask",
    "Part",
    "Piece",
    "QueryBudget",
    "Retry",
    "Subject",
    "Task",
    "TaskStatus",
    "broken_stream",
    "code_of",
    "error_from_reply",
    "explain",
    "explain_error",
    "find",
    "forgotten",
    "is_of_what_was_given",
    "nothing_given",
    "orders_in_vain",
    "words_of",
]
