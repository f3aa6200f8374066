"""A coach reviews one session after another in a browser, with and without keys."""

from typing import Any, ClassVar

from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import team_code
from workouts.tests.support.pages import find_serious_violations, wait_until_settled
from workouts.tests.support.shell import run_shell

SESSIONS = "/admin/workouts/workoutsession/"
DESKTOP, PHONE = (1280, 900), (390, 844)
# each test has a coach with a team of its own: an appeal, two sessions to review, two devices
MAKE_SESSIONS = """
from workouts.tests.support.cast import save_session
from workouts.tests.support.reviews import save_appealed, save_pending
seen_too = {"rep_devices": [1] * 20 + [2] * 4,
            "other_device_reps": [[2000 * rep + 150, 2] for rep in range(20)]}
rows = [save_appealed(user, athlete, text="I was filmed"),
        save_pending(athlete, reps=24, days_ago=5, **seen_too),
        save_pending(athlete, reps=12, days_ago=3)]
print("made", *[row.pk for row in rows])
"""
READ_STATUSES = """
from workouts.models import WorkoutSession
print([WorkoutSession.objects.get(pk=pk).review_status for pk in {pks}])
"""
# whether there is a mark, in the colour of charts.css, in the two lanes above the time axis
IS_MARKED = """() => {
    const style = getComputedStyle(document.documentElement);
    const color = style.getPropertyValue("--chart-accent").trim();
    const wanted = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    const canvas = document.querySelector(".tempo-chart canvas");
    if (!canvas) return false;
    const lanes = [0, canvas.height - 80 - 48, canvas.width, 48];
    const { data } = canvas.getContext("2d").getImageData(...lanes);
    for (let at = 0; at < data.length; at += 4) {
        if (wanted.every((value, index) => Math.abs(data[at + index] - value) < 40)) return true;
    }
    return false;
}"""


