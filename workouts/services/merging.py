"""Merging two athletes who are the same person.

One is kept, the other becomes its alias: sessions saved under the alias go to the kept athlete.
Saves and merges both lock the athlete's row first, so neither can miss the other.
"""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from workouts.models import Athlete, Forgetting, WorkoutSession
from workouts.services.personal_data.tombstones import refuse_forgotten_athlete


class MergeRefusedError(Exception):
    """These two athletes cannot be merged; the text is for people."""


class Merged(NamedTuple):
    """The kept athlete, the alias, and how many sessions and teams moved."""

    kept: Athlete
    alias: Athlete
    sessions: int
    teams: int


def lock_athlete_against_merging(user_id: str) -> str:
    """Lock an athlete until the transaction ends, and return the user_id its sessions go to.

    That is its own, or the kept athlete's for an alias. An unknown athlete is created. Takes one
    query, or two for an alias. Raises AthleteForgottenError for one who was just forgotten.
    """
    athlete, created = Athlete.objects.select_for_update(no_key=True).get_or_create(user_id=user_id)
    if created:
        refuse_forgotten_athlete(user_id)
    if athlete.merged_into_id is None:
        return user_id
    # not a join: after waiting for the lock, PostgreSQL would join rows as they were before
    return Athlete.objects.values_list("user_id", flat=True).get(pk=athlete.merged_into_id)


def merge_athletes(*, kept_id: int, merged_id: int) -> Merged:
    """Move the merged athlete's sessions, teams and aliases to the kept one.

    Both are named by primary key. The kept athlete also takes over the name and the account if it
    has none. Review decisions stand. Devices stay with the alias, since phones go on using its
    user_id. Raises MergeRefusedError.
    """
    with transaction.atomic():
        kept, alias = lock_athletes_to_merge(kept_id, merged_id)
        # complete: no other merge can give a locked athlete another alias
        aliases = lock_athletes_in_merge_order([*alias.aliases.values_list("pk", flat=True)])
        sessions = move_merged_sessions(alias, kept)
        teams = {*alias.teams.all()} - {*kept.teams.all()}
        kept.teams.add(*teams)
        alias.teams.clear()
        Athlete.objects.filter(pk__in=aliases).update(merged_into=kept)
        make_merged_alias(kept, alias)
    return Merged(kept, alias, sessions, len(teams))


def lock_athletes_to_merge(kept_id: int, merged_id: int) -> tuple[Athlete, Athlete]:
    """Lock and return both athletes.

    Raises MergeRefusedError if they are the same, or one no longer exists or is already an alias.
    """
    if kept_id == merged_id:
        raise MergeRefusedError(_("An athlete cannot be merged with itself."))
    athletes = lock_athletes_in_merge_order([kept_id, merged_id])
    if len(athletes) < 2:
        raise MergeRefusedError(_("One of the athletes no longer exists."))
    user_ids = [athlete.user_id for athlete in athletes.values()]
    if Forgetting.objects.filter(user_id__in=user_ids, ended_at=None).exists():
        raise MergeRefusedError(_("One of the athletes is being forgotten."))
    for athlete in athletes.values():
        if athlete.merged_into is not None:
            names = {"merged": athlete.user_id, "kept": athlete.merged_into.user_id}
            raise MergeRefusedError(_("%(merged)s has already been merged into %(kept)s.") % names)
    return athletes[kept_id], athletes[merged_id]


def lock_athletes_in_merge_order(ids: list[int]) -> dict[int, Athlete]:
    """Lock athletes and return them by primary key. Locks in one order, so none deadlock."""
    return {
        athlete.pk: athlete
        for athlete in Athlete.objects.select_for_update(no_key=True)
        .filter(pk__in=ids)
        .order_by("pk")
    }


def move_merged_sessions(alias: Athlete, kept: Athlete) -> int:
    """Move the sessions and return how many. Review decisions lock them in the same order."""
    sessions = WorkoutSession.objects.filter(athlete_id=alias.user_id).order_by("pk")
    ids = list(sessions.select_for_update(no_key=True).values_list("pk", flat=True))
    WorkoutSession.objects.filter(athlete_id=alias.user_id).update(athlete_id=kept.user_id)
    return len(ids)


def make_merged_alias(kept: Athlete, alias: Athlete) -> None:
    """Make one athlete the alias of the other."""
    account, alias.account, alias.merged_into = alias.account, None, kept
    alias.switched_off_at = kept.switched_off_at  # one switch for both from now on
    # first, since two athletes cannot have the same account
    alias.save(update_fields=["account", "merged_into", "switched_off_at"])
    kept.account = kept.account or account
    kept.display_name = kept.display_name or alias.display_name
    kept.save(update_fields=["account", "display_name"])
