"""Open invitations and waiting athletes, as pages list them."""

from typing import Any

from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest

from workouts.models import Athlete, Invitation, Team, WaitingAthlete

SHOWN = 100


def find_open_invitations(request: HttpRequest, **of: Any) -> list[Invitation]:
    """Return the invitations that still let somebody in, newest first, filtered by `of`."""
    if not request.user.has_perm("workouts.add_invitation"):
        return []
    visible = Invitation.objects.visible_to(request.user).usable().filter(**of)
    return [*visible.select_related("created_by", "team")[:SHOWN]]


def find_waiting_athletes(request: HttpRequest, team: Team) -> list[WaitingAthlete]:
    """Return who waits for a coach's yes, the first to come first."""
    named = Athlete.objects.with_namesakes(Athlete.objects.visible_to(request.user))
    waiting = find_waiting(request).filter(team=team)
    return [*waiting.prefetch_related(Prefetch("athlete", named))[:SHOWN]]


def count_waiting_by_team(request: HttpRequest) -> list[Any]:
    """Return team_id, team__name and number for each team with waiting athletes."""
    waiting = find_waiting(request).order_by("team__sort_name", "team__name")
    return [*waiting.values("team_id", "team__name").annotate(number=Count("pk"))[:SHOWN]]


def find_waiting(request: HttpRequest) -> QuerySet[WaitingAthlete]:
    """Return the waiting athletes whom the request's user may answer."""
    if not request.user.has_perm("workouts.change_waitingathlete"):
        return WaitingAthlete.objects.none()
    return WaitingAthlete.objects.visible_to(request.user)
