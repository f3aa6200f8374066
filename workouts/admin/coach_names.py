"""What pages call a coach: the name leads, and the user name tells namesakes apart."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.db.models.functions import Lower


def name_coach(user: Any) -> str:
    """Return "Ana Lee (ana)", or the user name alone."""
    name, username = user.get_full_name(), user.get_username()
    return f"{name} ({username})" if name else username


def find_coaches_to_choose() -> QuerySet[Any]:
    """Return staff by name: nobody else can log in to the admin."""
    coaches: QuerySet[Any] = get_user_model()._default_manager.filter(is_staff=True, is_active=True)
    return coaches.order_by(Lower("first_name"), Lower("last_name"), "username")
