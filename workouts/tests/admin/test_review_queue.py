"""Reviewing one session after another: what opens after a decision, and what is skipped."""

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from workouts.fairness.review import decide_reviews, find_last_review_steps
from workouts.models import Team, WorkoutSession
from workouts.tests.support.admin import SESSIONS, AdminCase
from workouts.tests.support.reviews import APPROVED, REJECTED, save_appealed, save_pending

HIDDEN = re.compile(r'<input type="hidden" name="(seen|queue)" value="([^"]*)"')
NEXT = re.compile(r'<a href="([^"]+)" data-review-key="n"')


def page_of(row: WorkoutSession, **query: str) -> str:
    return f"{SESSIONS}{row.pk}/change/" + (f"?{urlencode(query)}" if query else "")


class QueueCase(AdminCase):
    def decide(self, page: str, to: str = "approved", note: str = "") -> Any:
        """Send the form of a session's page."""
        hidden = {name: value.replace("&amp;", "&") for name, value in HIDDEN.findall(page)}
        form = {**hidden, "to": to, "note": note}
        return self.client.post(f"{SESSIONS}decision/", form, follow=True)

    def opened(self, response: Any) -> str:
        return str(response.redirect_chain[-1][0])

    def next_of(self, page: str) -> str:
        found = NEXT.search(page)
        return found[1].replace("&amp;", "&") if found else ""


class NextTests(QueueCase):
    def test_the_next_in_the_queue_opens_after_a_decision(self) -> None:
        young, old, middle = (save_pending(days_ago=days) for days in (1, 9, 4))
        appealed = save_appealed(self.coach)
        page, order = self.page(page_of(old)), [appealed, middle, young]
        for row in order:
            response = self.decide(page)
            assert self.opened(response) == page_of(row)
            page = response.content.decode()

    def test_it_says_what_was_decided_and_links_back_to_it(self) -> None:
        first, _second = save_pending("ana", days_ago=1), save_pending()
        for to, note, text in (("approved", "", "Approved"), ("rejected", "a script", "Rejected")):
            row = first if to == "approved" else save_pending("ana", days_ago=1)
            page = self.decide(self.page(page_of(row)), to, note).content.decode()
            assert f'{text}: <a href="{page_of(row)}">ana, Squat, 5 reps</a>' in page

    def test_the_name_in_the_message_is_escaped(self) -> None:
        row = save_pending("ana")
        row.athlete.display_name = "<b>Ana</b>"
        row.athlete.save()
        page = self.decide(self.page(page_of(row))).content.decode()
        assert "&lt;b&gt;Ana&lt;/b&gt;, Squat" in page
        assert "<b>Ana</b>" not in page

    def test_an_empty_queue_leads_back_to_the_list_and_says_so(self) -> None:
        row = save_pending()
        response = self.decide(self.page(page_of(row)))
        assert self.opened(response) == SESSIONS
        assert "Nothing is left to review here." in response.content.decode()

    def test_a_changed_decision_leads_back_to_the_session(self) -> None:
        row, _waiting = save_pending(), save_pending()
        decide_reviews({row.pk: 0}, to=APPROVED, reviewer=self.coach, note="")
        response = self.decide(self.page(page_of(row)), "rejected", "a script")
        assert self.opened(response) == page_of(row)
        assert "Decision saved for 1 session." in response.content.decode()

    def test_a_rejection_without_a_note_asks_for_one_and_then_goes_on(self) -> None:
        row, other = save_pending(days_ago=1), save_pending()
        response = self.decide(self.page(page_of(row)), "rejected")
        page = response.content.decode()
        assert "A rejection needs a note" in page
        assert self.opened(self.decide(page, "rejected", "a script")) == page_of(other)

    def test_a_coach_who_comes_second_sees_what_the_first_decided(self) -> None:
        row, other = save_pending(), save_pending()
        page = self.page(page_of(row))
        decide_reviews({row.pk: 0}, to=REJECTED, reviewer=self.coach, note="a script")
        response = self.decide(page)
        assert self.opened(response) == page_of(row)
        page = response.content.decode()
        assert "someone else has just reviewed it" in page
        assert "Approved:" not in page
        assert self.next_of(page).startswith(page_of(other))

    def test_another_teams_session_never_opens(self) -> None:
        mine, other = save_pending("ana"), save_pending("bolat", days_ago=9)
        save_appealed(self.coach, "bolat")
        coach = get_user_model().objects.create_user("limited", is_staff=True)
        coach.groups.add(Group.objects.get(name="coaches"))
        team = Team.objects.create(name="T")
        team.coaches.add(coach)
        team.athletes.add(mine.athlete)
        self.client.force_login(coach)
        for filters in ("", "athlete=bolat", "q=bolat", "athlete=nobody"):
            page = self.page(page_of(mine, _changelist_filters=filters))
            assert self.next_of(page) == "", filters
        response = self.decide(page)
        assert self.opened(response).startswith(SESSIONS)
        assert str(other.pk) not in self.opened(response)


