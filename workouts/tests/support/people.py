"""An athlete who has left a trace everywhere, and a search for what is left of them."""

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from workouts.fairness.review import appeal_review_decision, decide_reviews
from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.models import (
    Athlete,
    Device,
    Forgetting,
    Invitation,
    JoinedDevice,
    LoadChange,
    ReviewStatus,
    Team,
    WaitingAthlete,
)
from workouts.tests.support.cast import STARTED_MS, new_athlete, save_session, seal, train
from workouts.tests.support.greetings import meet
from workouts.tests.support.merges import merge


class Person(NamedTuple):
    """An athlete, its alias, and every word that leads to them."""

    user_id: str
    alias: str
    words: list[str]


def make_person(*, sessions: int = 2) -> Person:
    """Make an athlete with an alias, and data in every table and kind of key."""
    mark = uuid.uuid4().hex[:8]
    user_id, alias = new_athlete(), new_athlete()
    name, phone, note = f"Аружан {mark}", f"phone-{mark}", f"note {mark}"
    coach = get_user_model().objects.create_user(f"coach-{uuid.uuid4().hex[:8]}", is_staff=True)
    rows = [
        save_session(each, device_seqs={phone: 7}, request_id=mark, days_ago=3 + number)
        for each in (user_id, alias)
        for number in range(sessions)
    ]
    account = get_user_model().objects.create_user(f"user-{mark}", email=f"{mark}@example.org")
    Athlete.objects.filter(user_id=user_id).update(display_name=name, account=account)
    athlete = Athlete.objects.get(user_id=user_id)
    decide_reviews({rows[0].pk: 0}, to=ReviewStatus.REJECTED, reviewer=coach, note=note)
    appeal_review_decision(rows[0].pk, text=note)
    LoadChange.objects.create(session=rows[0], coach=coach, to_kg=60)
    team = Team.objects.create(name=f"team {uuid.uuid4().hex[:8]}")
    team.athletes.add(athlete)
    invitation = Invitation.objects.create(
        kind="athlete", code_hash=mark, athlete=athlete, expires_at=timezone.now()
    )
    for each in (user_id, alias):
        Device.objects.create(athlete_id=each, device_id=phone, last_seq=7)
        JoinedDevice.objects.create(
            athlete_id=each, invitation=invitation, join_hash=f"{mark}{each}", name=phone
        )
    WaitingAthlete.objects.create(athlete=athlete, team=team)
    merge(user_id, alias)
    log_about(coach, athlete, name, f"{alias} was merged into it.")
    log_about(coach, team, str(team), json.dumps([{"added": {"object": name}}]))
    for each in (user_id, alias):
        leave_traces_in_redis(each, phone)
    return Person(user_id, alias, [user_id, alias, mark])


def log_about(coach: object, about: object, text: str, message: str) -> None:
    LogEntry.objects.create(
        user=coach,
        content_type=ContentType.objects.get_for_model(about),
        object_id=about.pk,
        object_repr=text,
        action_flag=CHANGE,
        change_message=message,
    )


def leave_traces_in_redis(user_id: str, device: str) -> None:
    """Leave a live, a sealed and a parked session, and a device that has said hello."""
    for number in range(2):
        train(user_id, started_ms=STARTED_MS + number * 60_000)
        name = SessionName(user_id, "squat", seal(user_id)[-1])
    get_live_store().park(name, "a reason")
    train(user_id, started_ms=STARTED_MS + 120_000)
    meet(user_id, device, 7)


def find_words(words: list[str]) -> list[str]:
    """Return where in the database or in Redis one of the words is; tombstones are left out."""
    places = [*find_rows_with(words), *find_keys_with(words)]
    return sorted(places)


def find_rows_with(words: list[str]) -> Iterator[str]:
    for model in apps.get_models(include_auto_created=True):
        if model is not Forgetting:
            for row in model._default_manager.values():
                text = " ".join(map(str, row.values()))
                if any(word in text or json.dumps(word)[1:-1] in text for word in words):
                    yield f"{model._meta.label}: {text}"


def find_keys_with(words: list[str]) -> Iterator[str]:
    client = get_live_store().client
    for key in client.scan_iter(match=f"{get_live_store().keys.prefix}:*"):
        if any(word in f"{key} {read_key(client, key)}" for word in words):
            yield str(key)


def read_key(client: Any, key: bytes) -> Any:
    """Return all that a key holds. Not by DUMP, which compresses, and so hides some words."""
    match client.type(key):
        case b"string":
            return client.get(key)
        case b"hash":
            return client.hgetall(key)
        case b"list":
            return client.lrange(key, 0, -1)
        case b"set":
            return client.smembers(key)
        case b"zset":
            return client.zrange(key, 0, -1)
        case kind:
            raise AssertionError(f"{key!r} is a {kind!r}")


def days_ago(days: int) -> object:
    return timezone.now() - timedelta(days=days)
