"""The roles of users: what they are called, who has which, and who may change whose."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

COACHES, HEAD_COACHES = "coaches", "head coaches"  # the groups of migration 0006


class Role(models.IntegerChoices):
    """What a user is to Senim; a higher number may do more."""

    NONE = 0, _("no role")
    COACH = 1, _("coach")
    HEAD_COACH = 2, _("head coach")
    SUPERUSER = 3, _("superuser")


GROUPS = {Role.COACH: COACHES, Role.HEAD_COACH: HEAD_COACHES}


def find_role(user: Any) -> Role:
    """Return a user's highest role, whether they may log in at present or not."""
    if user.is_superuser:
        return Role.SUPERUSER
    if not user.is_staff:
        return Role.NONE
    names = {group.name for group in user.groups.all()}
    return max((role for role, name in GROUPS.items() if name in names), default=Role.NONE)


def may_manage_account(by: Any, user: Any) -> bool:
    """Return whether `by` may change this account: it can do nothing that they can't do."""
    if by.is_superuser:
        return True
    return find_role(user) <= find_role(by) and find_granted(user) <= find_granted(by)


def may_set_password(by: Any, user: Any) -> bool:
    """Return whether `by` may set this account's password: to log in as an equal is to forge."""
    return by.is_superuser or (may_manage_account(by, user) and find_role(user) < find_role(by))


def may_change_role(by: Any, user: Any) -> bool:
    """Return whether `by` may change this account's role or switch it off: of equals, nobody."""
    return by.pk != user.pk and (by.is_superuser or find_role(user) < find_role(by))


def may_invite_as(by: Any, role: Role) -> bool:
    """Return whether `by` may invite somebody to this role at present."""
    return by.has_perm("workouts.invite_coach") and role <= find_role(by)


def find_granted(user: Any) -> set[int]:
    """Return the permissions given to a user and their groups, also while they are inactive."""
    granted = Permission.objects.filter(Q(user=user) | Q(group__user=user))
    return set(granted.order_by().values_list("pk", flat=True))


def give_role(user: Any, role: Role) -> None:
    """Give a user this role and take the others away. Other groups stay."""
    user.is_staff, user.is_superuser = role is not Role.NONE, role is Role.SUPERUSER
    with transaction.atomic():
        user.save(update_fields=["is_staff", "is_superuser"])
        user.groups.remove(*Group.objects.filter(name__in=GROUPS.values()))
        if role in GROUPS:
            user.groups.add(Group.objects.get(name=GROUPS[role]))
