"""Merging two athletes who are the same person.

One is kept, the other becomes its alias: sessions saved under the alias go to the kept athlete.
Saves and merges both lock the athlete's row first, so neither can miss the other.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from workouts.models import Athlete, Forgetting, WorkoutSession
from workouts.services.inserting import insert_rows
from workouts.services.personal_data.tombstones import (
    AthleteForgottenError,
    refuse_forgotten_athlete,
)

# in SQL, which takes a fifth of the time of a query through the model, and every finish takes it
FIND_ATHLETES = "SELECT user_id, merged_into_id FROM workouts_athlete WHERE user_id IN ({})"
SKIP_LOCKED = " ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED"
# in front of a query of two columns, to which it adds a row: until the transaction ends, since a
# process that hangs must not hold up everybody's finishes
WAIT_FOR_A_MOMENT = "SELECT set_config('lock_timeout', '500ms', true), NULL UNION ALL "
FIND_FORGOTTEN = "SELECT user_id FROM forgettings WHERE user_id IN ({})"


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


def lock_unmerged_athletes(user_ids: Collection[str]) -> set[str]:
    """Lock those of these athletes who can be locked at once, until the transaction ends.

    Returns their user_ids. Unknown athletes are created. Whoever is locked elsewhere is left out,
    and so is an alias. Takes one query, or four if one is unknown. Raises AthleteForgottenError,
    and then the transaction must not be committed.
    """
    ending = SKIP_LOCKED if connection.features.has_select_for_update else ""
    known = dict(select_of_user_ids(FIND_ATHLETES + ending, user_ids))
    unmerged = {user_id for user_id, merged_into_id in known.items() if merged_into_id is None}
    if missing := {*user_ids} - known.keys():
        found = select_of_user_ids(bound_waiting() + FIND_ATHLETES, missing)
        if unknown := missing - {row[0] for row in found}:
            unmerged |= create_athletes(unknown)
    return unmerged


def bound_waiting() -> str:
    """Return the beginning of a query that bounds how long its transaction waits for a lock."""
    return WAIT_FOR_A_MOMENT if connection.vendor == "postgresql" else ""


def create_athletes(user_ids: Collection[str]) -> set[str]:
    """Create athletes, locked, and return their user_ids without those who exist by now.

    They are sorted, since this may wait for another transaction, which creates the same ones: for
    a moment, or it fails. Raises AthleteForgottenError.
    """
    athletes = [Athlete(user_id=user_id) for user_id in sorted(user_ids)]
    ending = "ON CONFLICT (user_id) DO NOTHING RETURNING user_id"
    created = {user_id for (user_id,) in insert_rows(athletes, ending=ending)}
    if created and select_of_user_ids(FIND_FORGOTTEN, created):
        raise AthleteForgottenError
    return created


def select_of_user_ids(text: str, user_ids: Collection[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text.format(", ".join(["%s"] * len(user_ids))), [*user_ids])
        return list(cursor.fetchall())


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
