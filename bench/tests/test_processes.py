"""What a process and its children take."""

import os
import subprocess
import sys

from django.test import SimpleTestCase

from bench.processes import (
    list_python_family,
    read_cpu_s,
    read_machine_cpu_s,
    read_rss_kib,
    read_tree_cpu_s,
)

# starts another one, takes some CPU, and waits
PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=sys.stdin)
other = subprocess.Popen(["sleep", "60"])
while time.process_time() < 0.2:
    pass
print(child.pid, flush=True)
child.wait()
other.kill()
"""


class ProcessTests(SimpleTestCase):
    def test_python_children_count_and_others_do_not(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as parent:
            assert parent.stdout
            child = int(parent.stdout.readline())
            assert list(list_python_family(parent.pid)) == [parent.pid, child]
            assert read_cpu_s(parent.pid) >= 0.15
            assert read_tree_cpu_s(os.getpid()) >= read_cpu_s(os.getpid()) - 0.1
            assert read_rss_kib(parent.pid) > read_rss_kib(child) > 0
            parent.communicate(b"\n")
        assert (read_cpu_s(parent.pid), read_rss_kib(parent.pid)) == (0, 0)

    def test_the_machine_takes_at_least_what_its_processes_do(self) -> None:
        assert read_machine_cpu_s() > read_tree_cpu_s(os.getpid()) > 0
