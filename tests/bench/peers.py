# SPDX-License-Identifier: MIT
"""Starts what BaluHost is measured beside. Each peer has url, pids, headers, root and stop()."""

import os
import secrets
import socket
import sys
import time
from pathlib import Path

import requests

from tests.support.process import Child, wait_until

HERE = Path(__file__).resolve().parent

NGINX_CONFIG = """{user}daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_max_body_size 0;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
        location / {{ dav_methods PUT DELETE; create_full_put_path on; autoindex on; }}
    }}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Peer:
    def __init__(self, name, command, url, root, directory, probe, headers=None, env=None):
        self.name = name
        self.url = url
        self.root = Path(root)
        self.headers = headers or {}
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8"} | (env or {})
        begin = time.monotonic()
        self._child = Child(name, command, Path(directory) / f"{name}.log", environment)
        wait_until(lambda: self._answers(url + probe), f"{name} to answer", alive=self._child.check, timeout=30)
        self.start_seconds = time.monotonic() - begin

    def _answers(self, url):
        try:
            return requests.get(url, timeout=2).status_code < 500
        except requests.ConnectionError:
            return False

    @property
    def pids(self):
        return [self._child.pid]

    def stop(self):
        self._child.stop()


def fastapi(root, directory):
    """The FastAPI peer; its token is in headers."""
    port = free_port()
    key = secrets.token_hex(32)
    os.environ["PEER_ROOT"], os.environ["PEER_KEY"] = str(root), key
    from . import peer_fastapi  # noqa: PLC0415 - reads the two variables

    command = [sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "error", "--no-access-log", "tests.bench.peer_fastapi:app"]
    return Peer(
        "fastapi",
        command,
        f"http://127.0.0.1:{port}",
        root,
        directory,
        "/api/health",
        {"Authorization": f"Bearer {peer_fastapi.issue_token()}"},
        {"PEER_ROOT": str(root), "PEER_KEY": key, "PYTHONPATH": str(HERE.parents[1])},
    )


def nginx(root, directory):
    port = free_port()
    user = "user root;\n" if os.geteuid() == 0 else ""
    config = Path(directory) / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(user=user, directory=directory, port=port, root=root), encoding="utf-8")
    return Peer("nginx", ["nginx", "-p", directory, "-c", config], f"http://127.0.0.1:{port}", root, directory, "/")


def rclone(root, directory):
    port = free_port()
    command = ["rclone", "serve", "webdav", "--addr", f"127.0.0.1:{port}", "--config", f"{directory}/rclone.conf"]
    command += ["--dir-cache-time", "0s", str(root)]
    return Peer("rclone", command, f"http://127.0.0.1:{port}", root, directory, "/")
