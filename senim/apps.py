from django.apps import AppConfig


class SenimConfig(AppConfig):
    name = "senim"

    def ready(self) -> None:
        # it imports from workouts, which is ready only now
        from senim.caseless_search import register_caseless_lookups  # noqa: PLC0415

        register_caseless_lookups()
