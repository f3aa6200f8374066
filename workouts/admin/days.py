"""Days and weeks of who looks."""

from datetime import date, datetime, time, timedelta

from django.utils.timezone import make_aware

WEEK = timedelta(days=7)
FIRST_DAY = date(1, 1, 2)  # that every time zone can begin


def begin_of(day: date) -> datetime:
    """Return when a day begins, in the time zone of who looks."""
    return make_aware(datetime.combine(max(day, FIRST_DAY), time.min))


def monday_of(day: date) -> date:
    """Return the day that a day's week begins with."""
    return day - timedelta(days=day.weekday())
