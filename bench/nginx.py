"""nginx with deploy/nginx.conf, in front of one service."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.chaos.parts import free_port
from bench.services import PROJECT, STOP_DEADLINE_S
from senim.embedded.processes import die_with_parent

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
START_DEADLINE_S = 20.0
# a socket takes two connections
MAIN = """
daemon off;
master_process off;
error_log {folder}/error.log warn;
pid {folder}/nginx.pid;
worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/senim.conf;
}}
"""


@contextlib.contextmanager
def running_nginx(folder: Path, address: str) -> Iterator[str]:
    """Run nginx in front of the service at host:port, and yield its own host:port.

    Raises RuntimeError if it does not start, or is not installed.
    """
    if NGINX is None:
        raise RuntimeError("there is no nginx; the packages nginx-light and nginx have it")
    folder.mkdir(parents=True)
    port = free_port()
    (folder / "senim.conf").write_text(build_site(port, address))
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    process = subprocess.Popen(
        [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),
    )
    try:
        wait_for_port(process, port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_DEADLINE_S)


def build_site(port: int, address: str) -> str:
    """Return deploy/nginx.conf with another port and one server."""
    text = (PROJECT / "deploy" / "nginx.conf").read_text()
    for pattern, new in (
        (r"listen 80;", f"listen 127.0.0.1:{port};"),
        (r"server 127\.0\.0\.1:8001 ", f"server {address} "),
        (r"\n *server 127\.0\.0\.1:8002 .*", ""),
    ):
        text, number = re.subn(pattern, new, text)
        if number != 1:
            raise RuntimeError(f"deploy/nginx.conf has {pattern!r} {number} times, not once")
    return text


def wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("nginx did not start")
