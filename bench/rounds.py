"""Playing a measure: its contestants take turns, so that the machine's drift hits all alike."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

from bench.load.process import run_load
from bench.measures import Contestant, Measure, Plan, Process
from bench.services import Service
from bench.stage import Stage

# a contestant's figures, by their names, in each round
Rounds = list[dict[str, float]]
Play = Callable[[int], dict[str, float]]


def play_measure(
    measure: Measure, stage: Stage, plan: Plan, rounds: int, advance: Callable[[str], object]
) -> dict[str, Rounds]:
    """Return each contestant's figures.

    `advance` is called with the contestant's name after each sample.
    """
    played: dict[str, Rounds] = {name: [] for name in measure.contestants(plan)}
    with open_measure(measure, stage, plan) as plays:
        for number in range(rounds):
            for name in take_turns(plays, number):
                played[name].append(plays[name](number))
                advance(name)
    return played


def take_turns(names: Iterable[str], number: int) -> list[str]:
    """Return the order of a round: every other one is played in reverse."""
    return list(names)[:: -1 if number % 2 else 1]


@contextlib.contextmanager
def open_measure(measure: Measure, stage: Stage, plan: Plan) -> Iterator[dict[str, Play]]:
    """Start what lives as long as the measure, and yield what plays each contestant's samples."""
    contestants = measure.contestants(plan)
    with contextlib.ExitStack() as stack:
        if measure.process is Process.MEASURE:
            services = {
                name: stack.enter_context(stage.running(name, with_postgres=measure.with_postgres))
                for name in dict.fromkeys(one.service for one in contestants.values())
            }
            yield {
                name: play_on(services[one.service], name, one) for name, one in contestants.items()
            }
        elif measure.process is Process.SAMPLE:
            yield {name: play_fresh(measure, stage, name, one) for name, one in contestants.items()}
        else:
            yield {
                name: stack.enter_context(playing_restarted(measure, stage, name, one))
                for name, one in contestants.items()
            }


def play_on(service: Service, name: str, contestant: Contestant) -> Play:
    # new athletes each round, so that sessions stay at the length of a long workout
    return lambda number: run_load(
        contestant.load, service, run=f"{name}-{number}", **contestant.options
    )


def play_fresh(measure: Measure, stage: Stage, name: str, contestant: Contestant) -> Play:
    def play(number: int) -> dict[str, float]:
        with stage.running(contestant.service, with_postgres=measure.with_postgres) as service:
            return play_on(service, name, contestant)(number)

    return play


@contextlib.contextmanager
def playing_restarted(
    measure: Measure, stage: Stage, name: str, contestant: Contestant
) -> Iterator[Play]:
    """Yield what restarts the service for each sample, with athletes that it knows."""
    with stage.restarting(contestant.service, with_postgres=measure.with_postgres) as start:
        with start() as service:
            run_load("first-reps", service, run=name, dialect="senim.v1", **contestant.options)

        def play(number: int) -> dict[str, float]:
            with start() as service:
                return run_load(contestant.load, service, run=name, **contestant.options)

        yield play
