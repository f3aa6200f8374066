"""A page that asks before something is done."""

from typing import NamedTuple

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse


class Question(NamedTuple):
    """What the page asks; its button posts `answer`, a name and a value, to the same address.

    With `is_final`, what it does cannot be undone, and it is red.
    """

    title: str
    text: str
    button: str
    answer: tuple[str, str] = ("answer", "yes")
    is_final: bool = False


def show_confirm_page(
    request: HttpRequest, question: Question, *, crumbs: list[tuple[str, str]]
) -> TemplateResponse:
    """Ask a question. The last of the `crumbs`, names and addresses, is where "Cancel" leads."""
    context = {
        **admin.site.each_context(request),
        **question._asdict(),
        "crumbs": crumbs,
        "back": crumbs[-1][1],
    }
    return TemplateResponse(request, "admin/workouts/confirm.html", context)
