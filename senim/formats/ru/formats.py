"""What Django's Russian formats get wrong: a day's month is in the genitive."""

MONTH_DAY_FORMAT = "j E"
