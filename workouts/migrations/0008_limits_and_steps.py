import django.core.validators
from django.db import migrations, models

NO_REPLACING = """
    CREATE TRIGGER workouts_reviewstep_no_replace BEFORE INSERT ON workouts_reviewstep
    WHEN EXISTS (SELECT 1 FROM workouts_reviewstep WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'review steps are append-only'); END
"""


def refuse_replacing(apps, schema_editor):
    """Refuse SQLite's INSERT OR REPLACE, which deletes without firing DELETE triggers."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(NO_REPLACING)


def allow_replacing(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER workouts_reviewstep_no_replace")


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0007_best_minutes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="exercise",
            name="max_per_session",
            field=models.PositiveIntegerField(
                default=10000,
                validators=[django.core.validators.MinValueValidator(100)],
                verbose_name="ceiling, reps a session",
            ),
        ),
        migrations.RunPython(refuse_replacing, allow_replacing),
    ]
