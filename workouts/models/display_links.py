"""Links that show one team's wall on a screen in the gym, without a log-in."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from workouts.models.athletes import Team


class DisplayLinkQuerySet(models.QuerySet["DisplayLink"]):
    def visible_to(self, user: Any) -> "DisplayLinkQuerySet":
        """Keep the links to walls of teams that a user may see."""
        return self.filter(team__in=Team.objects.visible_to(user))


class DisplayLink(models.Model):
    """A link to one team's wall, read only. It is shown when it is made; its hash is stored."""

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="display_links", verbose_name=_("team")
    )
    name = models.CharField(
        _("screen"), max_length=64, help_text=_("Where the screen is, such as Hall 2.")
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    objects = DisplayLinkQuerySet.as_manager()

    class Meta:
        db_table = "display_links"
        verbose_name = _("screen link")
        verbose_name_plural = _("screen links")
        ordering = ["name", "-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_valid(self) -> bool:
        """Whether it shows the wall: it was not revoked, and its maker's account works."""
        is_makers_account_open = self.created_by is not None and self.created_by.is_active
        return self.revoked_at is None and is_makers_account_open
