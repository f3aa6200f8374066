"""The admin's history of an account: what its user, or a superuser, did to it."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest


def record_account_change(request: HttpRequest, user: Any, message: str) -> None:
    """Record that the request's user did this to an account."""
    by: Any = request.user.pk
    LogEntry.objects.log_actions(by, [user], CHANGE, change_message=message, single_object=True)
