"""The page "Audit log", for head coaches and superusers."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from workouts.admin.accounts.trail import Trail, TrailPaginator
from workouts.models import may_see_all_athletes

PER_PAGE = 100


def show_trail(request: HttpRequest) -> HttpResponse:
    """List who signed in, who failed to, and who changed what."""
    if not may_see_all_athletes(request.user):
        raise PermissionDenied
    paginator = TrailPaginator(Trail(), PER_PAGE)  # type: ignore[arg-type]  # it is sliceable
    context = {
        **admin.site.each_context(request),
        "title": _("Audit log"),
        "page": paginator.get_page(request.GET.get("p")),
    }
    return TemplateResponse(request, "admin/workouts/accounts/trail.html", context)
