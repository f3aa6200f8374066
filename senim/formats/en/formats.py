"""Formats that Django has no names for, as in America; Django has the others."""

CHART_DAY_FORMAT = "M j"
# where a sentence ends: after "2:02 p.m." there would be two full stops
CLOCK_FORMAT = "g:i A"
CLOCK_SECONDS_FORMAT = "g:i:s A"
