"""A correction to Django's formats for Canada: English there has the comma."""

THOUSAND_SEPARATOR = ","
