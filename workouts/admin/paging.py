"""Pages of long lists: no page counts the whole table."""

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

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
        counted: int = self.object_list.order_by()[: MAX_COUNTED + 1].count()
        return counted
