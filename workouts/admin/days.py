"""Days and weeks in the viewer's time zone."""

from datetime import date, datetime, time, timedelta

from django.utils.timezone import make_aware

WEEK = timedelta(days=7)
FIRST_DAY = date(1, 1, 2)  # the first to start within datetime's range in every time zone


def begin_of_coach_day(day: date) -> datetime:
    """Return the start of a day in the viewer's time zone."""
    return make_aware(datetime.combine(max(day, FIRST_DAY), time.min))


def monday_of_coach_week(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def find_last_coach_weeks(number: int, *, today: date) -> list[date]:
    """Return the Mondays of the last weeks, oldest first, today's week included."""
    return [monday_of_coach_week(today) - back * WEEK for back in reversed(range(number))]
