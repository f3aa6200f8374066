"""The load generator's process: it reads what to do from stdin, and prints the figures.

    echo '{"load": "reps", "service": {…}, …}' | python -m bench.load

It is a process of its own, so that its CPU is told apart from that of the benchmark and of the
services, and garbage of one load is no load of the next.
"""

import json
import resource
import sys

import uvloop

from bench.load.connections import count_first_reps, measure_connections, measure_return
from bench.load.finishes import measure_class, measure_finishes
from bench.load.reps import measure_crowd, measure_growth, measure_idle, measure_reps
from bench.services import Service

LOADS = {
    "reps": measure_reps,
    "growth": measure_growth,
    "idle": measure_idle,
    "crowd": measure_crowd,
    "connections": measure_connections,
    "first-reps": count_first_reps,
    "return": measure_return,
    "finishes": measure_finishes,
    "class": measure_class,
}


def main() -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    job = json.load(sys.stdin)
    load, service = LOADS[job.pop("load")], Service(**job.pop("service"))
    json.dump(uvloop.run(load(service, **job)), sys.stdout)


if __name__ == "__main__":
    main()
