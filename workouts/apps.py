from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _

from workouts.metrics import show_version_metric


class WorkoutsConfig(AppConfig):
    name = "workouts"
    verbose_name = _("Workouts")

    def ready(self) -> None:
        show_version_metric(settings.SENIM_VERSION)
        # they register themselves; models are ready only now
        from workouts import checks  # noqa: F401, PLC0415
        from workouts.services import (  # noqa: F401, PLC0415
            display_links,
            invitations,
            rights_log,
            sign_ins,
        )


class SenimAdminConfig(admin_apps.AdminConfig):
    """django.contrib.admin, with our site as the default one."""

    default = False  # "workouts" in INSTALLED_APPS means WorkoutsConfig
    default_site = "workouts.admin.site.SenimAdminSite"

    def ready(self) -> None:
        super().ready()
        # Django's own pages for users have registered themselves just now
        from workouts.admin.users.model_admin import replace_user_pages  # noqa: PLC0415

        replace_user_pages()
