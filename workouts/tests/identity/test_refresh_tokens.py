"""Refresh tokens: who can make one."""

import uuid

from django.test import SimpleTestCase, override_settings

from workouts.identity.refresh_tokens import RefreshToken, parse_refresh_token

TOKEN = RefreshToken(uuid.uuid4(), 7)


class RefreshTokenTests(SimpleTestCase):
    def test_it_reads_what_it_made(self) -> None:
        assert parse_refresh_token(TOKEN.encode()) == TOKEN

    def test_it_refuses_a_changed_one(self) -> None:
        device, number, signature = TOKEN.encode().split(".")
        for text in (
            f"{device}.8.{signature}",
            f"{device}.+7.{signature}",
            f"{uuid.uuid4().hex}.{number}.{signature}",
            f"{device.upper()}.{number}.{signature}",
            f"{device}.{number}.{signature[:-1]}ы",
            f"{device}.{number}",
            f"{device}.{'9' * 5000}.{signature}",
            "..",
            "",
            "\0.1.x",
        ):
            assert parse_refresh_token(text) is None, text

    def test_another_services_are_refused(self) -> None:
        with override_settings(SECRET_KEY="another" * 8):
            text = TOKEN.encode()
        assert parse_refresh_token(text) is None
