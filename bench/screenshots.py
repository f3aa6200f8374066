"""Pictures of every page, in each width, language, theme and role: see README.md."""

import argparse
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tqdm import tqdm

from bench.services import PROJECT, clean_environment, running

PASSWORD = secrets.token_urlsafe(12)
ANYONE = "anyone"
ROLES = ("coach", "head", "superuser")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HEIGHT = 900
MAX_HEADER_PX = 56
WIDE_PX = 1280  # from here on, a list shows all its columns
LIST = "/admin/workouts/workoutsession/"
PUBLIC_PAGES = {
    "health": "/",
    "login": "/admin/login/",
    "join": "/join/",
    "join-team": "/join/team/",
    "join-coach": "/join/coach/",
    "screen": "/wall/#{screen}",
}
PAGES = {
    "home": "/admin/",
    "live": "/admin/live/",
    "sessions": LIST,
    "sessions-filtered": f"{LIST}?review_status__exact=pending&team={{team}}",
    "sessions-none": f"{LIST}?q=nobody-of-this-name",
    "session": f"{LIST}{{session}}/change/",
    "session-history": f"{LIST}{{session}}/history/",
    "load": f"{LIST}{{session}}/load/",
    "decision": f"{LIST}decision/?to=rejected&ids={{session}}",
    "export": f"{LIST}export/",
    "parked": f"{LIST}parked/",
    "athletes": "/admin/workouts/athlete/",
    "athlete": "/admin/workouts/athlete/{athlete}/change/",
    "trends": "/admin/workouts/athlete/{athlete}/trends/",
    "athlete-add": "/admin/workouts/athlete/add/",
    "merge": "/admin/workouts/athlete/merge/?ids={athlete}&ids={other}",
    "forget": "/admin/workouts/athlete/{athlete}/forget/",
    "teams": "/admin/workouts/team/",
    "team": "/admin/workouts/team/{team}/change/",
    "team-invite": "/admin/workouts/team/{team}/invite/",
    "team-screen": "/admin/workouts/team/{team}/screen/",
    "users": "/admin/auth/user/",
    "user": "/admin/auth/user/{user}/change/",
    "user-add": "/admin/auth/user/add/",
    "coach-invite": "/admin/auth/user/invite/",
    "keys": "/admin/workouts/apikey/",
    "key-add": "/admin/workouts/apikey/add/",
    "exercises": "/admin/workouts/exercise/",
    "exercise": "/admin/workouts/exercise/1/change/",
    "sign-ins": "/admin/sign-ins/",
    "locks": "/admin/sign-ins/locks/",
    "second-factor": "/admin/second-factor/",
    "password": "/admin/password_change/",
}
# the people who look, and ids of what the seeded coach sees
MAKE_PEOPLE = """
import json
from django.contrib.auth.models import Group, User
from workouts.models import Team, WorkoutSession
from workouts.services.display_links import make_display_link
from workouts.services.key_making import make_api_key
for role, first, last in (
    ("coach", "Гүлнәр", "Сейітқызы-Нұрмұхамбетова"),
    ("head", "Екатерина", "Бондаренко"),
    ("superuser", "Alice", "Clark"),
):
    user = User.objects.create_user(
        f"{{role}}-1", password={password!r}, is_staff=True, first_name=first, last_name=last)
    user.is_superuser = role == "superuser"
    user.save()
    if role == "head":
        user.groups.add(Group.objects.get(name="head coaches"))
coach = User.objects.get(username="coach-1")
coach.groups.add(Group.objects.get(name="coaches"))
team = Team.objects.order_by("pk").first()
team.coaches.add(coach)
make_api_key(
    name="Экспорт в таблицу клуба", coach=coach, may_finish=True, expires_at=None, created_by=user)
screen = make_display_link(team=team, name="Үлкен зал", by=coach)
sessions = WorkoutSession.objects.filter(athlete__teams=team)
flagged = sessions.exclude(review_status="clean")
athlete, other = team.athletes.order_by("pk")[:2]
print(json.dumps({{
    "team": team.pk, "athlete": athlete.pk, "other": other.pk, "user": coach.pk,
    "screen": screen.token,
    "session": (flagged.order_by("-total_reps").first() or sessions.first()).pk,
}}))
"""
# what the pages' scripts do after loading
SETTLED = """() => document.readyState === "complete" && !document.querySelector(
    ".tempo-chart:not([data-drawn]), .volume-chart:not([data-drawn]),"
    + "#live-connection:not(.is-live), .admin-autocomplete:not(.select2-hidden-accessible)")"""
MEASURE = """() => {
    const header = document.querySelector("body:not(.login) #header");
    const list = document.querySelector("#changelist-form .results");
    return {
        "overflow": document.documentElement.scrollWidth - innerWidth,
        "header": header ? header.getBoundingClientRect().height : 0,
        "hidden": list ? list.scrollWidth - list.clientWidth : 0,
    };
}"""


