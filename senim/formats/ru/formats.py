"""A correction to Django's Russian formats: after a day, the month is in the genitive."""

MONTH_DAY_FORMAT = "j E"
