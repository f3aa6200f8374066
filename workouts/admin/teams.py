from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet, prefetch_related_objects
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workouts.admin.coach_names import find_coaches_to_choose, name_coach
from workouts.admin.invitations.open_links import find_open_invitations, find_waiting_athletes
from workouts.admin.invitations.team_pages import answer_waiting, show_team_invite_page
from workouts.admin.next_steps import NextStep
from workouts.admin.screens import (
    describe_team_screens,
    show_screen_add_page,
    show_screen_revoke_page,
)
from workouts.admin.team_athletes import describe_team_athletes, prefetch_team_athletes
from workouts.admin.visibility import VisibleAdmin
from workouts.models import Team, may_see_all_athletes


def leave_out_lines(lines: list[Any], beginnings: tuple[str, ...]) -> list[Any]:
    """Return nested lines without those that begin so, and without lists that are empty then."""
    nested = [
        leave_out_lines(line, beginnings) if isinstance(line, list) else line for line in lines
    ]
    return [line for line in nested if line and not str(line).startswith(beginnings)]


class TeamAdmin(VisibleAdmin):
    add_title = _("Add a team")
    empty_text = _("No teams yet.")
    no_match_text = _("No teams match.")
    list_display = ["team_name", "athlete_count"]
    search_fields = ["name"]
    filter_horizontal = ["coaches"]
    autocomplete_fields = ["athletes"]
    change_form_template = "admin/workouts/team/change_form.html"

    @property
    def media(self) -> Media:
        names = ("sessions", "athlete", "access")
        return super().media + Media(css={"all": [f"workouts/admin/{name}.css" for name in names]})

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        team = kwargs["obj"]
        shown = (
            {}
            if team is None
            else {
                "team": team,
                "waiting": find_waiting_athletes(request, team),
                "open_invitations": find_open_invitations(request, team=team, kind="team"),
                "may_invite": request.user.has_perm("workouts.add_invitation"),
                **describe_team_screens(request, team),
                **describe_team_athletes(request, team),
            }
        )
        return super().render_change_form(request, context | shown, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Team | None = None) -> Any:
        """Let only those who see all athletes choose who is in a team."""
        coaches = "coaches" if may_see_all_athletes(request.user) else "coach_names"
        own = (None, {"fields": ["name", coaches]})
        if not may_see_all_athletes(request.user) or not self.has_change_permission(request, obj):
            return [own]
        members = {"fields": ["athletes"], "classes": ["collapse"] if obj else []}
        return [own, (_("Change members"), members)]

    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> list[str]:
        return [] if may_see_all_athletes(request.user) else ["coach_names", "athletes"]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Leave out the rows that only link a team with its people, who stay."""
        deleted, counts, *more = super().get_deleted_objects(objs, request)
        links = [field.through._meta for field in (Team.athletes, Team.coaches)]
        names = tuple(f"{capfirst(link.verbose_name)}: " for link in links)
        own = {
            name: count
            for name, count in counts.items()
            if name not in {link.verbose_name_plural for link in links}
        }
        return leave_out_lines(deleted, names), own, *more

    def find_next_step(self, request: HttpRequest) -> NextStep | None:
        if not self.has_add_permission(request):
            return None
        return NextStep(str(self.add_title), reverse("admin:workouts_team_add"))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path(
                "<str:object_id>/invite/", view(show_team_invite_page), name="workouts_team_invite"
            ),
            path(
                "<str:object_id>/screen/", view(show_screen_add_page), name="workouts_team_screen"
            ),
            path(
                "screens/<int:pk>/revoke/",
                view(show_screen_revoke_page),
                name="workouts_displaylink_revoke",
            ),
            path("waiting/<int:pk>/", view(answer_waiting), name="workouts_waiting_answer"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        teams: QuerySet[Team] = (
            super().get_queryset(request).annotate(athlete_count=Count("athletes", distinct=True))
        )
        return teams

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Team | None:
        team = super().get_object(request, object_id, from_field)
        if team is not None:
            prefetch_related_objects([team], prefetch_team_athletes(request))
        return team

    @admin.display(
        description=pgettext_lazy("of a team or an exercise", "name"), ordering="sort_name"
    )
    def team_name(self, team: Team) -> str:
        return team.name

    @admin.display(description=_("coaches"))
    def coach_names(self, team: Team) -> str:
        return ", ".join(map(name_coach, team.coaches.all()))

    @admin.display(description=_("athletes"))
    def athlete_count(self, team: Any) -> str:
        return number_format(team.athlete_count, force_grouping=True)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "coaches":
            kwargs["queryset"] = find_coaches_to_choose()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field is not None and db_field.name == "coaches":
            field.label_from_instance = name_coach
        if field is not None and db_field.name == "athletes":
            # no button that clears the whole team: one slip would empty it, and a screen reader
            # doesn't find it among the athletes
            field.widget.is_required = True
        return field
