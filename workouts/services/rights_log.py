"""Log lines for changes of what somebody may do; the admin's history has them as well.

A line carries its request's ID, as does the line of the admin's history, which names the user.
"""

from typing import Any

import structlog
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save
from django.dispatch import receiver

from workouts.models import ApiKey, Team

FLAGS = ("is_active", "is_staff", "is_superuser")
WATCHED = {model._meta.label_lower for model in (User, Group, Team, ApiKey)}
RIGHTS = {
    User.groups.through: "groups",
    User.user_permissions.through: "permissions",
    Group.permissions.through: "group permissions",
    Team.coaches.through: "team's coaches",
}
ACTIONS = {"post_add": "added", "post_remove": "removed", "pre_clear": "cleared"}
log = structlog.get_logger(__name__)


def log_rights_change(
    sender: Any, instance: Any, action: str, pk_set: set[int] | None, **kwargs: Any
) -> None:
    if action in ACTIONS and (pk_set or action == "pre_clear"):
        log.info(
            "rights_changed",
            kind=RIGHTS[sender],
            of=f"{instance._meta.label_lower} {instance.pk}",
            action=ACTIONS[action],
            ids=sorted(pk_set or ()),
        )


@receiver(pre_save, sender=get_user_model(), dispatch_uid="log_flag_change")
def log_flag_change(sender: Any, instance: Any, update_fields: Any = None, **kwargs: Any) -> None:
    # a log-in saves last_login alone
    if update_fields is not None and not set(FLAGS) & set(update_fields):
        return
    before = sender.objects.filter(pk=instance.pk).values(*FLAGS).first() if instance.pk else None
    after = {flag: getattr(instance, flag) for flag in FLAGS}
    if before != after:
        log.info("flags_changed", user=instance.get_username(), before=before, after=after)


@receiver(post_save, sender=LogEntry, dispatch_uid="log_admin_change")
def log_admin_change(sender: Any, instance: Any, **kwargs: Any) -> None:
    model = instance.content_type and instance.content_type.model_class()
    if model and model._meta.label_lower in WATCHED:
        log.info(
            "admin_changed",
            user=instance.user.get_username(),
            object=f"{model._meta.label_lower} {instance.object_id}",
            change=instance.get_action_flag_display(),
            message=instance.change_message,
        )


def log_rights_deletion(sender: Any, instance: Any, **kwargs: Any) -> None:
    # several at once are recorded in the admin's history without a signal
    log.info("rights_deleted", object=f"{sender._meta.label_lower} {instance.pk}")


# sender by sender: a receiver for all would slow down every other deletion and many-to-many change
for through in RIGHTS:
    m2m_changed.connect(log_rights_change, sender=through, dispatch_uid=f"log_{through.__name__}")
for model in (User, Group, Team):
    post_delete.connect(log_rights_deletion, sender=model, dispatch_uid=f"log_{model.__name__}")