@dataclass(frozen=True)
class View:
    """How one person looks at the pages."""

    role: str
    language: str
    theme: str
    width: int

    @property
    def name(self) -> str:
        return f"{self.role}-{self.language}-{self.theme}-{self.width}"


@contextmanager
def running_seeded_service(sessions: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Run the service with made-up workouts; yield its address, and ids for the pages."""
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder:
        environment = clean_environment(Path(folder))
        manage = [sys.executable, "manage.py"]

        def call(*arguments: str) -> str:
            return subprocess.run(
                [*manage, *arguments],
                cwd=PROJECT,
                env=environment,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout

        with running([*manage, "start", "--port", "0", "--workers", "1"], PROJECT, environment) as (
            _process,
            address,
        ):
            call("seed", "--sessions", str(sessions), "--teams", "3", "--days", "60")
            printed = call("shell", "-v", "0", "-c", MAKE_PEOPLE.format(password=PASSWORD))
            yield f"http://{address}", json.loads(printed)


def log_in(chromium: Browser, url: str, role: str) -> Any:
    """Return the cookies of someone who has logged in."""
    with chromium.new_context(base_url=url) as context:
        if role != ANYONE:
            page = context.new_page()
            page.goto("/admin/login/?next=/admin/sign-ins/")
            page.fill("[name=username]", f"{role}-1")
            page.fill("[name=password]", PASSWORD)
            page.locator("#login-form [type=submit]").click()
            page.wait_for_url("**/admin/sign-ins/")
        return context.storage_state()


@contextmanager
def looking(chromium: Browser, url: str, view: View, cookies: Any) -> Iterator[BrowserContext]:
    """Open a browser window for the view."""
    context = chromium.new_context(
        base_url=url,
        storage_state=cookies,
        color_scheme="dark" if view.theme == "dark" else "light",
        viewport={"width": view.width, "height": HEIGHT},
        timezone_id="Asia/Almaty",
    )
    context.add_cookies(
        [
            {"name": "django_language", "value": view.language, "url": url},
            {"name": "time_zone", "value": "Asia/Almaty", "url": url},
        ]
    )
    with context:
        yield context


def photograph(page: Page, address: str, path: Path) -> list[str] | None:
    """Take the whole page's picture; return what is wrong with it, None if it is not for them."""
    response = page.goto(address)
    if response is None or response.status in (403, 404):
        return None
    page.wait_for_function(SETTLED)
    page.screenshot(path=path, full_page=True)
    found = page.evaluate(MEASURE)
    width = page.viewport_size["width"] if page.viewport_size else 0
    problems = {
        f"answers {response.status}": response.status != 200,
        f"is {found['overflow']} px too wide": found["overflow"] > 0,
        f"has a header of {found['header']:.0f} px": found["header"] > MAX_HEADER_PX,
        f"hides {found['hidden']} px of its list": width >= WIDE_PX and found["hidden"] > 0,
    }
    return [text for text, is_so in problems.items() if is_so]


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--widths", type=int, nargs="+", default=[390, 768, 1280, 1920])
    parser.add_argument("--languages", nargs="+", default=["en", "ru", "kk"])
    parser.add_argument("--themes", nargs="+", choices=("light", "dark"), default=["light", "dark"])
    parser.add_argument(
        "--roles", nargs="+", choices=(ANYONE, *ROLES), default=[ANYONE, "coach", "head"]
    )
    parser.add_argument(
        "--pages", nargs="+", choices=(*PUBLIC_PAGES, *PAGES), help="only these (default: all)"
    )
    parser.add_argument("--sessions", type=int, default=400, help="seeded (default: %(default)s)")
    return parser.parse_args()


def take_pictures(options: argparse.Namespace, chromium: Browser) -> list[str]:
    """Take all pictures, and return a line for each problem."""
    lines: list[str] = []
    with running_seeded_service(options.sessions) as (url, ids):
        logins = {role: log_in(chromium, url, role) for role in options.roles}
        views = [
            View(*each)
            for each in product(options.roles, options.languages, options.themes, options.widths)
        ]
        for view in tqdm(views, unit="view", disable=None):
            pages = PUBLIC_PAGES if view.role == ANYONE else PAGES
            with looking(chromium, url, view, logins[view.role]) as context:
                page = context.new_page()
                for name in [name for name in pages if name in (options.pages or pages)]:
                    path = options.folder / view.name / f"{name}.png"
                    problems = photograph(page, pages[name].format(**ids), path) or []
                    lines += [f"{view.name}/{name} {problem}" for problem in problems]
    return lines


def main() -> int:
    options = read_options()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        lines = take_pictures(options, chromium)
        chromium.close()
    print("\n".join([*lines, f"{len(lines)} problems"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
