import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workouts", "0019_order_of_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="exercise",
            name="record_per_30_s",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="record reps per 30 s",
            ),
        ),
        migrations.AddField(
            model_name="exercise",
            name="record_per_day",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="record reps per day",
            ),
        ),
        migrations.AddField(
            model_name="workoutsession",
            name="other_device_reps",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="For each, milliseconds since the first rep and the device number.",
                verbose_name="reps that another device had counted",
            ),
        ),
    ]
