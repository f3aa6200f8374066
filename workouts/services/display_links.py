"""Links that show a team's wall on a screen: made, revoked, and looked up by what a screen brings.

A token has 256 random bits, so guesses need no lockout: each costs one query by an indexed hash.
"""

import secrets
from datetime import timedelta
from typing import Any, NamedTuple

import structlog
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.db.models import Q
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from workouts.identity.secret_hashes import hash_secret
from workouts.models import DisplayLink, Team
from workouts.outages import log_outage

RANDOM_BYTES = 32
# last_seen_at is for people: one write a minute is enough for a screen that is always on
NOTE_SEEN_EVERY = timedelta(minutes=1)
# the token comes after the #, which browsers do not send and servers cannot log
SCREEN_PAGE = "/wall/"
log = structlog.get_logger(__name__)


class NewDisplayLink(NamedTuple):
    """A link, and its token, which is not stored: it can be shown only now."""

    display_link: DisplayLink
    token: str


def make_display_link(*, team: Team, name: str, by: Any) -> NewDisplayLink:
    """Make a link that shows one team's wall until it is revoked."""
    token = secrets.token_urlsafe(RANDOM_BYTES)
    made = DisplayLink.objects.create(
        team=team, name=name, token_hash=hash_secret(token), created_by=by
    )
    log.info("display_link_made", display_link=made.pk, team=team.pk, user=by.get_username())
    return NewDisplayLink(made, token)


def revoke_display_link(pk: int, *, by: Any) -> bool:
    """Have a link show nothing any more. Return False if it was revoked before."""
    is_revoked = DisplayLink.objects.filter(pk=pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )
    if is_revoked:
        log.info("display_link_revoked", display_link=pk, user=by.get_username())
    return bool(is_revoked)


@receiver(pre_delete, sender=get_user_model(), dispatch_uid="revoke_display_links_of_user")
def revoke_display_links_of_user(sender: Any, instance: Any, **kwargs: Any) -> None:
    """Revoke a user's links, before nothing says any more whose they are."""
    made = DisplayLink.objects.filter(created_by=instance.pk, revoked_at=None)
    made.update(revoked_at=timezone.now())


def find_display_link(token_hash: str) -> DisplayLink | None:
    """Return the link with this token, revoked or not, and note that a valid one was seen."""
    links = DisplayLink.objects.select_related("team", "created_by")
    found = links.filter(token_hash=token_hash).first()
    if found is not None and found.is_valid:
        note_display_link_seen(found)
    return found


def note_display_link_seen(display_link: DisplayLink) -> None:
    now = timezone.now()
    latest = now - NOTE_SEEN_EVERY
    if display_link.last_seen_at is not None and display_link.last_seen_at >= latest:
        return
    is_due = Q(last_seen_at=None) | Q(last_seen_at__lt=latest)
    try:
        DisplayLink.objects.filter(is_due, pk=display_link.pk).update(last_seen_at=now)
    except DatabaseError as error:  # a wall need not wait for a database that can be read
        log_outage("display_link_seen_not_noted", error)
