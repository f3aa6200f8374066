"""Rows that processes of an earlier version wrote during a rolling upgrade."""

from django.test import TestCase

from senim.startup import prepare_database_at_startup
from workouts.models import Athlete, Team
from workouts.services.sort_names import renew_sort_names_of_model


class SortNameRenewalTests(TestCase):
    def setUp(self) -> None:
        Athlete.objects.create(user_id="a", display_name="Яна")
        self.changed = Athlete.objects.create(user_id="b", display_name="Болат")
        self.new = Athlete.objects.create(user_id="c")
        self.team = Team.objects.create(name="Юниоры")
        # update() leaves the sort names as they are, and so does an earlier version
        Athlete.objects.filter(pk=self.changed.pk).update(display_name="Анна")
        Athlete.objects.filter(pk=self.new.pk).update(sort_name=None)
        Team.objects.update(sort_name=None)

    def test_a_start_writes_the_missing_and_outdated_ones(self) -> None:
        prepare_database_at_startup()
        by_name = Athlete.objects.order_by("sort_name").values_list("user_id", flat=True)
        assert [*by_name] == ["c", "b", "a"]
        assert Athlete.objects.get(sort_name__icontains="анна") == self.changed
        assert Athlete.objects.get(sort_name__icontains="c") == self.new
        assert Team.objects.get(sort_name__icontains="юниор") == self.team

    def test_it_writes_no_more_than_that(self) -> None:
        assert [renew_sort_names_of_model(model) for model in (Athlete, Team)] == [2, 1]
        assert [renew_sort_names_of_model(model) for model in (Athlete, Team)] == [0, 0]
