from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from workouts.admin.load_texts import write_load_for_coach
from workouts.admin.next_steps import NextStep, find_first_athlete_step
from workouts.admin.numbers import make_number_column
from workouts.admin.sessions.decisions import (
    ReviewStepInline,
    may_open_decision_page,
    show_decision_page,
)
from workouts.admin.sessions.export import export_page_paths
from workouts.admin.sessions.filters import (
    AthleteListFilter,
    DateRangeListFilter,
    ExerciseListFilter,
    FlagListFilter,
    athlete_widget,
)
from workouts.admin.sessions.load_page import show_load_page
from workouts.admin.sessions.names import name_session_for_coach
from workouts.admin.sessions.page import (
    describe_session_page,
    draw_tempo_svg,
    find_session_page_pace,
    session_page_length_ms,
)
from workouts.admin.sessions.parked import show_parked_page
from workouts.admin.tempo_texts import (
    write_duration_for_coach,
    write_pace_for_coach,
    write_work_to_rest_for_coach,
)
from workouts.admin.titles import TitledChangeList
from workouts.admin.visibility import TeamListFilter, VisibleAdmin
from workouts.fairness.flag_texts import name_flag
from workouts.models import Athlete, ReviewStatus, WorkoutSession

# not shown in the list, and long
EVIDENCE = ("refusals", "rep_devices", "late_reps", "device_seqs", "refused")
MAX_LISTED = 1000


class SessionChangeList(TitledChangeList):
    def get_queryset(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> QuerySet[WorkoutSession]:
        sessions: QuerySet[WorkoutSession] = super().get_queryset(request, *args, **kwargs)
        return sessions.defer(*EVIDENCE)


class WorkoutSessionAdmin(VisibleAdmin):
    """Sessions are evidence: they are reviewed, never edited."""

    title = _("Session")
    list_title = _("Sessions")
    empty_text = _("No sessions yet. They appear here once an athlete finishes a workout.")
    no_match_text = _("No sessions match.")
    list_display = [
        "when",
        "athlete",
        "exercise",
        make_number_column(WorkoutSession, "total_reps"),
        "load",
        "length",
        "pace",
        "tempo",
        "status",
        "flag_list",
    ]
    list_display_links = ["when", "athlete"]
    list_filter = [
        TeamListFilter,
        AthleteListFilter,
        ("exercise", ExerciseListFilter),
        DateRangeListFilter,
        "review_status",
        FlagListFilter,
    ]
    list_select_related = ["exercise"]
    list_per_page = 50
    ordering = ["-started_at", "-id"]
    sortable_by = ["when"]  # the one column with an index
    search_fields = ["athlete__user_id"]  # see get_search_results()
    search_help_text = _("Athlete's name or user ID")
    actions = ["approve_selected", "reject_selected"]
    inlines = [ReviewStepInline]
    fields = ["id", "session_id", "created_at", "request_id"]
    change_form_template = "admin/workouts/workoutsession/session.html"

    @property
    def media(self) -> Media:
        return (
            super().media
            + athlete_widget.media
            + Media(css={"all": ["workouts/admin/sessions.css", "workouts/admin/charts.css"]})
        )

    @admin.display(description=_("first rep"), ordering="started_at")
    def when(self, session: WorkoutSession) -> str:
        return date_format(localtime(session.started_at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("load, kg"))
    def load(self, session: WorkoutSession) -> str:
        return write_load_for_coach(session.load_kg)

    # no line begins with the colon: the space before it is a no-break one
    @admin.display(description=_("duration, work : rest"))
    def length(self, session: WorkoutSession) -> str:
        length = write_duration_for_coach(session_page_length_ms(session))
        ratio = write_work_to_rest_for_coach(find_session_page_pace(session))
        # below each other, since one more column would not fit beside the filters
        return format_html('{}<small class="ratio">{}</small>', length, ratio) if ratio else length

    @admin.display(description=_("reps/min within sets"))
    def pace(self, session: WorkoutSession) -> str:
        return write_pace_for_coach(find_session_page_pace(session))

    @admin.display(description=_("tempo"))
    def tempo(self, session: WorkoutSession) -> SafeString:
        text = ngettext("Tempo of %s rep", "Tempo of %s reps", session.total_reps)
        return format_html(
            '<svg class="spark" viewBox="0 0 120 24" width="96" height="24" role="img"'
            ' aria-label="{}"><path d="{}"/></svg>',
            text % number_format(session.total_reps, force_grouping=True),
            draw_tempo_svg(session.timeline_ms),
        )

    @admin.display(description=_("review"))
    def status(self, session: WorkoutSession) -> SafeString:
        return format_html(
            '<span class="status status-{}">{}</span>',
            session.review_status,
            session.get_review_status_display(),
        )

    @admin.display(description=_("flags"))
    def flag_list(self, session: WorkoutSession) -> str:
        return ", ".join(map(name_flag, session.flags))

    def name_object(self, obj: Any) -> str:
        return name_session_for_coach(obj)

    def find_next_step(self, request: HttpRequest) -> NextStep | None:
        return find_first_athlete_step(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkoutSession]:
        sessions: Any = super().get_queryset(request)
        named: QuerySet[WorkoutSession] = sessions.with_athletes(request.user)
        return named

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SessionChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Search the athletes first: their table is the smaller one."""
        if not search_term:
            return queryset, False
        visible = Athlete.objects.visible_to(request.user)
        found, _may_repeat = self.admin_site.get_model_admin(Athlete).get_search_results(
            request, visible, search_term
        )
        user_ids = found.order_by().values_list("user_id", flat=True)
        # a literal list lets the database estimate the rows, and pick the right index
        few = list(user_ids[: MAX_LISTED + 1])
        return queryset.filter(athlete__in=few if len(few) <= MAX_LISTED else user_ids), False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        return super().render_change_form(
            request, context | describe_session_page(request, kwargs["obj"]), *args, **kwargs
        )

    @admin.action(description=_("Approve selected sessions"), permissions=["review"])
    def approve_selected(
        self, request: HttpRequest, queryset: QuerySet[WorkoutSession]
    ) -> HttpResponse:
        return show_decision_page(request, queryset, ReviewStatus.APPROVED)

    @admin.action(description=_("Reject selected sessions"), permissions=["review"])
    def reject_selected(
        self, request: HttpRequest, queryset: QuerySet[WorkoutSession]
    ) -> HttpResponse:
        return show_decision_page(request, queryset, ReviewStatus.REJECTED)

    def get_urls(self) -> list[Any]:
        return [
            path("parked/", self.admin_site.admin_view(show_parked_page), name="workouts_parked"),
            path(
                "decision/",
                self.admin_site.admin_view(show_decision_page),
                name="workouts_decision",
            ),
            path(
                "<path:object_id>/load/",
                self.admin_site.admin_view(show_load_page),
                name="workouts_workoutsession_load",
            ),
            *export_page_paths(self),
            *super().get_urls(),
        ]

    def has_review_permission(self, request: HttpRequest) -> bool:
        return may_open_decision_page(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: WorkoutSession | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: WorkoutSession | None = None
    ) -> bool:
        return False
