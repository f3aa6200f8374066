"""English with the dates and numbers of France."""

from senim.formats.en_GB.formats import *  # noqa: F403

DECIMAL_SEPARATOR = ","
THOUSAND_SEPARATOR = "\xa0"
