"""Exercises, and how much of each a person can do."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

MAX_INTERVAL_MS = MINUTE_MS = 60_000
LOWEST_SESSION_LIMIT = 100  # honest workouts may well reach this many reps
check_slug = RegexValidator(
    r"^[a-z0-9_]{1,32}\Z", _("A slug is 1 to 32 lowercase letters, digits and underscores.")
)
# the names in the data migration, marked here for translation; see name_exercise()
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
    """An exercise and its limits. It is switched off, never deleted.

    The figures and their sources are in migrations 0002, 0005 and 0021.
    """

    slug = models.CharField(_("slug"), max_length=32, unique=True, validators=[check_slug])
    name = models.CharField(pgettext_lazy("of a team or an exercise", "name"), max_length=64)
    min_interval_ms = models.PositiveIntegerField(
        _("minimum interval (ms)"),
        validators=[MinValueValidator(1), MaxValueValidator(MAX_INTERVAL_MS)],
        help_text=_("A rep that follows the previous one sooner than this is a bounce."),
    )
    record_per_minute = models.PositiveIntegerField(
        _("record reps per minute"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    record_per_hour = models.PositiveIntegerField(
        _("record reps per hour"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    record_per_30_s = models.PositiveIntegerField(
        _("record reps per 30 s"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    record_per_day = models.PositiveIntegerField(
        _("record reps per day"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    max_per_minute = models.PositiveIntegerField(
        _("maximum reps per minute"), validators=[MinValueValidator(1)]
    )
    max_per_session = models.PositiveIntegerField(
        _("maximum reps per session"),
        default=10_000,
        validators=[MinValueValidator(LOWEST_SESSION_LIMIT)],
    )
    typical_ms_low = models.PositiveIntegerField(
        _("fastest typical rep (ms)"), validators=[MinValueValidator(1)]
    )
    typical_ms_high = models.PositiveIntegerField(
        _("slowest typical rep (ms)"), validators=[MinValueValidator(1)]
    )
    source = models.TextField(_("source of these figures"), blank=True)
    active = models.BooleanField(
        pgettext_lazy("exercise", "active"),
        default=True,
        help_text=_("If off, new reps are refused. Reps already counted stay."),
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
                    "The slowest typical rep is shorter than the fastest one."
                ),
            ),
        ]

    def __str__(self) -> str:
        """Return the name in the active language."""
        return name_exercise(self.name)

    def clean(self) -> None:
        """Reject limits that would refuse honest reps. Raises ValidationError by field."""
        errors = {}
        low_ms, high_ms, least_ms, maximum = (
            self.typical_ms_low,
            self.typical_ms_high,
            self.min_interval_ms,
            self.max_per_minute,
        )
        if low_ms and least_ms and least_ms > low_ms:
            errors["min_interval_ms"] = _(
                "Longer than a typical rep (%(ms)d ms): honest reps would be refused."
            ) % {"ms": low_ms}
        if low_ms and maximum and maximum * low_ms < MINUTE_MS:
            errors["max_per_minute"] = _(
                "Below the typical pace (%(pace)d per minute): honest reps would be refused."
            ) % {"pace": MINUTE_MS // low_ms}
        elif least_ms and self.record_per_minute and least_ms * self.record_per_minute > MINUTE_MS:
            errors["min_interval_ms"] = _(
                "Longer than a rep at record pace (%(ms)d ms): a champion would be refused."
            ) % {"ms": MINUTE_MS // self.record_per_minute}
        if maximum and self.record_per_minute and self.record_per_minute > maximum:
            errors["record_per_minute"] = _(
                "Above the maximum (%(maximum)d): nobody could reach it."
            ) % {"maximum": maximum}
        elif high_ms and self.record_per_minute and self.record_per_minute * high_ms < MINUTE_MS:
            errors["record_per_minute"] = _(
                "Below the slowest typical pace (%(pace)d per minute): everyone would be flagged."
            ) % {"pace": MINUTE_MS // high_ms}
        if (
            self.record_per_hour
            and self.record_per_minute
            and self.record_per_hour < self.record_per_minute
        ):
            errors["record_per_hour"] = _("Below the record for a minute (%(record)d).") % {
                "record": self.record_per_minute
            }
        errors |= self.find_record_errors()
        if errors:
            raise ValidationError(errors)

    def find_record_errors(self) -> dict[str, str]:
        """Return what is wrong with the records for 30 s and for a day, by field."""
        errors = {}
        per_30_s, per_minute, least_ms = (
            self.record_per_30_s,
            self.record_per_minute,
            self.min_interval_ms,
        )
        per_hour, per_day = self.record_per_hour, self.record_per_day
        if per_30_s and per_minute and per_30_s * 2 < per_minute:
            errors["record_per_30_s"] = _("Below half of the record for a minute (%(record)d).") % {
                "record": per_minute
            }
        elif per_30_s and least_ms and per_30_s * least_ms > MINUTE_MS // 2:
            errors["record_per_30_s"] = _(
                "Faster than the minimum interval (%(ms)d ms): nobody could reach it."
            ) % {"ms": least_ms}
        if per_day and per_hour and per_day < per_hour:
            errors["record_per_day"] = _("Below the record for an hour (%(record)d).") % {
                "record": per_hour
            }
        return errors


def name_exercise(name: str) -> str:
    """Return a stored name in the active language, if Senim came with it; coaches may edit names.

    A name of their own stays as it is, even if another of our messages happens to read like it.
    """
    return gettext(name) if name in SEEDED_NAMES else name
