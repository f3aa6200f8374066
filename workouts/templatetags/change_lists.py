"""What a list's page shows beyond Django's own tags: labels of cells, filters that are set."""

from typing import Any

from django.contrib.admin.templatetags.admin_list import result_list
from django.contrib.admin.views.main import ChangeList
from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from workouts.admin.sessions.filters import describe_chosen_filters

register = Library()


@register.inclusion_tag("admin/change_list_results.html")
def result_list_with_labels(cl: ChangeList) -> dict[str, Any]:
    """Show what Django's `result_list` does, with the column's name in each cell's data-label.

    On a phone a row is a card, which names its fields by them.
    """
    shown: dict[str, Any] = result_list(cl)
    labels = [header["text"] for header in shown["result_headers"]]
    for row in shown["results"]:
        row[:] = map(label_result_cell, row, labels)
    return shown


def label_result_cell(cell: SafeString, label: str) -> SafeString:
    """Add the label to a cell as Django writes it: `<td class="field-name">…</td>`."""
    if "action-checkbox" in cell:
        return cell
    attribute = format_html(' data-label="{}" class=', capfirst(label))
    # both parts are escaped
    return mark_safe(cell.replace(" class=", attribute, 1))  # noqa: S308  # nosec B308 B703


@register.simple_tag
def chosen_filters(cl: ChangeList) -> list[tuple[Any, Any]]:
    return describe_chosen_filters(cl)
