"""The devices that saw a session, on its page: who counted what, and what others saw as well."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workouts.admin.tempo_texts import write_duration_for_coach
from workouts.models import WorkoutSession

UNNAMED = 0  # the number of all sockets that named no device
Json = dict[str, Any]


class DeviceTimes(NamedTuple):
    """A device's reps, in ms since the first: those counted, and those it saw another count."""

    counted: list[int]
    seen_too: list[int]


def describe_devices_for_session_page(session: WorkoutSession) -> Json | None:
    """Return a sentence, the table's rows and the chart's lanes; None for a single device."""
    devices = find_times_by_device(session)
    if len(devices) < 2:
        return None
    named = [(name_device_of_session(number), devices[number]) for number in sorted(devices)]
    return {
        "sentence": explain_reps_seen_too(session, len(devices)),
        "rows": [describe_device_row(name, times) for name, times in named],
        "lanes": [describe_device_lane(name, times) for name, times in named],
    }


def find_times_by_device(session: WorkoutSession) -> dict[int, DeviceTimes]:
    """Return the times of each device that saw a rep, by its number in the session."""
    times: dict[int, DeviceTimes] = {}
    numbers = session.rep_devices or [UNNAMED] * len(session.timeline_ms)
    for number, at_ms in zip(numbers, session.timeline_ms, strict=False):
        times.setdefault(number, DeviceTimes([], [])).counted.append(at_ms)
    for at_ms, number in session.other_device_reps:
        times.setdefault(number, DeviceTimes([], [])).seen_too.append(at_ms)
    return times


def name_device_of_session(number: int) -> str:
    return _("unnamed") if number == UNNAMED else _("device %d") % number


def explain_reps_seen_too(session: WorkoutSession, devices: int) -> str:
    """Return how many reps more than one device saw, "" if there were none."""
    number = len(session.other_device_reps)
    if not number:
        return ""
    if devices == 2:
        text = ngettext(
            "%s rep was seen by two devices and counted once.",
            "%s reps were seen by two devices and counted once.",
            number,
        )
    else:
        text = ngettext(
            "Devices saw %s rep that another device had already counted; it counts once.",
            "Devices saw %s reps that another device had already counted; each counts once.",
            number,
        )
    return text % number_format(number, force_grouping=True)


def describe_device_row(name: str, times: DeviceTimes) -> Json:
    every = [*times.counted, *times.seen_too]
    return {
        "name": name,
        "counted": len(times.counted),
        "seen_too": len(times.seen_too),
        "first": write_duration_for_coach(max(0, min(every))),
        "last": write_duration_for_coach(max(0, *every)),
    }


def describe_device_lane(name: str, times: DeviceTimes) -> Json:
    return {
        "name": name,
        "counted": write_seconds_for_lane(times.counted),
        "seenToo": write_seconds_for_lane(times.seen_too),
    }


def write_seconds_for_lane(times_ms: Iterable[int]) -> list[float]:
    return [at_ms / 1000 for at_ms in sorted(times_ms)]
