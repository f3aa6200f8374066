"""The log says why Redis or the database is unavailable, in words that help, and not too often."""

import django.db
import psycopg
import redis
from django.test import SimpleTestCase

from workouts.outages import (
    DISK_FULL,
    DISK_REFUSES,
    MEMORY_FULL,
    explain_outage,
    log_outage,
)

SNAPSHOT_FAILED = (
    "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to"
    " disk. Commands that may modify the data set are disabled, because this instance is"
    " configured to report errors during writes if RDB snapshotting fails"
)


def from_driver(cause: Exception) -> django.db.OperationalError:
    """Return the error that Django raises for the driver's."""
    error = django.db.OperationalError(str(cause))
    error.__cause__ = cause
    return error


class ExplainTests(SimpleTestCase):
    def test_a_full_disk_is_named_as_such(self) -> None:
        postgres = 'could not extend file "base/16384/16410": wrote only 4096 of 8192 bytes'
        for error in (
            redis.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"),
            redis.ResponseError(
                "ERR Error running script: @user_script:1: -MISCONF Errors writing to the AOF"
                " file: No space left on device"
            ),
            django.db.OperationalError("database or disk is full"),
            from_driver(psycopg.errors.DiskFull(postgres)),
            from_driver(
                psycopg.OperationalError(
                    'connection failed: FATAL: could not write lock file "postmaster.pid":'
                    " No space left on device"
                )
            ),
            OSError(28, "No space left on device"),
        ):
            with self.subTest(error=str(error)):
                assert explain_outage(error) == DISK_FULL

    def test_a_redis_that_cannot_write_to_its_disk_or_memory_is_explained(self) -> None:
        assert explain_outage(redis.ResponseError(SNAPSHOT_FAILED)) == DISK_REFUSES
        out_of_memory = "command not allowed when used memory > 'maxmemory'."
        for error in (
            redis.exceptions.OutOfMemoryError(out_of_memory),
            redis.ResponseError(f"OOM {out_of_memory}, script: 5f1d, on @user_script:12."),
        ):
            assert explain_outage(error) == MEMORY_FULL

    def test_other_errors_speak_for_themselves(self) -> None:
        for error in (
            redis.ConnectionError("Error 111 connecting to 127.0.0.1:6379. Connection refused."),
            django.db.OperationalError("disk usage is fine, but the server closed the connection"),
            TimeoutError(),
        ):
            assert explain_outage(error) == ""


class LogTests(SimpleTestCase):
    def test_a_line_has_the_error_in_one_line_the_reason_and_the_callers_fields(self) -> None:
        with self.assertLogs("workouts.log_limits", "WARNING") as logs:
            log_outage("test_outage", OSError("No space\n  left on device"), reps=3)
            log_outage("test_outage", TimeoutError())
            log_outage("test_other_outage", TimeoutError())
        lines = [record.msg for record in logs.records]
        assert [line["event"] for line in lines] == ["test_outage", "test_other_outage"]
        assert (lines[0]["error"], lines[0]["reps"]) == ("No space left on device", 3)
        assert lines[1]["error"] == "TimeoutError"
        assert "reason" not in lines[1]
