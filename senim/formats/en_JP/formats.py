"""English with the dates and numbers of Japan."""

from senim.formats.en_GB.formats import *  # noqa: F403

DATE_FORMAT = SHORT_DATE_FORMAT = "Y/m/d"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y/m/d,\xa0H:i"
CHART_DAY_FORMAT = "m/d"
DATE_INPUT_FORMATS = ["%Y/%m/%d"]
DATETIME_INPUT_FORMATS = ["%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"]
