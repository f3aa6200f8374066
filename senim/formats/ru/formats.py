"""One way to write dates and one to write times in Russian, where Django has three of each."""

DATE_FORMAT = SHORT_DATE_FORMAT = "d.m.Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "d.m.Y\xa0H:i"
MONTH_DAY_FORMAT = "j E"  # after a day, the month is in the genitive
# formats that Django has no names for
CHART_DAY_FORMAT = "d.m"
CLOCK_SECONDS_FORMAT = "H:i:s"
