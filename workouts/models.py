"""What is kept for good: the exercises, the athletes, and their sessions."""

from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workouts.identity import MAX_USER_ID_LENGTH, USER_ID, USER_ID_RULE

MAX_INTERVAL_MS = MINUTE_MS = 60_000
MAX_NOTE_LENGTH = 2000
LEAST_OF_A_SESSION = 100  # an honest workout may well have more
check_slug = RegexValidator(r"^[a-z0-9_]{1,32}\Z", _("A slug takes 1 to 32 small letters, digits and underscores."))


class Exercise(models.Model):
    """An exercise and its limits; it is switched off, never deleted. Figures and their sources: the data migration."""

    slug = models.CharField(_("slug"), max_length=32, unique=True, validators=[check_slug])
    name = models.CharField(_("name"), max_length=64)
    min_interval_ms = models.PositiveIntegerField(
        _("smallest interval, ms"),
        validators=[MinValueValidator(1), MaxValueValidator(MAX_INTERVAL_MS)],
        help_text=_("A rep that comes sooner after the last one is a bounce."),
    )
    record_per_minute = models.PositiveIntegerField(_("record, reps a minute"), null=True, blank=True, validators=[MinValueValidator(1)])
    record_per_hour = models.PositiveIntegerField(_("record, reps an hour"), null=True, blank=True, validators=[MinValueValidator(1)])
    max_per_minute = models.PositiveIntegerField(_("ceiling, reps a minute"), validators=[MinValueValidator(1)])
    max_per_session = models.PositiveIntegerField(
        _("ceiling, reps a session"), default=10_000, validators=[MinValueValidator(LEAST_OF_A_SESSION)]
    )
    typical_ms_low = models.PositiveIntegerField(_("typical ms a rep, from"), validators=[MinValueValidator(1)])
    typical_ms_high = models.PositiveIntegerField(_("typical ms a rep, to"), validators=[MinValueValidator(1)])
    source = models.TextField(_("source of the figures"), blank=True)
    active = models.BooleanField(_("active"), default=True, help_text=_("Off: new reps are refused, what was counted stays."))

    class Meta:
        verbose_name = _("exercise")
        verbose_name_plural = _("exercises")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(name="exercise_slug_is_plain", condition=~Q(slug="") & ~Q(slug__contains=":")),
            models.CheckConstraint(
                name="exercise_limits_are_positive",
                condition=Q(min_interval_ms__gte=1, min_interval_ms__lte=MAX_INTERVAL_MS)
                & Q(max_per_minute__gte=1, max_per_session__gte=1, typical_ms_low__gte=1),
            ),
            models.CheckConstraint(
                name="exercise_record_is_positive", condition=Q(record_per_minute__isnull=True) | Q(record_per_minute__gte=1)
            ),
            models.CheckConstraint(
                name="exercise_typical_is_a_range",
                condition=Q(typical_ms_low__lte=F("typical_ms_high")),
                violation_error_message=_("The typical pace has to go from the smaller to the larger figure."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse limits that would refuse honest people. Raises ValidationError that names the fields."""
        errors = {}
        low_ms, high_ms, least_ms, ceiling = self.typical_ms_low, self.typical_ms_high, self.min_interval_ms, self.max_per_minute
        if low_ms and least_ms and least_ms > low_ms:
            errors["min_interval_ms"] = _("It is longer than a typical rep (%(ms)d ms): honest reps would be refused.") % {"ms": low_ms}
        if low_ms and ceiling and ceiling * low_ms < MINUTE_MS:
            errors["max_per_minute"] = _("It is below the typical pace (%(pace)d a minute): honest reps would be refused.") % {
                "pace": MINUTE_MS // low_ms
            }
        elif least_ms and self.record_per_minute and least_ms * self.record_per_minute > MINUTE_MS:
            errors["min_interval_ms"] = _("It is longer than a rep at the record's pace (%(ms)d ms): a champion would be refused.") % {
                "ms": MINUTE_MS // self.record_per_minute
            }
        if ceiling and self.record_per_minute and self.record_per_minute > ceiling:
            errors["record_per_minute"] = _("It is above the ceiling (%(ceiling)d): nobody could reach it.") % {"ceiling": ceiling}
        elif high_ms and self.record_per_minute and self.record_per_minute * high_ms < MINUTE_MS:
            errors["record_per_minute"] = _("It is below the slowest typical pace (%(pace)d a minute): everybody would be flagged.") % {
                "pace": MINUTE_MS // high_ms
            }
        if self.record_per_hour and self.record_per_minute and self.record_per_hour < self.record_per_minute:
            errors["record_per_hour"] = _("It is below the record of a minute (%(record)d).") % {"record": self.record_per_minute}
        if errors:
            raise ValidationError(errors)


class AthleteQuerySet(models.QuerySet["Athlete"]):
    def visible_to(self, user: Any) -> "AthleteQuerySet":
        """Leave those whom a user may see: a superuser and a head coach all, a coach those of their teams, others nobody."""
        if sees_all(user):
            return self
        return self.filter(pk__in=Team.athletes.through.objects.filter(team__coaches=user.pk).values("athlete_id"))


class Athlete(models.Model):
    """Who trains, by the identity provider's name; made at the first finish."""

    user_id = models.CharField(_("user ID"), max_length=MAX_USER_ID_LENGTH, unique=True, validators=[RegexValidator(USER_ID, USER_ID_RULE)])
    display_name = models.CharField(_("name"), max_length=128, blank=True)
    created_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)

    objects = AthleteQuerySet.as_manager()

    class Meta:
        verbose_name = _("athlete")
        verbose_name_plural = _("athletes")
        ordering = ["user_id"]
        permissions = [("view_all_athletes", _("Can see the athletes of all teams"))]
        constraints = [models.CheckConstraint(name="athlete_has_a_user_id", condition=~Q(user_id=""))]

    def __str__(self) -> str:
        return self.display_name or self.user_id


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: Any) -> "TeamQuerySet":
        """Leave those that a user may see: a superuser and a head coach all, a coach their own."""
        return self if sees_all(user) else self.filter(pk__in=Team.coaches.through.objects.filter(user_id=user.pk).values("team_id"))


