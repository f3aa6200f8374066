"""Programs that some tests need: a test is skipped without its program.

If SENIM_REQUIRE names the program, the test fails instead.
"""

import os

import pytest

# names separated by spaces, like "nginx chromium gettext"
REQUIRED = os.environ.get("SENIM_REQUIRE", "").split()


def need(name: str, found: object, remedy: str) -> None:
    """Skip the test if nothing was found, or fail it if SENIM_REQUIRE has the name."""
    if found:
        return
    if name in REQUIRED:
        pytest.fail(f"there is no {name}, and SENIM_REQUIRE asks for it; {remedy}")
    pytest.skip(f"there is no {name}; {remedy}")
