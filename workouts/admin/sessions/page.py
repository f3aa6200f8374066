"""A session's page: its tempo, its flags and evidence; reviews.py has the decision."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from workouts.admin.charts import describe_chart_numbers
from workouts.admin.sessions.devices import describe_devices_for_session_page
from workouts.admin.sessions.loads import describe_load_for_session_page
from workouts.admin.sessions.reviews import describe_review_for_session_page
from workouts.admin.tempo_texts import (
    write_duration_for_coach,
    write_pace_for_coach,
    write_work_and_rest_for_coach,
)
from workouts.admin.visibility import may_open_athlete_page
from workouts.fairness.evidence import MINUTE_MS
from workouts.fairness.flag_texts import explain_flag, name_flag, name_refusal_reason
from workouts.fairness.sets import RepSet, SetRow, read_set_rows, split_into_stored_sets
from workouts.fairness.tempo import SessionPace, find_tempo_points, measure_session_pace
from workouts.models import Exercise, WorkoutSession

Json = dict[str, Any]


def describe_session_page(request: HttpRequest, session: WorkoutSession) -> Json:
    """Return the template's context for a session."""
    rows, pace = read_set_rows(session.sets), find_session_page_pace(session)
    sets = split_into_stored_sets(rows, session.timeline_ms)
    devices = describe_devices_for_session_page(session)
    return {
        "session": session,
        "athlete_url": link_to_athlete_page(request, session),
        "trends_url": link_to_trends_page(request, session),
        "length": write_duration_for_coach(session_page_length_ms(session)),
        "load": describe_load_for_session_page(request, session),
        "pace": write_pace_for_coach(pace),
        "work_and_rest": write_work_and_rest_for_coach(pace),
        "flags": [(name_flag(flag), explain_flag(flag)) for flag in session.flags],
        "refused": [
            (name_refusal_reason(reason), number)
            for reason, number in sorted(session.refused.items())
        ],
        "late": len(session.late_reps),
        "devices": devices,
        "sets": [*map(describe_set_for_session_page, rows, sets)],
        "chart": build_session_chart(session, sets, lanes=devices["lanes"] if devices else []),
        "review": describe_review_for_session_page(request, session),
    }


def link_to_athlete_page(request: HttpRequest, session: WorkoutSession) -> str:
    """Return the address of the athlete's page, "" if the user may not see it."""
    if not may_open_athlete_page(request):
        return ""
    return reverse("admin:workouts_athlete_change", args=[session.athlete.pk])


def link_to_trends_page(request: HttpRequest, session: WorkoutSession) -> str:
    """Return the address of the exercise's trends, "" if the user may not see them."""
    if not may_open_athlete_page(request):
        return ""
    trends = reverse("admin:workouts_athlete_trends", args=[session.athlete.pk])
    return f"{trends}?{urlencode({'exercise': session.exercise_id})}"


def session_page_length_ms(session: WorkoutSession) -> int:
    """Return the time from the first rep to the last one."""
    return round((session.finished_at - session.started_at).total_seconds() * 1000)


def find_session_page_pace(session: WorkoutSession) -> SessionPace:
    return measure_session_pace(session.sets, session.started_at, session.finished_at)


def describe_set_for_session_page(row: SetRow, each: RepSet) -> Json:
    """Return a set as it is stored, with its median interval and the rest before it."""
    return {
        "reps": row.reps,
        "length": write_duration_for_coach(row.length_ms),
        "interval_s": None if each.interval_ms is None else each.interval_ms / 1000,
        "slow_down": write_slow_down_for_session_page(row),
        "rest": write_duration_for_coach(each.rest_ms) if each.rest_ms else None,
    }


def write_slow_down_for_session_page(row: SetRow) -> str:
    """Return a slow-down in per cent as "+4", "0" or "-3", and "-" if it isn't known."""
    if row.slow_down is None:
        return "-"
    percent = round(100 * row.slow_down)
    return f"{percent:+d}" if percent else "0"


