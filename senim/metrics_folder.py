"""The folder in which the processes of one `start` keep their metrics.

This has to run before anything imports prometheus_client, which looks for the folder only once.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def server_metrics_folder() -> Iterator[None]:
    """Have this process and its workers share their metrics for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="senim-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        yield
