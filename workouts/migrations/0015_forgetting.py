"""Forgotten athletes, and a way to erase review steps together with their session.

Review steps stay append-only otherwise: a step can be deleted only within a transaction that names
its session in `erased_sessions`.
"""

import django.utils.timezone
from django.db import migrations, models

REFUSE = {
    "postgresql": [
        """
        CREATE OR REPLACE FUNCTION workouts_reviewstep_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF TG_OP = 'DELETE' AND EXISTS (
                SELECT 1 FROM erased_sessions WHERE session_id = OLD.session_id
            ) THEN RETURN OLD; END IF;
            RAISE EXCEPTION 'review steps are append-only';
        END $$
        """,
    ],
    "sqlite": [
        "DROP TRIGGER IF EXISTS workouts_reviewstep_no_delete",
        """
        CREATE TRIGGER workouts_reviewstep_no_delete BEFORE DELETE ON workouts_reviewstep
        WHEN NOT EXISTS (SELECT 1 FROM erased_sessions WHERE session_id = OLD.session_id)
        BEGIN SELECT RAISE(ABORT, 'review steps are append-only'); END
        """,
    ],
}
REFUSE_ALWAYS = {
    "postgresql": [
        """
        CREATE OR REPLACE FUNCTION workouts_reviewstep_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'review steps are append-only'; END $$
        """,
    ],
    "sqlite": [
        "DROP TRIGGER IF EXISTS workouts_reviewstep_no_delete",
        """
        CREATE TRIGGER workouts_reviewstep_no_delete BEFORE DELETE ON workouts_reviewstep
        BEGIN SELECT RAISE(ABORT, 'review steps are append-only'); END
        """,
    ],
}


def refuse_but_for_erased_sessions(apps, schema_editor):
    for statement in REFUSE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def refuse_always(apps, schema_editor):
    for statement in REFUSE_ALWAYS[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0014_lock"),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasedSession",
            fields=[
                ("session_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
            options={"db_table": "erased_sessions"},
        ),
        migrations.CreateModel(
            name="Forgetting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("user_id", models.CharField(max_length=64, unique=True)),
                ("person", models.UUIDField(db_index=True)),
                ("anonymous_id", models.CharField(blank=True, max_length=64)),
                ("began_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "forgettings"},
        ),
        migrations.RunPython(refuse_but_for_erased_sessions, refuse_always, elidable=False),
    ]
