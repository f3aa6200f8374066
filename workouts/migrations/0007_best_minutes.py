from datetime import timedelta

from django.db import migrations
from django.db.models import F

BATCH = 500
MINUTE_MS = 60_000


def best_minute(times_ms):
    """Return the most reps in any 60 s, or None for a shorter session."""
    times = sorted(times_ms)
    if not times or times[-1] - times[0] < MINUTE_MS:
        return None
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= MINUTE_MS:
            first += 1
        most = max(most, last - first + 1)
    return most


def fill(apps, schema_editor):
    """Fill in the best minutes of sessions saved before; later sessions are compared with them."""
    sessions = apps.get_model("workouts", "WorkoutSession").objects.using(
        schema_editor.connection.alias
    )
    missing = sessions.filter(
        best_minute=None, finished_at__gte=F("started_at") + timedelta(minutes=1)
    ).order_by("pk")
    last = 0
    while rows := list(missing.filter(pk__gt=last).only("timeline_ms")[:BATCH]):
        for row in rows:
            try:
                row.best_minute = best_minute(row.timeline_ms)
            except (TypeError, ValueError):
                continue  # an unreadable session must not keep the service from starting
        sessions.bulk_update(rows, ["best_minute"])
        last = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0006_teams"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
