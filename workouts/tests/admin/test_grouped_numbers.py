"""Large numbers are grouped as the viewer's language does it."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from workouts.models import Exercise, WorkoutSession
from workouts.tests.support.admin import ATHLETES, EXERCISES, SESSIONS, AdminCase
from workouts.tests.support.cast import save_session
from workouts.tests.support.reviews import PENDING

RECORD_DAY = {"flag": "record_day", "reps": 46_002, "record": 46_001}
GROUP_SIGNS = {"en": ",", "ru": "\xa0", "kk": "\xa0"}


class GroupingTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = save_session("aigul-1", flags=[RECORD_DAY], review_status=PENDING)
        WorkoutSession.objects.update(total_reps=12_345)
        self.squat = Exercise.objects.get(slug="squat")

    def check(self, path: str, *texts: str) -> None:
        """Look for the texts, in which `_` stands for what a language groups with."""
        for language, sign in GROUP_SIGNS.items():
            with self.subTest(path, language=language):
                headers = {"accept-language": language}
                page = self.client.get(path, headers=headers).content.decode()
                for text in texts:
                    assert text.replace("_", sign) in page

    def test_in_the_list_of_sessions(self) -> None:
        self.check(SESSIONS, ">12_345</td>")
        assert 'class="field-total_reps">12,345</td>' in self.page(SESSIONS)

    def test_on_a_sessions_page_and_in_its_title_and_its_flags(self) -> None:
        path = f"{SESSIONS}{self.row.pk}/change/"
        self.check(path, "<dd>12_345</dd>", "46_002", "46_001")
        for language, sign in GROUP_SIGNS.items():
            page = self.client.get(path, headers={"accept-language": language}).content.decode()
            title = page.partition("<title>")[2].partition("</title>")[0]
            assert f"12{sign}345" in title

    def test_among_personal_bests(self) -> None:
        self.check(f"{ATHLETES}{self.row.athlete.pk}/change/", "<strong>12_345</strong>")

    def test_in_the_list_of_exercises(self) -> None:
        self.check(EXERCISES, ">4_656</td>")
        assert 'class="field-record_per_hour">4,656</td>' in self.page(EXERCISES)

    def test_on_an_exercises_page_that_only_shows(self) -> None:
        coach = get_user_model().objects.create_user("serik", is_staff=True)
        coach.groups.add(Group.objects.get(name="coaches"))
        self.client.force_login(coach)
        path = f"{EXERCISES}{self.squat.pk}/change/"
        self.check(path, "4_656", "10_000")
        page = self.page(path)
        assert 'class="form-row field-record_per_hour"' in page
        assert "A rep that follows the previous one sooner than this is a bounce." in page

    def test_a_number_in_a_form_stays_as_it_is_typed(self) -> None:
        assert 'name="record_per_hour" value="4656"' in self.page(
            f"{EXERCISES}{self.squat.pk}/change/"
        )
