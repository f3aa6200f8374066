"""Users by their roles. Head coaches manage coaches, and superusers everybody."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from workouts.admin.coach_names import name_coach
from workouts.admin.invitations.coach_page import show_coach_invite_page
from workouts.admin.titles import TitledAdmin
from workouts.admin.users.forms import AccountAddForm, AccountChangeForm, PasswordForm
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.roles import find_role, may_manage_account, may_set_password
from workouts.services.sign_ins import note_whose_password

NAMES = ("first_name", "last_name")
SHOWN = ("username", *NAMES, "role_name", "team_names", "is_active", "last_login")
DATES = (_("Important dates"), {"fields": ("last_login", "date_joined")})
ADVANCED = (
    _("Advanced"),
    {
        "classes": ("collapse",),
        "description": _("If you change the role above, that decides."),
        "fields": ("email", "is_staff", "is_superuser", "groups", "user_permissions"),
    },
)


def may_manage_coaches(request: HttpRequest) -> bool:
    return request.user.has_perm("workouts.invite_coach")


class RoleUserAdmin(TitledAdmin, UserAdmin):
    list_title = _("Users")
    add_title = _("Add a user")
    form = AccountChangeForm
    add_form = AccountAddForm
    change_password_form = PasswordForm
    readonly_fields = ("last_login", "date_joined")
    list_display = ("username", "full_name", "role_name", "team_names", "last_login", "is_active")
    list_filter = ("is_active", "teams")
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    "username",
                    *NAMES,
                    "role",
                    "teams",
                    "password1",
                    "password2",
                ),
            },
        ),
    )

    def name_object(self, obj: Any) -> str:
        return name_coach(obj)

    @admin.display(description=_("name"), ordering="first_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=_("role"))
    def role_name(self, user: User) -> str:
        return str(find_role(user).label)

    @admin.display(description=_("teams"))
    def team_names(self, user: Any) -> str:
        return ", ".join(team.name for team in user.teams.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        users: QuerySet[User] = super().get_queryset(request)
        return users.prefetch_related("groups", "teams")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": SHOWN})]
        password = ("password",) if may_set_password(request.user, obj) else ()
        fields = ("username", *password, *NAMES, "role", "teams", "is_active")
        own = [(None, {"fields": fields})]
        return [*own, DATES, ADVANCED] if request.user.is_superuser else own

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"by": request.user})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and obj.has_usable_password():
            note_whose_password(obj, by=request.user)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        form.save_role_and_teams()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return super().has_module_permission(request) or may_manage_coaches(request)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let head coaches see users, but not look for one to link to an athlete."""
        match = request.resolver_match
        is_lookup = match is not None and match.url_name == "autocomplete"
        return super().has_view_permission(request, obj) or (
            not is_lookup and may_manage_coaches(request)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) or may_manage_coaches(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may_change = super().has_change_permission(request, obj) or may_manage_coaches(request)
        return may_change and (obj is None or may_manage_account(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep accounts that the audit trail names: their lines would go with them."""
        may_delete = super().has_delete_permission(request, obj)
        return may_delete and (
            obj is None or (may_manage_account(request.user, obj) and not obj.logentry_set.exists())
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002
        user = self.get_object(request, id) if can_be_primary_key(id) else None
        if user is None:
            return super().user_change_password(request, id, form_url)
        if not may_set_password(request.user, user):
            raise PermissionDenied
        with transaction.atomic():
            before = user.password
            response = super().user_change_password(request, id, form_url)
            user.refresh_from_db(fields=["password"])
            if user.password != before:
                note_whose_password(user, by=request.user)
        return response

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(show_coach_invite_page)
        return [path("invite/", view, name="auth_user_invite"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"may_invite": may_manage_coaches(request), **(extra_context or {})}
        return super().changelist_view(request, shown)


class RoleGroupAdmin(TitledAdmin, GroupAdmin):
    add_title = _("Add a group")


def replace_user_pages() -> None:
    """Put our pages for users and their groups in the place of Django's."""
    admin.site.unregister([User, Group])
    admin.site.register(User, RoleUserAdmin)
    admin.site.register(Group, RoleGroupAdmin)
