"""What a list's page shows beyond Django's own tags: labels of cells, filters that are set."""

import re
from typing import Any

from django.contrib.admin.templatetags.admin_list import result_list
from django.contrib.admin.views.main import ChangeList
from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from workouts.admin.sessions.filters import describe_chosen_filters
from workouts.templatetags.athlete_names import keep_id_whole

register = Library()
EMPTY_CELL = re.compile(r"<td[^<>]*>(-|&nbsp;)?</td>")


@register.inclusion_tag("admin/change_list_results.html")
def result_list_with_labels(cl: ChangeList) -> dict[str, Any]:
    """Show what Django's `result_list` does, with the column's name in each cell's data-label.

    On a phone a row is a card, which names its fields by them; the box that chooses all rows has
    words beside it there.
    """
    shown: dict[str, Any] = result_list(cl)
    labels = [header["text"] for header in shown["result_headers"]]
    for header in shown["result_headers"]:
        if "action-toggle" in header["text"]:
            header["text"] += format_html('<label for="action-toggle">{}</label>', _("Select all"))
    for row in shown["results"]:
        row[:] = map(label_result_cell, row, labels)
    return shown


def label_result_cell(cell: SafeString, label: str) -> SafeString:
    """Add the label to a cell as Django writes it: `<td class="field-name">…</td>`.

    A card leaves out a cell without a value, which gets `data-empty`.
    """
    if "action-checkbox" in cell:
        return cell
    empty = " data-empty" if EMPTY_CELL.fullmatch(cell) else ""
    attributes = format_html(' data-label="{}"' + empty + " class=", capfirst(label))
    # both parts are escaped
    labelled = mark_safe(cell.replace(" class=", attributes, 1))  # noqa: S308  # nosec B308 B703
    return keep_id_whole(labelled)


@register.simple_tag
def chosen_filters(cl: ChangeList) -> list[tuple[Any, Any]]:
    return describe_chosen_filters(cl)
