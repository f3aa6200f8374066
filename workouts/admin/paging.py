"""Pages of long lists, without counting the whole table."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet

MAX_COUNTED = 5000


class CappedChangeListPaginator(Paginator):
    """Counts up to MAX_COUNTED rows; to reach older ones, a coach narrows the list down."""

    object_list: Any

    @cached_property
    def count(self) -> int:
        return min(self._counted, MAX_COUNTED)

    @property
    def is_capped(self) -> bool:
        """Return whether there are more rows than the paginator counts."""
        return self._counted > MAX_COUNTED

    @cached_property
    def _counted(self) -> int:
        return count_changelist_rows_up_to(MAX_COUNTED, self.object_list)


def count_changelist_rows_up_to(most: int, rows: QuerySet[Any]) -> int:
    """Return the number of rows, or `most + 1` if there are more than `most`."""
    return rows.order_by()[: most + 1].count()
