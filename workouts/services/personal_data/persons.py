"""A person: an athlete and the aliases that were merged into it."""

from collections.abc import Iterable

from workouts.models import Athlete, Forgetting
from workouts.services.merging import lock_athletes_in_merge_order

MAX_TRIES = 5  # each time, somebody merged them meanwhile


class UnknownAthleteError(Exception):
    """There is nothing about this user_id."""


def find_person(user_id: str) -> list[str]:
    """Return the user_ids of an athlete and its aliases, named by any of them; the kept one first.

    Empty if the athlete has no row.
    """
    return [athlete.user_id for athlete in find_athletes_of_person(user_id)]


def find_athletes_of_person(user_id: str) -> list[Athlete]:
    named = Athlete.objects.filter(user_id=user_id).first()
    if named is None:
        return []
    kept_id = named.merged_into_id or named.pk
    athletes = Athlete.objects.of_person(kept_id).order_by("pk")
    return sorted(athletes, key=lambda athlete: athlete.merged_into_id is not None)


def lock_person(user_id: str) -> list[Athlete]:
    """Lock an athlete and its aliases until the transaction ends, and return them."""
    for _ in range(MAX_TRIES):
        ids = [athlete.pk for athlete in find_athletes_of_person(user_id)]
        locked = lock_athletes_in_merge_order(ids)
        if {athlete.pk for athlete in find_athletes_of_person(user_id)} == {*ids}:
            return [*locked.values()]
    raise RuntimeError("the athletes were merged over and over")


def find_forgettings(user_ids: Iterable[str]) -> list[Forgetting]:
    """Return the tombstones of all persons who have one of these user_ids."""
    persons = Forgetting.objects.filter(user_id__in=user_ids).values("person")
    return [*Forgetting.objects.filter(person__in=persons)]
