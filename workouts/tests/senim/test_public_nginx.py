"""nginx with deploy/nginx.public.conf: TLS in front of a service that is HTTPS only."""

import asyncio
import datetime
import http.client
import json
import ssl
import urllib.parse
from pathlib import Path

import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import SimpleTestCase
from django.utils import timezone

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.coaches import PASSWORD, make_team
from workouts.tests.support.nginx import need_nginx, start_nginx
from workouts.tests.support.processes import REP
from workouts.tests.support.service import Service, free_port, fresh_folder

HOST = "localhost"
ANSWER_S = 30


def write_certificate(folder: Path) -> None:
    """Make a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now, day = timezone.now(), datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.mark.slow
class PublicNginxTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        need_nginx()
        cls.service = Service(
            SENIM_DATA=str(fresh_folder()), HTTPS_ONLY="on", TRUSTED_PROXIES="127.0.0.1"
        ).start()
        cls.addClassCleanup(cls.service.stop)
        cls.http, cls.https, cls.folder = free_port(), free_port(), fresh_folder()
        cls.start_nginx()
        cls.tls = ssl.create_default_context(cafile=str(cls.folder / "fullchain.pem"))

    @classmethod
    def start_nginx(cls) -> None:
        write_certificate(cls.folder)
        replaced = {
            "listen 80;": f"listen 127.0.0.1:{cls.http};",
            "listen 443 ssl;": f"listen 127.0.0.1:{cls.https} ssl;",
            "app:8000": f"127.0.0.1:{cls.service.port}",
            "/etc/nginx/certs": str(cls.folder),
            "/var/www/acme": str(cls.folder),
        }
        process = start_nginx("nginx.public.conf", cls.folder, replaced)
        cls.addClassCleanup(process.wait, 10)
        cls.addClassCleanup(process.terminate)

    def ask(
        self, method: str, path: str, body: str = "", **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPSConnection(
            HOST, self.https, context=self.tls, timeout=ANSWER_S
        )
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def test_http_leads_to_https(self) -> None:
        connection = http.client.HTTPConnection(HOST, self.http, timeout=ANSWER_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/workout/sessions/?page_size=1")
        answer = connection.getresponse()
        assert answer.status == 301
        assert answer.headers["Location"] == "https://localhost/workout/sessions/?page_size=1"

    def test_http_answers_for_a_certificate(self) -> None:
        challenge = self.folder / ".well-known" / "acme-challenge"
        challenge.mkdir(parents=True)
        (challenge / "token").write_text("proof")
        connection = http.client.HTTPConnection(HOST, self.http, timeout=ANSWER_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/.well-known/acme-challenge/token")
        assert connection.getresponse().read() == b"proof"

    def test_browsers_are_told_to_stay_on_https(self) -> None:
        answer = self.ask("GET", "/")
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "/" not in answer.headers["Server"]

    def test_metrics_are_denied(self) -> None:
        assert self.ask("GET", "/metrics").status == 403

    def test_a_coach_logs_in_with_cookies_for_https_alone(self) -> None:
        make_team(self.service, "dana")
        cookie = self.ask("GET", "/admin/login/").headers["Set-Cookie"]
        assert "Secure" in cookie
        token = cookie.partition(";")[0].partition("=")[2]
        form = {"csrfmiddlewaretoken": token, "username": "dana", "password": PASSWORD}
        answer = self.ask(
            "POST",
            "/admin/login/?next=/admin/",
            urllib.parse.urlencode(form),
            **{
                "Cookie": f"csrftoken={token}",
                "Content-Type": "application/x-www-form-urlencoded",
                # what tells the service that the page came over HTTPS is X-Forwarded-Proto
                "Origin": f"https://{HOST}:{self.https}",
            },
        )
        assert answer.status == 302
        cookies = answer.headers.get_all("Set-Cookie") or []
        assert any(c.startswith("sessionid=") and "Secure" in c for c in cookies)

    async def test_reps_count_over_tls(self) -> None:
        url = f"wss://{HOST}:{self.https}/ws/workout?user_id={new_athlete()}"
        async with websockets.connect(url, ssl=self.tls, open_timeout=ANSWER_S) as socket:
            await socket.send(REP)
            answer = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S))
        assert answer["status"] == "counted"
