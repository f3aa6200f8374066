"""One way to write dates and one to write times, where Django has three of each: as in America.

The clock has 24 hours there too: "3 a.m." and "15:00" in the same column are hard to compare.
"""

DATE_FORMAT = SHORT_DATE_FORMAT = "m/d/Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "m/d/Y,\xa0H:i"
# formats that Django has no names for
CHART_DAY_FORMAT = "m/d"
CLOCK_SECONDS_FORMAT = "H:i:s"

# the first is how a form shows a date
DATE_INPUT_FORMATS = ["%m/%d/%Y", "%m/%d/%y"]
DATETIME_INPUT_FORMATS = ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M"]