def build_session_chart(
    session: WorkoutSession, sets: Sequence[RepSet], *, lanes: Sequence[Json]
) -> Json:
    """Return the data for charts.js, times and intervals in seconds.

    `late` and `refused` give the heights of the marks; a refused rep's is the time since the
    last counted one. The lanes of devices, if there are two or more, go below the intervals.
    """
    late = set(session.late_reps)
    late_times = {time for index, time in enumerate(session.timeline_ms) if index in late}
    refused_times = {at_ms for at_ms, _reason in session.refusals}
    counted = {time: interval for each in sets for time, interval in chart_intervals_within(each)}
    times = sorted({*session.timeline_ms, *refused_times})
    since = chart_ms_since_last_rep(times, sorted(session.timeline_ms))
    return {
        "at": [time / 1000 for time in times],
        "intervals": [chart_seconds(counted.get(time)) for time in times],
        "late": [
            chart_seconds(counted.get(time) or 0) if time in late_times else None for time in times
        ],
        "refused": [
            chart_seconds(since[time]) if time in refused_times else None for time in times
        ],
        "rests": [
            [earlier.times_ms[-1] / 1000, later.times_ms[0] / 1000]
            for earlier, later in pairwise(sets)
        ],
        "trends": [trend for each in sets if (trend := draw_chart_trend(each))],
        "lanes": lanes,
        "span": find_chart_span(times, lanes),
        "limits": describe_limits_for_session_page(session.exercise),
        "numbers": describe_chart_numbers(),
        "texts": {
            "time": capfirst(_("time")),
            "interval": capfirst(_("interval, s")),
            "late": capfirst(_("arrived late")),
            "refused": capfirst(_("refused")),
        },
    }


def find_chart_span(times: Sequence[int], lanes: Sequence[Json]) -> list[float]:
    """Return when the first and the last rep were, counted or not, in seconds; 0 if erased."""
    seen_too = (at for lane in lanes for at in lane["seenToo"])
    every = [*(time / 1000 for time in times), *seen_too]
    return [min(every, default=0), max(every, default=0)]


def chart_intervals_within(each: RepSet) -> Iterable[tuple[int, int | None]]:
    """Yield each rep's time and its interval; the first of a set has none."""
    yield each.times_ms[0], None
    yield from ((later, later - earlier) for earlier, later in pairwise(each.times_ms))


def chart_ms_since_last_rep(times: Sequence[int], counted: Sequence[int]) -> dict[int, int]:
    """Return, for each time, how long ago the last counted rep was, 0 before the first."""
    since, index = {}, 0
    for time in times:
        while index < len(counted) and counted[index] < time:
            index += 1
        since[time] = time - counted[index - 1] if index else 0
    return since


def draw_chart_trend(each: RepSet) -> list[list[float]] | None:
    """Return both ends of the line for a set's slow-down, None if it has none."""
    if each.trend_ms is None:
        return None
    first, last = each.trend_ms
    return [[each.times_ms[1] / 1000, first / 1000], [each.times_ms[-1] / 1000, last / 1000]]


def describe_limits_for_session_page(exercise: Exercise) -> Json:
    record = exercise.record_per_minute
    return {
        "smallest": exercise.min_interval_ms / 1000,
        "typical": [exercise.typical_ms_low / 1000, exercise.typical_ms_high / 1000],
        "record": MINUTE_MS / record / 1000 if record else None,
    }


def chart_seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def draw_tempo_svg(times_ms: Iterable[int], *, width: int = 120, height: int = 24) -> str:
    """Return the tempo as an SVG path in a box of this size; slow is high, a rest is a gap."""
    spark = find_tempo_points(times_ms)
    highest = max((value for value in spark if value is not None), default=0) or 1
    step = width / max(1, len(spark) - 1)
    path, verb = [], "M"
    for index, value in enumerate(spark):
        if value is None:
            verb = "M"
            continue
        path.append(f"{verb}{index * step:.1f} {height - 1 - (height - 2) * value / highest:.1f}")
        verb = "L"
    return " ".join(path)
