"""API keys: made and revoked here; a key's text is on the page that follows, once."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from workouts.admin.coach_names import find_coaches_to_choose, name_coach
from workouts.admin.days import begin_of_coach_day
from workouts.admin.next_steps import NextStep
from workouts.admin.titles import TitledAdmin
from workouts.models import ApiKey, may_see_all_athletes
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.key_making import make_api_key, revoke_api_key

DEFAULT_LIFE = timedelta(days=365)
LAST_DAY = date(9999, 12, 29)  # the last that ends within datetime's range in every time zone


class ApiKeyForm(forms.ModelForm):
    class Meta:
        model = ApiKey
        fields = ("name", "coach", "may_finish", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if expires_at := self.fields.get("expires_at"):  # a key's own page has no fields
            expires_at.required = True
            expires_at.initial = timezone.localdate() + DEFAULT_LIFE

    def clean_expires_at(self) -> datetime:
        """Return the last minute of the day."""
        day: date = self.cleaned_data["expires_at"]
        if day < timezone.localdate():
            raise ValidationError(_("This day has passed."))
        return begin_of_coach_day(min(day, LAST_DAY) + timedelta(days=1)) - timedelta(minutes=1)


class ApiKeyAdmin(TitledAdmin):
    add_title = gettext_lazy("Add an API key")
    empty_text = gettext_lazy("No API keys yet.")
    no_match_text = gettext_lazy("No API keys match.")
    form = ApiKeyForm
    change_form_template = "admin/workouts/apikey/change_form.html"
    list_display = ["name", "start", "rights_of", "may_finish", "last_used_at", "state"]
    list_select_related = ["coach"]
    search_fields = ["name", "start"]
    fields = ["name", "coach", "may_finish", "expires_at"]
    own_page_fields = [
        "name",
        "start",
        "rights_of",
        "may_finish",
        "state",
        "expires_at",
        "last_used_at",
        "created_by",
        "created_at",
        "revoked_at",
    ]
    actions = None

    def find_next_step(self, request: HttpRequest) -> NextStep | None:
        if not self.has_add_permission(request):
            return None
        return NextStep(str(self.add_title), reverse("admin:workouts_apikey_add"))

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.own_page_fields if obj else self.fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """Show a user who doesn't see all athletes the keys with their own rights."""
        keys: QuerySet[ApiKey] = super().get_queryset(request)
        return (
            keys
            if may_see_all_athletes(request.user)
            else keys.filter(coach__username=request.user.get_username())
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a key that programs have stays what it was made for

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # it is revoked instead, and stays on record

    @admin.display(description=gettext_lazy("rights of"))
    def rights_of(self, key: ApiKey) -> str:
        return name_coach(key.coach) if key.coach else _("everybody")

    @admin.display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> str:
        if key.revoked_at:
            return _("revoked")
        is_over = key.expires_at is not None and key.expires_at <= timezone.now()
        return _("expired") if is_over else _("valid")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "expires_at":  # nobody plans a key's end to the minute
            return forms.DateField(label=capfirst(db_field.verbose_name), widget=AdminDateWidget)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer coaches; a user who doesn't see all athletes can only give their own rights."""
        if db_field.name != "coach":
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        coaches = find_coaches_to_choose()
        if may_see_all_athletes(request.user):
            kwargs["queryset"] = coaches
            kwargs["empty_label"] = _("everybody")
        else:
            kwargs["queryset"] = coaches.filter(username=request.user.get_username())
            kwargs["required"] = True
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.label_from_instance = name_coach
        return field

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key, obj.text = make_api_key(
            name=obj.name,
            coach=obj.coach,
            may_finish=obj.may_finish,
            expires_at=obj.expires_at,
            created_by=request.user,
        )
        obj.pk = key.pk

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key's text in this very answer: nothing keeps it."""
        return self.show_key_page(request, obj, "made", _("New API key"), text=obj.text)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [
            path("<path:object_id>/revoke/", view, name="workouts_apikey_revoke"),
            *super().get_urls(),
        ]

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        keys = self.get_queryset(request)
        key = keys.filter(pk=object_id).first() if can_be_primary_key(object_id) else None
        if key is None:
            raise Http404
        if request.method != "POST":
            return self.show_key_page(request, key, "revoke", _("Revoke API key"))
        if revoke_api_key(key.pk, by=request.user):
            self.log_change(request, key, gettext_noop("Revoked."))
        messages.success(request, _("%s is revoked: it lets no program in.") % key)
        return redirect("admin:workouts_apikey_changelist")

    def show_key_page(
        self, request: HttpRequest, key: ApiKey, template: str, title: str, **context: Any
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/workouts/apikey/{template}.html",
            {
                **self.admin_site.each_context(request),
                **self.get_titles(key, title),
                "key": key,
                **context,
            },
        )
