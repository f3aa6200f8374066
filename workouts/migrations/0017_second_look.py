from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0016_inviting"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DisplayLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="Where the screen is, such as Hall 2.",
                        max_length=64,
                        verbose_name="screen",
                    ),
                ),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="last seen"
                    ),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="revoked"
                    ),
                ),
            ],
            options={
                "verbose_name": "screen link",
                "verbose_name_plural": "screen links",
                "db_table": "display_links",
                "ordering": ["name", "-created_at"],
            },
        ),
        migrations.CreateModel(
            name="LoadChange",
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
                    "from_kg",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=6,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.01")),
                            django.core.validators.MaxValueValidator(Decimal("1000")),
                        ],
                        verbose_name="load before, kg",
                    ),
                ),
                (
                    "to_kg",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=6,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.01")),
                            django.core.validators.MaxValueValidator(Decimal("1000")),
                        ],
                        verbose_name="load, kg",
                    ),
                ),
            ],
            options={
                "verbose_name": "load change",
                "verbose_name_plural": "load changes",
                "db_table": "load_changes",
                "ordering": ["id"],
            },
        ),
        migrations.AlterModelOptions(
            name="workoutsession",
            options={
                "ordering": ["-created_at", "-id"],
                "permissions": [
                    ("review_workoutsession", "Can approve and reject workout sessions"),
                    ("enter_load", "Can enter the load of workout sessions"),
                ],
                "verbose_name": "workout session",
                "verbose_name_plural": "workout sessions",
            },
        ),
        migrations.AddField(
            model_name="athlete",
            name="sort_name",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="team",
            name="sort_name",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="workoutsession",
            name="load_kg",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                editable=False,
                max_digits=6,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(Decimal("0.01")),
                    django.core.validators.MaxValueValidator(Decimal("1000")),
                ],
                verbose_name="load, kg",
            ),
        ),
        migrations.AddField(
            model_name="workoutsession",
            name="sets",
            field=models.JSONField(editable=False, null=True, verbose_name="sets"),
        ),
        migrations.AddIndex(
            model_name="athlete",
            index=models.Index(fields=["sort_name", "user_id"], name="athlete_by_name"),
        ),
        migrations.AddField(
            model_name="displaylink",
            name="created_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="created by",
            ),
        ),
        migrations.AddField(
            model_name="displaylink",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="display_links",
                to="workouts.team",
                verbose_name="team",
            ),
        ),
        migrations.AddField(
            model_name="loadchange",
            name="coach",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="coach",
            ),
        ),
        migrations.AddField(
            model_name="loadchange",
            name="session",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="load_changes",
                to="workouts.workoutsession",
                verbose_name="workout session",
            ),
        ),
    ]
