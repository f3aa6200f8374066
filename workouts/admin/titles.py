"""Page titles and breadcrumbs that say what a page shows: "Sessions", not "Select … to view"."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from workouts.admin.accounts.history import translate_history_page
from workouts.admin.next_steps import NextStep

Text = str | Promise


class TitledChangeList(ChangeList):
    model_admin: "TitledAdmin"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_popup:  # in a popup, "Select athlete" is right
            self.title = self.model_admin.get_list_title()


class TitledAdmin(admin.ModelAdmin):
    """Titles a list "Athletes", an object's page "Athlete" with its name below, "Add an athlete".

    templates/admin/workouts/ has the breadcrumbs that go with it.
    """

    title: Text = ""  # the model's verbose names, unless given
    list_title: Text = ""
    add_title: Text = ""  # in full: from a verbose name, no language could decline it
    empty_text: Text = gettext_lazy("Nothing here yet.")
    no_match_text: Text = gettext_lazy("Nothing matches.")

    def get_list_title(self) -> str:
        return str(self.list_title or capfirst(self.opts.verbose_name_plural))

    def name_object(self, obj: Any) -> str:
        """Return what a coach calls an object."""
        return str(obj)

    def get_titles(self, obj: Model | None, title: str = "") -> dict[str, Any]:
        """Return the template's context for an object's page, or for the one that adds one."""
        titles: dict[str, Any] = {"list_title": self.get_list_title()}
        if obj is None:
            return {**titles, "title": str(self.add_title)} if self.add_title else titles
        title = title or str(self.title or capfirst(self.opts.verbose_name))
        return {**titles, "title": title, "subtitle": self.name_object(obj)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TitledChangeList

    def find_way_back(self, request: HttpRequest) -> str:
        """Return where "Cancel" leads from the page that adds an object."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def find_next_step(self, request: HttpRequest) -> NextStep | None:
        """Return what an empty list leads to."""
        return None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # the template calls it, if the list is empty
        own = {"next_step": partial(self.find_next_step, request)}
        return super().changelist_view(request, own | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        titles = self.get_titles(kwargs["obj"])
        if kwargs.get("add"):
            titles["way_back"] = self.find_way_back(request)
        return super().render_change_form(request, context | titles, *args, **kwargs)

    def render_delete_form(self, request: HttpRequest, context: Any) -> HttpResponse:
        is_refused = context["perms_lacking"] or context["protected"]
        title = context["title"] if is_refused else _("Delete %s") % self.opts.verbose_name
        titles = self.get_titles(context["object"], title)
        return super().render_delete_form(request, context | titles)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        translate_history_page(response)
        if context := getattr(response, "context_data", None):  # else there is no such object
            context |= self.get_titles(context["object"], _("History"))
        return response
