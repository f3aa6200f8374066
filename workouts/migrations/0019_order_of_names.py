"""Athletes and teams in the order of their names; coaches may rename their own teams."""

from django.db import migrations

COACHES = "coaches"


def allow_renaming(apps, schema_editor):
    """Django would create the permission after all migrations."""
    alias = schema_editor.connection.alias
    content_type, _ = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(alias)
        .get_or_create(app_label="workouts", model="team")
    )
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    permission, _ = permissions.get_or_create(
        codename="change_team", content_type=content_type, defaults={"name": "Can change team"}
    )
    group, _ = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=COACHES)
    group.permissions.add(permission)


def forbid_renaming(apps, schema_editor):
    alias = schema_editor.connection.alias
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name=COACHES):
        group.permissions.remove(
            *permissions.filter(content_type__app_label="workouts", codename="change_team")
        )


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
        migrations.RunPython(allow_renaming, forbid_renaming),
    ]
