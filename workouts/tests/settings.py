"""Settings for a test run: name the servers' addresses before senim.settings reads them.

TEST_DATABASE_URL and TEST_REDIS_URL name servers to use instead of those that plugin.py starts.
The workers of `-n` share the run's folder and servers; each has its own Redis keys.
"""

import os
import tempfile
import uuid
from pathlib import Path

from senim.token_settings import make_signing_key


def choose_addresses(folder: Path) -> None:
    folder.chmod(0o755)
    os.environ.update(
        SENIM_TEST_FOLDER=str(folder),
        SENIM_DATA=str(folder / "data"),
        SENIM_AUTH="",
        SENIM_REDIS_PREFIX=f"test-{uuid.uuid4().hex[:8]}",
        DATABASE_URL=os.environ.get("TEST_DATABASE_URL")
        or f"postgresql://postgres@/postgres?host={folder / 'postgres'}",
        REDIS_URL=os.environ.get("TEST_REDIS_URL") or f"unix://{folder / 'valkey.sock'}",
        DATABASE_POOL_SIZE="0",
        SECRET_KEY=uuid.uuid4().hex * 2,
        SENIM_SIGNING_KEY=make_signing_key(),
        LOG_LEVEL="ERROR",
        DEBUG="off",
    )


if "SENIM_TEST_FOLDER" not in os.environ:
    choose_addresses(Path(tempfile.mkdtemp(prefix="senim-test-")))

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if not os.environ["SENIM_REDIS_PREFIX"].endswith(worker):
    os.environ["SENIM_REDIS_PREFIX"] += worker

from senim.settings import *  # noqa: E402, F403

# the default takes a quarter of a second of CPU for each user and each login
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
