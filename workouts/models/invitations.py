"""Invitations: links that let a device, an athlete or a coach in."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workouts.models.athletes import Athlete, Team


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: Any) -> "InvitationQuerySet":
        """Keep the invitations of athletes and teams visible to a user.

        A coach's invitations are visible to whoever may invite coaches.
        """
        athletes = Athlete.objects.visible_to(user).values("pk")
        theirs = (
            Q(athlete__pk__in=athletes)
            | Q(athlete__merged_into__in=athletes)
            | Q(team__in=Team.objects.visible_to(user))
        )
        kinds = Q(kind=Invitation.Kind.COACH)
        if user.has_perm("workouts.invite_coach"):
            return self.filter(kinds | theirs)
        return self.filter(~kinds & theirs)

    def usable(self) -> "InvitationQuerySet":
        """Keep those that still let somebody in."""
        return self.filter(withdrawn_at=None, expires_at__gt=timezone.now(), uses__lt=F("max_uses"))


class Invitation(models.Model):
    """One link. Its code is shown when it is made, and only its hash is stored.

    An athlete's link joins one device, a team's link as many as it says, and a coach's link makes
    one account.
    """

    class Kind(models.TextChoices):
        ATHLETE = "athlete", _("athlete")
        TEAM = "team", _("team")
        COACH = "coach", _("coach")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    code_hash = models.CharField(max_length=64, unique=True, editable=False)
    athlete = models.ForeignKey(
        Athlete,
        on_delete=models.CASCADE,
        to_field="user_id",
        db_column="user_id",
        null=True,
        blank=True,
        related_name="invitations",
        verbose_name=_("athlete"),
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="invitations",
        verbose_name=_("team"),
    )
    # a coach's, for the account that the link makes
    name = models.CharField(_("name"), max_length=128, blank=True)
    is_head_coach = models.BooleanField(_("head coach"), default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("invited by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("valid until"))
    max_uses = models.PositiveIntegerField(_("uses allowed"), default=1)
    uses = models.PositiveIntegerField(_("uses"), default=0, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        db_table = "invitations"
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at"]
        permissions = [("invite_coach", _("Can invite coaches and change roles"))]
        constraints = [
            models.CheckConstraint(
                name="invitation_is_not_overused", condition=Q(uses__lte=F("max_uses"))
            ),
            models.CheckConstraint(
                name="invitation_names_whom_it_is_for",
                condition=Q(kind="athlete", athlete__isnull=False)
                | Q(kind="team", team__isnull=False)
                | Q(kind="coach"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.athlete_id or self.team or self.name}"


class WaitingAthleteQuerySet(models.QuerySet["WaitingAthlete"]):
    def visible_to(self, user: Any) -> "WaitingAthleteQuerySet":
        """Keep the athletes who wait for a team that a user may see."""
        return self.filter(team__in=Team.objects.visible_to(user))


class WaitingAthlete(models.Model):
    """An athlete who joined by a team's link and waits for a coach's yes."""

    athlete = models.ForeignKey(
        Athlete,
        on_delete=models.CASCADE,
        to_field="user_id",
        db_column="user_id",
        related_name="waiting",
        verbose_name=_("athlete"),
    )
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="waiting", verbose_name=_("team")
    )
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = WaitingAthleteQuerySet.as_manager()

    class Meta:
        db_table = "waiting_athletes"
        verbose_name = _("waiting athlete")
        verbose_name_plural = _("waiting athletes")
        ordering = ["joined_at"]
        constraints = [
            models.UniqueConstraint(name="waiting_athlete_of_team", fields=["athlete", "team"])
        ]

    def __str__(self) -> str:
        return f"{self.athlete_id}: {self.team}"
