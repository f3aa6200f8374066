"""What clients can cause is logged once a second, with a count of the rest."""

import threading
from typing import Any

from django.test import SimpleTestCase

from workouts.log_limits import LogLimit


class LogLimitTests(SimpleTestCase):
    def setUp(self) -> None:
        self.now_s = 100.0
        self.limit = LogLimit(clock=lambda: self.now_s)

    def lines_of(self, *calls: tuple[float, str, dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the lines that calls write, each at its number of seconds."""
        with self.assertLogs("workouts.log_limits", "WARNING") as logs:
            for self.now_s, event, fields in calls:
                self.limit.write(event, **fields)
        return [record.msg for record in logs.records]

    def test_it_writes_one_line_a_second_and_then_says_how_many_it_left_out(self) -> None:
        times = (0.0, 0.1, 0.5, 0.99, 1.0, 1.5, 3.0, 5.0)
        lines = self.lines_of(*((at_s, "redis_unavailable", {"at": at_s}) for at_s in times))
        assert [line["at"] for line in lines] == [0.0, 1.0, 3.0, 5.0]
        assert [line.get("repeats") for line in lines] == [None, 3, 1, None]

    def test_one_event_does_not_hold_back_another(self) -> None:
        lines = self.lines_of((0, "a", {}), (0, "b", {}), (0, "a", {}))
        assert [line["event"] for line in lines] == ["a", "b"]

    def test_each_kind_of_an_event_has_its_own_second(self) -> None:
        kinds = ("bytes", "frames", "bytes")
        lines = self.lines_of(*((0, "refused", {"kind": kind}) for kind in kinds))
        assert [line["kind"] for line in lines] == ["bytes", "frames"]

    def test_threads_that_log_at_once_write_one_line_and_lose_no_count(self) -> None:
        def write_many() -> None:
            for _ in range(200):
                self.limit.write("redis_unavailable")

        with self.assertLogs("workouts.log_limits", "WARNING") as logs:
            threads = [threading.Thread(target=write_many) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.now_s += 1
            self.limit.write("redis_unavailable")
        assert [record.msg.get("repeats") for record in logs.records] == [None, 8 * 200 - 1]
