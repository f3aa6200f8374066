"""An athlete's trends in one exercise, week by week, beside the team medians."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from workouts.admin.athletes.trend_charts import Trends, describe_trend, describe_trend_figures
from workouts.admin.athletes.trend_sessions import (
    MAX_OWN_SESSIONS,
    MAX_TEAM_ATHLETES,
    MAX_TEAM_SESSIONS,
    TrendSessions,
    TrendTeam,
    find_trend_exercises,
    find_trend_team,
    read_trend_sessions,
)
from workouts.admin.days import find_last_coach_weeks
from workouts.admin.invitations.crumbs import find_athlete_crumbs
from workouts.admin.visibility import may_open_athlete_page
from workouts.fairness.trends import (
    MIN_OTHERS,
    find_compared_lengths,
    find_trend_loads,
    find_trend_medians,
    find_trend_weeks,
)
from workouts.models import Athlete, Exercise
from workouts.models.primary_keys import can_be_primary_key
from workouts.models.sort_names import make_sort_name

SPANS = (12, 26, 52)  # weeks
DEFAULT_SPAN = 26
MIN_WEEKS = 2  # one point is no trend
Json = dict[str, Any]


def list_trend_spans() -> list[tuple[int, str]]:
    return [(weeks, ngettext("%d week", "%d weeks", weeks) % weeks) for weeks in SPANS]


def choose_trend_span(query: Any) -> int:
    """Return how many weeks the address asks for, by default half a year."""
    asked = query.get("weeks")
    return int(asked) if asked in map(str, SPANS) else DEFAULT_SPAN


class TrendsForm(forms.Form):
    """Which exercise, and how many weeks. An exercise that the address lacks or has wrong gets the
    default: the first of `exercises`, which are the choices.
    """

    exercise = forms.ChoiceField(label=gettext_lazy("Exercise"))
    weeks = forms.TypedChoiceField(
        label=pgettext_lazy("of a chart", "Span"), coerce=int, choices=list_trend_spans
    )

    def __init__(self, query: Any, exercises: Sequence[Exercise], *, span: int) -> None:
        choices = [(each.slug, str(each)) for each in exercises]
        asked = query.get("exercise")
        super().__init__(
            {"exercise": asked if asked in dict(choices) else choices[0][0], "weeks": span}
        )
        field: Any = self.fields["exercise"]
        field.choices = sorted(choices, key=lambda choice: make_sort_name(choice[1]))


def show_trends_page(request: HttpRequest, object_id: str) -> HttpResponse:
    athlete = find_athlete_for_trends_page(request, object_id)
    if str(athlete.pk) != object_id:  # an alias
        return redirect("admin:workouts_athlete_trends", athlete.pk)
    context = {
        **admin.site.each_context(request),
        "title": _("Trends"),
        "subtitle": str(athlete),
        "crumbs": find_athlete_crumbs(athlete),
        **describe_trends_page(request, athlete, today=timezone.localdate()),
    }
    return TemplateResponse(request, "admin/workouts/athlete/trends.html", context)


def find_athlete_for_trends_page(request: HttpRequest, object_id: str) -> Athlete:
    """Return an athlete whom the user sees, for an alias the one it was merged into.

    Raises Http404, or PermissionDenied for lack of rights.
    """
    if not may_open_athlete_page(request):
        raise PermissionDenied
    if not can_be_primary_key(object_id):
        raise Http404
    visible = Athlete.objects.visible_to(request.user).unmerged()
    athlete = visible.filter(Q(pk=object_id) | Q(aliases=object_id)).first()
    if athlete is None:
        raise Http404
    return athlete


def describe_trends_page(request: HttpRequest, athlete: Athlete, *, today: date) -> Json:
    """Return the template's context; without a form if nothing was trained for a year."""
    longest, span = find_last_coach_weeks(max(SPANS), today=today), choose_trend_span(request.GET)
    weeks = longest[-span:]
    exercises = find_trend_exercises(athlete, since=longest[0], most_since=weeks[0])
    if not exercises:
        return {"is_enough": False}
    form = TrendsForm(request.GET, exercises, span=span)
    form.full_clean()
    exercise = form.cleaned_data["exercise"]
    read = read_trend_sessions([athlete.user_id], exercise, weeks, limit=MAX_OWN_SESSIONS)
    own = read.by_athlete[athlete.user_id]
    lengths = find_compared_lengths(own)
    team = find_trend_team(request.user, athlete)
    theirs = read_trend_sessions(team.others, exercise, weeks, limit=MAX_TEAM_SESSIONS)
    medians = find_trend_medians(
        find_trend_weeks(each, lengths) for each in theirs.by_athlete.values()
    )
    trends = Trends(weeks, find_trend_weeks(own, lengths), medians, find_trend_loads(own))
    names = {each.slug: str(each) for each in exercises}
    return {
        "subtitle": f"{athlete}, {names[exercise]}",
        "form": form,
        "is_enough": len(trends.own) >= MIN_WEEKS,
        "trends": [describe_trend(each, trends) for each in describe_trend_figures(lengths)],
        "notes": [
            _("The last week is not over yet."),
            explain_trend_medians(team, has_medians=bool(medians)),
            *explain_trend_cuts(read, team, theirs),
        ],
    }


def explain_trend_medians(team: TrendTeam, *, has_medians: bool) -> str:
    """Return whom the team median is about, or why there is none."""
    if not team.names:
        return _("There is no team median: the athlete is in no team.")
    if has_medians:
        text = _(
            "The dashed line is the median of the other athletes in %(teams)s, in weeks when at"
            " least %(least)d of them have a figure."
        )
    else:
        text = _(
            "There is no team median: in no week do at least %(least)d other athletes in"
            " %(teams)s have a figure."
        )
    return text % {"teams": ", ".join(team.names), "least": MIN_OTHERS}


def explain_trend_cuts(own: TrendSessions, team: TrendTeam, theirs: TrendSessions) -> list[str]:
    """Return what was left out because there is too much of it."""
    cuts = [
        (own.is_cut, MAX_OWN_SESSIONS, _("Only the newest %s sessions are in the charts.")),
        (team.is_cut, MAX_TEAM_ATHLETES, _("The team median is that of %s athletes only.")),
        (
            theirs.is_cut,
            MAX_TEAM_SESSIONS,
            _("The team median is from the newest %s sessions only."),
        ),
    ]
    return [
        text % number_format(most, force_grouping=True) for is_cut, most, text in cuts if is_cut
    ]
