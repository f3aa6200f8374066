"""What is trained, and what a person can do of it."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

MAX_INTERVAL_MS = MINUTE_MS = 60_000
LEAST_OF_A_SESSION = 100  # an honest workout may well have more
check_slug = RegexValidator(
    r"^[a-z0-9_]{1,32}\Z", _("A slug takes 1 to 32 small letters, digits and underscores.")
)
# those of the data migration, for the catalogs of messages
SEEDED_NAMES = (
    gettext_noop("Squat"),
    gettext_noop("Push-up"),
    gettext_noop("Pull-up"),
    gettext_noop("Sit-up"),
    gettext_noop("Crunch"),
    gettext_noop("Lunge"),
    gettext_noop("Burpee"),
    gettext_noop("Jumping jack"),
    gettext_noop("Deadlift"),
    gettext_noop("Bench press"),
    gettext_noop("Front raise"),
    gettext_noop("Kettlebell swing"),
    gettext_noop("Dip"),
    gettext_noop("Double under"),
    gettext_noop("Mountain climber"),
    gettext_noop("Battle rope"),
)


class Exercise(models.Model):
    """An exercise and its limits; it is switched off, never deleted. Figures and their sources: the data migration."""

    slug = models.CharField(_("slug"), max_length=32, unique=True, validators=[check_slug])
    name = models.CharField(pgettext_lazy("of a team or an exercise", "name"), max_length=64)
    min_interval_ms = models.PositiveIntegerField(
        _("smallest interval, ms"),
        validators=[MinValueValidator(1), MaxValueValidator(MAX_INTERVAL_MS)],
        help_text=_("A rep that comes sooner after the last one is a bounce."),
    )
    record_per_minute = models.PositiveIntegerField(
        _("record, reps a minute"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    record_per_hour = models.PositiveIntegerField(
        _("record, reps an hour"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    max_per_minute = models.PositiveIntegerField(
        _("ceiling, reps a minute"), validators=[MinValueValidator(1)]
    )
    max_per_session = models.PositiveIntegerField(
        _("ceiling, reps a session"),
        default=10_000,
        validators=[MinValueValidator(LEAST_OF_A_SESSION)],
    )
    typical_ms_low = models.PositiveIntegerField(
        _("typical ms a rep, from"), validators=[MinValueValidator(1)]
    )
    typical_ms_high = models.PositiveIntegerField(
        _("typical ms a rep, to"), validators=[MinValueValidator(1)]
    )
    source = models.TextField(_("source of the figures"), blank=True)
    active = models.BooleanField(
        pgettext_lazy("exercise", "active"),
        default=True,
        help_text=_("Off: new reps are refused, what was counted stays."),
    )

    class Meta:
        verbose_name = _("exercise")
        verbose_name_plural = _("exercises")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                name="exercise_slug_is_plain", condition=~Q(slug="") & ~Q(slug__contains=":")
            ),
            models.CheckConstraint(
                name="exercise_limits_are_positive",
                condition=Q(min_interval_ms__gte=1, min_interval_ms__lte=MAX_INTERVAL_MS)
                & Q(max_per_minute__gte=1, max_per_session__gte=1, typical_ms_low__gte=1),
            ),
            models.CheckConstraint(
                name="exercise_record_is_positive",
                condition=Q(record_per_minute__isnull=True) | Q(record_per_minute__gte=1),
            ),
            models.CheckConstraint(
                name="exercise_typical_is_a_range",
                condition=Q(typical_ms_low__lte=F("typical_ms_high")),
                violation_error_message=_(
                    "The typical pace has to go from the smaller to the larger figure."
                ),
            ),
        ]

    def __str__(self) -> str:
        """Return the name in the language of who looks, where it is known: the names are rows, which coaches may edit."""
        return gettext(self.name)

    def clean(self) -> None:
        """Refuse limits that would refuse honest people. Raises ValidationError that names the fields."""
        errors = {}
        low_ms, high_ms, least_ms, ceiling = (
            self.typical_ms_low,
            self.typical_ms_high,
            self.min_interval_ms,
            self.max_per_minute,
        )
        if low_ms and least_ms and least_ms > low_ms:
            errors["min_interval_ms"] = _(
                "It is longer than a typical rep (%(ms)d ms): honest reps would be refused."
            ) % {"ms": low_ms}
        if low_ms and ceiling and ceiling * low_ms < MINUTE_MS:
            errors["max_per_minute"] = _(
                "It is below the typical pace (%(pace)d a minute): honest reps would be refused."
            ) % {"pace": MINUTE_MS // low_ms}
        elif least_ms and self.record_per_minute and least_ms * self.record_per_minute > MINUTE_MS:
            errors["min_interval_ms"] = _(
                "It is longer than a rep at the record's pace (%(ms)d ms): a champion would be refused."
            ) % {"ms": MINUTE_MS // self.record_per_minute}
        if ceiling and self.record_per_minute and self.record_per_minute > ceiling:
            errors["record_per_minute"] = _(
                "It is above the ceiling (%(ceiling)d): nobody could reach it."
            ) % {"ceiling": ceiling}
        elif high_ms and self.record_per_minute and self.record_per_minute * high_ms < MINUTE_MS:
            errors["record_per_minute"] = _(
                "It is below the slowest typical pace (%(pace)d a minute): everybody would be flagged."
            ) % {"pace": MINUTE_MS // high_ms}
        if (
            self.record_per_hour
            and self.record_per_minute
            and self.record_per_hour < self.record_per_minute
        ):
            errors["record_per_hour"] = _("It is below the record of a minute (%(record)d).") % {
                "record": self.record_per_minute
            }
        if errors:
            raise ValidationError(errors)
