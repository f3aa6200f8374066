"""What a test run must have: a test whose program is not there is skipped, saying so, or fails where SENIM_REQUIRE names it."""

import os

import pytest

# names separated by spaces, like "nginx chromium gettext"
REQUIRED = os.environ.get("SENIM_REQUIRE", "").split()


def need(name: str, found: object, remedy: str) -> None:
    """Skip the test where nothing was found, or fail it where SENIM_REQUIRE has the name."""
    if found:
        return
    if name in REQUIRED:
        pytest.fail(f"there is no {name}, and SENIM_REQUIRE asks for it; {remedy}")
    pytest.skip(f"there is no {name}; {remedy}")
