"""The review status of a session, and the steps that led to it."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

MAX_NOTE_LENGTH = 2000


class ReviewStatus(models.TextChoices):
    CLEAN = "clean", _("clean")
    PENDING = "pending", _("needs review")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


class ReviewStep(models.Model):
    """A change of a session's review status, by a coach, an athlete or the service.

    Steps are append-only; triggers in the database enforce that too. `flag_names` are the flags
    that made the service ask for a review.
    """

    class Actor(models.TextChoices):
        SERVICE = "service", _("Senim")
        COACH = "coach", _("coach")
        ATHLETE = "athlete", _("athlete")

    session = models.ForeignKey(
        "WorkoutSession",
        on_delete=models.PROTECT,
        related_name="review_steps",
        verbose_name=_("workout session"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.CharField(_("by"), max_length=8, choices=Actor.choices)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("coach"),
    )
    from_status = models.CharField(
        pgettext_lazy("status of a review", "from"), max_length=8, choices=ReviewStatus.choices
    )
    to_status = models.CharField(
        pgettext_lazy("status of a review", "to"), max_length=8, choices=ReviewStatus.choices
    )
    note = models.TextField(_("note"), blank=True, max_length=MAX_NOTE_LENGTH)
    flag_names = models.JSONField(
        _("flags"), default=list, blank=True, db_default=Value([], models.JSONField())
    )

    class Meta:
        verbose_name = _("review step")
        verbose_name_plural = _("review steps")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="review_step_of_a_coach_names_them",
                condition=Q(actor="coach", reviewer__isnull=False) | ~Q(actor="coach"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.from_status} > {self.to_status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("review steps are append-only")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("review steps are append-only")
