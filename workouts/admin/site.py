from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _

from workouts.admin.athletes.model_admin import AthleteAdmin
from workouts.admin.exercises import ExerciseAdmin
from workouts.admin.home import describe_home_page
from workouts.admin.sessions.model_admin import WorkoutSessionAdmin
from workouts.admin.teams import TeamAdmin
from workouts.admin.titles import TitledAdmin
from workouts.admin.wall_page import show_wall_admin_page
from workouts.models import Athlete, Exercise, Team, WorkoutSession


class SenimAdminSite(admin.AdminSite):
    site_header = site_title = "Senim"
    index_title = _("Overview")
    index_template = "admin/workouts/home.html"
    enable_nav_sidebar = False  # the header links to everything that coaches need

    def __init__(self, name: str = "admin") -> None:
        """Register our models here: a decorator in their modules would need the site to exist."""
        super().__init__(name)
        self.register(Athlete, AthleteAdmin)
        self.register(Exercise, ExerciseAdmin)
        self.register(Team, TeamAdmin)
        self.register(WorkoutSession, WorkoutSessionAdmin)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("live/", self.admin_view(show_wall_admin_page), name="live"),
            *super().get_urls(),
        ]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().index(request, describe_home_page(request) | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Title each list in the directory of models as its own page is titled."""
        found: list[Any] = super().get_app_list(request, app_label)
        for app in found:
            for model in app["models"]:
                model_admin = self.get_model_admin(model["model"])
                if isinstance(model_admin, TitledAdmin):
                    model["name"] = model_admin.get_list_title()
            app["models"].sort(key=lambda model: model["name"])
        return found

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        title = {"title": apps.get_app_config(app_label).verbose_name}
        return super().app_index(request, app_label, title | (extra_context or {}))
