from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from workouts.admin.athletes.access_pages import (
    describe_athlete_access,
    invite_device,
    show_athlete_invite_page,
    show_cut_off_page,
    show_switch_page,
)
from workouts.admin.athletes.add_form import AthleteAddForm
from workouts.admin.athletes.filters import TrainedListFilter
from workouts.admin.athletes.forget_page import may_open_forget_page, show_forget_page
from workouts.admin.athletes.merge_page import may_open_merge_page, show_merge_page
from workouts.admin.athletes.page import describe_athlete_page
from workouts.admin.athletes.training import sum_training_for_athlete_list
from workouts.admin.athletes.trends_page import show_trends_page
from workouts.admin.invitations.withdraw_page import show_withdraw_page
from workouts.admin.next_steps import NextStep, find_first_athlete_step
from workouts.admin.titles import TitledChangeList
from workouts.admin.visibility import AthleteTeamListFilter, VisibleAdmin
from workouts.models import Athlete, may_see_all_athletes
from workouts.models.primary_keys import can_be_primary_key
from workouts.wall.audience import find_wall_team


class AthleteChangeList(TitledChangeList):
    """Reads the training of the athletes on the page only, in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        athletes: list[Any] = list(self.result_list)
        found = sum_training_for_athlete_list([athlete.user_id for athlete in athletes])
        for athlete in athletes:
            athlete.total, athlete.last_trained_at = found.get(athlete.user_id, (0, None))
        self.result_list = athletes


class AthleteAdmin(VisibleAdmin):
    add_title = _("Add an athlete")
    empty_text = _("No athletes yet.")
    no_match_text = _("No athletes match.")
    list_display = ["name", "user_id", "last_session", "total_reps", "first_seen"]
    sortable_by = ["name", "first_seen"]
    list_per_page = 50
    list_filter = [AthleteTeamListFilter, TrainedListFilter, "created_at"]
    search_fields = ["user_id", "sort_name"]  # see get_search_results()
    fields = ["user_id", "display_name", "account", "created_at"]
    autocomplete_fields = ["account"]
    actions = ["merge_selected"]
    change_form_template = "admin/workouts/athlete/change_form.html"

    @property
    def media(self) -> Media:
        return super().media + Media(
            css={
                "all": [
                    f"workouts/admin/{name}.css"
                    for name in ("sessions", "charts", "athlete", "access")
                ]
            }
        )

    def find_way_back(self, request: HttpRequest) -> str:
        """Lead back to the team whose page led here, else to the list."""
        team = find_wall_team(request.user, request.GET.get("team", ""))
        if team is None:
            return super().find_way_back(request)
        return reverse("admin:workouts_team_change", args=[team.pk])

    def find_next_step(self, request: HttpRequest) -> NextStep | None:
        return find_first_athlete_step(request)

    @admin.display(description=_("name"), ordering="sort_name")
    def name(self, athlete: Athlete) -> str:
        return str(athlete)

    @admin.display(description=_("last session"))
    def last_session(self, athlete: Any) -> str | None:
        at = athlete.last_trained_at
        return at and date_format(localtime(at), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("reps"))
    def total_reps(self, athlete: Any) -> str:
        """Return an athlete's total reps, without rejected sessions."""
        return number_format(athlete.total, force_grouping=True)

    @admin.display(description=_("first seen"), ordering="created_at")
    def first_seen(self, athlete: Athlete) -> str:
        return date_format(localtime(athlete.created_at), "SHORT_DATETIME_FORMAT")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return AthleteChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Athlete]:
        athletes: Any = super().get_queryset(request)
        named: QuerySet[Athlete] = athletes.unmerged().with_namesakes(
            Athlete.objects.visible_to(request.user)
        )
        return named

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Find athletes by their aliases too.

        Not by a join: SQLite may read all athletes for each of them.
        """
        if not search_term:
            return queryset, False
        found, _may_repeat = super().get_search_results(
            request, Athlete.objects.order_by(), search_term
        )
        return queryset.filter(pk__in=found.values(kept=Coalesce("merged_into", "pk"))), False

    def get_readonly_fields(self, request: HttpRequest, obj: Athlete | None = None) -> list[str]:
        """Never rename a user ID, which sessions refer to; linking an account needs view_user."""
        user_id = ["user_id"] if obj else []
        account = [] if request.user.has_perm("auth.view_user") else ["account"]
        return ["created_at", *user_id, *account]

    def get_fields(self, request: HttpRequest, obj: Athlete | None = None) -> Any:
        if obj:
            return self.fields
        own = ["user_id"] if may_see_all_athletes(request.user) else []
        return ["display_name", "team", *own]

    def get_form(
        self, request: HttpRequest, obj: Athlete | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj:
            return super().get_form(request, obj, change, **kwargs)
        form = super().get_form(request, obj, change, **{**kwargs, "form": AthleteAddForm})
        return type(form.__name__, (form,), {"coach": request.user})

    def save_model(self, request: HttpRequest, obj: Athlete, form: Any, change: bool) -> None:
        """Write only the changed fields: somebody may be merging the athlete right now."""
        if change:
            obj.save(update_fields=form.changed_data)
        else:
            form.add(obj)

    def response_add(
        self, request: HttpRequest, obj: Athlete, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on with the link for the new athlete's phone."""
        if IS_POPUP_VAR in request.POST or not request.user.has_perm("workouts.add_invitation"):
            return super().response_add(request, obj, post_url_continue)
        return invite_device(request, obj)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        athlete = kwargs["obj"]
        shown: dict[str, Any] = {"show_save_and_add_another": False}
        if athlete:
            shown |= describe_athlete_page(athlete) | describe_athlete_access(request, athlete)
            shown["may_forget"] = may_open_forget_page(request)
        else:
            shown["show_save_and_continue"] = False  # the link comes next
        return super().render_change_form(request, context | shown, *args, **kwargs)

    @admin.action(description=_("Merge selected athletes"), permissions=["merge"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Athlete]) -> HttpResponse:
        return show_merge_page(request, queryset)

    def has_delete_permission(self, request: HttpRequest, obj: Athlete | None = None) -> bool:
        """Offer "Forget" instead, which also finds what is in Redis and the audit trail."""
        return False

    def has_merge_permission(self, request: HttpRequest) -> bool:
        return may_open_merge_page(request)

    def get_urls(self) -> list[Any]:
        pages: dict[str, tuple[Any, str]] = {
            "merge/": (show_merge_page, "workouts_merge"),
            "<path:object_id>/forget/": (show_forget_page, "workouts_forget"),
            "<str:object_id>/invite/": (show_athlete_invite_page, "workouts_athlete_invite"),
            "<str:object_id>/trends/": (show_trends_page, "workouts_athlete_trends"),
            "<str:object_id>/switch/": (show_switch_page, "workouts_athlete_switch"),
            "devices/<uuid:pk>/cut-off/": (show_cut_off_page, "workouts_device_cut_off"),
            "invitations/<int:pk>/withdraw/": (show_withdraw_page, "workouts_invitation_withdraw"),
        }
        return [
            *(
                path(route, self.admin_site.admin_view(view), name=name)
                for route, (view, name) in pages.items()
            ),
            *super().get_urls(),
        ]

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Redirect from an alias to the athlete it was merged into."""
        kept = (
            self.get_queryset(request).filter(aliases__pk=object_id).first()
            if can_be_primary_key(object_id)
            else None
        )
        if kept is not None:
            return redirect("admin:workouts_athlete_change", kept.pk)
        answer: HttpResponse = super()._get_obj_does_not_exist_redirect(  # type: ignore[misc]
            request, opts, object_id
        )
        return answer
