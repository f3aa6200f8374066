"""Who watches a wall, and whom they may see: asked of the database before every update."""

from collections.abc import Collection
from importlib import import_module
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from workouts.models import Athlete, Team, sees_all
from workouts.models.primary_keys import is_key

MAX_ATHLETES = 300
SessionStore: Any = import_module(settings.SESSION_ENGINE).SessionStore


class NotLoggedInError(Exception):
    """Nobody is logged in, or not any more."""


class NotAllowedError(Exception):
    """Somebody is who may not watch, or not this team."""


class Audience(NamedTuple):
    """The athletes who may be seen, by user_id, with their names; `is_everyone`: also those whom no session made known yet.

    `aliases` are those of the user_ids that were merged into another's; they go by the other's name.
    """

    names: dict[str, str]
    aliases: Collection[str] = ()
    is_everyone: bool = False
    is_cut: bool = False  # there are more than a wall shows


def find_audience(
    session_key: str | None, team: str | None, asked: Collection[str] = ()
) -> Audience:
    """Return whom the user of a session may see now, of one team or of all; names of everyone's only where they are `asked` for.

    Raises NotLoggedInError and NotAllowedError.
    """
    user = find_user(session_key)
    if not may_watch(user):
        raise NotAllowedError
    athletes = Athlete.objects.visible_to(user)
    if team:
        chosen = find_team(user, team)
        if chosen is None:
            raise NotAllowedError
        athletes = athletes.filter(teams=chosen)
    elif sees_all(user):
        return Audience(read_names(athletes.filter(user_id__in=asked)), is_everyone=True)
    names = read_names(athletes.order_by("display_name", "user_id")[: MAX_ATHLETES + 1])
    shown = dict([*names.items()][:MAX_ATHLETES])
    aliases = read_names(Athlete.objects.filter(merged_into__user_id__in=shown))
    return Audience(shown | aliases, aliases.keys(), is_cut=len(names) > MAX_ATHLETES)


def find_team(user: Any, key: str) -> Team | None:
    """Return the team that a text names, None where that is none which the user may see."""
    return Team.objects.visible_to(user).filter(pk=key).first() if is_key(key) else None


def may_watch(user: Any) -> bool:
    """Return whether a user may open walls at all."""
    return bool(user.is_active and user.is_staff and user.has_perm("workouts.view_workoutsession"))


def find_user(session_key: str | None) -> Any:
    """Return who is logged in. Raises NotLoggedInError, also once the password was changed or the account is disabled."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    if not user.is_authenticated:
        raise NotLoggedInError
    return user


def read_names(athletes: Any) -> dict[str, str]:
    """Return names by user_id; an alias has that of the athlete whom it was merged into."""
    rows = athletes.values_list(
        "user_id", "display_name", "merged_into__user_id", "merged_into__display_name"
    )
    return {
        user_id: (kept_name or kept if kept else name or user_id)
        for user_id, name, kept, kept_name in rows
    }
