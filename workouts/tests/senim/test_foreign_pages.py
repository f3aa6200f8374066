"""Pages of other origins: what they may not send, what they may read, and what is not kept."""

from typing import Any

from django.contrib.auth import get_user_model
from django.test import TestCase, override_settings

from workouts.api.problems import CONTENT_TYPE
from workouts.models import Athlete
from workouts.tests.support.cast import new_athlete, save_session

ALLOWED = "https://coach.example.org"
FINISH, SESSIONS = "/workout/finish", "/workout/sessions/"
OWN = "http://testserver"


@override_settings(ALLOWED_ORIGINS=[ALLOWED], ALLOWED_HOSTS=["testserver"])
class ForeignPageTests(TestCase):
    def setUp(self) -> None:
        self.user_id = save_session(new_athlete()).athlete_id

    def finish(self, **headers: str) -> Any:
        return self.client.post(FINISH, {"user_id": self.user_id}, headers=headers)

    def assert_refused(self, response: Any) -> None:
        assert (response.status_code, response["Content-Type"]) == (403, CONTENT_TYPE)
        assert response.json()["code"] == "not_allowed"

    def test_own_and_allowed_pages_and_programs_may_post(self) -> None:
        for headers in (
            {},
            {"origin": OWN},
            {"origin": "https://testserver"},  # a proxy that ends TLS and does not say so
            {"origin": OWN, "sec-fetch-site": "same-origin"},
            {"origin": ALLOWED, "sec-fetch-site": "cross-site"},
            {"origin": f"{ALLOWED}:443"},
            {"sec-fetch-site": "same-origin"},
            {"sec-fetch-site": "none"},
        ):
            with self.subTest(**headers):
                assert self.finish(**headers).status_code == 200

    def test_foreign_pages_may_not(self) -> None:
        for headers in (
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": ""},
            {"origin": "http://testserver:8000"},
            {"origin": "http://testserver.evil.example"},
            {"origin": f"{OWN}, http://evil.example"},
            {"origin": "http://[::1"},
            {"origin": "http://coach.example.org"},
            {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"sec-fetch-site": "same-origin, cross-site"},
        ):
            with self.subTest(**headers):
                self.assert_refused(self.finish(**headers))

    def test_a_name_that_an_attacker_points_here_is_no_page_of_ours(self) -> None:
        response = self.finish(host="evil.example", origin="http://evil.example")
        assert response.status_code == 400

    @override_settings(HTTPS_ONLY=True)
    def test_with_https_only_a_page_without_tls_is_foreign(self) -> None:
        self.assert_refused(self.finish(origin=OWN))
        assert self.finish(origin="https://testserver").status_code == 200

    def test_foreign_pages_change_nothing_in_the_admin_either(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("head"))
        athlete = Athlete.objects.get(user_id=self.user_id)
        page = f"/admin/workouts/athlete/{athlete.pk}/change/"
        for method in ("post", "put", "delete"):
            self.assert_refused(
                getattr(self.client, method)(page, headers={"origin": "http://evil.example"})
            )
        assert self.client.get(page, headers={"origin": "http://evil.example"}).status_code == 200

    def test_foreign_pages_may_not_log_anybody_in_or_change_the_language(self) -> None:
        for path in ("/admin/login/", "/i18n/setlang/"):
            self.assert_refused(self.client.post(path, headers={"sec-fetch-site": "cross-site"}))


@override_settings(ALLOWED_ORIGINS=[ALLOWED], CORS_ALLOWED_ORIGINS=[ALLOWED])
class SharingTests(TestCase):
    """CORS: what a script in an allowed page may read."""

    def preflight(self, path: str, origin: str = ALLOWED) -> Any:
        return self.client.options(
            path,
            headers={
                "origin": origin,
                "access-control-request-method": "POST",
                "access-control-request-headers": "authorization,content-type",
            },
        )

    def test_an_allowed_page_may_send_a_token_and_json(self) -> None:
        response = self.preflight(FINISH)
        assert response.status_code == 200
        assert response["Access-Control-Allow-Origin"] == ALLOWED
        assert response["Access-Control-Allow-Headers"] == "authorization, content-type"
        assert "POST" in response["Access-Control-Allow-Methods"]
        assert "Access-Control-Allow-Credentials" not in response

    def test_an_allowed_page_may_read_the_answers_and_their_headers(self) -> None:
        response = self.client.get(SESSIONS, headers={"origin": ALLOWED})
        assert response["Access-Control-Allow-Origin"] == ALLOWED
        exposed = "Senim-Repeated, Location, Retry-After, ETag"
        assert response["Access-Control-Expose-Headers"] == exposed
        assert "origin" in response["Vary"].lower()

    def test_an_allowed_page_may_read_why_it_is_refused(self) -> None:
        with override_settings(SENIM_AUTH="token"):
            response = self.client.get(SESSIONS, headers={"origin": ALLOWED})
        assert response.status_code == 401
        assert response["Access-Control-Allow-Origin"] == ALLOWED

    def test_another_page_may_read_nothing(self) -> None:
        for response in (
            self.preflight(FINISH, "http://evil.example"),
            self.client.get(SESSIONS, headers={"origin": "http://evil.example"}),
        ):
            assert "Access-Control-Allow-Origin" not in response

    def test_only_the_api_is_shared(self) -> None:
        for path in ("/admin/login/", "/", "/metrics"):
            assert "Access-Control-Allow-Origin" not in self.preflight(path)
            response = self.client.get(path, headers={"origin": ALLOWED})
            assert "Access-Control-Allow-Origin" not in response


class CachingTests(TestCase):
    def test_no_answer_of_the_api_is_kept(self) -> None:
        session = save_session(new_athlete())
        for path in (
            SESSIONS,
            f"{SESSIONS}{session.pk}/",
            f"{SESSIONS}0/",
            f"{SESSIONS}?from=never",
            FINISH,
            "/workout/nothing",
            "/workout/sessions",
        ):
            assert self.client.get(path)["Cache-Control"] == "no-store", path
        response = self.client.post(FINISH, {"user_id": session.athlete_id})
        assert (response.status_code, response["Cache-Control"]) == (200, "no-store")

    def test_nor_is_a_server_error(self) -> None:
        self.client.raise_request_exception = False
        with (
            override_settings(REST_FRAMEWORK={"EXCEPTION_HANDLER": "nothing.of.that.name"}),
            self.assertLogs("django.request", "ERROR"),
        ):
            response = self.client.get(f"{SESSIONS}0/")
        assert (response.status_code, response["Cache-Control"]) == (500, "no-store")

    def test_pages_keep_their_own_rules(self) -> None:
        assert "no-store" not in self.client.get("/i18n/setlang/").get("Cache-Control", "")
        assert "private" in self.client.get("/")["Cache-Control"]
