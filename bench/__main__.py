"""What everything costs, beside a bare echo, a FastAPI service and stock Channels.

    python -m bench
    python -m bench --short --only reps-plain
    python -m bench --also before=../before --json figures.json --write docs/performance.md

See README.md.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from bench.measures import MEASURES, Measure, Plan
from bench.outcomes import Samples, find_failures, judge_rows
from bench.record import compare_with_record, read_record, write_record
from bench.report import describe_run, make_figures, make_json, make_table, write_document
from bench.rounds import play_measure
from bench.stage import NAMES, Stage

SECONDS, SHORT_SECONDS = 2.0, 1.0


def named_folder(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not name.isalnum() or name in NAMES or not (Path(folder) / "manage.py").is_file():
        raise argparse.ArgumentTypeError(
            f"{text!r}: it takes a new name of letters and digits, and a folder with a manage.py"
        )
    return name, Path(folder).resolve()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--short", action="store_true", help="only what is on record, in a minute and a half")
    add("--only", action="append", choices=MEASURES, help="this measure; may be repeated")
    add("--rounds", type=int, help="of each measure (default: 1 to 7, by the measure)")
    add("--seconds", type=float, help=f"of each sample ({SECONDS}; short: {SHORT_SECONDS})")
    add("--clients", type=int, default=100, help="in a closed loop (default: %(default)s)")
    add("--no-file", action="store_true", help="also the service on a Valkey without a file")
    add(
        "--also",
        type=named_folder,
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="also another checkout; may be repeated",
    )
    add("--json", type=Path, metavar="FILE", help="write all figures of all rounds there")
    add("--write", type=Path, metavar="DOC", help="put table and plot between the marks there")
    add("--record", action="store_true", help="put the ratios to the echo on record")
    return parser.parse_args()


def make_plan(options: argparse.Namespace) -> Plan:
    return Plan(
        is_short=options.short,
        seconds=options.seconds or (SHORT_SECONDS if options.short else SECONDS),
        clients=options.clients,
        also=tuple(name for name, _ in options.also),
        with_no_file=options.no_file,
    )


def choose_rounds(measure: Measure, options: argparse.Namespace) -> int:
    """Return how many rounds are played; none of what the short form leaves out."""
    planned = measure.short_rounds if options.short else measure.rounds
    if not (planned or options.only):
        return 0
    return options.rounds or planned or 1


def play_all(options: argparse.Namespace, plan: Plan) -> Samples:
    """Play the chosen measures, one after the other."""
    rounds = {name: choose_rounds(MEASURES[name], options) for name in options.only or MEASURES}
    total = sum(count * len(MEASURES[name].contestants(plan)) for name, count in rounds.items())
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Stage(Path(folder), dict(options.also)) as stage,
        tqdm(total=total, disable=None) as bar,
    ):

        def advance(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        samples: Samples = {}
        for name, count in rounds.items():
            if not count:
                continue
            bar.set_description(name)
            samples[name] = play_measure(MEASURES[name], stage, plan, count, advance)
    return samples


def main() -> int:
    options = read_options()
    plan = make_plan(options)
    samples = play_all(options, plan)
    outcomes, run = judge_rows(samples, plan.also), describe_run()
    print(*make_table(outcomes), "", *make_figures(samples), sep="\n")
    if options.json:
        options.json.write_text(make_json(samples, outcomes, run))
    if options.write:
        write_document(options.write, samples, outcomes, run)
    if options.record:
        write_record(outcomes)
    failures = [*find_failures(samples), *compare_with_record(outcomes, read_record())]
    print(*failures, sep="\n", end="\n" if failures else "", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
