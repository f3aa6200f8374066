"""What processes and the machine take, from /proc. One that has ended takes nothing."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def read_cpu_s(pid: int | None) -> float:
    """Return the CPU seconds so far, user and system, of a process and its Python children.

    A server's Redis is not among them. 0 for None (proc_pid_stat(5)).
    """
    return sum(cpu_ticks(read_stat(one)) for one in list_python_family(pid)) / TICKS_PER_S


def read_tree_cpu_s(pid: int) -> float:
    """Return the CPU seconds so far of a process and all that it has started, and they in turn."""
    stats = {int(entry.name): read_stat(entry.name) for entry in Path("/proc").glob("[0-9]*")}
    children = defaultdict(list)
    for one, fields in stats.items():
        if fields:
            children[int(fields[1])].append(one)
    tree = [pid]
    for one in tree:  # which grows meanwhile
        tree += children[one]
    return sum(cpu_ticks(stats.get(one, [])) for one in tree) / TICKS_PER_S


def read_machine_cpu_s() -> float:
    """Return the CPU seconds so far of everything on the machine, what a host stole included."""
    fields = map(int, read_proc("stat").split()[1:9])
    user, nice, system, _, _, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def read_stat(pid: int | str) -> list[str]:
    """Return a process's fields after its name, which ends with the last bracket."""
    return read_proc(f"{pid}/stat").rpartition(")")[2].split()


def cpu_ticks(fields: list[str]) -> int:
    return sum(map(int, fields[11:13]))  # utime and stime, 14 and 15 of all


def read_rss_kib(pid: int) -> int:
    """Return the resident memory of a process and its Python children (proc_pid_status(5))."""
    kib = 0
    for one in list_python_family(pid):
        found = re.search(r"VmRSS:\s+(\d+) kB", read_proc(f"{one}/status"))
        kib += int(found[1]) if found else 0
    return kib


def list_python_family(pid: int | None) -> Iterator[int]:
    """Yield a process, its Python children, and theirs."""
    if pid is None:
        return
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        for child in map(int, read_proc(f"{pid}/task/{thread.name}/children").split()):
            if is_python(child):
                yield from list_python_family(child)


def is_python(pid: int) -> bool:
    try:
        return "python" in Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return False


def read_proc(name: str) -> str:
    try:
        return Path("/proc", name).read_text()
    except OSError:
        return ""
