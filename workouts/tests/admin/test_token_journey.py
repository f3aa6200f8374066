"""Token mode from the first log-in to a device that is cut off, on phones."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.cast import SQUAT_INTERVAL_MS
from workouts.tests.support.shell import run_shell

PHONE = (390, 844)
NEW_PASSWORD = "a password of the coach's own"
REPS = 5
OTHERS_SESSION = """
from workouts.models import Athlete
from workouts.tests.support.cast import save_session
Athlete.objects.create(user_id="somebody-else")
print(save_session("somebody-else").pk)
"""
# What a page to train on does: tokens by the cookie, then reps over the socket.
TRAIN = """async ([reps, intervalMs]) => {
    const refreshed = await (await fetch("/workout/token", { method: "POST" })).json();
    window.headers = { Authorization: `Bearer ${refreshed.access_token}` };
    const socket = new WebSocket(
        `${location.origin.replace("http", "ws")}/ws/workout`,
        ["senim.v1", "senim.bearer", refreshed.access_token]);
    window.socketClosed = new Promise((resolve) =>
        socket.addEventListener("close", (event) => resolve([event.code, event.reason])));
    const events = [];
    const finished = new Promise((resolve) => socket.addEventListener("message", ({ data }) => {
        const frame = JSON.parse(data);
        events.push(frame);
        if (frame.event === "finished" || frame.event === "error") resolve(frame);
    }));
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const send = (frame) => socket.send(JSON.stringify(frame));
    const now = Date.now();
    send({ event: "hello", device: "d1", now });
    for (let seq = 1; seq <= reps; seq++) {
        const at = now - (reps - seq) * intervalMs;
        send({ event: "rep_detected", type: "squat", seq, at });
    }
    send({ event: "finish", type: "squat" });
    return [socket.protocol, await finished, events];
}"""
ASK = """async (path) => {
    const answer = await fetch(path, { headers: window.headers });
    return [answer.status, await answer.json()];
}"""


class TokenJourneyTests(BrowserCase):
    environment = {"SENIM_AUTH": "token", "SENIM_PUBLIC_URL": "https://gym.example.org"}

    def log_in_for_the_first_time(self) -> Page:
        """Return the first coach's phone, once the one-time password is changed."""
        found = re.search(r"name (\S+), password (\S+)", self.service.output())
        assert found
        name, password = found.groups()
        coach = self.open_page(size=PHONE)
        self.log_in(name, password, page=coach, to="/admin/password_change/")
        coach.fill("[name=old_password]", password)
        coach.fill("[name=new_password1]", NEW_PASSWORD)
        coach.fill("[name=new_password2]", NEW_PASSWORD)
        coach.locator("form:has([name=old_password]) [type=submit]").click()
        coach.wait_for_url(f"{self.service.url}/admin/**")
        return coach

    def invite(self, coach: Page) -> str:
        """Make a team with an athlete, and return the link for the athlete's phone."""
        coach.goto("/admin/workouts/team/add/")
        coach.fill("#id_name", "Juniors")
        coach.locator("[name=_continue]").click()
        coach.get_by_text("Add an athlete").click()
        coach.fill("#id_display_name", "Айгүл Қасым")
        coach.locator("[name=_save]").click()
        link = coach.locator("#invitation-link").inner_text()
        coach.get_by_text("Done").click()
        return link.replace("https://gym.example.org", self.service.url)

    def join(self, link: str) -> Page:
        phone = self.open_page(size=PHONE)
        phone.goto(link)
        phone.fill("#device", "Old phone")
        phone.click("#join button")
        expect(phone.locator("#joined h1")).to_have_text("You are in, Айгүл Қасым")
        return phone

    def ask(self, phone: Page, path: str) -> tuple[int, Any]:
        status, answer = phone.evaluate(ASK, path)
        return status, answer

    def test_an_invited_phone_trains_sees_its_own_and_is_cut_off(self) -> None:
        coach = self.log_in_for_the_first_time()
        phone = self.join(self.invite(coach))
        protocol, finished, events = phone.evaluate(TRAIN, [REPS, 3 * SQUAT_INTERVAL_MS])
        assert protocol == "senim.v1"
        assert (finished["event"], finished["count"]) == ("finished", REPS), events
        own = finished["workout_id"]
        _, listed = self.ask(phone, "/workout/sessions/")
        assert [session["id"] for session in listed["results"]] == [own]
        assert self.ask(phone, f"/workout/sessions/{own}/")[1]["total_reps"] == REPS
        others = run_shell(self.service, OTHERS_SESSION)
        assert self.ask(phone, f"/workout/sessions/{others}/")[0] == 404
        self.cut_off(coach)
        assert phone.evaluate("window.socketClosed") == [4403, "device_revoked"]
        status, problem = self.ask(phone, "/workout/sessions/")
        assert (status, problem["code"]) == (401, "device_revoked")
        # the console's own lines for what was refused
        self.troubles = [line for line in self.troubles if "Failed to load resource" not in line]

    def cut_off(self, coach: Page) -> None:
        coach.reload()
        device = coach.locator(".access-list li", has_text="Old phone")
        device.get_by_text("Cut off").click()
        coach.locator("[type=submit][value='Cut off']").click()
        expect(coach.locator(".messagelist")).to_contain_text("Old phone is cut off.")
