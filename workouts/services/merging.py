"""Two athletes that are one: the other user ID becomes an alias, and what is saved under it goes to the one that is kept.

Whoever saves or merges locks the row of the athlete first, so that neither passes the other by.
"""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from workouts.models import Athlete, WorkoutSession


class MergeRefusedError(Exception):
    """These two cannot be merged; the text is for people."""


class Merged(NamedTuple):
    """The athlete that is kept, the alias, and how many sessions and teams moved."""

    kept: Athlete
    alias: Athlete
    sessions: int
    teams: int


def lock_athlete(user_id: str) -> str:
    """Return the user_id that a session of this user_id is saved under; the athlete is made where there is none yet.

    Until the transaction ends no merge touches the athlete. One query, one more of an alias.
    """
    athlete, _made = Athlete.objects.select_for_update(no_key=True).get_or_create(user_id=user_id)
    if athlete.merged_into_id is None:
        return user_id
    # not by a join: after waiting for the lock, PostgreSQL would join what was there before
    return Athlete.objects.values_list("user_id", flat=True).get(pk=athlete.merged_into_id)


def merge_athletes(*, kept_id: int, merged_id: int) -> Merged:
    """Give the kept athlete, named by primary key as the other is, the sessions, the teams and the aliases of the other.

    Name and user are taken over where the kept one has none. What was decided about sessions stands. The devices stay
    with the alias: phones go on under it. Raises MergeRefusedError.
    """
    with transaction.atomic():
        kept, alias = lock_both(kept_id, merged_id)
        aliases = lock(
            [*alias.aliases.values_list("pk", flat=True)]
        )  # no other merge makes one now
        sessions = move_sessions(alias, kept)
        teams = {*alias.teams.all()} - {*kept.teams.all()}
        kept.teams.add(*teams)
        alias.teams.clear()
        Athlete.objects.filter(pk__in=aliases).update(merged_into=kept)
        link(kept, alias)
    return Merged(kept, alias, sessions, len(teams))


def lock_both(kept_id: int, merged_id: int) -> tuple[Athlete, Athlete]:
    """Return the two, locked. Raises MergeRefusedError where they are one, or one of them is gone or an alias already."""
    if kept_id == merged_id:
        raise MergeRefusedError(_("An athlete cannot be merged with itself."))
    athletes = lock([kept_id, merged_id])
    if len(athletes) < 2:
        raise MergeRefusedError(_("One of the athletes is not there any more."))
    for athlete in athletes.values():
        if athlete.merged_into is not None:
            names = {"merged": athlete.user_id, "kept": athlete.merged_into.user_id}
            raise MergeRefusedError(_("%(merged)s was merged into %(kept)s already.") % names)
    return athletes[kept_id], athletes[merged_id]


def lock(ids: list[int]) -> dict[int, Athlete]:
    """Return athletes by primary key, locked in an order that leads to no deadlock."""
    return {
        athlete.pk: athlete
        for athlete in Athlete.objects.select_for_update(no_key=True)
        .filter(pk__in=ids)
        .order_by("pk")
    }


def move_sessions(alias: Athlete, kept: Athlete) -> int:
    """Give the one's sessions to the other, and return how many; decisions lock them in the same order."""
    sessions = WorkoutSession.objects.filter(athlete_id=alias.user_id).order_by("pk")
    ids = list(sessions.select_for_update(no_key=True).values_list("pk", flat=True))
    WorkoutSession.objects.filter(athlete_id=alias.user_id).update(athlete_id=kept.user_id)
    return len(ids)


def link(kept: Athlete, alias: Athlete) -> None:
    """Make the one an alias; the user goes first, since it is of one athlete at a time."""
    account, alias.account, alias.merged_into = alias.account, None, kept
    alias.save(update_fields=["account", "merged_into"])
    kept.account = kept.account or account
    kept.display_name = kept.display_name or alias.display_name
    kept.save(update_fields=["account", "display_name"])
