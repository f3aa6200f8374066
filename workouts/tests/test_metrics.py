"""The metrics: what is counted, and that files in deploy/ and docs/ name those that exist."""

import json
import re
import uuid
from pathlib import Path

import django.db
import redis
import yaml
from django.conf import settings
from django.test import SimpleTestCase

from workouts import metrics
from workouts.live.counting.verdicts import Verdict

NAME = re.compile(r"\bsenim_[a-z_]+[a-z]\b")
# calls that name what refuses
REFUSING = re.compile(
    r'\b(?:count_refusal_metric|refuse_asgi_request_for_now|Refusal|RefusedError)\(\s*"(\w+)"'
)
# what each type adds to its name in a query
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def read(name: str, **labels: str) -> float:
    """Return the current value of a series, 0 if there is none."""
    return metrics.registry.get_sample_value(name, labels) or 0.0


def find_series() -> set[str]:
    """Return the names that a query can use."""
    return {
        family.name + suffix
        for family in metrics.registry.collect()
        for suffix in SUFFIXES[family.type]
    }


def find_names(text: str) -> set[str]:
    return set(NAME.findall(text))


def read_file(*path: str) -> str:
    return Path(settings.BASE_DIR, *path).read_text()


class CountingTests(SimpleTestCase):
    def test_it_counts_a_batch_by_verdict(self) -> None:
        names = ("counted", "debounced", "unavailable")
        before = [read("senim_reps_total", verdict=name) for name in names]
        batches, size = read("senim_batch_reps_count"), read("senim_batch_reps_sum")
        fast = read("senim_rep_ack_seconds_bucket", le="0.005")
        metrics.pace.next_at = 0.0
        metrics.count_batch_metrics([(1, 7, 0), (1, 8, 0), (2, 8, 90), None], 0.004)
        after = [read("senim_reps_total", verdict=name) for name in names]
        assert [new - old for new, old in zip(after, before, strict=True)] == [2, 1, 1]
        assert read("senim_batch_reps_count") == batches + 1
        assert read("senim_batch_reps_sum") == size + 4
        assert read("senim_rep_ack_seconds_bucket", le="0.005") == fast + 1

    def test_it_knows_every_verdict(self) -> None:
        named = {number: name for number, name in metrics.VERDICTS.items() if number is not None}
        assert named == {verdict.value: verdict.name.lower() for verdict in Verdict}

    def test_a_code_that_a_client_makes_up_gets_no_series_of_its_own(self) -> None:
        others = read("senim_sockets_closed_total", kind="plain", code="other")
        open_before = read("senim_sockets_open", kind="plain")
        for code in (4999, 3000):
            metrics.count_socket_end_metric("plain", code)
        assert read("senim_sockets_closed_total", kind="plain", code="other") == others + 2
        assert read("senim_sockets_closed_total", kind="plain", code="4999") == 0
        assert read("senim_sockets_open", kind="plain") == open_before - 2
        metrics.sockets_open.labels("plain").inc(2)

    def test_it_tells_errors_of_redis_errors_of_the_database_and_timeouts_apart(self) -> None:
        errors = ("senim_redis_errors_total", "senim_database_errors_total", "senim_timeouts_total")
        before = [read(name) for name in errors]
        for error in (redis.ConnectionError(), django.db.OperationalError(), TimeoutError()):
            metrics.count_outage_metric(error)
        assert [read(name) for name in errors] == [number + 1 for number in before]

    def test_a_refusal_is_counted_each_time_and_logged_once_a_second(self) -> None:
        limit = f"test_{uuid.uuid4().hex}"
        with self.assertLogs("workouts.log_limits", "WARNING") as logs:
            for _ in range(3):
                metrics.count_refusal_metric(limit, 5)
        assert read("senim_refused_total", limit=limit) == 15
        assert [record.msg["kind"] for record in logs.records] == [limit]
        metrics.refused.remove(limit)

    def test_no_label_holds_a_user(self) -> None:
        labels = {
            name
            for family in metrics.registry.collect()
            for sample in family.samples
            for name in sample.labels
        }
        few = ("verdict", "le", "kind", "code", "request", "result", "event", "limit", "version")
        assert labels <= {*few}


class NamesTests(SimpleTestCase):
    def test_the_dashboard_is_json_and_queries_what_exists(self) -> None:
        dashboard = json.loads(read_file("deploy", "grafana.json"))
        queries = [
            target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())
        ]
        assert len(queries) > 10
        for query in queries:
            assert find_names(query), query
            assert find_names(query) <= find_series(), query

    def test_the_dashboard_shows_every_metric(self) -> None:
        shown = find_names(read_file("deploy", "grafana.json"))
        for family in metrics.registry.collect():
            assert {family.name + suffix for suffix in SUFFIXES[family.type]} & shown, family.name

    def test_the_alerts_query_what_exists(self) -> None:
        groups = yaml.safe_load(read_file("deploy", "alerts.yml"))["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert len(rules) > 5
        for rule in rules:
            assert rule["annotations"]["summary"], rule
            assert find_names(rule["expr"]) <= find_series(), rule
            assert find_names(rule["expr"]) or rule["expr"].startswith("up"), rule

    def test_it_takes_several_failed_calls_within_minutes_to_raise_an_alarm(self) -> None:
        groups = yaml.safe_load(read_file("deploy", "alerts.yml"))["groups"]
        exprs = {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
        for alert, metric in (
            ("SenimRedisErrors", "senim_redis_errors_total"),
            ("SenimTimeouts", "senim_timeouts_total"),
        ):
            found = re.fullmatch(rf"sum\(increase\({metric}\[5m\]\)\) > (\d+)", exprs[alert])
            assert found, alert
            assert int(found[1]) > 1

    def test_the_docs_list_each_metric_and_no_other(self) -> None:
        listed = re.findall(
            r"^\| `(senim_\w+)(?:\{([^}]*)\})?` \| (\w+) \|",
            read_file("docs", "metrics.md"),
            re.MULTILINE,
        )
        described = {
            (metric._name + ("_total" if metric._type == "counter" else ""), metric._type): set(
                metric._labelnames
            )
            for metric in metrics.registry._names_to_collectors.values()
        }
        assert {
            (name, kind): set(labels.replace(",", " ").split()) for name, labels, kind in listed
        } == described

    def test_every_limit_has_a_series_from_the_start_and_is_in_the_docs(self) -> None:
        for limit in metrics.LIMITS:
            series = metrics.registry.get_sample_value("senim_refused_total", {"limit": limit})
            assert series is not None, limit
        table = read_file("docs", "metrics.md").partition("The values of `limit`")[2]
        rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
        assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(metrics.LIMITS)

    def test_every_limit_in_the_code_is_in_the_list_and_no_other(self) -> None:
        code = "".join(
            path.read_text()
            for folder in ("senim", "workouts")
            for path in (settings.BASE_DIR / folder).rglob("*.py")
            if not {"tests", "migrations"} & {*path.parts} and path.name != "metrics.py"
        )
        assert {*REFUSING.findall(code)} <= {*metrics.LIMITS}
        for limit in metrics.LIMITS:
            assert f'"{limit}"' in code, limit

    def test_operators_who_scrape_a_process_are_told_about_allowed_hosts(self) -> None:
        for path in (("docs", "metrics.md"), ("deploy", "nginx.conf")):
            text = " ".join(read_file(*path).replace("#", " ").split())
            assert re.search(r"ALLOWED_HOSTS[^.]*127\.0\.0\.1", text), path
