"""Running a load in a process of its own."""

import dataclasses
import json
import subprocess
import sys
from typing import Any

from bench.services import PROJECT, Service
from senim.embedded.processes import die_with_parent

DEADLINE_S = 300.0


def run_load(load: str, service: Service, **options: Any) -> dict[str, float]:
    """Put a load on a service, and return the figures. Raises RuntimeError if it failed."""
    job = {"load": load, "service": dataclasses.asdict(service), **options}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=PROJECT,
        input=json.dumps(job),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=die_with_parent(),
    )
    if done.returncode:
        raise RuntimeError(f"the load {load} on {service.name} failed: {done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout) or {}
    return figures
