from datetime import timedelta

from django.db import migrations
from django.db.models import F

from workouts.fairness.flags import best_minute

BATCH = 500


def fill(apps, schema_editor):
    """Write the best minutes of what was saved before there were any: later sessions are measured by them."""
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
                continue  # one that cannot be read must not keep the service from starting
        sessions.bulk_update(rows, ["best_minute"])
        last = rows[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0006_teams"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
