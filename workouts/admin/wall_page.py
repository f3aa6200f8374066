"""The live wall's page. Its contents come over a socket: see workouts/wall/."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from workouts.models import Exercise, Team
from workouts.wall.audience import MAX_ATHLETES, find_wall_team, may_watch_wall


def show_wall_admin_page(request: HttpRequest) -> HttpResponse:
    """Show the wall for all athletes the user may see, or for one team with `?team=`."""
    if not may_watch_wall(request.user):
        raise PermissionDenied
    teams, chosen = Team.objects.visible_to(request.user), request.GET.get("team", "")
    team = find_wall_team(request.user, chosen) if chosen else None
    if chosen and team is None:
        raise Http404
    context = {
        **admin.site.each_context(request),
        "title": _("Training now: %s") % team if team else _("Training now"),
        "teams": teams,
        "team": team,
        "texts": describe_wall_admin_page_texts(),
    }
    return TemplateResponse(request, "admin/workouts/live.html", context)


def describe_wall_admin_page_texts() -> dict[str, Any]:
    """Return the texts for the page's script, in the page's language."""
    return {
        "states": {
            "training": _("training"),
            "resting": _("resting"),
            "stalled": _("stalled"),
            "offline": _("offline"),
            "finished": _("finished"),
            "ready": _("connected"),
        },
        "exercises": {exercise.slug: str(exercise) for exercise in Exercise.objects.all()},
        "connecting": _("Connecting…"),
        "connected": _("Live"),
        "unavailable": _("Live data is unavailable right now."),
        "lost": _("Connection lost. Reconnecting…"),
        "logged_out": _("You have been logged out."),
        "not_allowed": _("You no longer have permission to watch this."),
        "nobody": _("No one is training."),
        "cut": _("Only %d athletes are shown. Choose a team to see its athletes.") % MAX_ATHLETES,
        "absent": _("Not training:"),
        "seconds": _("%s s"),
        "minutes": _("%s min"),
        "ago": _("last rep %s ago"),
        "finished_ago": _("finished %s ago"),
        "did_finish": _("{name} finished: {count} × {exercise}"),
    }
