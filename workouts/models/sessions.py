"""Finished workout sessions."""

from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workouts.models.athletes import Athlete, may_see_all_athletes
from workouts.models.exercises import Exercise
from workouts.models.load_changes import load_field
from workouts.models.review_steps import ReviewStatus, ReviewStep

NOT_CLEAN = ~Q(review_status=ReviewStatus.CLEAN)


class WorkoutSessionQuerySet(models.QuerySet["WorkoutSession"]):
    def visible_to(self, user: Any) -> "WorkoutSessionQuerySet":
        """Keep the sessions of athletes that a user may see.

        The only check: lists, pages, searches, exports and the API all go through it.
        """
        return (
            self
            if may_see_all_athletes(user)
            else self.filter(athlete__in=Athlete.objects.visible_to(user).values("user_id"))
        )

    def with_athletes(self, user: Any) -> "WorkoutSessionQuerySet":
        """Read the athletes too, in one query more, named so that the user can tell them apart."""
        visible = Athlete.objects.visible_to(user)
        return self.prefetch_related(Prefetch("athlete", Athlete.objects.with_namesakes(visible)))

    def with_review_note(self) -> "WorkoutSessionQuerySet":
        """Add the note of the last coach's decision as review_note, empty if there is none."""
        decided = ReviewStep.objects.filter(
            session_id=OuterRef("pk"), actor=ReviewStep.Actor.COACH
        ).order_by("-id")
        note = Coalesce(
            Subquery(decided.values("note")[:1]), Value(""), output_field=models.TextField()
        )
        return self.annotate(review_note=note)

    def in_totals(self) -> "WorkoutSessionQuerySet":
        """Leave out sessions that were rejected and not approved since."""
        return self.filter(is_in_totals=True)


class WorkoutSession(models.Model):
    """A finished workout. Each session has exactly one row, however often its finish is retried."""

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
        Exercise,
        on_delete=models.PROTECT,
        to_field="slug",
        db_column="exercise_type",
        related_name="sessions",
        db_index=False,
        verbose_name=_("exercise"),
    )
    total_reps = models.PositiveIntegerField(_("reps"))
    created_at = models.DateTimeField(_("saved"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("first rep"))
    finished_at = models.DateTimeField(_("last rep"))
    refused = models.JSONField(_("refused reps by reason"), default=dict, blank=True)
    refusals = models.JSONField(
        _("last refused reps"),
        default=list,
        blank=True,
        help_text=_("For each, milliseconds since the first rep and the reason."),
    )
    timeline_ms = models.JSONField(
        _("timeline"),
        default=list,
        help_text=_("Milliseconds since the first rep, in the order of counting."),
    )
    rep_devices = models.JSONField(
        _("devices"),
        default=list,
        blank=True,
        help_text=_("The device number of each rep; empty if no device was named."),
    )
    late_reps = models.JSONField(
        _("late reps"),
        default=list,
        blank=True,
        help_text=_("Indexes of the reps that arrived late, starting at 0."),
    )
    other_device_reps = models.JSONField(
        _("reps that another device had counted"),
        default=list,
        blank=True,
        db_default=Value([], models.JSONField()),
        help_text=_("For each, milliseconds since the first rep and the device number."),
    )
    device_seqs = models.JSONField(_("last seq per device"), default=dict, blank=True)
    distrusted_times = models.PositiveIntegerField(
        _("implausible times"),
        default=0,
        db_default=0,
        help_text=_("Reps with an impossible device time; the arrival time is used instead."),
    )
    best_minute = models.PositiveIntegerField(
        _("best minute"),
        null=True,
        blank=True,
        help_text=_("The most reps in any 60 s; empty for a shorter session."),
    )
    # rows of fairness.sets.SetRow, None until they are worked out
    sets = models.JSONField(_("sets"), null=True, editable=False)
    load_kg = load_field(_("load, kg"), editable=False)
    flags = models.JSONField(
        _("flags"), default=list, blank=True, db_default=Value([], models.JSONField())
    )
    review_status = models.CharField(
        _("review"),
        max_length=8,
        choices=ReviewStatus.choices,
        default=ReviewStatus.CLEAN,
        db_default=ReviewStatus.CLEAN,
    )
    is_in_totals = models.BooleanField(
        _("included in totals"),
        default=True,
        db_default=True,
        help_text=_("Off after a rejection, until a coach approves the session."),
    )

    request_id = models.CharField(
        _("request ID"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text=_("Of the request, socket or sweep that saved it, as in the log."),
    )

    objects = WorkoutSessionQuerySet.as_manager()

    class Meta:
        db_table = "workout_sessions"
        verbose_name = _("workout session")
        verbose_name_plural = _("workout sessions")
        ordering = ["-created_at", "-id"]
        permissions = [
            ("review_workoutsession", _("Can approve and reject workout sessions")),
            ("enter_load", _("Can enter the load of workout sessions")),
        ]
        indexes = [
            models.Index(fields=["athlete", "exercise", "-id"], name="session_saved_last"),
            models.Index(fields=["athlete", "-started_at"], name="session_of_athlete"),
            models.Index(fields=["-created_at", "-id"], name="session_newest"),
            # the last three columns let weekly and daily sums read the index alone; SQLite has no
            # INCLUDE
            models.Index(
                fields=["-started_at", "-id", "athlete", "total_reps", "is_in_totals"],
                name="session_started",
            ),
            models.Index(fields=["exercise", "-started_at", "-id"], name="session_of_exercise"),
            # the few in a hundred that need a review, or had one
            models.Index(
                fields=["review_status", "-started_at", "-id"],
                name="session_reviewed",
                condition=NOT_CLEAN,
            ),
            models.Index(
                fields=["-started_at", "-id"], name="session_flagged", condition=NOT_CLEAN
            ),
        ]
        constraints = [
            models.CheckConstraint(name="session_has_a_rep", condition=Q(total_reps__gte=1)),
            models.CheckConstraint(
                name="session_ends_after_start", condition=Q(finished_at__gte=F("started_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.athlete_id}: {self.total_reps} x {self.exercise_id}"
