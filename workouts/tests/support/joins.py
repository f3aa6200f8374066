"""Invitations and joins, as the tests need them."""

import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from workouts.exceptions import Code, WorkoutError
from workouts.models import Athlete, Team
from workouts.services.invitations import invite_athlete, invite_team
from workouts.services.joined_devices import Joined, join_by_code
from workouts.tests.support.cast import new_athlete

# each class of tests has an address of its own, since failed tries are counted by address
addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(1))


def new_address() -> str:
    """Return a client's address that no test has used."""
    return next(addresses)


def make_personal_code(**athlete: Any) -> str:
    """Return the code of a new athlete's invitation."""
    made = Athlete.objects.create(user_id=new_athlete(), **athlete)
    return invite_athlete(athlete=made, by=None).code


def make_team_code(**options: Any) -> str:
    """Return the code of a new team's invitation."""
    team = Team.objects.create(name=f"Team {uuid.uuid4().hex[:8]}")
    return invite_team(team=team, by=None, **options).code


def join(code: str, join_id: str = "", **more: Any) -> Joined:
    """Join with a code, by default from a new address and as a new device."""
    given = {
        "join_id": join_id or uuid.uuid4().hex,
        "device_name": "Phone",
        "address": new_address(),
    }
    return join_by_code(code=code, **{**given, **more})


@contextmanager
def refused(code: Code) -> Iterator[Any]:
    """Check that the block raises a WorkoutError with this code."""
    with pytest.raises(WorkoutError) as caught:
        yield caught
    assert caught.value.code == code, caught.value


def fill_access_pages(athlete: Athlete, team: Team) -> str:
    """Give an athlete a device and an open link, and a team a waiting athlete and an open link.

    Return the device's id.
    """
    device = join(invite_athlete(athlete=athlete, by=None).code).device
    invite_athlete(athlete=athlete, by=None)
    join(invite_team(team=team, by=None).code, name="Bolat")
    return str(device.pk)
