"""How pages break an athlete's name: never inside the ID that tells namesakes apart."""

import re
from typing import Any

from django.template import Library
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

register = Library()

# in text, not in a tag; a longer ID may be wider than its column, and breaks
BRACKETED_ID = re.compile(r"\([^()\s<>]{1,14}\)(?![^<>]*>)")


@register.filter
def keep_id_whole(name: Any) -> SafeString:
    """Return HTML with "(aigul-2)" on one line: a browser breaks lines at hyphens."""
    html = conditional_escape(name)
    kept = BRACKETED_ID.sub(r'<span class="is-whole">\g<0></span>', html)
    # nothing but the span is added to what is escaped
    return mark_safe(kept)  # noqa: S308  # nosec B308 B703
