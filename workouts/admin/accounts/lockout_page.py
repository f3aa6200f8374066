"""What somebody sees who failed too often."""

import math
from typing import Any

from axes.helpers import get_client_username
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from workouts.services.lockouts import MAX_WAIT_S, find_client_address, find_lock_end

TOO_MANY_REQUESTS = 429


def show_lockout_page(
    request: HttpRequest, original_response: HttpResponse | None, credentials: Any = None
) -> HttpResponse:
    """Say until when this name is refused from this address."""
    now = timezone.now()
    until = find_lock_end(
        get_client_username(request, credentials), find_client_address(request), now
    )
    wait_s = max(1, math.ceil((until - now).total_seconds())) if until else 1
    context = {
        **admin.site.each_context(request),
        "title": _("Log in"),
        "until": until,
        "wait_s": wait_s,
        "is_short": wait_s <= MAX_WAIT_S,
    }
    response = render(
        request, "admin/workouts/accounts/lockout.html", context, status=TOO_MANY_REQUESTS
    )
    response["Retry-After"] = str(wait_s)
    response["Cache-Control"] = "no-store"
    return response