class FilterTests(QueueCase):
    def test_the_filters_that_the_coach_came_with_hold(self) -> None:
        first = save_pending("ana", days_ago=3)
        save_pending("bolat", days_ago=2)
        second = save_pending("ana", days_ago=1)
        listed = self.page(SESSIONS, athlete="ana", review_status__exact="pending")
        link = re.search(rf'"({page_of(first)}\?_changelist_filters=[^"]+)"', listed)
        assert link
        page = self.page(link[1])
        assert self.next_of(page).startswith(page_of(second))
        response = self.decide(page)
        assert self.opened(response).startswith(f"{page_of(second)}?_changelist_filters=")
        response = self.decide(response.content.decode())
        assert self.opened(response) == f"{SESSIONS}?athlete=ana&review_status__exact=pending"

    def test_a_filter_by_another_status_does_not_empty_the_queue(self) -> None:
        row, other = save_pending(days_ago=1), save_pending()
        page = self.page(page_of(row, _changelist_filters="review_status__exact=approved"))
        assert self.next_of(page).startswith(page_of(other))

    def test_a_search_holds(self) -> None:
        row, other = save_pending("ana", days_ago=1), save_pending("bolat")
        page = self.page(page_of(row, _changelist_filters="q=bol"))
        assert self.next_of(page).startswith(page_of(other))
        assert self.next_of(self.page(page_of(row, _changelist_filters="q=dana"))) == ""

    def test_filters_and_skips_that_make_no_sense_are_left_out(self) -> None:
        row, other = save_pending(days_ago=1), save_pending()
        for filters in ("exercise__id__exact=x", "q=%00", "from=9999-99-99", "p=7&o=1&e=1", "%"):
            for skipped in ("x", "", f"{10**30},-1", ","):
                page = self.page(page_of(row, _changelist_filters=filters, skipped=skipped))
                if filters != "from=9999-99-99":  # that list shows no session
                    assert self.next_of(page).startswith(page_of(other)), filters


class SkipTests(QueueCase):
    def test_skipped_sessions_come_again_after_all_others(self) -> None:
        rows = [save_pending(days_ago=days) for days in (3, 2, 1)]
        address = page_of(rows[0])
        for row in (rows[1], rows[2], rows[0], rows[1]):
            address = self.next_of(self.page(address))
            assert address.startswith(f"{page_of(row)}?skipped=")

    def test_a_skipped_session_does_not_open_after_a_decision_while_others_wait(self) -> None:
        hard, easy, last = (save_pending(days_ago=days) for days in (3, 2, 1))
        page = self.page(self.next_of(self.page(page_of(hard))))
        response = self.decide(page)
        assert self.opened(response).startswith(page_of(last))
        response = self.decide(response.content.decode())
        assert self.opened(response).startswith(page_of(hard))
        statuses = [WorkoutSession.objects.get(pk=row.pk).review_status for row in (easy, hard)]
        assert statuses == ["approved", "pending"]

    def test_the_only_one_that_waits_has_no_next(self) -> None:
        assert self.next_of(self.page(page_of(save_pending()))) == ""


class PartsTests(QueueCase):
    """What the page says about the review, and where."""

    def order(self, page: str, *marks: str) -> bool:
        places = [page.index(mark) for mark in marks]
        return places == sorted(places)

    def test_the_evidence_comes_first_and_the_decision_below_it(self) -> None:
        page = self.page(page_of(save_pending()))
        assert self.order(page, "flags-title", "tempo-title", "evidence-title", "decision-title")

    def test_an_appeal_is_at_the_top_with_the_decision_that_it_is_about(self) -> None:
        page = self.page(page_of(save_appealed(self.coach, text="<i>I was\nfilmed</i>")))
        assert self.order(page, "&lt;i&gt;I was<br>filmed&lt;/i&gt;", "a script", "flags-title")

    def test_an_answered_appeal_is_no_longer_at_the_top(self) -> None:
        row = save_appealed(self.coach)
        seen = find_last_review_steps([row.pk])
        decide_reviews(seen, to=APPROVED, reviewer=self.coach, note="")
        assert "appeal-title" not in self.page(page_of(row))

    def test_a_decision_is_a_line_with_a_way_to_change_it(self) -> None:
        row = save_pending()
        decide_reviews({row.pk: 0}, to=REJECTED, reviewer=self.coach, note="a script")
        page = self.page(page_of(row))
        decision = page[page.index("decision-title") :]
        assert self.order(decision, "rejected</span>", "coach", "a script", "<details>", "<form")
        assert "Change the decision" in decision

    def test_a_session_without_flags_has_nothing_to_decide(self) -> None:
        page = self.page(page_of(save_pending()))
        assert "<details>" not in page[page.index("decision-title") :]
        WorkoutSession.objects.update(review_status="clean", flags=[])
        page = self.page(page_of(WorkoutSession.objects.get()))
        decision = page[page.index("decision-title") :]
        assert self.order(decision, "Nothing to decide", "<details>", "Decide anyway", "<form")
