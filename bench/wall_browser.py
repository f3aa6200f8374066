"""What a live wall costs the browser that shows it: see README.md."""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, WebSocketRoute, sync_playwright

from bench.coaches import make_coach
from bench.services import running_senim

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WARM_UP_S = 3.0
WIDTH, HEIGHT = 1920, 1080
REP_MS = 2400


def make_tile(number: int, update: int) -> dict[str, Any]:
    """Return an athlete's tile, with another count in each update."""
    now_ms = int(time.time() * 1000)
    name = f"Athlete {number:03}"
    session = {"type": "squat", "count": update, "at": now_ms, "set": 3, "rep": update % 12 + 1}
    return {
        "user_id": f"bench-{number}",
        "athlete": number + 1,
        "name": name,
        "sort_name": name,
        "online": True,
        "sessions": [{**session, "interval_ms": REP_MS + 10 * (update % 20)}],
        "finished": None,
    }


def make_message(options: argparse.Namespace, update: int) -> str:
    return json.dumps(
        {
            "event": "update" if update > 1 else "snapshot",
            "number": update,
            "server_time": int(time.time() * 1000),
            "is_cut": False,
            "team": "",
            "tiles": [make_tile(number, update) for number in range(options.tiles)],
        }
    )


def read_cpu_s(session: CDPSession) -> tuple[float, float]:
    """Return the CPU seconds so far of the renderers, and of all of the browser's processes."""
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = sum(each["cpuTime"] for each in processes if each["type"] == "renderer")
    return renderers, sum(each["cpuTime"] for each in processes)


def feed(
    page: Page, socket: WebSocketRoute, options: argparse.Namespace, update: int, seconds: float
) -> int:
    """Send updates at an even pace, each with all tiles, and return the number of the last."""
    began_at, sent = time.monotonic(), 0
    while time.monotonic() - began_at < seconds:
        sent += 1
        socket.send(make_message(options, update + sent))
        late_s = time.monotonic() - began_at - sent / options.rate
        page.wait_for_timeout(max(0.0, -late_s) * 1000)
    return update + sent


def measure(page: Page, session: CDPSession, options: argparse.Namespace) -> tuple[float, ...]:
    """Return the shares of a core that the renderer and the whole browser take."""
    socket = open_wall(page)
    socket.send(make_message(options, 1))
    update = feed(page, socket, options, 1, WARM_UP_S)
    before, began_at = read_cpu_s(session), time.monotonic()
    update = feed(page, socket, options, update, options.seconds)
    elapsed_s = time.monotonic() - began_at
    after = read_cpu_s(session)
    shown = page.locator("#live-tiles .live-count").all_inner_texts()
    if shown != [str(update)] * options.tiles:
        raise RuntimeError(f"not all tiles show the last count, {update}: {shown}")
    return tuple((end - begin) / elapsed_s for begin, end in zip(before, after, strict=True))


def open_wall(page: Page) -> WebSocketRoute:
    """Open the coach's wall, and return its socket, which the benchmark serves."""
    opened: list[WebSocketRoute] = []
    page.route_web_socket("**/ws/live*", lambda socket: opened.append(socket))  # noqa: PLW0108
    page.goto("/admin/live/")
    if not page.url.endswith("/admin/live/"):
        raise RuntimeError(f"the coach is not logged in: {page.url}")
    while not opened:
        page.wait_for_timeout(50)
    return opened[0]


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=100, help="(default: %(default)s)")
    parser.add_argument(
        "--rate", type=float, default=4.0, help="updates a second (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="of measurement (default: %(default)s)"
    )
    parser.add_argument(
        "--max-share",
        type=float,
        default=0.2,
        help="most of a core that the renderer may take (default: %(default)s)",
    )
    return parser.parse_args()


def main() -> int:
    options = read_options()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        running_senim("senim", Path(folder) / "senim") as service,
        sync_playwright() as playwright,
    ):
        session_key = make_coach(Path(folder) / "senim", options.tiles)
        url = f"http://{service.address}"
        with playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        ) as chromium:
            page = chromium.new_page(base_url=url, viewport={"width": WIDTH, "height": HEIGHT})
            page.context.add_cookies([{"name": "sessionid", "value": session_key, "url": url}])
            session = chromium.new_browser_cdp_session()
            renderer, everything = measure(page, session, options)
    print(f"{options.tiles} tiles, {options.rate:g} updates a second, each with all tiles")
    print(f"renderer {renderer:.1%} of a core (limit {options.max_share:.0%})")
    print(f"all of Chromium {everything:.1%}")
    return 1 if renderer > options.max_share else 0


if __name__ == "__main__":
    sys.exit(main())
