"""GET /metrics: who may read it."""

from django.test import SimpleTestCase, override_settings

PROXY_PORT = 0  # what uvicorn notes for an address that a trusted proxy forwards


class MetricsPageTests(SimpleTestCase):
    def status(self, address: str, port: int = 54321, **headers: str) -> int:
        return self.client.get(
            "/metrics",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            REMOTE_ADDR=address,
            REMOTE_PORT=port,
        ).status_code

    def test_it_answers_in_prometheus_text_format(self) -> None:
        response = self.client.get("/metrics")
        assert response.status_code == 200
        assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "no-store" in response["Cache-Control"]
        assert "# TYPE senim_reps_total counter" in response.content.decode()

    def test_it_answers_this_machine_alone(self) -> None:
        answers = {"127.0.0.1": 200, "::1": 200, "::ffff:127.0.0.1": 200, "10.0.0.5": 403, "": 403}
        for address, status in answers.items():
            assert self.status(address) == status, address

    def test_it_says_why_it_refuses(self) -> None:
        response = self.client.get("/metrics", REMOTE_ADDR="10.0.0.5")
        assert response["Content-Type"] == "application/problem+json"
        assert "SENIM_METRICS_ALLOW" in response.json()["detail"]
        assert "senim_reps" not in response.content.decode()

    @override_settings(SENIM_METRICS_ALLOW=["10.0.0.0/24", "fd00::/8"])
    def test_it_answers_the_networks_that_the_setting_names(self) -> None:
        answers = {"10.0.0.5": 200, "fd00::7": 200, "10.0.1.5": 403, "127.0.0.1": 403}
        for address, status in answers.items():
            assert self.status(address) == status, address

    def test_it_refuses_what_an_untrusted_proxy_forwards(self) -> None:
        for name in ("X_Forwarded_For", "X_Forwarded_Proto", "X_Real_IP", "Forwarded", "Via"):
            assert self.status("127.0.0.1", **{name: "127.0.0.1"}) == 403, name
            assert self.status("127.0.0.1", **{name: ""}) == 403, name

    def test_behind_a_trusted_proxy_the_clients_address_counts(self) -> None:
        for address, status in (("127.0.0.1", 200), ("203.0.113.7", 403)):
            assert self.status(address, PROXY_PORT, X_Forwarded_For=address) == status

    def test_a_scrapes_host_has_to_be_allowed_as_docs_say(self) -> None:
        for hosts, status in ((["gym.example"], 400), (["gym.example", "127.0.0.1"], 200)):
            with override_settings(ALLOWED_HOSTS=hosts):
                assert self.status("127.0.0.1", Host="127.0.0.1:8000") == status

    def test_it_refuses_other_methods(self) -> None:
        for method in ("POST", "PUT", "DELETE"):
            response = self.client.generic(method, "/metrics")
            assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")