class Team(models.Model):
    """Which coaches see which athletes."""

    name = models.CharField(_("name"), max_length=128, unique=True)
    coaches = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="teams", blank=True, verbose_name=_("coaches"))
    athletes = models.ManyToManyField(Athlete, related_name="teams", blank=True, verbose_name=_("athletes"))

    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


def sees_all(user: Any) -> bool:
    """Return whether a user sees every athlete: superusers and head coaches do."""
    return bool(user.is_active and user.has_perm("workouts.view_all_athletes"))


class Device(models.Model):
    """A device that numbers its reps: the highest seq that is in a saved session, for when Redis remembers none."""

    athlete = models.ForeignKey(
        Athlete, on_delete=models.CASCADE, to_field="user_id", db_column="user_id", related_name="devices", db_index=False
    )
    device_id = models.CharField(_("device ID"), max_length=32)
    last_seq = models.PositiveBigIntegerField(_("last seq"))

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [models.UniqueConstraint(name="device_of_athlete", fields=["athlete", "device_id"])]

    def __str__(self) -> str:
        return f"{self.athlete_id}: {self.device_id}"


class ReviewStatus(models.TextChoices):
    CLEAN = "clean", _("clean")
    PENDING = "pending", _("needs review")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")


class WorkoutSessionQuerySet(models.QuerySet["WorkoutSession"]):
    def visible_to(self, user: Any) -> "WorkoutSessionQuerySet":
        """Leave those of the athletes whom a user may see. The one door: lists, pages, searches, exports and the API go through it."""
        return self if sees_all(user) else self.filter(athlete__in=Athlete.objects.visible_to(user).values("user_id"))

    def with_review_note(self) -> "WorkoutSessionQuerySet":
        """Add what the coach wrote who decided last, as review_note; empty where nobody did."""
        decided = ReviewStep.objects.filter(session_id=OuterRef("pk"), actor=ReviewStep.Actor.COACH).order_by("-id")
        note = Coalesce(Subquery(decided.values("note")[:1]), Value(""), output_field=models.TextField())
        return self.annotate(review_note=note)

    def in_totals(self) -> "WorkoutSessionQuerySet":
        """Leave out what a coach rejected, and has not brought back."""
        return self.filter(is_in_totals=True)


