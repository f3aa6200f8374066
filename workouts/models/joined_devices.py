"""Devices that were let in by an invitation."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workouts.models.athletes import Athlete
from workouts.models.invitations import Invitation

MAX_DEVICE_NAME_LENGTH = 64


class JoinedDevice(models.Model):
    """A phone or a browser that holds tokens for an athlete.

    Its refresh tokens are numbered (identity/refresh_tokens.py). `refresh_number` is the highest
    one that was used: that one and the next are valid, and the use of an earlier one shows that
    somebody else has it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    athlete = models.ForeignKey(
        Athlete,
        on_delete=models.CASCADE,
        to_field="user_id",
        db_column="user_id",
        related_name="joined_devices",
        verbose_name=_("athlete"),
    )
    invitation = models.ForeignKey(
        Invitation,
        on_delete=models.SET_NULL,
        null=True,
        related_name="joined_devices",
        verbose_name=_("invitation"),
    )
    # the client's random text, hashed: whoever sends it again gets the same device
    join_hash = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("name"), max_length=MAX_DEVICE_NAME_LENGTH, blank=True)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(_("last seen"), default=timezone.now, editable=False)
    refresh_number = models.PositiveIntegerField(default=0, editable=False)
    revoked_at = models.DateTimeField(_("cut off"), null=True, blank=True, editable=False)

    class Meta:
        db_table = "joined_devices"
        verbose_name = _("joined device")
        verbose_name_plural = _("joined devices")
        ordering = ["-joined_at"]
        constraints = [
            models.UniqueConstraint(
                name="joined_device_of_join", fields=["invitation", "join_hash"]
            )
        ]
        indexes = [
            models.Index(
                fields=["revoked_at"],
                name="joined_device_revoked",
                condition=models.Q(revoked_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.id.hex[:8]
