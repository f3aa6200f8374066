"""API keys in the admin: made and shown once, listed, revoked."""

import hashlib
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.test import TestCase
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import strip_tags

from workouts.admin.api_keys import DEFAULT_LIFE
from workouts.models import ApiKey
from workouts.services.key_making import make_api_key, revoke_api_key
from workouts.tests.support.log_lines import capture_unlimited_logs

KEYS = "/admin/workouts/apikey/"


class ApiKeyCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        users = get_user_model().objects
        cls.head, cls.coach = (users.create_user(name, is_staff=True) for name in ("head", "coach"))
        cls.head.groups.add(Group.objects.get(name="head coaches"))
        cls.coach.groups.add(Group.objects.get(name="coaches"))

    def make(self, **fields: Any) -> tuple[ApiKey, str]:
        return make_api_key(
            **{
                "name": "app",
                "coach": None,
                "may_finish": False,
                "expires_at": timezone.now() + timedelta(days=1),
                "created_by": self.head,
                **fields,
            }
        )

    def post(self, **fields: Any) -> Any:
        until = timezone.localdate() + timedelta(days=30)
        form = {"name": "scoreboard", "coach": "", "expires_at": until.isoformat()}
        return self.client.post(f"{KEYS}add/", {**form, **fields})


class MakingTests(ApiKeyCase):
    def test_an_empty_list_leads_to_the_first_key(self) -> None:
        self.client.force_login(self.head)
        link = f'<a href="{KEYS}add/">Add an API key</a>'
        assert f"No API keys yet. {link}" in self.client.get(KEYS).content.decode()
        self.make()
        assert link not in self.client.get(KEYS).content.decode()

    def test_coaches_are_offered_and_listed_with_their_names(self) -> None:
        self.client.force_login(self.head)
        self.coach.first_name, self.coach.last_name = "Ana", "Lee"
        self.coach.save()
        assert ">Ana Lee (coach)</option>" in self.client.get(f"{KEYS}add/").content.decode()
        self.make(coach=self.coach)
        assert "Ana Lee (coach)" in strip_tags(self.client.get(KEYS).content.decode())

    def test_a_head_coach_makes_a_key_that_is_shown_once_and_stored_as_a_hash(self) -> None:
        self.client.force_login(self.head)
        text = self.post(coach=self.coach.pk, may_finish="on").context["text"]
        key = ApiKey.objects.get()
        assert text.startswith("senim_")
        assert len(text) >= len("senim_") + 27  # 160 bits in letters of 6 bits
        assert key.key_hash == hashlib.sha256(text.encode()).hexdigest()
        assert key.start == text[:12]
        assert (key.coach, key.may_finish, key.created_by) == (self.coach, True, self.head)
        for path in (KEYS, f"{KEYS}{key.pk}/change/", "/admin/"):
            page = self.client.get(path).content.decode()
            assert text not in page
        assert text not in str(dict(self.client.session))

    def test_it_proposes_to_end_after_a_year_and_takes_no_time_that_has_passed(self) -> None:
        self.client.force_login(self.head)
        form = self.client.get(f"{KEYS}add/").context["adminform"].form
        assert (form["expires_at"].value() - timezone.localdate()).days == 365
        for wrong in ("2001-01-01", ""):
            form = self.post(expires_at=wrong).context["adminform"].form
            assert list(form.errors) == ["expires_at"]
        assert not ApiKey.objects.exists()

    def test_it_asks_for_a_day_as_dates_are_written_and_the_key_ends_with_it(self) -> None:
        self.client.force_login(self.head)
        proposed = date_format(timezone.localdate() + DEFAULT_LIFE, "SHORT_DATE_FORMAT")
        assert f'value="{proposed}"' in self.client.get(f"{KEYS}add/").content.decode()
        for day, end in (("12/31/2099", "2099-12-31 23:59"), ("9999-12-31", "9999-12-29 23:59")):
            self.post(name=day, expires_at=day)
            expires_at = timezone.localtime(ApiKey.objects.get(name=day).expires_at)
            assert f"{expires_at:%Y-%m-%d %H:%M}" == end

    def test_coaches_without_the_permission_see_no_keys(self) -> None:
        key, _ = self.make()
        self.client.force_login(self.coach)
        for path in (KEYS, f"{KEYS}add/", f"{KEYS}{key.pk}/change/", f"{KEYS}{key.pk}/revoke/"):
            assert self.client.get(path).status_code == 403

    def test_a_coach_with_it_gives_no_more_than_their_own_rights(self) -> None:
        self.coach.user_permissions.add(
            *Permission.objects.filter(codename__in=("add_apikey", "view_apikey"))
        )
        self.make(name="of everybody")
        self.client.force_login(self.coach)
        for other in ("", self.head.pk):
            assert self.post(coach=other).status_code == 200
            assert ApiKey.objects.count() == 1
        assert self.post(coach=self.coach.pk).context["text"]
        page = self.client.get(KEYS).content.decode()
        assert "scoreboard" in page
        assert "of everybody" not in page

    def test_making_one_is_in_the_log_and_in_the_trail_without_its_text(self) -> None:
        self.client.force_login(self.head)
        with capture_unlimited_logs() as logs:
            text = self.post().context["text"]
        assert {"api_key_made", "admin_changed"} <= {line["event"] for line in logs}
        assert text not in str(logs)
        assert "scoreboard" in self.client.get("/admin/sign-ins/").content.decode()


class RevokingTests(ApiKeyCase):
    def test_a_head_coach_revokes_a_key_after_confirming(self) -> None:
        key, _ = self.make()
        self.client.force_login(self.head)
        assert "Revoke" in self.client.get(f"{KEYS}{key.pk}/change/").content.decode()
        self.client.get(f"{KEYS}{key.pk}/revoke/")
        key.refresh_from_db()
        assert key.revoked_at is None
        with capture_unlimited_logs() as logs:
            self.client.post(f"{KEYS}{key.pk}/revoke/")
        key.refresh_from_db()
        assert key.revoked_at is not None
        assert {"api_key_revoked", "admin_changed"} <= {line["event"] for line in logs}
        assert "revoked" in self.client.get(KEYS).content.decode()

    def test_it_is_revoked_once(self) -> None:
        key, _ = self.make()
        assert revoke_api_key(key.pk, by=self.head)
        key.refresh_from_db()
        first = key.revoked_at
        assert not revoke_api_key(key.pk, by=self.head)
        key.refresh_from_db()
        assert key.revoked_at == first

    def test_a_key_is_neither_changed_nor_deleted(self) -> None:
        root = get_user_model().objects.create_superuser("root")
        key, _ = self.make()
        self.client.force_login(root)
        self.client.post(f"{KEYS}{key.pk}/change/", {"name": "other", "may_finish": "on"})
        self.client.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"})
        key.refresh_from_db()
        assert (key.name, key.may_finish) == ("app", False)
