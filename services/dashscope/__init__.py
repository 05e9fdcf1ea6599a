"""The vendor over HTTP. The only place that talks to DashScope; nothing outside knows a header, a path or a reply."""

from services.dashscope.account import Account
from services.dashscope.budget import QueryBudget
from services.dashscope.client import DashScope
from services.dashscope.errors import error_from_reply, explain_error, forgotten
from services.dashscope.explanations import EXPLANATIONS, Explanation, Fault, Subject, explain
from services.dashscope.replies import Created, ListedTask, Task, TaskStatus, billed_seconds
from services.dashscope.retry import Retry
from services.dashscope.storage import Downloaded

__all__ = [
    "EXPLANATIONS",
    "Account",
    "Created",
    "DashScope",
    "Downloaded",
    "Explanation",
    "Fault",
    "ListedTask",
    "QueryBudget",
    "Retry",
    "Subject",
    "Task",
    "TaskStatus",
    "billed_seconds",
    "error_from_reply",
    "explain",
    "explain_error",
    "forgotten",
]
