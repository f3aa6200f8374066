from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkoutsConfig(AppConfig):
    name = "workouts"
    verbose_name = _("Workouts")

    def ready(self) -> None:
        from workouts import checks  # noqa: F401, PLC0415  (registers itself; models are ready only now)
