"""Devices that number their reps."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from workouts.models.athletes import Athlete


class Device(models.Model):
    """A device, and its highest seq in a saved session, for when Redis no longer remembers it."""

    athlete = models.ForeignKey(
        Athlete,
        on_delete=models.CASCADE,
        to_field="user_id",
        db_column="user_id",
        related_name="devices",
        db_index=False,
    )
    device_id = models.CharField(_("device ID"), max_length=32)
    last_seq = models.PositiveBigIntegerField(_("last seq"))

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [
            models.UniqueConstraint(name="device_of_athlete", fields=["athlete", "device_id"])
        ]

    def __str__(self) -> str:
        return f"{self.athlete_id}: {self.device_id}"
