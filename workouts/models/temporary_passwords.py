"""Passwords that somebody else knows, and that have to be changed at the first log-in."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class TemporaryPassword(models.Model):
    """Exists for as long as its user has a password that was made for them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="temporary_password",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "temporary_passwords"

    def __str__(self) -> str:
        return str(self.user_id)
