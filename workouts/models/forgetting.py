"""Athletes who are being forgotten, and whose sessions may be erased along with their reviews."""

from django.db import models
from django.utils import timezone


class Forgetting(models.Model):
    """A user ID that is being forgotten, or was a short while ago.

    It stays until the last access token for it has expired, and keeps reps that were under way
    from bringing the athlete back. `person` is the same for an athlete and its aliases.
    """

    user_id = models.CharField(max_length=64, unique=True)
    person = models.UUIDField(db_index=True)
    # where the totals go; empty once it ends, since it would lead from one to the other
    anonymous_id = models.CharField(max_length=64, blank=True)
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "forgettings"

    def __str__(self) -> str:
        return self.user_id


class ErasedSession(models.Model):
    """A session whose review steps the database lets go.

    Its row is there only within the transaction that erases the session, so nobody else sees it.
    """

    session_id = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "erased_sessions"

    def __str__(self) -> str:
        return str(self.session_id)
