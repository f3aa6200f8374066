"""The audit log: sign-ins and changes, newest first, from axes' tables and the admin's history."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from axes.models import AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from workouts.admin.accounts.history import translate_history_entry
from workouts.admin.paging import (
    MAX_COUNTED,
    CappedChangeListPaginator,
    count_changelist_rows_up_to,
)
from workouts.models import Exercise, name_exercise


class TrailLine(NamedTuple):
    """Something that happened, when, by whom, and for a log-in from where."""

    at: datetime
    user: str
    event: str
    address: str | None = None
    object: str = ""
    is_warning: bool = False


class TrailPaginator(CappedChangeListPaginator):
    """Pages of a Trail."""

    @cached_property
    def _counted(self) -> int:
        return sum(
            count_changelist_rows_up_to(MAX_COUNTED, rows) for rows in self.object_list.sources()
        )


class Trail:
    """All lines, read in slices: each table is asked for no more rows than the slice's end."""

    def sources(self) -> tuple[QuerySet[Any], ...]:
        # the ids of the first two grow with time, and have an index, which the time has not
        return (
            AccessLog.objects.order_by("-pk"),
            AccessFailureLog.objects.order_by("-pk"),
            LogEntry.objects.order_by("-action_time", "-pk"),
        )

    def __getitem__(self, wanted: slice) -> list[TrailLine]:
        log_ins, failures, changes = (rows[: wanted.stop] for rows in self.sources())
        lines: Iterator[TrailLine] = merge(
            map(describe_log_in, log_ins),
            map(describe_failure, failures),
            map(
                describe_change,
                map(translate_history_entry, changes.select_related("user", "content_type")),
            ),
            key=lambda line: line.at,
            reverse=True,
        )
        return list(islice(lines, wanted.start, wanted.stop))


def describe_log_in(row: Any) -> TrailLine:
    return TrailLine(
        row.attempt_time,
        row.username or "",
        _("Logged in; logged out %s") % describe_trail_time(row.logout_time)
        if row.logout_time
        else _("Logged in"),
        row.ip_address,
    )


def describe_failure(row: Any) -> TrailLine:
    event = _("Wrong password, and locked") if row.locked_out else _("Wrong password")
    return TrailLine(row.attempt_time, row.username or "", event, row.ip_address, is_warning=True)


def describe_change(row: Any) -> TrailLine:
    verbs = {1: _("Added"), 3: _("Deleted")}
    kind = row.content_type.name if row.content_type else ""
    name = name_exercise(row.object_repr) if is_about_exercise(row) else row.object_repr
    return TrailLine(
        row.action_time,
        row.user.get_username(),
        str(row.get_change_message()) or verbs.get(row.action_flag, _("Changed")),
        object=f"{kind}: {name}" if kind else name,
    )


def is_about_exercise(row: Any) -> bool:
    return row.content_type is not None and row.content_type.model == Exercise._meta.model_name


def describe_trail_time(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
