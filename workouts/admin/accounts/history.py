"""The admin's history: what was done to an account, and texts in the viewer's language."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from workouts.services.personal_data.audit_texts import FORGOTTEN


def record_account_change(request: HttpRequest, user: Any, message: str) -> None:
    """Record that the request's user did this to an account; the message is not translated yet."""
    by: Any = request.user.pk
    LogEntry.objects.log_actions(by, [user], CHANGE, change_message=message, single_object=True)


def translate_history_entry(entry: LogEntry) -> LogEntry:
    """Put our own texts in an entry into the page's language. It is shown then, and not saved."""
    forgotten = _(FORGOTTEN)
    entry.object_repr = entry.object_repr.replace(FORGOTTEN, forgotten)
    # Django's own messages are JSON, whose words it translates itself
    entry.change_message = _(entry.change_message).replace(FORGOTTEN, forgotten)
    return entry


def translate_history_page(response: HttpResponse) -> None:
    """Do this for all entries on a history page, before it is rendered."""
    if context := getattr(response, "context_data", None):  # else there is no such object
        for entry in context["action_list"]:
            translate_history_entry(entry)
