"""English with the dates and numbers of Spain."""

from senim.formats.en_GB.formats import *  # noqa: F403

DECIMAL_SEPARATOR = ","
THOUSAND_SEPARATOR = "."