class ReviewTests(BrowserCase):
    coaches: ClassVar[int] = 0

    def make_coach(self) -> tuple[str, list[int]]:
        """Make a coach, and return the name and the sessions in the order of the queue."""
        ReviewTests.coaches += 1
        name, athlete = f"coach{self.coaches}", f"ana{self.coaches}"
        code = team_code(name, athlete) + f"athlete = {athlete!r}\n" + MAKE_SESSIONS
        printed = run_shell(self.service, code).split()
        return name, [int(pk) for pk in printed[printed.index("made") + 1 :]]

    def statuses(self, pks: list[int]) -> str:
        return run_shell(self.service, READ_STATUSES.format(pks=pks)).strip()

    def open_first(self, size: tuple[int, int] = DESKTOP, **more: Any) -> tuple[Page, list[int]]:
        """Open the first session of a new coach's queue from the overview."""
        name, pks = self.make_coach()
        page = self.log_in(name, page=self.open_page(size=size, **more))
        page.locator(".home-pending li a").first.click()
        self.wait_for(page, pks[0])
        return page, pks

    def wait_for(self, page: Page, pk: int) -> None:
        page.wait_for_url(lambda url: f"{SESSIONS}{pk}/change/" in url)
        wait_until_settled(page)

    def test_a_queue_is_worked_off_on_a_desktop_and_on_a_phone(self) -> None:
        for size in (DESKTOP, PHONE):
            page, pks = self.open_first(size)
            expect(page.locator(".session-appeal blockquote")).to_have_text("I was filmed")
            page.get_by_role("button", name="Approve").click()
            self.wait_for(page, pks[1])
            expect(page.locator(".messagelist .success")).to_contain_text("Approved: ana")
            page.get_by_label("Note").fill("a script")
            page.get_by_role("button", name="Reject").click()
            self.wait_for(page, pks[2])
            page.get_by_role("button", name="Approve").click()
            page.wait_for_url(f"**{SESSIONS}")
            expect(page.get_by_text("Nothing is left to review here.")).to_be_visible()
            assert self.statuses(pks) == "['approved', 'rejected', 'approved']"

    def test_a_queue_is_worked_off_with_the_keyboard_alone(self) -> None:
        page, pks = self.open_first()
        expect(page.locator(".review-keys")).to_be_visible()
        page.keyboard.press("n")
        self.wait_for(page, pks[1])
        page.keyboard.press("r")
        expect(page.get_by_label("Note")).to_be_focused()
        page.keyboard.type("an arm, a rest and no names")  # letters that are keys elsewhere
        page.keyboard.press("Control+Enter")
        self.wait_for(page, pks[2])
        page.keyboard.press("a")
        self.wait_for(page, pks[0])  # which was skipped
        assert self.statuses(pks) == "['pending', 'rejected', 'approved']"
        page.keyboard.press("r")
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        page.wait_for_url(lambda url: url.split("?")[0].endswith(SESSIONS))

    def test_a_rejection_without_a_note_is_asked_for_one_beside_the_evidence(self) -> None:
        page, pks = self.open_first()
        page.keyboard.press("r")
        page.keyboard.press("Control+Enter")
        page.get_by_role("button", name="Reject").click()
        expect(page.get_by_label("Note")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("n")  # keys go on working
        self.wait_for(page, pks[1])
        assert self.statuses(pks) == "['pending', 'pending', 'pending']"

    def test_keys_work_by_their_place_where_the_letters_are_cyrillic(self) -> None:
        page, pks = self.open_first()
        page.evaluate(
            """document.body.dispatchEvent(
                new KeyboardEvent("keydown", {key: "ф", code: "KeyA", bubbles: true}))"""
        )
        self.wait_for(page, pks[1])

    def test_keys_with_a_modifier_are_left_to_the_browser(self) -> None:
        page, pks = self.open_first()
        for keys in ("Control+a", "Alt+n", "Shift+a", "Control+Enter"):
            page.keyboard.press(keys)
        page.keyboard.press("n")
        self.wait_for(page, pks[1])
        assert self.statuses(pks) == "['pending', 'pending', 'pending']"

    def test_keys_are_switched_off_for_good(self) -> None:
        page, pks = self.open_first()
        page.get_by_label("Keyboard shortcuts").uncheck()
        expect(page.locator(".review-keys ul")).to_be_hidden()
        page.keyboard.press("a")
        page.keyboard.press("n")
        page.reload()
        expect(page.get_by_label("Keyboard shortcuts")).not_to_be_checked()
        page.keyboard.press("a")
        page.keyboard.press("n")
        page.get_by_label("Keyboard shortcuts").check()
        page.keyboard.press("n")
        self.wait_for(page, pks[1])
        assert self.statuses(pks) == "['pending', 'pending', 'pending']"

    def test_a_phone_shows_no_keys(self) -> None:
        page, _pks = self.open_first(PHONE, has_touch=True, is_mobile=True)
        expect(page.locator(".review-keys input")).to_be_checked()  # its script ran
        expect(page.locator(".review-keys")).to_be_hidden()

    def test_of_two_coaches_the_second_is_told_and_can_go_on(self) -> None:
        page, pks = self.open_first()
        run_shell(
            self.service,
            f"""
from django.contrib.auth.models import User
from workouts.fairness.review import decide_reviews, find_last_review_steps
decide_reviews(find_last_review_steps([{pks[0]}]), to="rejected",
               reviewer=User.objects.first(), note="a script")
""",
        )
        page.keyboard.press("a")
        expect(page.locator(".messagelist .warning")).to_contain_text("someone else has just")
        expect(page.locator(".session-decision .status-rejected")).to_be_visible()
        page.keyboard.press("n")
        self.wait_for(page, pks[1])
        assert self.statuses(pks[:1]) == "['rejected']"

    def test_a_part_of_the_chart_is_enlarged_with_the_mouse(self) -> None:
        page, pks = self.open_first()
        page.goto(f"{SESSIONS}{pks[1]}/change/")
        wait_until_settled(page)
        chart, shown = page.locator(".tempo-chart .u-over"), page.locator(".u-legend .u-value")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        left, height = box["x"] + 2, box["y"] + 60
        page.mouse.move(0, 0)
        expect(shown.first).to_be_hidden()  # no point is chosen
        page.mouse.move(left, height)
        expect(shown.first).to_be_visible()
        expect(shown.first).to_have_text("00:00")
        page.mouse.move(left + 0.55 * box["width"], height)  # 25.3 s of 46
        page.mouse.down()
        page.mouse.move(left + 0.8 * box["width"], height, steps=3)
        page.mouse.up()
        page.mouse.move(left, height)
        expect(shown.first).to_have_text("00:26")

    def test_both_devices_are_drawn_in_light_and_dark_and_axe_finds_nothing(self) -> None:
        for size in (DESKTOP, PHONE):
            page, pks = self.open_first(size, bypass_csp=True)
            page.goto(f"{SESSIONS}{pks[1]}/change/")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                wait_until_settled(page)
                page.wait_for_function(IS_MARKED)  # the chart is drawn again in other colours
            expect(page.get_by_text("20 reps were seen by two devices")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert find_serious_violations(page) == []
        self.troubles.clear()  # axe-core fetches addresses that do not exist
