# SPDX-License-Identifier: MIT
"""An HTTP client of the bridge that remembers who is signed in."""

from urllib.parse import quote

import requests

TIMEOUT = 120


class Web(requests.Session):
    """requests.Session on /api of one bridge. Paths of requests are relative to it: web.get("files/list", params={"path": ""})."""

    def __init__(self, url):
        super().__init__()
        self.trust_env = False
        self.url = url
        self.token = None

    def request(self, method, url, **kwargs):
        kwargs.setdefault("timeout", TIMEOUT)
        if not url.startswith("http"):
            url = self.url + (url if url.startswith("/") else "/api/" + url)
        return super().request(method, url, **kwargs)

    def login(self, username, password):
        """Signs in; later requests carry the token. Returns self."""
        reply = self.post("auth/login", json={"username": username, "password": password})
        reply.raise_for_status()
        self.token = reply.json()["access_token"]
        self.headers["Authorization"] = f"Bearer {self.token}"
        return self

    def download(self, path, **kwargs):
        return self.get("files/download/" + quote(path, safe=""), **kwargs)

    def upload(self, path, content, **params):
        """Sends content (bytes, a file, or an iterable of bytes) as the file of that path."""
        return self.put("files/content/" + quote(path, safe=""), data=content, params=params)
