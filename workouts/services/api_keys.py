"""API keys of programs, looked up by what a request brings."""

from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from workouts.exceptions import Code, WorkoutError
from workouts.identity.secret_hashes import hash_secret
from workouts.models import ApiKey
from workouts.outages import log_outage

API_KEY_PREFIX = "senim_"
MAX_API_KEY_LENGTH = 128
# last_used_at is for people: one write a minute is enough for a program that asks all the time
NOTE_USE_EVERY = timedelta(minutes=1)


def check_api_key(text: str) -> ApiKey:
    """Return the key with its coach, and note that it was used.

    Raises WorkoutError(token_invalid or token_expired). A key is refused as well once the coach
    whose rights it has, or the account that made it, was switched off.
    """
    key = None
    if len(text) <= MAX_API_KEY_LENGTH:
        keys = ApiKey.objects.select_related("coach", "created_by")
        key = keys.filter(key_hash=hash_secret(text)).first()
    if key is None:
        raise WorkoutError(Code.TOKEN_INVALID, "there is no such API key")
    if key.revoked_at is not None:
        raise WorkoutError(Code.TOKEN_INVALID, "the API key was revoked")
    if key.expires_at is not None and key.expires_at <= timezone.now():
        raise WorkoutError(Code.TOKEN_EXPIRED, "the API key has expired")
    if key.coach is not None and not (key.coach.is_active and key.coach.is_staff):
        raise WorkoutError(Code.TOKEN_INVALID, "the API key's coach was switched off")
    if key.created_by is not None and not key.created_by.is_active:
        raise WorkoutError(Code.TOKEN_INVALID, "the account that made the API key was closed")
    note_use_of_api_key(key)
    return key


def note_use_of_api_key(key: ApiKey) -> None:
    now = timezone.now()
    is_due = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTE_USE_EVERY)
    if key.last_used_at is None or key.last_used_at < now - NOTE_USE_EVERY:
        # several requests at once have read the same time: one of them writes
        try:
            ApiKey.objects.filter(is_due, pk=key.pk).update(last_used_at=now)
        except DatabaseError as error:  # a reader need not wait for a database that can be read
            log_outage("use_of_api_key_not_noted", error)
