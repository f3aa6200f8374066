"""The forms for users: they ask for a role and teams."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    ReadOnlyPasswordHashWidget,
    UserChangeForm,
)
from django.utils.translation import gettext_lazy

from workouts.models import Team
from workouts.services.roles import Role, find_role, give_role, may_change_role


class RoleForm(forms.ModelForm):
    """`by` is who fills it in: they give no higher role than their own, and none to equals."""

    by: ClassVar[Any]
    role = forms.TypedChoiceField(
        label=gettext_lazy("Role"),
        coerce=lambda value: Role(int(value)),
        required=False,
        initial=Role.COACH,
    )
    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(),
        label=gettext_lazy("Teams"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role, teams = (self.fields.get(name) for name in ("role", "teams"))
        if role is None or teams is None:  # the page only shows the account
            return
        own, saved = find_role(self.by), self.instance.pk is not None
        role.choices = [(each.value, each.label) for each in Role if each <= own]  # type: ignore[attr-defined]
        teams.queryset = Team.objects.visible_to(self.by)  # type: ignore[attr-defined]
        if saved:
            role.initial = find_role(self.instance)
            teams.initial = [*self.instance.teams.all()]
            is_fixed = not may_change_role(self.by, self.instance)
            for name in {"role", "is_active"} & {*self.fields}:  # a page that only shows has less
                self.fields[name].disabled = is_fixed

    def save_role_and_teams(self) -> None:
        """Give the saved user the chosen role and teams, where they were changed."""
        user, given = self.instance, self.cleaned_data
        if "role" in self.changed_data and isinstance(given["role"], Role):
            give_role(user, given["role"])
        if "teams" in self.changed_data:
            left = Team.objects.visible_to(self.by).filter(coaches=user)
            user.teams.remove(*left.exclude(pk__in=given["teams"]))
            user.teams.add(*given["teams"])


class PasswordWidget(ReadOnlyPasswordHashWidget):
    """Leads to the page that sets a password, and doesn't show how it is hashed."""

    def get_context(self, *args: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(*args)
        said = [entry for entry in context["summary"] if "value" not in entry]
        return {**context, "summary": said}


class AccountChangeForm(RoleForm, UserChangeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "password" in self.fields:
            self.fields["password"].widget = PasswordWidget()


class PasswordForm(AdminPasswordChangeForm):
    """Sets a password. An account without one could not log in: no other way in exists."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        require_password(self)


def require_password(form: forms.BaseForm) -> None:
    for name in ("password1", "password2"):
        form.fields[name].required = True


class AccountAddForm(RoleForm, AdminUserCreationForm):
    usable_password = None  # type: ignore[assignment]  # as in PasswordForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        require_password(self)

    def save_role_and_teams(self) -> None:
        if isinstance(role := self.cleaned_data["role"], Role):
            give_role(self.instance, role)  # also the one that was offered
        super().save_role_and_teams()
