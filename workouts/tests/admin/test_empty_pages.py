"""Pages with nothing on them lead to a next step."""

from workouts.models import Athlete, Team
from workouts.tests.support.admin import ADMIN, ATHLETES, SESSIONS, AdminCase
from workouts.tests.support.cast import save_session
from workouts.tests.support.coach_cast import TEAMS, CoachCase

FIRST = f'<a href="{ATHLETES}add/">Invite your first athlete</a>'
FIRST_BUTTON = f'<a class="button" href="{ATHLETES}add/">Invite your first athlete</a>'
CLEAR = '<a href="?">Clear the filters</a>'


class FreshInstallTests(AdminCase):
    def test_the_first_page_and_the_lists_invite_the_first_athlete(self) -> None:
        assert FIRST_BUTTON in self.page(ADMIN)
        sessions = self.page(SESSIONS)
        assert "They appear here once an athlete finishes a workout." in sessions
        assert FIRST in sessions
        assert "No athletes yet." in self.page(ATHLETES)
        assert FIRST in self.page(ATHLETES)
        assert f'<a href="{TEAMS}add/">Add a team</a>' in self.page(TEAMS)

    def test_nobody_is_invited_first_once_there_is_an_athlete(self) -> None:
        Athlete.objects.create(user_id="ana")
        for path in (ADMIN, SESSIONS, ATHLETES):
            assert "first athlete" not in self.page(path)
        assert "No sessions yet." in self.page(SESSIONS)

    def test_nothing_is_said_where_there_is_something(self) -> None:
        save_session("ana")
        Team.objects.create(name="T")
        for path in (SESSIONS, ATHLETES, TEAMS):
            assert 'class="empty-list"' not in self.page(path)

    def test_a_filter_without_result_can_be_cleared_and_keeps_the_search(self) -> None:
        save_session("ana")
        for query in ({"exercise__slug__exact": "dip"}, {"from": "2030-01-01"}):
            assert f"No sessions match. {CLEAR}" in self.page(SESSIONS, **query)
        page = self.page(SESSIONS, **{"from": "2030-01-01", "q": "ana"})
        assert '<a href="?q=ana">Clear the filters</a>' in page

    def test_a_search_without_result_has_no_filters_to_clear(self) -> None:
        save_session("ana")
        for path, said in (
            (SESSIONS, "No sessions match."),
            (ATHLETES, "No athletes match."),
            (TEAMS, "No teams match."),
        ):
            page = self.page(path, q="nobody")
            assert f'<p class="empty-list">{said}</p>' in page
            assert '<a href="?">Show all</a>' in page


class CoachTests(CoachCase):
    def test_a_coach_without_athletes_is_led_to_their_first(self) -> None:
        assert "first athlete" not in self.page(ADMIN)
        self.team.athletes.clear()
        assert FIRST_BUTTON in self.page(ADMIN)

    def test_a_coach_without_teams_is_not_told_to_add_one(self) -> None:
        Team.objects.all().delete()
        page = self.page(TEAMS)
        assert "No teams yet." in page
        assert "Add a team" not in page
