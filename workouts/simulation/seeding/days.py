"""When the made-up sessions were saved."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from django.utils.timezone import localtime

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# how busy each hour of a day is: some before work, most after it
BUSY = [0.2, 0.1, 0.1, 0.1, 0.3, 1, 3, 5, 4, 3, 2, 2, 3, 2, 2, 2, 3, 6, 9, 10, 9, 6, 3, 1]
NEWEST = (timedelta(minutes=2), timedelta(minutes=40))  # how long ago the last one is


def seed_times_saved(
    sessions: int, *, days: int, until: datetime, rng: Random
) -> Iterator[datetime]:
    """Yield when each session was saved, in order; the newest is less than an hour ago.

    Only one day's times are in memory at once.
    """
    newest = until - rng.uniform(0, 1) * (NEWEST[1] - NEWEST[0]) - NEWEST[0]
    counts = share_out_seeded_sessions(sessions, days)
    for day, count in enumerate(counts):
        times = seed_times_of_day(count, until - (days - day) * DAY, rng)
        if day == days - 1:
            times = [*(min(time, newest) for time in times[:-1]), newest]
        yield from times


def share_out_seeded_sessions(sessions: int, days: int) -> list[int]:
    """Return the number of sessions for each day.

    It doubles from the first day to the last, which has at least one.
    """
    sums = [*accumulate((1 + day / days for day in range(days)), initial=0.0)]
    before = [min(round(sessions * each / sums[-1]), sessions - 1) for each in sums[:-1]]
    return [after - earlier for earlier, after in zip(before, [*before[1:], sessions], strict=True)]


def seed_times_of_day(count: int, begin: datetime, rng: Random) -> list[datetime]:
    hours = [localtime(begin + hour * HOUR).hour for hour in range(24)]
    picked = rng.choices(range(24), [BUSY[hour] for hour in hours], k=count)
    return sorted(
        begin + timedelta(seconds=round((hour + rng.random()) * 3600, 3)) for hour in picked
    )
