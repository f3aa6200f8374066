"""Who has a wall open and which athletes they may see, asked of the database before each update."""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user, get_user_model
from django.http import HttpRequest

from workouts.events.watched import EVERYONE, WatchedAthletes
from workouts.models import Athlete, Team, may_see_all_athletes, name_athlete
from workouts.models.primary_keys import can_be_primary_key
from workouts.services.display_links import find_display_link
from workouts.services.sign_ins import is_fully_signed_in

MAX_ATHLETES = 300
SessionStore: Any = import_module(settings.SESSION_ENGINE).SessionStore


class NotLoggedInError(Exception):
    """The session has no user, or no longer has one; or there is no such display link."""


class NotAllowedError(Exception):
    """The user may not watch walls, or not this team's; or the display link was revoked."""


class WallAudience(NamedTuple):
    """Whom a coach or a screen may watch, and by user_id their names and primary keys.

    `aliases` are the user_ids that were merged into another's: they go by the athlete's name and
    primary key.
    """

    watched: WatchedAthletes
    names: Mapping[str, str]
    athlete_keys: Mapping[str, int]
    aliases: Collection[str] = ()
    is_cut: bool = False  # there are more athletes than a wall shows
    team: str = ""  # its name, for a screen: the page around it doesn't know the team


def find_wall_audience(
    session_key: str | None, team: str | None, named: Collection[str] = ()
) -> WallAudience:
    """Return whom the session's user may watch now: one team's athletes, or all they may see.

    For a user who sees everyone without choosing a team, only the `named` athletes' names are read.
    Raises NotLoggedInError and NotAllowedError.
    """
    user = find_wall_viewer(session_key)
    if not may_watch_wall(user):
        raise NotAllowedError
    visible = Athlete.objects.visible_to(user)
    athletes = visible.with_namesakes(visible)
    if team:
        chosen = find_wall_team(user, team)
        if chosen is None:
            raise NotAllowedError
        athletes = athletes.filter(teams=chosen)
    elif may_see_all_athletes(user):
        return WallAudience(EVERYONE, *read_tile_athletes(athletes.filter(user_id__in=named)))
    aliases = Athlete.objects.with_namesakes(visible)
    return list_wall_audience(athletes, aliases)


def find_display_wall_audience(token_hash: str) -> WallAudience:
    """Return whom the screen with this display link may show now: the athletes of its team.

    Namesakes are not told apart: a screen in the gym shows no user IDs. Raises NotLoggedInError and
    NotAllowedError.
    """
    display_link = find_display_link(token_hash)
    if display_link is None:
        raise NotLoggedInError
    if not display_link.is_valid:
        raise NotAllowedError
    team = display_link.team
    return list_wall_audience(team.athletes.all(), Athlete.objects.all())._replace(team=team.name)


def list_wall_audience(athletes: Any, aliases: Any) -> WallAudience:
    """Return these athletes with their aliases among the others, as many as a wall shows."""
    found = athletes.order_by("sort_name", "user_id")[: MAX_ATHLETES + 1]
    names, keys = read_tile_athletes(found)
    is_cut = len(names) > MAX_ATHLETES
    if is_cut:
        names.popitem()
    alias_names, alias_keys = read_tile_athletes(aliases.filter(merged_into__user_id__in=[*names]))
    return WallAudience(
        WatchedAthletes(frozenset({*names, *alias_names})),
        names | alias_names,
        keys | alias_keys,
        alias_names.keys(),
        is_cut,
    )


def find_wall_team(user: Any, key: str) -> Team | None:
    """Return the team with this primary key, or None if the user may see no such team."""
    return Team.objects.visible_to(user).filter(pk=key).first() if can_be_primary_key(key) else None


def may_watch_wall(user: Any) -> bool:
    """Return whether the user may open walls at all."""
    return bool(user.is_active and user.is_staff and user.has_perm("workouts.view_workoutsession"))


def find_wall_viewer(session_key: str | None) -> Any:
    """Return the session's user.

    Raises NotLoggedInError, also after the password was changed, and while a second factor or a
    password of the coach's own is missing; NotAllowedError once the account is switched off.
    """
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    if is_fully_signed_in(user, request.session):
        return user
    user_id = request.session.get(SESSION_KEY)
    if user_id and get_user_model().objects.filter(pk=user_id, is_active=False).exists():
        raise NotAllowedError
    raise NotLoggedInError


def read_tile_athletes(athletes: Any) -> tuple[dict[str, str], dict[str, int]]:
    """Return names and primary keys by user_id; an alias has those of the athlete it is now."""
    names, keys = {}, {}
    for each in athletes.select_related("merged_into"):
        kept = each.kept
        keys[each.user_id] = kept.pk
        names[each.user_id] = name_athlete(
            kept.display_name, kept.user_id, has_namesake=each.has_namesake
        )
    return names, keys
