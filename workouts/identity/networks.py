"""Which client an address stands for, and whether a host is this machine."""

from ipaddress import IPv6Address, ip_address

IPV6_NETWORK_BITS = 64  # what one customer usually has


def find_client_network(address: str | None) -> str | None:
    """Return an IPv4 address as it is, and of an IPv6 address the customer's network (its first).

    None for what is no address, as with a unix socket's client.
    """
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    host_bits = 128 - IPV6_NETWORK_BITS
    return str(IPv6Address(int(parsed) >> host_bits << host_bits))


def is_loopback_host(host: str) -> bool:
    """Return whether a host's name or address is this machine's own, which no other can reach."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
