"""Flags and refusals in words: names for lists, one sentence with its figures for a page."""

from collections.abc import Callable
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workouts.fairness.evenness import LIMITS
from workouts.fairness.evidence import Flag
from workouts.models.exercises import SEEDED_NAMES, name_exercise

NAMES: dict[str, str | Promise] = {
    "metronome": gettext_lazy("too even"),
    "record_pace": gettext_lazy("faster than the record"),
    "personal_pace": gettext_lazy("faster than usual"),
    "two_devices": gettext_lazy("two devices at once"),
    "many_refused": gettext_lazy("many refused"),
    "mostly_late": gettext_lazy("mostly late"),
    "clock": gettext_lazy("wrong clock"),
    "marathon": gettext_lazy("very long"),
    "record_day": gettext_lazy("more than a day's record"),
    "two_bodies": gettext_lazy("two exercises at once"),
}

REFUSALS: dict[str, str | Promise] = {
    "debounced": gettext_lazy("too soon after the previous rep"),
    "pace": gettext_lazy("over the maximum reps per minute"),
    "session_full": gettext_lazy("over the maximum reps per session"),
    "too_fast": gettext_lazy("too many messages per second"),
}

SEEDED_NAMES_BY_SLUG = {
    name.lower().replace(" ", "_").replace("-", "_"): name for name in SEEDED_NAMES
}


def name_flag(flag: Flag) -> str:
    return str(NAMES.get(flag["flag"], flag["flag"]))


def name_refusal_reason(reason: str) -> str:
    return str(REFUSALS.get(reason, reason))


def explain_flag(flag: Flag) -> str:
    """Return why a session has the flag.

    A flag is shown as stored if this version does not know it or its figures.
    """
    try:
        return TEXTS[flag["flag"]](flag)
    except (KeyError, TypeError):
        return ", ".join(f"{name}: {value}" for name, value in flag.items())


def group_flag_numbers(flag: Flag) -> dict[str, Any]:
    """Return the flag's figures for a sentence: whole numbers as text, 12,345."""
    return {
        name: number_format(value, force_grouping=True) if isinstance(value, int) else value
        for name, value in flag.items()
    }


def write_flag_percent(share: float) -> str:
    return number_format(100 * share, 2)


def explain_metronome_flag(flag: Flag) -> str:
    if "spread" in flag:
        return add_joined_sessions(explain_reps_on_beat(flag), flag)
    if "runs" in flag:
        text = _(
            "%(intervals)s intervals in %(runs)s stretches at the same tempo vary by only %(cv)s%%;"
            " people's vary by 1.5 to 4.9%%."
        )
    else:
        text = ngettext(
            "%(intervals)s interval varies by only %(cv)s%%; people's vary by 1.5 to 4.9%%.",
            "%(intervals)s intervals in a row vary by only %(cv)s%%;"
            " people's vary by 1.5 to 4.9%%.",
            flag["intervals"],
        )
    return add_joined_sessions(
        text % {**group_flag_numbers(flag), "cv": write_flag_percent(flag["cv"])}, flag
    )


def explain_reps_on_beat(flag: Flag) -> str:
    figures = {
        "intervals": number_format(flag["intervals"], force_grouping=True),
        "spread": write_flag_percent(flag["spread"]),
        "independence": number_format(flag["independence"], 2),
        "peoples": number_format(LIMITS.independence, 1),
    }
    return (
        _(
            "Over %(intervals)s intervals, reps stay within about %(spread)s%% of a steady beat,"
            " and a late rep does not make the next one late: on a scale where people score at"
            " most %(peoples)s and a clock 2, they score %(independence)s."
        )
        % figures
    )


def explain_record_pace_flag(flag: Flag) -> str:
    if "seconds" in flag:
        text = _(
            "%(reps)s reps in %(seconds)s seconds; the fastest people are thought to manage at"
            " most %(limit)s."
        )
    else:
        text = _("%(reps)s reps in a minute; the most ever reported is %(record)s.")
    return add_joined_sessions(text % group_flag_numbers(flag), flag)


