"""Records for 30 s and for a day, with their sources. What a coach entered stays.

Day records are of all sessions in 24 h. Where the way of doing it is in doubt, the highest claim is
taken, so that no champion is flagged. The sources of the 30 s are in 0002.
"""

from django.db import migrations

BURST_RECORDS = [("push_up", 102), ("sit_up", 47), ("jumping_jack", 57)]
DAY_RECORDS = [
    # slug, reps in 24 h, source
    ("squat", 26_100, "press: upi.com 2024-04-05"),
    (
        "push_up",
        46_001,
        "press: insideportharcourt.com 2024-04-25, Guinness World Records 1993, arms hardly bent",
    ),
    ("pull_up", 11_707, "press: ndtv.com 8788569, Guinness World Records 2025"),
    ("sit_up", 111_000, "press: fitnesstesting.com/records/sit-ups.htm, not verified"),
    (
        "burpee",
        12_003,
        "press: huafitness.com.au 2015-01-10; 11,988 by Guinness World Records, news 767837",
    ),
]


def add_records(apps, schema_editor):
    exercises = apps.get_model("workouts", "Exercise").objects.using(schema_editor.connection.alias)
    for slug, reps in BURST_RECORDS:
        exercises.filter(slug=slug, record_per_30_s=None).update(record_per_30_s=reps)
    for slug, reps, source in DAY_RECORDS:
        for exercise in exercises.filter(slug=slug, record_per_day=None):
            exercise.record_per_day = reps
            exercise.source = f"{exercise.source}; {reps:,} in a day: {source}".removeprefix("; ")
            exercise.save()


class Migration(migrations.Migration):
    dependencies = [("workouts", "0020_one_body")]
    operations = [
        migrations.RunPython(add_records, migrations.RunPython.noop, elidable=False),
    ]
