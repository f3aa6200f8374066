"""Settings as they are read from an environment."""

import os
import runpy
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from environs import EnvValidationError

from senim.environment import (
    describe_setting_error,
)
from workouts.tests.support.service import fresh_folder

LONG_KEY = "kH3-2mZq_b8Xw0RtLr5PvNc9sYd7GjAe"
SETTINGS = str(settings.BASE_DIR / "senim" / "settings.py")


def read_settings(**environment: str) -> dict[str, Any]:
    """Read the settings in this process, with nothing set but the given variables."""
    with patch.dict(os.environ, environment, clear=True):
        return {name: value for name, value in runpy.run_path(SETTINGS).items() if name.isupper()}


def refuse(**environment: str) -> str:
    """Return the line with which the settings refuse the environment."""
    try:
        read_settings(**{"SENIM_DATA": str(fresh_folder()), **environment})
    except EnvValidationError as error:
        return describe_setting_error(error)
    except ImproperlyConfigured as error:
        return str(error)
    return "not refused"
