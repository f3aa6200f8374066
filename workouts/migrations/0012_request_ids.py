from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0011_flag_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="workoutsession",
            name="request_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="Of the request, socket or sweep that saved it, as in the log.",
                max_length=64,
                verbose_name="request ID",
            ),
        ),
    ]
