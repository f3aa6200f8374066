"""A coach enters a load in a browser, without a mouse."""

from playwright.sync_api import expect

from workouts.tests.support.browsers import BrowserCase
from workouts.tests.support.coaches import team_code
from workouts.tests.support.shell import run_shell

SAVE = """
from workouts.tests.support.cast import save_session
print(save_session("ana", reps=12).pk)
"""


class KeyboardTests(BrowserCase):
    def test_a_load_is_typed_with_a_comma_and_saved_by_enter(self) -> None:
        pk = run_shell(self.service, team_code("aigul", "ana") + SAVE).split()[-1]
        path = f"/admin/workouts/workoutsession/{pk}/change/"
        self.log_in("aigul", to=path)
        field = self.page.get_by_label("Load, kg")
        field.fill("6000")
        field.press("Enter")
        self.page.wait_for_url(f"**/{pk}/load/")
        expect(field).to_have_attribute("aria-invalid", "true")
        field.fill("62,5")
        field.press("Enter")
        self.page.wait_for_url(f"**{path}")
        expect(self.page.get_by_text("The load is saved.")).to_be_visible()
        expect(field).to_have_value("62.5")
        expect(self.page.get_by_text("62.5 kg, aigul")).to_be_visible()
