"""Review steps keep the names of flags as data, no longer as the text of the service's notes.

The rest gives fields plainer names and help texts, which changes no table.
"""

import django.core.validators
from django.db import migrations, models

# PostgreSQL rewrites the whole table here: one pass, no dead rows, and the trigger that refuses
# UPDATE stays in place. It is locked meanwhile: 2.4 s for 1,000,000 steps.
NOTES_TO_NAMES = {
    "postgresql": """
        ALTER TABLE workouts_reviewstep
        ALTER COLUMN flag_names TYPE jsonb USING
            CASE WHEN actor = 'service' AND note <> ''
            THEN to_jsonb(string_to_array(note, ', ')) ELSE flag_names END,
        ALTER COLUMN note TYPE text USING CASE WHEN actor = 'service' THEN '' ELSE note END
    """,
    "sqlite": """
        UPDATE workouts_reviewstep
        SET flag_names = '[' || replace(json_quote(note), ', ', '", "') || ']', note = ''
        WHERE actor = 'service' AND note <> ''
    """,
}
# ["metronome", "clock"] becomes metronome, clock
NAMES_TO_NOTES = {
    "postgresql": """
        ALTER TABLE workouts_reviewstep
        ALTER COLUMN note TYPE text USING
            CASE WHEN actor = 'service' AND flag_names <> '[]'
            THEN translate(flag_names::text, '["]', '') ELSE note END
    """,
    "sqlite": """
        UPDATE workouts_reviewstep
        SET note = replace(replace(replace(flag_names, '["', ''), '"]', ''), '", "', ', ')
        WHERE actor = 'service' AND flag_names <> '[]'
    """,
}
SQLITE_TRIGGERS = {
    "workouts_reviewstep_no_update": "BEFORE UPDATE ON workouts_reviewstep",
    "workouts_reviewstep_no_delete": "BEFORE DELETE ON workouts_reviewstep",
    "workouts_reviewstep_no_replace": """
        BEFORE INSERT ON workouts_reviewstep
        WHEN EXISTS (SELECT 1 FROM workouts_reviewstep WHERE id = NEW.id)
    """,
}
REFUSAL = "BEGIN SELECT RAISE(ABORT, 'review steps are append-only'); END"


def read_notes(apps, schema_editor):
    schema_editor.execute(NOTES_TO_NAMES[schema_editor.connection.vendor])


def write_notes(apps, schema_editor):
    schema_editor.execute(NAMES_TO_NOTES[schema_editor.connection.vendor])


def refuse_changes(apps, schema_editor):
    """Restore SQLite's triggers, which it drops with the old table when a column is added."""
    allow_changes(apps, schema_editor)
    if schema_editor.connection.vendor == "sqlite":
        for name, rule in SQLITE_TRIGGERS.items():
            schema_editor.execute(f"CREATE TRIGGER {name} {rule} {REFUSAL}")


def allow_changes(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE_TRIGGERS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0010_session_lists"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, refuse_changes),
        migrations.AddField(
            model_name="reviewstep",
            name="flag_names",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                verbose_name="flags",
            ),
        ),
        migrations.RunPython(read_notes, write_notes),
        migrations.RunPython(refuse_changes, allow_changes),
        migrations.AlterField(
            model_name="exercise",
            name="active",
            field=models.BooleanField(
                default=True,
                help_text="If off, new reps are refused. Reps already counted stay.",
                verbose_name="active",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="max_per_minute",
            field=models.PositiveIntegerField(
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="maximum reps per minute",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="max_per_session",
            field=models.PositiveIntegerField(
                default=10000,
                validators=[django.core.validators.MinValueValidator(100)],
                verbose_name="maximum reps per session",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="min_interval_ms",
            field=models.PositiveIntegerField(
                help_text="A rep that follows the previous one sooner than this is a bounce.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(60000),
                ],
                verbose_name="minimum interval (ms)",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="record_per_hour",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="record reps per hour",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="record_per_minute",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="record reps per minute",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="slug",
            field=models.CharField(
                max_length=32,
                unique=True,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[a-z0-9_]{1,32}\\Z",
                        "A slug is 1 to 32 lowercase letters, digits and underscores.",
                    )
                ],
                verbose_name="slug",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="source",
            field=models.TextField(blank=True, verbose_name="source of these figures"),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="typical_ms_high",
            field=models.PositiveIntegerField(
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="slowest typical rep (ms)",
            ),
        ),
        migrations.AlterField(
            model_name="exercise",
            name="typical_ms_low",
            field=models.PositiveIntegerField(
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="fastest typical rep (ms)",
            ),
        ),
        migrations.AlterField(
            model_name="workoutsession",
            name="best_minute",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="The most reps in any 60 s; empty for a shorter session.",
                null=True,
                verbose_name="best minute",
            ),
        ),
        migrations.AlterField(
            model_name="workoutsession",
            name="device_seqs",
            field=models.JSONField(blank=True, default=dict, verbose_name="last seq per device"),
        ),
        migrations.AlterField(
            model_name="workoutsession",
            name="distrusted_times",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Reps with an impossible device time; the arrival time is used instead.",
                verbose_name="implausible times",
            ),
        ),
        migrations.AlterField(
            model_name="workoutsession",
            name="is_in_totals",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Off after a rejection, until a coach approves the session.",
                verbose_name="included in totals",
            ),
        ),
        migrations.AlterField(
            model_name="workoutsession",
            name="late_reps",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Indexes of the reps that arrived late, starting at 0.",
                verbose_name="late reps",
            ),
        ),
        migrations.AlterField(
            model_name="workoutsession",
            name="refusals",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="For each, milliseconds since the first rep and the reason.",
                verbose_name="last refused reps",
            ),
        ),
        migrations.AlterField(
            model_name="workoutsession",
            name="rep_devices",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="The device number of each rep; empty if no device was named.",
                verbose_name="devices",
            ),
        ),
        migrations.AlterConstraint(
            model_name="exercise",
            name="exercise_typical_is_a_range",
            constraint=models.CheckConstraint(
                condition=models.Q(("typical_ms_low__lte", models.F("typical_ms_high"))),
                name="exercise_typical_is_a_range",
                violation_error_message="The slowest typical rep is shorter than the fastest one.",
            ),
        ),
    ]
