"""Opens pages with Django's test client, one per line of input, for admin_pages.py."""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "senim.settings")
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils.timezone import localdate  # noqa: E402

from workouts.models import Athlete, Team, TemporaryPassword, WorkoutSession  # noqa: E402

SHOWN_SQL, SHOWN_COLUMNS = 600, 60
# a scan reads the rows it returns and the rows it discards
READ = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
Answer = dict[str, Any]


@cache
def log_in(name: str) -> Client:
    users = get_user_model().objects
    if name == "superuser" and not users.filter(username=name).exists():
        users.create_superuser(name)
    # seed's coach would be asked to change the password first
    TemporaryPassword.objects.filter(user__username=name).delete()
    client = Client(SERVER_NAME="localhost")
    client.force_login(users.get(username=name))
    return client


@cache
def examples(name: str) -> dict[str, Any]:
    """Return values for the addresses: the newest session that this user sees, its athlete, …"""
    user, today = get_user_model().objects.get(username=name), localdate()
    session = WorkoutSession.objects.visible_to(user).select_related("athlete").order_by("-id")[0]
    return {
        "session": session.pk,
        "user_id": session.athlete_id,
        "athlete": session.athlete.pk,
        "team": Team.objects.visible_to(user).filter(athletes=session.athlete)[0].pk,
        "name": Athlete.objects.get(user_id=session.athlete_id).display_name.split()[1][:4],
        "today": today,
        "week_ago": today - timedelta(days=7),
        "year_ago": today - timedelta(days=365),
    }


def open_page(address: str, user: str) -> Any:
    client = log_in(user)
    return client.get(address.format(**examples(user)))


def examine(address: str, user: str) -> Answer:
    """Open a page and examine its queries; `most_read` is the most rows that one of them reads."""
    open_page(address, user)  # what a process does only once does not count
    with CaptureQueriesContext(connection) as captured:
        response = open_page(address, user)
    plans = [
        explain(query["sql"])
        for query in captured.captured_queries
        if query["sql"].lstrip("( ").startswith("SELECT")
    ]
    slowest = max(plans, key=lambda plan: plan["ms"])
    return {
        "address": address.format(**examples(user)),
        "status": response.status_code,
        "rows": response.content.count(b"<tr"),
        "queries": len(captured),
        "most_read": max(plan["read"] for plan in plans),
        "slowest_ms": slowest["ms"],
        "slowest": shorten(slowest["sql"]),
    }


def explain(sql: str) -> Answer:
    """Run a query again, and return its time and how many rows it reads from tables and indexes."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
        (plan,) = cursor.fetchone()
    (plan,) = json.loads(plan) if isinstance(plan, str) else plan
    return {
        "sql": sql,
        "ms": plan["Execution Time"],
        "read": round(sum(map(rows_read, scans_of(plan["Plan"])))),
    }


def scans_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a plan that read a table or its index."""
    if "Relation Name" in node:
        yield node
    for part in node.get("Plans", ()):
        yield from scans_of(part)


def rows_read(scan: dict[str, Any]) -> float:
    rows: float = sum(scan.get(name, 0) for name in READ) * scan["Actual Loops"]
    return rows


def shorten(sql: str) -> str:
    """Return the query without a long list of columns."""
    head, found, rest = sql.partition(" FROM ")
    return "".join([head if len(head) < SHOWN_COLUMNS else "SELECT …", found, rest])[:SHOWN_SQL]


def time_page(address: str, user: str) -> Answer:
    gc.collect()
    began_at = time.perf_counter()
    open_page(address, user)
    return {"ms": 1000 * (time.perf_counter() - began_at)}


TASKS: dict[str, Callable[[str, str], Answer]] = {"examine": examine, "time": time_page}


def main() -> None:
    for line in sys.stdin:
        question = json.loads(line)
        answer = TASKS[question["do"]](question["address"], question["user"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
