"""Making and revoking API keys. services/api_keys.py looks them up."""

import secrets
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from workouts.identity.secret_hashes import hash_secret
from workouts.models import ApiKey
from workouts.services.api_keys import API_KEY_PREFIX

RANDOM_BYTES = 32
START_LENGTH = 12
log = structlog.get_logger(__name__)


def make_api_key(
    *, name: str, coach: Any, may_finish: bool, expires_at: datetime | None, created_by: Any
) -> tuple[ApiKey, str]:
    """Create a key with a coach's rights, or everybody's for None; return it and its text.

    The text cannot be had again: only its hash is stored.
    """
    text = API_KEY_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    key = ApiKey.objects.create(
        name=name,
        key_hash=hash_secret(text),
        start=text[:START_LENGTH],
        coach=coach,
        may_finish=may_finish,
        expires_at=expires_at,
        created_by=created_by,
    )
    log.info(
        "api_key_made",
        key=key.pk,
        user=created_by.get_username(),
        rights_of=coach.get_username() if coach else None,
        may_finish=may_finish,
    )
    return key, text


def revoke_api_key(pk: int, *, by: Any) -> bool:
    """Have a key no longer let anybody in. Return False if it was revoked before."""
    is_revoked = ApiKey.objects.filter(pk=pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )
    if is_revoked:
        log.info("api_key_revoked", key=pk, user=by.get_username())
    return bool(is_revoked)
