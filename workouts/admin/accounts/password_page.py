"""Changing one's own password, which a temporary one has to be at the first log-in."""

from typing import Any

import structlog
from django.contrib import admin
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from workouts.admin.accounts.history import record_account_change
from workouts.services.sign_ins import forget_temporary_password

log = structlog.get_logger(__name__)


class OwnPasswordForm(AdminPasswordChangeForm):
    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"]
        if password == self.cleaned_data.get("old_password"):
            raise ValidationError(_("This is the old password. Choose another."))
        return password

    @transaction.atomic
    def save(self, commit: bool = True) -> Any:
        user = super().save(commit)
        forget_temporary_password(user)
        return user


class OwnPasswordView(PasswordChangeView):
    form_class = OwnPasswordForm
    template_name = "admin/workouts/accounts/password.html"
    success_url = reverse_lazy("admin:password_change_done")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**admin.site.each_context(self.request), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        log.info("password_changed", user=self.request.user.get_username())
        record_account_change(self.request, self.request.user, gettext_noop("Changed password."))
        return response


def change_own_password(request: HttpRequest) -> Any:
    """Show Django's page for it, and note that the password is the coach's own."""
    return OwnPasswordView.as_view()(request)
