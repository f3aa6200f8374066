from django.db import migrations

COACH = {
    "athlete": ("add",),
    "invitation": ("add", "change"),
    "waitingathlete": ("change",),
    "joineddevice": ("change",),
}
MODEL_NAMES = {"waitingathlete": "waiting athlete", "joineddevice": "joined device"}
INVITE_COACH = "invite_coach"
GROUPS = ("coaches", "head coaches")


def allow_inviting(apps, schema_editor):
    """Let coaches invite athletes, and head coaches coaches too.

    Django would create the permissions after all migrations.
    """
    alias = schema_editor.connection.alias
    theirs = [
        find_permission(apps, alias, model, f"{verb}_{model}", f"Can {verb} {name}")
        for model, verbs in COACH.items()
        for name in [MODEL_NAMES.get(model, model)]
        for verb in verbs
    ]
    invite_coach = find_permission(
        apps, alias, "invitation", INVITE_COACH, "Can invite coaches and change roles"
    )
    for name in GROUPS:
        group, _ = apps.get_model("auth", "Group").objects.using(alias).get_or_create(name=name)
        group.permissions.add(*theirs, *([invite_coach] if name == "head coaches" else []))


def find_permission(apps, alias, model, codename, name):
    content_type, _ = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(alias)
        .get_or_create(app_label="workouts", model=model)
    )
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    return permissions.get_or_create(
        codename=codename, content_type=content_type, defaults={"name": name}
    )[0]


def forbid_inviting(apps, schema_editor):
    alias = schema_editor.connection.alias
    codenames = [f"{verb}_{model}" for model, verbs in COACH.items() for verb in verbs]
    permissions = (
        apps.get_model("auth", "Permission")
        .objects.using(alias)
        .filter(content_type__app_label="workouts", codename__in=[*codenames, INVITE_COACH])
    )
    for group in apps.get_model("auth", "Group").objects.using(alias).filter(name__in=GROUPS):
        group.permissions.remove(*permissions)


class Migration(migrations.Migration):
    dependencies = [("workouts", "0015_forgetting")]

    operations = [
        migrations.AlterModelOptions(
            name="invitation",
            options={
                "ordering": ["-created_at"],
                "permissions": [("invite_coach", "Can invite coaches and change roles")],
                "verbose_name": "invitation",
                "verbose_name_plural": "invitations",
            },
        ),
        migrations.RunPython(allow_inviting, forbid_inviting, elidable=False),
    ]
