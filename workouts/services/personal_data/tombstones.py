"""Tombstones: for a while after an athlete is forgotten, what was under way is not saved."""

from django.conf import settings
from django.utils import timezone

from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.live.traces import erase_live_traces
from workouts.models import Forgetting
from workouts.services.revocations import REMEMBERED


class AthleteForgottenError(Exception):
    """A session cannot be saved, since its athlete was forgotten meanwhile."""


def is_athlete_forgotten(user_id: str) -> bool:
    """Return whether this user_id is being forgotten, or was a short while ago."""
    return Forgetting.objects.filter(user_id=user_id).exists()


def refuse_forgotten_athlete(user_id: str) -> None:
    """Raise AthleteForgottenError if this user_id is being forgotten, or was a short while ago."""
    if is_athlete_forgotten(user_id):
        raise AthleteForgottenError(user_id)


def admit_forgotten_athlete(name: SessionName) -> bool:
    """Return whether a session of a forgotten athlete is a new athlete's, and so to be saved.

    In open mode anybody may take a user_id again. What Redis still has was counted after its keys
    were erased; a session that is gone from there was read before. With tokens nobody is let in
    until the tombstone is gone.
    """
    if settings.SENIM_AUTH == "token" or get_live_store().read(name) is None:
        return False
    ended = Forgetting.objects.filter(user_id=name.user_id, ended_at__isnull=False)
    return bool(ended.delete()[0])


def remove_old_tombstones() -> int:
    """Remove the tombstones for which no access token can be valid any more; return how many.

    Reps that a token still brought in before its socket was closed go with them.
    """
    old = Forgetting.objects.filter(ended_at__lt=timezone.now() - REMEMBERED)
    user_ids = [*old.values_list("user_id", flat=True)]
    if settings.SENIM_AUTH == "token":
        for user_id in user_ids:
            erase_live_traces(get_live_store(), user_id)
    return Forgetting.objects.filter(user_id__in=user_ids, ended_at__isnull=False).delete()[0]
