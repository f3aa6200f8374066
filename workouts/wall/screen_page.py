"""The wall on a screen in the gym. The link's token stays in the browser, in the fragment."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from workouts.wall.texts import describe_screen_wall_texts


@csrf_exempt  # a wrong method gets 405, not CSRF's 403
@never_cache
@require_safe
def show_screen_page(request: HttpRequest) -> HttpResponse:
    """Show the page that opens a wall with a display link's token; without one it is empty."""
    response = render(request, "workouts/screen.html", {"texts": describe_screen_wall_texts()})
    response["Referrer-Policy"] = "no-referrer"
    return response
