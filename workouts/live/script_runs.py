"""Runs the durable verbs' scripts: by SHA-1, and again where that is needed."""

from typing import Any

import redis
from redis.exceptions import NoScriptError

from workouts.live.clients import SyncClient
from workouts.live.replicas import look_for_new_redis_master
from workouts.live.scripts import LuaScript

ScriptCall = tuple[tuple[bytes, ...], tuple[bytes, ...]]  # its keys and its arguments


def run_redis_script(
    client: SyncClient, script: LuaScript, keys: tuple[bytes, ...], args: tuple[bytes, ...]
) -> Any:
    """Run a script, and once more if another server took over: it has to be safe to repeat."""
    try:
        return call_redis_script(client, script, keys, args)
    except (redis.ConnectionError, redis.ResponseError) as error:
        if not look_for_new_redis_master(client, error):
            raise
        return call_redis_script(client, script, keys, args)


def call_redis_script(
    client: SyncClient, script: LuaScript, keys: tuple[bytes, ...], args: tuple[bytes, ...]
) -> Any:
    try:
        return client.evalsha(script.sha, len(keys), *keys, *args)
    except NoScriptError:
        return client.eval(script.text, len(keys), *keys, *args)


def run_redis_script_for_each(
    client: SyncClient, script: LuaScript, calls: list[ScriptCall]
) -> None:
    """Run a script with each of these keys and arguments, in one round trip.

    The keys may have different hash tags. What fails is run again by itself, and its error raised.
    """
    failed = calls
    if len(calls) > 1:
        pipeline = client.pipeline(transaction=False)
        for keys, args in calls:
            # not evalsha(), which the pipelines of clusters refuse by its name alone
            pipeline.execute_command("EVALSHA", script.sha, len(keys), *keys, *args)
        answers = pipeline.execute(raise_on_error=False)
        failed = [
            call
            for call, answer in zip(calls, answers, strict=True)
            if isinstance(answer, Exception)
        ]
    for keys, args in failed:
        run_redis_script(client, script, keys, args)
