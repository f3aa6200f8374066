from django.db import migrations

HEAD_COACHES = "head coaches"
CODENAMES = ("add_apikey", "view_apikey")


def allow_api_keys(apps, schema_editor):
    """Let head coaches make API keys. Django would create the permissions after all migrations."""
    alias = schema_editor.connection.alias
    content_type, _ = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(alias)
        .get_or_create(app_label="workouts", model="apikey")
    )
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    group, _ = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=HEAD_COACHES)
    for codename in CODENAMES:
        verb = codename.partition("_")[0]
        permission, _ = permissions.get_or_create(
            codename=codename, content_type=content_type, defaults={"name": f"Can {verb} API key"}
        )
        group.permissions.add(permission)


def forbid_api_keys(apps, schema_editor):
    alias = schema_editor.connection.alias
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name=HEAD_COACHES):
        group.permissions.remove(
            *permissions.filter(content_type__model="apikey", codename__in=CODENAMES)
        )


class Migration(migrations.Migration):
    dependencies = [("workouts", "0013_access")]

    operations = [migrations.RunPython(allow_api_keys, forbid_api_keys, elidable=False)]
