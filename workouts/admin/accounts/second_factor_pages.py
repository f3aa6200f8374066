"""The pages of a coach's own second factor: asking for a code, setting it up, removing it."""

import base64
from typing import Any

import django_otp
import segno
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from workouts.admin.accounts.code_form import AnyCodeForm, CodeForm, describe_wrong_code
from workouts.admin.accounts.history import record_account_change
from workouts.admin.accounts.steps import find_next_path, find_request_step
from workouts.services.second_factors import (
    RECOVERY,
    confirm_second_factor,
    count_recovery_codes,
    find_second_factor,
    make_recovery_codes,
    remove_second_factor,
    start_second_factor,
)
from workouts.services.sign_ins import SignInStep, must_have_second_factor

TEMPLATES = "admin/workouts/accounts"
GROUP_OF = 4  # letters of the secret, for typing it


def ask_for_code(request: HttpRequest) -> HttpResponse:
    """Ask for a code, once the password was right."""
    if find_request_step(request) != SignInStep.CODE:
        return HttpResponseRedirect(find_next_path(request))
    form = CodeForm(request.user, request.POST or None)
    if form.is_valid():
        django_otp.login(request, form.device)
        if form.device.name == RECOVERY:
            warn_of_used_code(request)
        return HttpResponseRedirect(find_next_path(request))
    return show_account_page(
        request, "code", _("Second factor"), form=form, next=find_next_path(request)
    )


def warn_of_used_code(request: HttpRequest) -> None:
    left = count_recovery_codes(request.user)
    text = ngettext("%d recovery code is left.", "%d recovery codes are left.", left) % left
    messages.warning(request, text)


def show_second_factor(request: HttpRequest) -> HttpResponse:
    """Show the coach's second factor, or set one up."""
    device = find_second_factor(request.user)
    if device is None:
        return set_up_second_factor(request)
    form = CodeForm(request.user, request.POST or None)
    if form.is_valid():
        if "remove" in request.POST:
            return remove_own_second_factor(request)
        record_account_change(request, request.user, gettext_noop("New recovery codes."))
        return show_recovery_codes(request, make_recovery_codes(request.user))
    return show_account_page(
        request,
        "second_factor",
        _("Second factor"),
        form=form,
        device=device,
        codes_left=count_recovery_codes(request.user),
        is_required=must_have_second_factor(request.user),
    )


def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    form = AnyCodeForm(request.POST or None)
    if form.is_valid():
        if found := confirm_second_factor(request.user, form.cleaned_data["code"]):
            device, codes = found
            django_otp.login(request, device)
            record_account_change(request, request.user, gettext_noop("Second factor set up."))
            return show_recovery_codes(request, codes)
        form.add_error("code", describe_wrong_code(request.user))
    device = start_second_factor(request.user)
    secret = base64.b32encode(device.bin_key).decode()
    return show_account_page(
        request,
        "second_factor_setup",
        _("Set up a second factor"),
        form=form,
        qr_code=draw_qr_code(device.config_url),
        secret=" ".join(secret[at : at + GROUP_OF] for at in range(0, len(secret), GROUP_OF)),
        app_url=device.config_url,
        next=find_next_path(request),
        is_required=must_have_second_factor(request.user),
    )


def remove_own_second_factor(request: HttpRequest) -> HttpResponse:
    remove_second_factor(request.user, by=request.user.get_username())
    record_account_change(request, request.user, gettext_noop("Second factor removed."))
    messages.success(request, _("Your second factor is removed."))
    # where one is required, this page asks for the next one
    return redirect("admin:second_factor")


def show_recovery_codes(request: Any, codes: list[str]) -> HttpResponse:
    """Show new codes: in this answer and never again."""
    request.sign_in_step = None  # the session counts from now on
    return show_account_page(
        request, "recovery_codes", _("Recovery codes"), codes=codes, next=find_next_path(request)
    )


def draw_qr_code(text: str) -> str:
    """Return an SVG for a page, with its own white background for the dark mode."""
    svg = segno.make(text, error="m").svg_inline(scale=5, border=4, light="#fff", dark="#000")
    # segno draws it; the text itself is not in it
    return mark_safe(svg)  # noqa: S308  # nosec B308 B703


def show_account_page(
    request: HttpRequest, template: str, title: str, **context: Any
) -> TemplateResponse:
    return TemplateResponse(
        request,
        f"{TEMPLATES}/{template}.html",
        {**admin.site.each_context(request), "title": title, **context},
    )
