"""Athletes, their teams, and which coaches see them."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from workouts.identity.athlete_ids import MAX_USER_ID_LENGTH, USER_ID, USER_ID_RULE
from workouts.models.sort_names import SortNameField


class AthleteQuerySet(models.QuerySet["Athlete"]):
    def visible_to(self, user: Any) -> "AthleteQuerySet":
        """Keep the athletes that a user may see.

        Superusers and head coaches see all, a coach the athletes in their teams, others none.
        """
        if may_see_all_athletes(user):
            return self
        return self.filter(
            pk__in=Team.athletes.through.objects.filter(team__coaches=user.pk).values("athlete_id")
        )

    def of_person(self, kept_id: int) -> "AthleteQuerySet":
        """Keep the athlete with this primary key, and the aliases that were merged into it."""
        return self.filter(Q(pk=kept_id) | Q(merged_into=kept_id))

    def unmerged(self) -> "AthleteQuerySet":
        """Leave out aliases: athletes that were merged into another."""
        return self.filter(merged_into=None)

    def with_namesakes(self, among: "AthleteQuerySet") -> "AthleteQuerySet":
        """Set has_namesake where another one of `among` has the same name, whatever its case.

        An alias goes by the name of its athlete.
        """
        own_pk = Coalesce(OuterRef("merged_into"), OuterRef("pk"))
        own_name = Coalesce(OuterRef("merged_into__sort_name"), OuterRef("sort_name"))
        others = among.unmerged().filter(sort_name=own_name).exclude(pk=own_pk)
        return self.annotate(has_namesake=Exists(others))


class Athlete(models.Model):
    """An athlete, under the identity provider's user ID. Created at the first finish.

    After a merge the athlete stays as an alias: its sessions and teams belong to the other one,
    and its devices go on under its own user ID.
    """

    user_id = models.CharField(
        _("user ID"),
        max_length=MAX_USER_ID_LENGTH,
        unique=True,
        validators=[RegexValidator(USER_ID, USER_ID_RULE)],
    )
    display_name = models.CharField(_("name"), max_length=128, blank=True)
    sort_name = SortNameField("display_name", "user_id")
    created_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)
    account = models.OneToOneField(  # "user" would clash with user_id
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="athlete",
        verbose_name=_("user"),
    )
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="aliases",
        verbose_name=_("merged into"),
    )
    switched_off_at = models.DateTimeField(
        _("switched off"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Since then, no token lets this athlete in."),
    )

    objects = AthleteQuerySet.as_manager()
    has_namesake = False  # unless with_namesakes() finds one

    class Meta:
        verbose_name = _("athlete")
        verbose_name_plural = _("athletes")
        ordering = ["sort_name", "user_id"]
        permissions = [("view_all_athletes", _("Can see the athletes of all teams"))]
        constraints = [
            models.CheckConstraint(name="athlete_has_a_user_id", condition=~Q(user_id="")),
            models.CheckConstraint(
                name="athlete_is_not_merged_into_itself",
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")),
            ),
        ]
        indexes = [
            models.Index(fields=["sort_name", "user_id"], name="athlete_by_name"),
            models.Index(
                fields=["switched_off_at"],
                name="athlete_switched_off",
                condition=Q(switched_off_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return name_athlete(self.display_name, self.user_id, has_namesake=self.has_namesake)

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None and "display_name" in (update_fields := [*update_fields]):
            update_fields.append("sort_name")
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def kept(self) -> "Athlete":
        """The athlete itself, or the one that it was merged into."""
        return self.merged_into or self


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: Any) -> "TeamQuerySet":
        """Keep the teams that a user may see.

        Superusers and head coaches see all, a coach their own.
        """
        return (
            self
            if may_see_all_athletes(user)
            else self.filter(
                pk__in=Team.coaches.through.objects.filter(user_id=user.pk).values("team_id")
            )
        )


class Team(models.Model):
    """A group of athletes, seen by the group's coaches."""

    name = models.CharField(
        pgettext_lazy("of a team or an exercise", "name"), max_length=128, unique=True
    )
    sort_name = SortNameField("name")
    coaches = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="teams", blank=True, verbose_name=_("coaches")
    )
    athletes = models.ManyToManyField(
        Athlete,
        related_name="teams",
        blank=True,
        verbose_name=_("athletes"),
        limit_choices_to={"merged_into": None},
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["sort_name", "name"]

    def __str__(self) -> str:
        return self.name


def name_athlete(display_name: str, user_id: str, *, has_namesake: bool) -> str:
    """Return what lists call an athlete: "Aigul", or "Aigul (aigul-2)" if there are several."""
    return (
        f"{display_name} ({user_id})" if display_name and has_namesake else display_name or user_id
    )


def may_see_all_athletes(user: Any) -> bool:
    """Return whether a user sees every athlete, as superusers and head coaches do."""
    return bool(user.is_active and user.has_perm("workouts.view_all_athletes"))


def kept_user_id_expression(user_id: str) -> Coalesce:
    """Return a query expression: the user_id whose sessions these are, following a merge."""
    kept = Athlete.objects.filter(user_id=user_id).order_by().values("merged_into__user_id")
    return Coalesce(Subquery(kept), Value(user_id))
