"""What a page with nothing on it leads to."""

from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from workouts.models import Athlete


class NextStep(NamedTuple):
    """A link's text and address."""

    text: str
    url: str


def find_first_athlete_step(request: HttpRequest) -> NextStep | None:
    """Return the step for a user who may add athletes and sees none yet."""
    if not request.user.has_perm("workouts.add_athlete"):
        return None
    if Athlete.objects.visible_to(request.user).exists():
        return None
    return NextStep(_("Invite your first athlete"), reverse("admin:workouts_athlete_add"))
