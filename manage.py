#!/usr/bin/env python
"""Run Senim's commands: start, sweep, replay, and all of Django's own."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "senim.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"senim: {error}")


if __name__ == "__main__":
    main()
