"""The vendor over HTTP. The only place that talks to DashScope; nothing outside knows a header, a path or a reply."""

from services.dashscope.account import Account
from services.dashscope.budget import QueryBudget
from services.dashscope.client import DashScope
from services.dashscope.downloading import Downloaded
from services.dashscope.errors import broken_stream, error_from_reply, explain_error, forgotten, nothing_given
from services.dashscope.explanations import EXPLANATIONS, Explanation, Fault, Subject, explain
from services.dashscope.replies import Checked, Created, Failure, ListedTask, Part, Task, TaskStatus
from services.dashscope.retry import Retry
from services.dashscope.stream import Piece

__all__ = [
    "EXPLANATIONS",
    "Account",
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
    "error_from_reply",
    "explain",
    "explain_error",
    "forgotten",
    "nothing_given",
]
