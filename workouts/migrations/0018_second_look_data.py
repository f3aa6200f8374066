"""Sort keys of names, the sets of saved sessions, and who may enter loads and link screens.

Not in one transaction: with a million sessions this takes minutes, and nobody should wait for it
longer than for a batch. Safe to repeat.
"""

from itertools import pairwise
from statistics import linear_regression, median_low

from django.db import migrations

BATCH = 500
# as in workouts/models/sort_names.py and workouts/fairness/sets.py when this was written
ALPHABET = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
PLACES = {ord(letter): 0xE000 + place for place, letter in enumerate(ALPHABET)}
REST_FACTOR = 3
MIN_TREND_INTERVALS = 4

PERMISSIONS = {
    ("workoutsession", "enter_load"): "Can enter the load of workout sessions",
    ("displaylink", "add_displaylink"): "Can add screen link",
    ("displaylink", "change_displaylink"): "Can change screen link",
    ("displaylink", "view_displaylink"): "Can view screen link",
}
GROUPS = ("coaches", "head coaches")


def make_sort_name(name):
    return name.casefold().translate(PLACES).encode("utf-8", "replace")


def describe_sets(times_ms):
    """Return the reps, the milliseconds and the slow-down of each set."""
    times = sorted(times_ms)
    intervals = [later - earlier for earlier, later in pairwise(times)]
    longest = REST_FACTOR * median_low(intervals) if intervals else 0
    parts = [[time] for time in times[:1]]
    for earlier, later in pairwise(times):
        if later - earlier > longest:
            parts.append([])
        parts[-1].append(later)
    return [[len(part), part[-1] - part[0], find_slow_down(part)] for part in parts]


def find_slow_down(times):
    intervals = [later - earlier for earlier, later in pairwise(times)]
    if len(intervals) < MIN_TREND_INTERVALS:
        return None
    slope, first = linear_regression(range(len(intervals)), intervals)
    last = first + slope * (len(intervals) - 1)
    return round(last / first - 1, 3) if first > 0 and last > 0 else None


def fill_sort_names(apps, schema_editor):
    alias = schema_editor.connection.alias
    for model, sources in (("Athlete", ("display_name", "user_id")), ("Team", ("name",))):
        rows = apps.get_model("workouts", model).objects.using(alias).filter(sort_name=None)
        while batch := list(rows[:BATCH]):
            for row in batch:
                row.sort_name = make_sort_name(
                    next(filter(None, (getattr(row, source) for source in sources)), "")
                )
            rows.model.objects.using(alias).bulk_update(batch, ["sort_name"])


def fill_sets(apps, schema_editor):
    sessions = apps.get_model("workouts", "WorkoutSession").objects.using(
        schema_editor.connection.alias
    )
    last = 0
    missing = sessions.filter(sets__isnull=True).order_by("pk").only("timeline_ms")
    while rows := list(missing.filter(pk__gt=last)[:BATCH]):
        readable = []
        for row in rows:
            try:
                row.sets = describe_sets(row.timeline_ms)
            except (OverflowError, TypeError, ValueError):
                continue  # an unreadable session must not keep the service from starting
            readable.append(row)
        sessions.bulk_update(readable, ["sets"])
        last = rows[-1].pk


def allow(apps, schema_editor):
    """Django would create the permissions after all migrations."""
    alias = schema_editor.connection.alias
    permissions = [
        find_permission(apps, alias, model, codename, name)
        for (model, codename), name in PERMISSIONS.items()
    ]
    for name in GROUPS:
        group, _ = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=name)
        group.permissions.add(*permissions)


def find_permission(apps, alias, model, codename, name):
    content_type, _ = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(alias)
        .get_or_create(app_label="workouts", model=model)
    )
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    return permissions.get_or_create(
        codename=codename, content_type=content_type, defaults={"name": name}
    )[0]


def forbid(apps, schema_editor):
    alias = schema_editor.connection.alias
    permissions = (
        apps.get_model("auth", "Permission")
        .objects.using(alias)
        .filter(
            content_type__app_label="workouts",
            codename__in=[codename for _, codename in PERMISSIONS],
        )
    )
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=GROUPS):
        group.permissions.remove(*permissions)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("workouts", "0017_second_look")]

    operations = [
        migrations.RunPython(fill_sort_names, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(fill_sets, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(allow, forbid, elidable=False),
    ]
