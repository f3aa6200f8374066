"""A correction to Django's formats for Australia."""

CHART_DAY_FORMAT = "j M"
FIRST_DAY_OF_WEEK = 1
