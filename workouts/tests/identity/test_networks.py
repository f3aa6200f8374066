"""Which client an address stands for."""

from django.test import SimpleTestCase

from workouts.identity.networks import find_client_network


class NetworkTests(SimpleTestCase):
    def test_an_ipv4_address_is_one_client(self) -> None:
        assert find_client_network("203.0.113.7") == "203.0.113.7"
        assert find_client_network("::ffff:203.0.113.7") == "203.0.113.7"

    def test_an_ipv6_customer_has_many_addresses(self) -> None:
        assert find_client_network("2001:db8:1:2::7") == "2001:db8:1:2::"
        assert find_client_network("2001:db8:1:2:ffff::1") == "2001:db8:1:2::"
        assert find_client_network("2001:db8:1:3::7") != "2001:db8:1:2::"

    def test_what_is_no_address_is_no_client(self) -> None:
        for text in (None, "", "unix:", "a.b.c.d", "203.0.113.7:80"):
            assert find_client_network(text) is None
