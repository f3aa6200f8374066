"""The live wall's page. Its contents come over a socket: see workouts/wall/."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from workouts.models import Team
from workouts.wall.audience import find_wall_team, may_watch_wall
from workouts.wall.texts import describe_wall_texts


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
        "texts": describe_wall_texts(is_for_team=team is not None),
    }
    return TemplateResponse(request, "admin/workouts/live.html", context)
