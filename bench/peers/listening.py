"""What the peers share: a socket to listen on, and as many open files as this user may have."""

import resource
import socket


def listen(name: str) -> socket.socket:
    """Return a listening socket on a free port of loopback, and print its address.

    Whoever connects before the server runs waits in the backlog.
    """
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"{name} answers on http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
    return listener
