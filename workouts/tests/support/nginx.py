"""nginx with a configuration from deploy/, on ports of the test's own."""

import os
import shutil
import subprocess
from pathlib import Path

from django.conf import settings

from senim.embedded.processes import die_with_parent
from workouts.tests.support.processes import wait_until
from workouts.tests.support.required import need

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MAIN = """
daemon off;
master_process off;
error_log {folder}/error.log warn;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
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


def need_nginx() -> None:
    """Skip the test where there is no nginx, unless the run requires it."""
    need("nginx", NGINX, "the packages nginx-light and nginx have it")


def start_nginx(name: str, folder: Path, replaced: dict[str, str]) -> subprocess.Popen[bytes]:
    """Run nginx with deploy/NAME, in which each of these texts has to be and is replaced."""
    folder.chmod(0o777)  # nginx may run as another user
    text = (Path(settings.BASE_DIR) / "deploy" / name).read_text()
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "senim.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    process = subprocess.Popen(
        [
            *(str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")),
            *("-e", str(folder / "error.log")),
        ],
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),
    )
    wait_until(lambda: (folder / "nginx.pid").exists() or process.poll() is not None)
    assert process.poll() is None, (folder / "error.log").read_text()
    return process
