import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("workouts", "0012_request_ids"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                ("key_hash", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "start",
                    models.CharField(editable=False, max_length=16, verbose_name="begins with"),
                ),
                (
                    "may_finish",
                    models.BooleanField(
                        default=False,
                        help_text="Without it, the key only reads.",
                        verbose_name="may finish workouts",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="valid until"),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="last used"
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
                "verbose_name": "API key",
                "verbose_name_plural": "API keys",
                "db_table": "api_keys",
                "ordering": ["name", "-created_at"],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("athlete", "athlete"), ("team", "team"), ("coach", "coach")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("code_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("name", models.CharField(blank=True, max_length=128, verbose_name="name")),
                ("is_head_coach", models.BooleanField(default=False, verbose_name="head coach")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                ("expires_at", models.DateTimeField(verbose_name="valid until")),
                ("max_uses", models.PositiveIntegerField(default=1, verbose_name="uses allowed")),
                (
                    "uses",
                    models.PositiveIntegerField(default=0, editable=False, verbose_name="uses"),
                ),
                (
                    "withdrawn_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="withdrawn"
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
                "db_table": "invitations",
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="JoinedDevice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("join_hash", models.CharField(editable=False, max_length=64)),
                ("name", models.CharField(blank=True, max_length=64, verbose_name="name")),
                (
                    "joined_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="joined"
                    ),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="last seen"
                    ),
                ),
                ("refresh_number", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "revoked_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="cut off"
                    ),
                ),
            ],
            options={
                "verbose_name": "joined device",
                "verbose_name_plural": "joined devices",
                "db_table": "joined_devices",
                "ordering": ["-joined_at"],
            },
        ),
        migrations.CreateModel(
            name="TemporaryPassword",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="temporary_password",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
            ],
            options={
                "db_table": "temporary_passwords",
            },
        ),
        migrations.CreateModel(
            name="WaitingAthlete",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "joined_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="joined"
                    ),
                ),
            ],
            options={
                "verbose_name": "waiting athlete",
                "verbose_name_plural": "waiting athletes",
                "db_table": "waiting_athletes",
                "ordering": ["joined_at"],
            },
        ),
        migrations.AddField(
            model_name="athlete",
            name="switched_off_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="Since then, no token lets this athlete in.",
                null=True,
                verbose_name="switched off",
            ),
        ),
        migrations.AddIndex(
            model_name="athlete",
            index=models.Index(
                condition=models.Q(("switched_off_at__isnull", False)),
                fields=["switched_off_at"],
                name="athlete_switched_off",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="coach",
            field=models.ForeignKey(
                blank=True,
                help_text="The program sees this coach's athletes; if empty, all athletes.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="api_keys",
                to=settings.AUTH_USER_MODEL,
                verbose_name="rights of",
            ),
        ),
        migrations.AddField(
            model_name="apikey",
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
            model_name="invitation",
            name="athlete",
            field=models.ForeignKey(
                blank=True,
                db_column="user_id",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invitations",
                to="workouts.athlete",
                to_field="user_id",
                verbose_name="athlete",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="invited by",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="team",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="invitations",
                to="workouts.team",
                verbose_name="team",
            ),
        ),
        migrations.AddField(
            model_name="joineddevice",
            name="athlete",
            field=models.ForeignKey(
                db_column="user_id",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="joined_devices",
                to="workouts.athlete",
                to_field="user_id",
                verbose_name="athlete",
            ),
        ),
        migrations.AddField(
            model_name="joineddevice",
            name="invitation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="joined_devices",
                to="workouts.invitation",
                verbose_name="invitation",
            ),
        ),
        migrations.AddField(
            model_name="waitingathlete",
            name="athlete",
            field=models.ForeignKey(
                db_column="user_id",
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting",
                to="workouts.athlete",
                to_field="user_id",
                verbose_name="athlete",
            ),
        ),
        migrations.AddField(
            model_name="waitingathlete",
            name="team",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting",
                to="workouts.team",
                verbose_name="team",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("uses__lte", models.F("max_uses"))),
                name="invitation_is_not_overused",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("athlete__isnull", False), ("kind", "athlete")),
                    models.Q(("kind", "team"), ("team__isnull", False)),
                    ("kind", "coach"),
                    _connector="OR",
                ),
                name="invitation_names_whom_it_is_for",
            ),
        ),
        migrations.AddIndex(
            model_name="joineddevice",
            index=models.Index(
                condition=models.Q(("revoked_at__isnull", False)),
                fields=["revoked_at"],
                name="joined_device_revoked",
            ),
        ),
        migrations.AddConstraint(
            model_name="joineddevice",
            constraint=models.UniqueConstraint(
                fields=("invitation", "join_hash"), name="joined_device_of_join"
            ),
        ),
        migrations.AddConstraint(
            model_name="waitingathlete",
            constraint=models.UniqueConstraint(
                fields=("athlete", "team"), name="waiting_athlete_of_team"
            ),
        ),
    ]
