"""Leads a coach whose password alone is not enough to the page that asks for the rest."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from workouts.services.sign_ins import SignInStep, find_missing_sign_in_step

STEP_PAGES = {
    SignInStep.CODE: "second_factor_code",
    SignInStep.PASSWORD: "password_change",
    SignInStep.SETUP: "second_factor",
}
ALWAYS_OPEN = "logout"


def find_request_step(request: Any) -> SignInStep | None:
    """Return what the request's session lacks, asked of the database once a request."""
    if not (request.user.is_active and request.user.is_staff):
        return None
    if not hasattr(request, "sign_in_step"):
        request.sign_in_step = find_missing_sign_in_step(request.user, request.session)
    step: SignInStep | None = request.sign_in_step
    return step


def is_open_at_step(request: HttpRequest, step: SignInStep) -> bool:
    """Return whether the requested page is there for this step."""
    match = request.resolver_match
    return match is not None and match.url_name in (STEP_PAGES[step], ALWAYS_OPEN)


def find_step_path(request: HttpRequest) -> str | None:
    """Return where to complete the log-in, or None if nothing is missing."""
    step = find_request_step(request)
    if step is None:
        return None
    query = urlencode({REDIRECT_FIELD_NAME: find_next_path(request)})
    return f"{reverse(f'admin:{STEP_PAGES[step]}')}?{query}"


def find_next_path(request: HttpRequest) -> str:
    """Return where the coach wanted to go, or the first page instead of another site."""
    path = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(
        path, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return path if is_ours else reverse("admin:index")
