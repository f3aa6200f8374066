"""The pages that invitations lead to. Their codes stay in the browser, in the fragment."""

from http import HTTPStatus
from typing import Any

import django.db
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from workouts.api.problems import STATUS
from workouts.exceptions import Code, WorkoutError
from workouts.metrics import count_outage_metric
from workouts.models import MAX_DEVICE_NAME_LENGTH
from workouts.services.invitations import accept_coach_invitation
from workouts.services.join_tries import FAILURES
from workouts.services.new_athletes import MAX_ATHLETE_NAME_LENGTH

MAX_CODE_LENGTH = 128
MAX_USERNAME_LENGTH: int = User._meta.get_field("username").max_length or 150
PROBLEMS = {
    Code.INVITATION_INVALID: gettext_lazy(
        "This link does not work. Ask whoever sent it for a new one."
    ),
    Code.INVITATION_USED: gettext_lazy(
        "This link has been used already. Ask whoever sent it for a new one."
    ),
    Code.INVITATION_EXPIRED: gettext_lazy(
        "This link has expired. Ask whoever sent it for a new one."
    ),
    Code.TOO_MANY_TRIES: gettext_lazy("Too many tries. Wait a minute, then try again."),
    Code.UNAVAILABLE: gettext_lazy("The service cannot be reached. Try again in a moment."),
}


class CoachForm(forms.Form):
    """A new coach's account. The code comes from the link's fragment."""

    code = forms.CharField(max_length=MAX_CODE_LENGTH, widget=forms.HiddenInput)
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=MAX_USERNAME_LENGTH,
        help_text=gettext_lazy("Letters, digits and @ . + - _"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=gettext_lazy("Password again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if "password" in given and given.get("password_again") not in (None, given["password"]):
            self.add_error("password_again", gettext("The two passwords differ."))
        return given


@csrf_exempt  # a wrong method gets 405, not CSRF's 403
@never_cache
@require_safe
def show_join_page(request: HttpRequest, kind: str) -> HttpResponse:
    limits = {"device_name": MAX_DEVICE_NAME_LENGTH, "name": MAX_ATHLETE_NAME_LENGTH}
    context = {
        "kind": kind,
        "is_open": settings.SENIM_AUTH != "token",
        "problems": {str(code): text for code, text in PROBLEMS.items()},
        "limits": limits,
    }
    return render(request, "workouts/join.html", context)


@sensitive_post_parameters("code", "password", "password_again")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_coach_join_page(request: HttpRequest) -> HttpResponse:
    form = CoachForm(request.POST or None, label_suffix="")
    try:
        if form.is_valid():
            return make_coach_account(request, form)
    except ValidationError as error:
        form.add_error(None, error)
    except WorkoutError as error:
        return render_coach_problem(request, form, error)
    except django.db.Error as error:
        count_outage_metric(error)
        problem = WorkoutError(Code.UNAVAILABLE, "the database cannot be reached")
        return render_coach_problem(request, form, problem)
    return render(request, "workouts/join_coach.html", {"form": form})


def make_coach_account(request: HttpRequest, form: CoachForm) -> HttpResponse:
    given = form.cleaned_data
    user = accept_coach_invitation(
        given["code"],
        username=given["username"],
        password=given["password"],
        address=request.META.get("REMOTE_ADDR") or "",
    )
    text = gettext("Your account is ready: %(name)s. Log in with it.") % {"name": user.username}
    messages.success(request, text)
    return redirect("admin:login")


def render_coach_problem(
    request: HttpRequest, form: CoachForm, error: WorkoutError
) -> HttpResponse:
    context = {
        "form": form,
        "problem": PROBLEMS.get(error.code, error.message),
        "is_final": error.code in FAILURES,
    }
    status = STATUS.get(error.code, HTTPStatus.BAD_REQUEST)
    response = render(request, "workouts/join_coach.html", context, status=status)
    if error.retry_after_s is not None:
        response["Retry-After"] = str(error.retry_after_s)
    return response
