"""What the addresses of the database and of Redis may look like."""

from channels_redis.utils import create_pool
from django.conf import settings
from django.test import SimpleTestCase

from senim.addresses import parse_database_setting, parse_layer_host_setting
from workouts.tests.support.environments import LONG_KEY, read_settings
from workouts.tests.support.service import fresh_folder


class AddressTests(SimpleTestCase):
    def test_it_takes_the_older_stacks_address_of_postgresql(self) -> None:
        database = parse_database_setting(
            "postgresql+asyncpg://ann:p%40ss@db.example:5433/senim?sslmode=require", pool_size=3
        )
        expected = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "senim",
            "HOST": "db.example",
            "PORT": "5433",
            "USER": "ann",
            "PASSWORD": "p@ss",
        }
        assert database.items() >= expected.items()
        assert database["OPTIONS"]["sslmode"] == "require"
        assert database["OPTIONS"]["pool"]["max_size"] == 3

    def test_it_takes_any_password(self) -> None:
        for password in ("p@ss", "50%off", "a#b", "a?b", "p:q", "p+q", "a[b", "a]b", "a\tb"):
            database = parse_database_setting(f"postgresql://u:{password}@h/db", pool_size=0)
            assert (database["PASSWORD"], database["HOST"]) == (password, "h")

    def test_it_takes_several_hosts_and_sockets(self) -> None:
        for url, host, port in (
            ("postgresql://u@one:5433,two:5434/db", "one,two", "5433,5434"),
            ("postgres://u@[::1]:5433/db", "::1", "5433"),
            ("postgresql://u@/db?host=/run/postgresql", "/run/postgresql", ""),
        ):
            database = parse_database_setting(url, pool_size=0)
            assert (database["HOST"], database["PORT"], database["NAME"]) == (host, port, "db")

    def test_it_takes_a_service_in_place_of_a_name(self) -> None:
        database = parse_database_setting("postgresql:///?service=senim", pool_size=0)
        assert (database["NAME"], database["OPTIONS"]["service"]) == ("", "senim")

    def test_it_gives_the_channel_layer_its_sentinels(self) -> None:
        pool = create_pool(parse_layer_host_setting("redis+sentinel://:pass@one:26380,two/main"))
        sentinels = [
            sentinel.connection_pool.connection_kwargs
            for sentinel in pool.sentinel_manager.sentinels
        ]
        assert [(sentinel["host"], sentinel["port"]) for sentinel in sentinels] == [
            ("one", 26380),
            ("two", 26379),
        ]
        assert (pool.service_name, pool.connection_kwargs["password"]) == ("main", "pass")

    def test_it_leaves_the_data_folder_alone_if_everything_is_given(self) -> None:
        folder = fresh_folder() / "none"
        addresses = {"DATABASE_URL": "postgresql:///db", "REDIS_URL": settings.REDIS_URL}
        read_settings(SENIM_DATA=str(folder), SECRET_KEY=LONG_KEY, **addresses)
        assert not folder.exists()
        read_settings(SENIM_DATA=str(folder), **addresses)
        assert {path.name for path in folder.iterdir()} == {"secret_key", "signing_key"}
