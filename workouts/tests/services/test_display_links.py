"""Links that show a team's wall on a screen."""

from datetime import timedelta

import time_machine
from django.contrib.auth import get_user_model
from django.test import TestCase

from workouts.identity.secret_hashes import hash_secret
from workouts.models import DisplayLink, Team
from workouts.services.display_links import (
    find_display_link,
    make_display_link,
    revoke_display_link,
)


class DisplayLinkTests(TestCase):
    def setUp(self) -> None:
        self.coach = get_user_model().objects.create_user("coach", is_staff=True)
        self.team = Team.objects.create(name="Juniors")
        self.made, self.token = make_display_link(team=self.team, name="Hall 2", by=self.coach)

    def find(self) -> DisplayLink | None:
        return find_display_link(hash_secret(self.token))

    def test_only_the_tokens_hash_is_stored(self) -> None:
        assert len(self.token) == 43  # 256 bits
        stored = [str(value) for value in DisplayLink.objects.values_list().get()]
        assert not any(self.token in text for text in stored)
        assert hash_secret(self.token) in stored

    def test_it_is_found_by_its_token_alone(self) -> None:
        assert self.find() == self.made
        assert find_display_link(self.token) is None
        assert find_display_link(hash_secret("")) is None

    def test_a_revoked_link_is_not_valid_and_is_revoked_once(self) -> None:
        assert revoke_display_link(self.made.pk, by=self.coach)
        assert not revoke_display_link(self.made.pk, by=self.coach)
        found = self.find()
        assert found is not None
        assert not found.is_valid
        assert found.last_seen_at is None

    def test_it_is_not_valid_once_its_maker_is_switched_off(self) -> None:
        get_user_model().objects.update(is_active=False)
        found = self.find()
        assert found is not None
        assert not found.is_valid

    def test_it_is_revoked_when_its_makers_account_is_deleted(self) -> None:
        self.coach.is_active = False
        self.coach.save()
        self.coach.delete()
        found = self.find()
        assert found is not None
        assert found.revoked_at is not None
        assert not found.is_valid

    def test_it_is_not_valid_if_nobody_is_known_to_have_made_it(self) -> None:
        DisplayLink.objects.update(created_by=None)
        found = self.find()
        assert found is not None
        assert not found.is_valid

    def test_when_it_was_seen_is_written_once_a_minute(self) -> None:
        with time_machine.travel("2026-03-01T14:00:00Z", tick=False) as clock:
            for seconds, queries in ((0, 2), (59, 1), (2, 2)):
                clock.shift(timedelta(seconds=seconds))
                with self.assertNumQueries(queries):
                    self.find()
        self.made.refresh_from_db()
        assert self.made.last_seen_at is not None
        assert self.made.last_seen_at.isoformat() == "2026-03-01T14:01:01+00:00"

    def test_it_goes_with_its_team(self) -> None:
        self.team.delete()
        assert self.find() is None