def explain_personal_pace_flag(flag: Flag) -> str:
    return _(
        "%(reps)s reps in a minute; the athlete's best in the 90 days before was %(best)s."
    ) % group_flag_numbers(flag)


def explain_two_devices_flag(flag: Flag) -> str:
    if "missed" in flag:
        return _(
            "%(devices)s devices each missed at least %(missed)s of %(counted)s counted reps"
            " while in use: some reps may have been counted more than once."
        ) % group_flag_numbers(flag)
    text = ngettext(
        "Counting switched between two devices within 15 seconds, %(changes)s time.",
        "Counting switched between two devices within 15 seconds, %(changes)s times.",
        flag["changes"],
    )
    return text % group_flag_numbers(flag)


def explain_many_refused_flag(flag: Flag) -> str:
    return _(
        "More reps were refused (%(refused)s) than counted (%(counted)s): a bouncing sensor,"
        " or a script."
    ) % group_flag_numbers(flag)


def explain_mostly_late_flag(flag: Flag) -> str:
    return _(
        "%(late)s of %(reps)s reps arrived more than 10 seconds after they were made; only the"
        " device vouches for their times."
    ) % group_flag_numbers(flag)


def explain_clock_flag(flag: Flag) -> str:
    text = ngettext(
        "The device gave an impossible time for %(reps)s rep.",
        "The device gave impossible times for %(reps)s reps.",
        flag["reps"],
    )
    return text % group_flag_numbers(flag)


def explain_marathon_flag(flag: Flag) -> str:
    parts = []
    figures = group_flag_numbers(flag)
    if "minutes" in flag:
        parts.append(_("%(minutes)s minutes without a 5-minute break.") % figures)
    if "reps_in_hour" in flag:
        parts.append(_("%(reps_in_hour)s reps in an hour; the record is %(record)s.") % figures)
    return add_joined_sessions(" ".join(parts), flag)


def explain_record_day_flag(flag: Flag) -> str:
    return _(
        "%(reps)s reps in 24 hours; the most ever reported is %(record)s."
    ) % group_flag_numbers(flag)


def explain_two_bodies_flag(flag: Flag) -> str:
    text = ngettext(
        "In one minute, reps switched %(changes)s times between this exercise and another"
        " (%(exercise)s), each time within 3 seconds.",
        "In one minute, reps switched %(changes)s times between this exercise and another"
        " (%(exercise)s), each time within 3 seconds. So many changes were found with"
        " %(exercises)s exercises.",
        flag["exercises"],
    )
    return text % {
        **group_flag_numbers(flag),
        "exercise": name_flagged_exercise(flag["exercise"]),
    }


def name_flagged_exercise(slug: str) -> str:
    """Return the name in the catalogue as it is seeded; others go by their slug."""
    return name_exercise(SEEDED_NAMES_BY_SLUG.get(slug, slug))


def add_joined_sessions(text: str, flag: Flag) -> str:
    """Say across how many sessions a flag was found, if one was not enough."""
    if "sessions" not in flag:
        return text
    joined = ngettext(
        "Found across %(sessions)s session less than 5 minutes apart.",
        "Found across %(sessions)s sessions less than 5 minutes apart.",
        flag["sessions"],
    )
    return f"{text} {joined % group_flag_numbers(flag)}"


TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "metronome": explain_metronome_flag,
    "record_pace": explain_record_pace_flag,
    "personal_pace": explain_personal_pace_flag,
    "two_devices": explain_two_devices_flag,
    "many_refused": explain_many_refused_flag,
    "mostly_late": explain_mostly_late_flag,
    "clock": explain_clock_flag,
    "marathon": explain_marathon_flag,
    "record_day": explain_record_day_flag,
    "two_bodies": explain_two_bodies_flag,
}
