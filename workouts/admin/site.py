from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from workouts.admin.accounts.locks_page import confirm_second_factor_reset, show_locks
from workouts.admin.accounts.password_page import change_own_password
from workouts.admin.accounts.second_factor_pages import ask_for_code, show_second_factor
from workouts.admin.accounts.steps import find_request_step, find_step_path, is_open_at_step
from workouts.admin.accounts.trail_page import show_trail
from workouts.admin.api_keys import ApiKeyAdmin
from workouts.admin.athletes.model_admin import AthleteAdmin
from workouts.admin.exercises import ExerciseAdmin
from workouts.admin.home import describe_home_page
from workouts.admin.sessions.model_admin import WorkoutSessionAdmin
from workouts.admin.teams import TeamAdmin
from workouts.admin.titles import TitledAdmin
from workouts.admin.wall_page import show_wall_admin_page
from workouts.models import ApiKey, Athlete, Exercise, Team, WorkoutSession


class SenimAdminSite(admin.AdminSite):
    site_header = site_title = "Senim"
    index_title = _("Home")
    index_template = "admin/workouts/home.html"
    enable_nav_sidebar = False  # the header links to everything that coaches need

    def __init__(self, name: str = "admin") -> None:
        """Register our models here: a decorator in their modules would need the site to exist."""
        super().__init__(name)
        self.register(ApiKey, ApiKeyAdmin)
        self.register(Athlete, AthleteAdmin)
        self.register(Exercise, ExerciseAdmin)
        self.register(Team, TeamAdmin)
        self.register(WorkoutSession, WorkoutSessionAdmin)

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        """Leave out django-otp's own pages, which show the secrets."""
        if not getattr(model_or_iterable, "__module__", "").startswith("django_otp."):
            super().register(model_or_iterable, *args, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in a session that is fully signed in, or to the page that completes it."""
        if not super().has_permission(request):
            return False
        step = find_request_step(request)
        return step is None or is_open_at_step(request, step)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "sign_in_step": find_request_step(request)}

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead a session that lacks something to the page for it."""
        if request.method == "GET" and (step_path := find_step_path(request)):
            return redirect(step_path)
        return super().login(request, extra_context)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return change_own_password(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            # below the log-in's address: guesses queue with the passwords (senim/http/places.py)
            path("login/code/", self.admin_view(ask_for_code), name="second_factor_code"),
            path("second-factor/", self.admin_view(show_second_factor), name="second_factor"),
            path(
                "second-factor/reset/<str:pk>/",
                self.admin_view(confirm_second_factor_reset),
                name="second_factor_reset",
            ),
            path("sign-ins/", self.admin_view(show_trail), name="trail"),
            path("sign-ins/locks/", self.admin_view(show_locks), name="locks"),
            path("live/", self.admin_view(show_wall_admin_page), name="live"),
            *(found for found in super().get_urls() if not is_view_on_site(found)),
        ]

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().index(request, describe_home_page(request) | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Title each list in the directory of models as its own page is titled."""
        found: list[Any] = super().get_app_list(request, app_label)
        for app in found:
            app["name"] = name_app(app["app_label"])
            for model in app["models"]:
                model_admin = self.get_model_admin(model["model"])
                if isinstance(model_admin, TitledAdmin):
                    model["name"] = model_admin.get_list_title()
            app["models"].sort(key=lambda model: model["name"])
        return found

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        title = {"title": name_app(app_label)}
        return super().app_index(request, app_label, title | (extra_context or {}))


def name_app(label: str) -> str:
    """Return what the pages call an app; Django's own calls itself Authentication and …"""
    return gettext("Users") if label == "auth" else str(apps.get_app_config(label).verbose_name)


def is_view_on_site(found: URLPattern | URLResolver) -> bool:
    """Return whether it leads to an object's page outside the admin: ours have none.

    Django answers 500 there to a number for a model that has UUIDs.
    """
    return isinstance(found, URLPattern) and found.name == "view_on_site"
