"""For superusers: who is locked out, and whose second factor can be reset."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_otp.plugins.otp_totp.models import TOTPDevice

from workouts.admin.accounts.history import record_account_change
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.lockouts import find_locks, unlock_log_in
from workouts.services.second_factors import remove_second_factor

PER_PAGE = 100


def show_locks(request: HttpRequest) -> HttpResponse:
    """List locked names, and users with a second factor; a POST unlocks one."""
    if not request.user.is_superuser:
        raise PermissionDenied
    if request.method == "POST":
        return unlock_and_redirect(request)
    devices = (
        TOTPDevice.objects.filter(confirmed=True).select_related("user").order_by("user__username")
    )
    context = {
        **admin.site.each_context(request),
        "title": _("Locks and second factors"),
        "locks": find_locks(timezone.now())[:PER_PAGE],
        "devices": Paginator(devices, PER_PAGE).get_page(request.GET.get("p")),
    }
    return TemplateResponse(request, "admin/workouts/accounts/locks.html", context)


def unlock_and_redirect(request: HttpRequest) -> HttpResponse:
    name, address = request.POST.get("username", ""), request.POST.get("address") or None
    by = request.user.get_username()
    if find_lock(name, address) and unlock_log_in(name, address, by=by):
        for user in get_user_model().objects.filter(username=name):
            record_account_change(request, user, gettext_noop("Log-in unlocked."))
        messages.success(request, _("%s may log in again.") % name)
    return redirect("admin:locks")


def find_lock(name: str, address: str | None) -> dict[str, Any] | None:
    """Return the lock, which may be over by the time that somebody presses the button."""
    for lock in find_locks(timezone.now()):
        if (lock["username"], lock["ip_address"]) == (name, address):
            return lock
    return None


def confirm_second_factor_reset(request: HttpRequest, pk: str) -> HttpResponse:
    """Ask whether to remove a user's second factor, and do it."""
    if not request.user.is_superuser:
        raise PermissionDenied
    user = get_user_model().objects.filter(pk=pk).first() if can_be_primary_key(pk) else None
    if user is None:
        raise Http404
    if request.method == "POST":
        if remove_second_factor(user, by=request.user.get_username()):
            record_account_change(request, user, gettext_noop("Second factor reset."))
        messages.success(request, _("%s logs in without a second factor now.") % user)
        return redirect("admin:locks")
    context = {
        **admin.site.each_context(request),
        "title": _("Reset second factor"),
        "subtitle": str(user),
        "account": user,
    }
    return TemplateResponse(request, "admin/workouts/accounts/reset.html", context)
