"""The sources of an exercise's figures, with links: a text in English that names addresses."""

import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# a DOI, or an address with or without its scheme
ADDRESS = re.compile(
    r"\bdoi (?P<doi>10\.\d{4,9}/[^\s;,]+)"
    r"|\b(?:https?://)?(?P<page>(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s;,]*)?)"
)


def link_source(found: re.Match[str]) -> SafeString:
    host = "doi.org/" if found["doi"] else ""
    address = f"https://{host}{found['doi'] or found['page']}"
    return format_html('<a href="{}">{}</a>', address, found[0])


def find_source_links(text: str) -> SafeString:
    """Return links to the addresses in a text, "" if it names none."""
    return format_html_join(", ", "{}", ((link_source(found),) for found in ADDRESS.finditer(text)))


def link_sources(text: str) -> SafeString:
    """Return the text with links in the place of its addresses."""
    parts, end = [], 0
    for found in ADDRESS.finditer(text):
        parts += [(text[end : found.start()],), (link_source(found),)]
        end = found.end()
    return format_html_join("", "{}", [*parts, (text[end:],)])
