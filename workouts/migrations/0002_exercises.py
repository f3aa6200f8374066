"""The exercise catalogue, with the sources of its figures.

The minimum interval is 0.85 x the fastest 30 s burst interval found, else 0.60 x the fastest
one-minute interval, rounded down to 50 ms, so that it refuses no champion. The maximum per minute
is 1.15 x the fastest pace ever reported in a minute. A record is given only if one was found for a
minute.
"""

from django.db import migrations

CATALOGUE = [
    # slug, then COLUMNS
    ("squat", "Squat", 450, 74, 85, 2000, 4000, "press: news18.com 3073178"),
    (
        "push_up",
        "Push-up",
        250,
        152,
        175,
        1500,
        3000,
        "press: pushupguide.com/records.htm; 102 in 30 s",
    ),
    (
        "pull_up",
        "Pull-up",
        500,
        67,
        77,
        2000,
        4000,
        "press: 67 kipping, nationalhelm.net; 54 strict, novinite.com 184464",
    ),
    ("sit_up", "Sit-up", 500, 87, 100, 1000, 2000, "press: 47 in 30 s, topendsports.com"),
    ("crunch", "Crunch", 400, None, 150, 1000, 2000, "own estimate"),
    ("lunge", "Lunge", 500, 72, 83, 1500, 3000, "press: urdupoint.com 1040228"),
    (
        "burpee",
        "Burpee",
        800,
        None,
        52,
        3200,
        3700,
        "published: 82 in 3 min, best of 9,833, doi 10.2478/hukin-2019-0021",
    ),
    (
        "jumping_jack",
        "Jumping jack",
        400,
        108,
        125,
        1000,
        1500,
        "press: 57 in 30 s, omanobserver.om",
    ),
    ("deadlift", "Deadlift", 600, 57, 66, 3000, 5000, "published: Guinness World Records 523635"),
    (
        "bench_press",
        "Bench press",
        550,
        61,
        70,
        2000,
        2000,
        "published: 61 near unloaded; 68 in 117 s at 60 kg, Guinness World Records 509379",
    ),
    ("front_raise", "Front raise", 300, None, 150, 1500, 2500, "own estimate"),
    (
        "kettlebell_swing",
        "Kettlebell swing",
        700,
        None,
        70,
        1500,
        1500,
        "published: over 40 proficient, doi 10.1101/2021.05.13.444085",
    ),
    ("dip", "Dip", 350, 100, 115, 1500, 2500, "press: thelincolnite.co.uk"),
    ("double_under", "Double under", 200, 176, 205, 400, 600, "published: upi.com 2023-12-29"),
    (
        "mountain_climber",
        "Mountain climber",
        150,
        None,
        345,
        500,
        1000,
        "own estimate; each leg counts",
    ),
    ("battle_rope", "Battle rope", 150, None, 330, 300, 600, "own estimate; each wave counts"),
]
COLUMNS = [
    "name",
    "min_interval_ms",
    "record_per_minute",
    "max_per_minute",
    "typical_ms_low",
    "typical_ms_high",
    "source",
]


def seed(apps, schema_editor):
    exercises = apps.get_model("workouts", "Exercise").objects.using(schema_editor.connection.alias)
    for slug, *values in CATALOGUE:
        exercises.get_or_create(slug=slug, defaults=dict(zip(COLUMNS, values, strict=True)))


class Migration(migrations.Migration):
    dependencies = [("workouts", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
