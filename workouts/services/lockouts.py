"""Who may try a password now: locked names, and addresses that try many of them.

django-axes counts the failures, in the database, for a name and an address together: whoever fails
for somebody else's name locks neither that user elsewhere nor the others at the same address. An
address that fails for many names has to wait longer for each one.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

import structlog
from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils import timezone

from workouts.identity.networks import find_client_network
from workouts.log_limits import limit_log
from workouts.services.permissions import OneQueryPermissionsBackend

# a gym's tablet: ten coaches who mistype, before the eleventh has to wait a second
FREE_NAMES = 10
MAX_WAIT_S = 60  # 1,440 tries a day for an address, where a list of leaked passwords has millions
MAX_NAME_LENGTH = 150  # Django's for a username
ACCESS_LOG_KEY = "access_log"  # in the session: the row that says when it began
log = structlog.get_logger(__name__)


def find_client_address(request: HttpRequest) -> str | None:
    """Return the client's address, or for IPv6 the network that one customer has.

    The server has put the address there; X-Forwarded-For counts behind TRUSTED_PROXIES only.
    """
    return find_client_network(request.META.get("REMOTE_ADDR"))


def find_recent_failures(now: datetime) -> QuerySet[Any]:
    """Return the failures that still count at this time."""
    failures: QuerySet[Any] = AccessAttempt.objects.filter(
        attempt_time__gt=now - settings.AXES_COOLOFF_TIME
    )
    return failures


def find_lock_end(username: str | None, address: str | None, now: datetime) -> datetime | None:
    """Return until when this name is refused from this address; None if it may try now."""
    own = Q(username=username)
    found = (
        find_recent_failures(now)
        .filter(ip_address=address)
        .aggregate(
            failures=Sum("failures_since_start", filter=own, default=0),
            failed_at=Max("attempt_time", filter=own),
            names=Count("username", distinct=True),
            any_failed_at=Max("attempt_time"),
        )
    )
    if found["failures"] >= settings.AXES_FAILURE_LIMIT:
        locked_until: datetime = found["failed_at"] + settings.AXES_COOLOFF_TIME
        return locked_until
    if found["names"] < FREE_NAMES or has_signed_in_from(username, address):
        return None
    wait_s = min(2 ** (found["names"] - FREE_NAMES), MAX_WAIT_S)
    slowed_until: datetime = found["any_failed_at"] + timedelta(seconds=wait_s)
    return slowed_until if slowed_until > now else None


def has_signed_in_from(username: str | None, address: str | None) -> bool:
    """Return whether this user has signed in from there before: others' tries don't slow them."""
    return bool(AccessLog.objects.filter(username=username, ip_address=address).exists())


def find_locks(now: datetime) -> list[dict[str, Any]]:
    """Return the names that are locked, each with its address, failures and time of the last."""
    return list(
        find_recent_failures(now)
        .order_by()
        .values("username", "ip_address")
        .annotate(failures=Sum("failures_since_start"), failed_at=Max("attempt_time"))
        .filter(failures__gte=settings.AXES_FAILURE_LIMIT)
        .order_by("-failed_at")
    )


def unlock_log_in(username: str, address: str | None, *, by: str) -> bool:
    """Forget the failures of a name from an address. Return whether there were any."""
    count, _ = AccessAttempt.objects.filter(username=username, ip_address=address).delete()
    if count:
        log.info("login_unlocked", user=make_printable(username), address=address, by=by)
    return bool(count)


def make_printable(name: object) -> str:
    """Return a name that cannot begin a line of its own in the log."""
    text = str(name or "")[:MAX_NAME_LENGTH]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


class LockableBackend(AxesStandaloneBackend, OneQueryPermissionsBackend):
    """Django's own, but asks first whether the name is locked: a hash costs 50 ms of CPU."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Any:
        if request is not None:  # else it is a program on this machine, not a client
            AxesStandaloneBackend.authenticate(
                self, request, username=username, password=password, **kwargs
            )
        return OneQueryPermissionsBackend.authenticate(
            self, request, username=username, password=password, **kwargs
        )


class LockoutHandler(AxesDatabaseHandler):
    """Decides and records for django-axes, and logs each log-in, log-out, failure and lock."""

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        request.locked_until = find_lock_end(
            get_client_username(request, credentials),
            request.axes_ip_address,
            request.axes_attempt_time,
        )
        return request.locked_until is not None

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        if request is None:
            return
        who = {
            "user": make_printable(credentials.get("username")),
            "address": request.META.get("REMOTE_ADDR"),
        }
        if request.axes_locked_out:  # it was refused before the password was looked at
            super().user_login_failed(sender, credentials, request, **kwargs)
            limit_log("login_refused", level=logging.WARNING, **who)
            return
        super().user_login_failed(sender, credentials, request, **kwargs)
        log.warning("login_failed", **who)
        if request.axes_locked_out:
            self.is_locked(request, credentials)
            log.warning("login_locked", **who, until=f"{request.locked_until:%FT%TZ}")

    def user_logged_in(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        name = user.get_username()
        entry = AccessLog.objects.create(
            username=name,
            ip_address=request.axes_ip_address,
            user_agent=request.axes_user_agent,
            path_info=request.axes_path_info,
        )
        request.session[ACCESS_LOG_KEY] = entry.pk
        AccessAttempt.objects.filter(username=name, ip_address=request.axes_ip_address).delete()
        log.info("login_succeeded", user=name, address=request.META.get("REMOTE_ADDR"))

    def user_logged_out(self, sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
        if user is None:
            return
        # by the row: the session's key, which axes goes by, changes with the password
        AccessLog.objects.filter(
            pk=request.session.get(ACCESS_LOG_KEY), logout_time__isnull=True
        ).update(logout_time=timezone.now())
        log.info("logged_out", user=user.get_username(), address=request.META.get("REMOTE_ADDR"))
