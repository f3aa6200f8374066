"""Merging two athletes who are one person: permissions, the page, the record."""

import re
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction

from workouts.models import Athlete, Team
from workouts.tests.support.admin import ATHLETES
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.merges import MergingCase

MERGE = f"{ATHLETES}merge/"


class MergePageTests(MergingCase):
    def setUp(self) -> None:
        super().setUp()
        self.ids = [self.get(self.kept).pk, self.get(self.old).pk]
        self.be("head coaches")

    def be(self, group: str) -> None:
        self.user = get_user_model().objects.create_user(group, is_staff=True)
        self.user.groups.add(Group.objects.get(name=group))
        team = Team.objects.create(name=group)
        team.coaches.add(self.user)
        team.athletes.add(*self.ids)
        self.client.force_login(self.user)

    def send(self, kept: int, **more: Any) -> Any:
        return self.client.post(MERGE, {"merge": "yes", "ids": self.ids, "kept": kept, **more})

    def choose(self, *ids: int) -> Any:
        return self.client.post(ATHLETES, {"action": "merge_selected", "_selected_action": ids})

    def test_the_action_asks_which_one_to_keep(self) -> None:
        page = self.choose(*self.ids).content.decode()
        for text in (
            self.kept,
            self.old,
            "cannot be undone",
            f'name="kept" value="{self.ids[0]}"',
            f'name="kept" value="{self.ids[1]}"',
        ):
            assert text in page
        assert "checked" not in page
        assert self.owners() == {self.kept, self.old}

    def test_it_names_the_two_beside_their_user_ids(self) -> None:
        Athlete.objects.filter(user_id=self.kept).update(display_name="Ana")
        page = self.choose(*self.ids).content.decode()
        labels = re.findall(r'name="kept"[^>]*>\s*([^<]+?)\s*</label>', page)
        assert sorted(labels) == sorted([f"Ana ({self.kept})", self.old])

    def test_it_says_by_name_whom_it_merged(self) -> None:
        Athlete.objects.filter(user_id=self.kept).update(display_name="Ana")
        kept = f"Ana ({self.kept})"
        for language, said in (
            ("en", f"Merged {self.old} into {kept} and moved 1 session."),
            ("kk", f"Біріктірілді: {self.old} спортшысы {kept} спортшысына қосылды, 1 сабақ"),
        ):
            self.client.cookies["django_language"] = language
            with self.subTest(language), transaction.atomic():
                page = self.client.get(self.send(self.ids[0])["Location"]).content.decode()
                assert said in page
                transaction.set_rollback(True)

    def test_it_takes_exactly_two(self) -> None:
        third = save_session(new_athlete()).athlete.pk
        for ids in (self.ids[:1], [*self.ids, third]):
            assert self.choose(*ids)["Location"] == ATHLETES
            assert self.client.get(MERGE, {"ids": ids})["Location"] == ATHLETES
        for ids in (["x", "y"], ["1" * 30, "-1"], [], [self.ids[0]] * 2):
            assert self.client.get(MERGE, {"ids": ids})["Location"] == ATHLETES

    def test_it_merges_and_records_who_did_it(self) -> None:
        assert self.send(self.ids[0])["Location"] == f"{ATHLETES}{self.ids[0]}/change/"
        assert self.owners() == {self.kept}
        entries = LogEntry.objects.filter(user=self.user).order_by("pk")
        assert [(entry.object_id, entry.get_change_message()) for entry in entries] == [
            (str(self.ids[0]), f"Added merged athlete record “{self.old}”."),
            (str(self.ids[1]), f"Added main athlete record “{self.kept}”."),
        ]

    def test_the_record_is_in_the_language_of_who_reads_it(self) -> None:
        self.client.cookies["django_language"] = "kk"
        self.send(self.ids[0])
        for language, said in (
            ("en", f"Added merged athlete record “{self.old}”."),
            ("ru", f"Добавлено: присоединённая запись спортсмена «{self.old}»."),
        ):
            self.client.cookies["django_language"] = language
            page = self.client.get(f"{ATHLETES}{self.ids[0]}/history/").content.decode()
            assert said in page

    def test_either_of_the_two_can_be_kept_and_nobody_else(self) -> None:
        third = save_session(new_athlete()).athlete
        for kept in (third.pk, "", "x"):
            response = self.send(kept)
            assert list(response.context["form"].errors) == ["kept"]
        self.send(self.ids[1])
        assert self.owners() == {self.old, third.user_id}

    def test_a_second_merge_of_the_same_two_does_nothing(self) -> None:
        self.send(self.ids[0])
        assert self.send(self.ids[1])["Location"] == ATHLETES
        assert self.owners() == {self.kept}

    def test_coaches_and_strangers_cannot_merge(self) -> None:
        self.be("coaches")
        assert self.send(self.ids[0]).status_code == 403
        self.choose(*self.ids)
        assert "merge_selected" not in self.client.get(ATHLETES).content.decode()
        self.client.logout()
        assert "/login/" in self.send(self.ids[0])["Location"]
        assert self.owners() == {self.kept, self.old}
