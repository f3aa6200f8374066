#!/usr/bin/env python
"""Run Senim's commands (start, sweep, replay, version) and all of Django's."""

import os
import platform
import sys
from contextlib import nullcontext
from pathlib import Path

from senim.allocator import use_system_allocator

IS_START = __name__ == "__main__" and sys.argv[1:2] == ["start"]
if IS_START:
    use_system_allocator()  # before what takes long to import

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from environs import EnvValidationError

from senim import __version__
from senim.environment import describe_setting_error, load_environment
from senim.json_output import SERVICES, print_only_json
from senim.metrics_folder import reserve_metrics_files, server_metrics_folder
from senim.private_files import keep_files_private


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "senim.settings")
    if sys.argv[1:] == ["version"]:  # Django's own command of this name shows Django's version
        print(f"{__version__}\nPython {platform.python_version()}, Django {django.__version__}")  # noqa: T201
        return
    keep_files_private(sys.argv[1] if len(sys.argv) > 1 else "")
    try:
        if sys.argv[1:2] and sys.argv[1] in SERVICES:
            try:
                load_environment(Path(__file__).resolve().parent / ".env")
            finally:
                print_only_json()
        with server_metrics_folder() if IS_START else nullcontext():
            execute_from_command_line(sys.argv)
    except EnvValidationError as error:
        sys.exit(f"senim: {describe_setting_error(error)}")
    except ImproperlyConfigured as error:
        sys.exit(f"senim: {error}")


if __name__ == "__main__":
    main()
elif __name__ == "__mp_main__":  # a worker process, which multiprocessing starts with this module
    print_only_json()
    reserve_metrics_files()