class WorkoutSession(models.Model):
    """A finished workout: one row a session, whatever was repeated or killed on the way."""

    session_id = models.UUIDField(_("session ID"), unique=True, editable=False)
    athlete = models.ForeignKey(
        Athlete,
        on_delete=models.PROTECT,
        to_field="user_id",
        db_column="user_id",
        related_name="sessions",
        db_index=False,
        verbose_name=_("athlete"),
    )
    exercise = models.ForeignKey(
        Exercise, on_delete=models.PROTECT, to_field="slug", db_column="exercise_type", related_name="sessions", verbose_name=_("exercise")
    )
    total_reps = models.PositiveIntegerField(_("reps"))
    created_at = models.DateTimeField(_("saved"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("first rep"))
    finished_at = models.DateTimeField(_("last rep"))
    refused = models.JSONField(_("refused reps by reason"), default=dict, blank=True)
    refusals = models.JSONField(
        _("last refused reps"), default=list, blank=True, help_text=_("Milliseconds since the first rep, and the reason.")
    )
    timeline_ms = models.JSONField(_("timeline"), default=list, help_text=_("Milliseconds since the first rep, in the order of counting."))
    rep_devices = models.JSONField(
        _("devices"), default=list, blank=True, help_text=_("The device's number for each rep; empty where no device was named.")
    )
    late_reps = models.JSONField(_("late reps"), default=list, blank=True, help_text=_("Which reps, from 0, came late."))
    device_seqs = models.JSONField(_("last seq by device"), default=dict, blank=True)
    distrusted_times = models.PositiveIntegerField(
        _("times not trusted"),
        default=0,
        db_default=0,
        help_text=_("Reps whose device gave a time that cannot be; they go by their arrival."),
    )
    best_minute = models.PositiveIntegerField(
        _("best minute"), null=True, blank=True, help_text=_("The most reps in 60 s; empty of a session that is shorter.")
    )
    flags = models.JSONField(_("flags"), default=list, blank=True, db_default=Value([], models.JSONField()))
    review_status = models.CharField(
        _("review"), max_length=8, choices=ReviewStatus.choices, default=ReviewStatus.CLEAN, db_default=ReviewStatus.CLEAN
    )
    is_in_totals = models.BooleanField(
        _("in the totals"),
        default=True,
        db_default=True,
        help_text=_("Off once it is rejected; an appeal alone does not bring it back."),
    )

    objects = WorkoutSessionQuerySet.as_manager()

    class Meta:
        db_table = "workout_sessions"
        verbose_name = _("workout session")
        verbose_name_plural = _("workout sessions")
        ordering = ["-created_at", "-id"]
        permissions = [("review_workoutsession", _("Can approve and reject workout sessions"))]
        indexes = [
            models.Index(fields=["athlete", "exercise", "-id"], name="session_saved_last"),
            models.Index(fields=["-created_at", "-id"], name="session_newest"),
            # a few in a hundred: those that have something to review, or had
            models.Index(
                fields=["review_status", "-created_at", "-id"], name="session_reviewed", condition=~Q(review_status=ReviewStatus.CLEAN)
            ),
        ]
        constraints = [
            models.CheckConstraint(name="session_has_a_rep", condition=Q(total_reps__gte=1)),
            models.CheckConstraint(name="session_ends_after_start", condition=Q(finished_at__gte=F("started_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.athlete_id}: {self.total_reps} x {self.exercise_id}"


class ReviewStep(models.Model):
    """A change of a session's review status. It is never changed nor deleted; the database refuses that too."""

    class Actor(models.TextChoices):
        SERVICE = "service", _("Senim")
        COACH = "coach", _("coach")
        ATHLETE = "athlete", _("athlete")

    session = models.ForeignKey(WorkoutSession, on_delete=models.PROTECT, related_name="review_steps", verbose_name=_("workout session"))
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.CharField(_("by"), max_length=8, choices=Actor.choices)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("coach")
    )
    from_status = models.CharField(_("from"), max_length=8, choices=ReviewStatus.choices)
    to_status = models.CharField(_("to"), max_length=8, choices=ReviewStatus.choices)
    note = models.TextField(_("note"), blank=True, max_length=MAX_NOTE_LENGTH)

    class Meta:
        verbose_name = _("review step")
        verbose_name_plural = _("review steps")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="review_step_of_a_coach_names_them", condition=Q(actor="coach", reviewer__isnull=False) | ~Q(actor="coach")
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id}: {self.from_status} > {self.to_status}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("a review step is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("a review step is never deleted")
