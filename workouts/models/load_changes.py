"""Loads that coaches entered or corrected after a session was saved."""

from typing import Any, NoReturn

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workouts.loads import MAX_LOAD_KG, MIN_LOAD_KG


def load_field(verbose_name: Any, **options: Any) -> Any:
    """Return a field for a load in kg, to 0.01: over 0 and at most 1,000, None if unknown."""
    return models.DecimalField(
        verbose_name,
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(MIN_LOAD_KG), MaxValueValidator(MAX_LOAD_KG)],
        **options,
    )


class LoadChange(models.Model):
    """A change of a session's load by a coach. Append-only."""

    session = models.ForeignKey(
        "WorkoutSession",
        on_delete=models.PROTECT,
        related_name="load_changes",
        verbose_name=_("workout session"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    coach = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("coach"),
    )
    from_kg = load_field(_("load before, kg"))
    to_kg = load_field(_("load, kg"))

    class Meta:
        db_table = "load_changes"
        verbose_name = _("load change")
        verbose_name_plural = _("load changes")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.from_kg} > {self.to_kg} kg"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("load changes are append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("load changes are append-only")
