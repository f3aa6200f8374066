"""Pages of long lists: no page counts the whole table."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet

MAX_COUNTED = 5000


class CappedPaginator(Paginator):
    """Counts so many rows and no more: who wants older ones narrows the list down."""

    object_list: Any

    @cached_property
    def count(self) -> int:
        return min(self._counted, MAX_COUNTED)

    @property
    def is_capped(self) -> bool:
        """Return whether there are more rows than are counted."""
        return self._counted > MAX_COUNTED

    @cached_property
    def _counted(self) -> int:
        return count_up_to(MAX_COUNTED, self.object_list)


def count_up_to(most: int, rows: QuerySet[Any]) -> int:
    """Return how many rows there are, one more than `most` where there are more: they are not all counted."""
    return rows.order_by()[: most + 1].count()
