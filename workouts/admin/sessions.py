from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from workouts.admin.export import export_paths
from workouts.admin.parked import show_parked
from workouts.admin.review import ReviewStepInline, may_review, show_decision
from workouts.admin.visibility import TeamFilter, VisibleAdmin
from workouts.flag_texts import NAMES, explain_flag, name_flag
from workouts.models import ReviewStatus, WorkoutSession


class FlagFilter(admin.SimpleListFilter):
    """One kind of flag. A session without any is clean, which the index of the others leaves out."""

    title = _("flag")
    parameter_name = "flag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(NAMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[WorkoutSession]) -> QuerySet[WorkoutSession]:
        if self.value() is None:
            return queryset
        if self.value() not in NAMES:
            return queryset.none()
        flagged = queryset.exclude(review_status=ReviewStatus.CLEAN).annotate(flags_text=Cast("flags", TextField()))
        return flagged.filter(flags_text__contains=f'"{self.value()}"')


@admin.register(WorkoutSession)
class WorkoutSessionAdmin(VisibleAdmin):
    """Sessions are evidence: they are looked at and decided about, not edited."""

    list_display = ["id", "athlete", "exercise", "total_reps", "review_status", "flag_list", "started_at", "created_at"]
    list_display_links = ["id", "athlete"]
    list_filter = [TeamFilter, "review_status", FlagFilter, "exercise", "created_at"]
    list_select_related = ["athlete", "exercise"]
    search_fields = ["athlete__user_id", "athlete__display_name"]
    search_help_text = _("User ID or name of the athlete")
    show_full_result_count = False
    actions = ["approve_selected", "reject_selected"]
    inlines = [ReviewStepInline]
    exclude = ["flags"]
    readonly_fields = ["decision", "explained_flags"]

    @admin.display(description=_("flags"))
    def flag_list(self, session: WorkoutSession) -> str:
        return ", ".join(map(name_flag, session.flags))

    @admin.display(description=_("flags"))
    def explained_flags(self, session: WorkoutSession) -> SafeString | str:
        return (
            format_html_join("", "<p><strong>{}</strong>: {}</p>", ((name_flag(flag), explain_flag(flag)) for flag in session.flags)) or "-"
        )

    @admin.display(description=_("decide"))
    def decision(self, session: WorkoutSession) -> SafeString:
        address, query = reverse("admin:workouts_decision"), f"ids={session.pk}"
        verbs = {ReviewStatus.APPROVED: _("Approve"), ReviewStatus.REJECTED: _("Reject")}
        links = (f"{address}?to={to}&{query}" for to in verbs if to != session.review_status)
        names = (name for to, name in verbs.items() if to != session.review_status)
        return format_html_join(" ", '<a class="button" href="{}">{}</a>', zip(links, names, strict=True))

    def get_fields(self, request: HttpRequest, obj: WorkoutSession | None = None) -> Any:
        fields = list(super().get_fields(request, obj))
        first = ["explained_flags", "decision"] if may_review(request) else ["explained_flags"]
        return first + [field for field in fields if field not in ("explained_flags", "decision")]

    @admin.action(description=_("Approve selected sessions"), permissions=["review"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[WorkoutSession]) -> HttpResponse:
        return show_decision(request, queryset, ReviewStatus.APPROVED)

    @admin.action(description=_("Reject selected sessions"), permissions=["review"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[WorkoutSession]) -> HttpResponse:
        return show_decision(request, queryset, ReviewStatus.REJECTED)

    def get_urls(self) -> list[Any]:
        return [
            path("parked/", self.admin_site.admin_view(show_parked), name="workouts_parked"),
            path("decision/", self.admin_site.admin_view(show_decision), name="workouts_decision"),
            *export_paths(self),
            *super().get_urls(),
        ]

    def has_review_permission(self, request: HttpRequest) -> bool:
        return may_review(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: WorkoutSession | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: WorkoutSession | None = None) -> bool:
        return False
