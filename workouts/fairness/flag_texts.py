"""Each flag in one sentence with its figures, and each reason to refuse, for people."""

from collections.abc import Callable
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workouts.fairness.flags import Flag

NAMES: dict[str, str | Promise] = {
    "metronome": gettext_lazy("too even"),
    "record_pace": gettext_lazy("faster than the record"),
    "personal_pace": gettext_lazy("faster than usual"),
    "two_devices": gettext_lazy("two devices at once"),
    "many_refused": gettext_lazy("many refused"),
    "mostly_late": gettext_lazy("mostly late"),
    "clock": gettext_lazy("wrong clock"),
    "marathon": gettext_lazy("very long"),
}

REFUSALS: dict[str, str | Promise] = {
    "debounced": gettext_lazy("too soon after the last one"),
    "pace": gettext_lazy("over the ceiling of reps a minute"),
    "session_full": gettext_lazy("over the ceiling of reps a session"),
    "too_fast": gettext_lazy("too many messages a second"),
}


def name_flag(flag: Flag) -> str:
    """Return what a flag is called."""
    return str(NAMES.get(flag["flag"], flag["flag"]))


def name_refusal(reason: str) -> str:
    """Return what a reason for refusing reps is called."""
    return str(REFUSALS.get(reason, reason))


def explain_flag(flag: Flag) -> str:
    """Return why a session has the flag; of a kind, or with figures, that another version knows, what is there."""
    try:
        return TEXTS[flag["flag"]](flag)
    except (KeyError, TypeError):
        return ", ".join(f"{name}: {value}" for name, value in flag.items())


def percent(share: float) -> str:
    return number_format(100 * share, 2)


def explain_metronome(flag: Flag) -> str:
    text = ngettext(
        "The intervals are more even than people's: %(intervals)d interval varies by %(cv)s %% (people: 1.5 to 4.9 %%).",
        "The intervals are more even than people's: %(intervals)d intervals vary by %(cv)s %% (people: 1.5 to 4.9 %%).",
        flag["intervals"],
    )
    return text % {"intervals": flag["intervals"], "cv": percent(flag["cv"])}


def explain_record_pace(flag: Flag) -> str:
    return _("%(reps)d reps in a minute; the fastest ever reported is %(record)d.") % flag


def explain_personal_pace(flag: Flag) -> str:
    return (
        _("%(reps)d reps in a minute; the athlete's best of the 90 days before is %(best)d.") % flag
    )


def explain_two_devices(flag: Flag) -> str:
    text = ngettext(
        "Two devices counted within 15 seconds of each other, %(changes)d time in turn.",
        "Two devices counted within 15 seconds of each other, %(changes)d times in turn.",
        flag["changes"],
    )
    return text % flag


def explain_many_refused(flag: Flag) -> str:
    return (
        _(
            "More reps were refused (%(refused)d) than counted (%(counted)d): a sensor that bounces, or a script."
        )
        % flag
    )


def explain_mostly_late(flag: Flag) -> str:
    return (
        _(
            "%(late)d of %(reps)d reps arrived more than 10 seconds after they were made; their times are the device's word."
        )
        % flag
    )


def explain_clock(flag: Flag) -> str:
    text = ngettext(
        "The device gave a time that cannot be for %(reps)d rep.",
        "The device gave times that cannot be for %(reps)d reps.",
        flag["reps"],
    )
    return text % flag


def explain_marathon(flag: Flag) -> str:
    parts = []
    if "minutes" in flag:
        parts.append(_("%(minutes)d minutes without a pause of 5 minutes.") % flag)
    if "reps_in_hour" in flag:
        parts.append(_("%(reps_in_hour)d reps in an hour; the known record is %(record)d.") % flag)
    return " ".join(parts)


TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "metronome": explain_metronome,
    "record_pace": explain_record_pace,
    "personal_pace": explain_personal_pace,
    "two_devices": explain_two_devices,
    "many_refused": explain_many_refused,
    "mostly_late": explain_mostly_late,
    "clock": explain_clock,
    "marathon": explain_marathon,
}
