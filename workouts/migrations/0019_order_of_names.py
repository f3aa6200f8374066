"""Athletes and teams in the order of their names."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workouts", "0018_second_look_data")]

    operations = [
        migrations.AlterModelOptions(
            name="athlete",
            options={
                "ordering": ["sort_name", "user_id"],
                "permissions": [("view_all_athletes", "Can see the athletes of all teams")],
                "verbose_name": "athlete",
                "verbose_name_plural": "athletes",
            },
        ),
        migrations.AlterModelOptions(
            name="team",
            options={
                "ordering": ["sort_name", "name"],
                "verbose_name": "team",
                "verbose_name_plural": "teams",
            },
        ),
    ]
