"""Reviews, flags, and hourly records with their sources."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

HOUR_RECORDS = [
    # slug, reps in an hour, source
    ("squat", 4656, "press: jonathanfield.com/blog/?p=183, the record before an attempt"),
    (
        "push_up",
        3264,
        "press: 3,206 by Guinness World Records, 3,264 claimed, thetimes.co.uk 2023-04-17",
    ),
    ("pull_up", 1010, "press: belnovosti.com 875049"),
    ("sit_up", 2601, "press: auralpressure.com/world-best-number-of-sit-ups"),
    ("lunge", 2825, "published: Guinness World Records 674602"),
    ("burpee", 1027, "press: themanual.com 1360307"),
    ("jumping_jack", 4754, "published: Guinness World Records 430438"),
]
APPEND_ONLY = {
    "postgresql": [
        """
        CREATE FUNCTION workouts_reviewstep_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'review steps are append-only'; END $$
        """,
        """
        CREATE TRIGGER workouts_reviewstep_append_only
        BEFORE UPDATE OR DELETE ON workouts_reviewstep
        FOR EACH ROW EXECUTE FUNCTION workouts_reviewstep_refuse()
        """,
    ],
    # SQLite copies a table to change it and drops the old one: such a migration restores these
    "sqlite": [
        f"""
        CREATE TRIGGER workouts_reviewstep_no_{verb.lower()} BEFORE {verb} ON workouts_reviewstep
        BEGIN SELECT RAISE(ABORT, 'review steps are append-only'); END
        """
        for verb in ("UPDATE", "DELETE")
    ],
}
ANY_STEP = {
    "postgresql": [
        "DROP TRIGGER workouts_reviewstep_append_only ON workouts_reviewstep",
        "DROP FUNCTION workouts_reviewstep_refuse()",
    ],
    "sqlite": [f"DROP TRIGGER workouts_reviewstep_no_{verb}" for verb in ("update", "delete")],
}


def add_hour_records(apps, schema_editor):
    exercises = apps.get_model("workouts", "Exercise").objects.using(schema_editor.connection.alias)
    for slug, reps, source in HOUR_RECORDS:
        for exercise in exercises.filter(slug=slug, record_per_hour=None):
            exercise.record_per_hour = reps
            exercise.source = f"{exercise.source}; {reps} in an hour: {source}".removeprefix("; ")
            exercise.save()


def refuse_changes(apps, schema_editor):
    for statement in APPEND_ONLY[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow_changes(apps, schema_editor):
    for statement in ANY_STEP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0004_saved_last"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReviewStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="when"),
                ),
                (
                    "actor",
                    models.CharField(
                        choices=[("service", "Senim"), ("coach", "coach"), ("athlete", "athlete")],
                        max_length=8,
                        verbose_name="by",
                    ),
                ),
                (
                    "from_status",
                    models.CharField(
                        choices=[
                            ("clean", "clean"),
                            ("pending", "needs review"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                        ],
                        max_length=8,
                        verbose_name="from",
                    ),
                ),
                (
                    "to_status",
                    models.CharField(
                        choices=[
                            ("clean", "clean"),
                            ("pending", "needs review"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                        ],
                        max_length=8,
                        verbose_name="to",
                    ),
                ),
                ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
            ],
            options={
                "verbose_name": "review step",
                "verbose_name_plural": "review steps",
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="exercise",
            name="record_per_hour",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="record, reps an hour",
            ),
        ),
        migrations.AddField(
            model_name="workoutsession",
            name="best_minute",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="The most reps in 60 s; empty of a session that is shorter.",
                null=True,
                verbose_name="best minute",
            ),
        ),
        migrations.AddField(
            model_name="workoutsession",
            name="flags",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                verbose_name="flags",
            ),
        ),
        migrations.AddField(
            model_name="workoutsession",
            name="is_in_totals",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Off once it is rejected; an appeal alone does not bring it back.",
                verbose_name="in the totals",
            ),
        ),
        migrations.AddField(
            model_name="workoutsession",
            name="review_status",
            field=models.CharField(
                choices=[
                    ("clean", "clean"),
                    ("pending", "needs review"),
                    ("approved", "approved"),
                    ("rejected", "rejected"),
                ],
                db_default="clean",
                default="clean",
                max_length=8,
                verbose_name="review",
            ),
        ),
        migrations.AddIndex(
            model_name="workoutsession",
            index=models.Index(
                condition=models.Q(("review_status", "clean"), _negated=True),
                fields=["review_status", "-created_at", "-id"],
                name="session_reviewed",
            ),
        ),
        migrations.AddField(
            model_name="reviewstep",
            name="reviewer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="coach",
            ),
        ),
        migrations.AddField(
            model_name="reviewstep",
            name="session",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="review_steps",
                to="workouts.workoutsession",
                verbose_name="workout session",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("actor", "coach"), ("reviewer__isnull", False)),
                    models.Q(("actor", "coach"), _negated=True),
                    _connector="OR",
                ),
                name="review_step_of_a_coach_names_them",
            ),
        ),
        migrations.AlterModelOptions(
            name="workoutsession",
            options={
                "ordering": ["-created_at", "-id"],
                "permissions": [
                    ("review_workoutsession", "Can approve and reject workout sessions")
                ],
                "verbose_name": "workout session",
                "verbose_name_plural": "workout sessions",
            },
        ),
        migrations.RunPython(add_hour_records, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(refuse_changes, allow_changes, elidable=False),
    ]
