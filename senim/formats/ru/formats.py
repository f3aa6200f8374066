"""A correction to Django's Russian formats: after a day, the month is in the genitive.

And the formats that Django has no names for.
"""

MONTH_DAY_FORMAT = "j E"
CHART_DAY_FORMAT = "d.m"
CLOCK_FORMAT = "H:i"
CLOCK_SECONDS_FORMAT = "H:i:s"
