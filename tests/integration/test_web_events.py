# SPDX-License-Identifier: MIT
"""GET /api/events: what happens, as server-sent events."""

import json
import secrets

import pytest
import requests

from support.web import Web

HEARTBEAT = 1


@pytest.fixture
def quick_sandbox(make_sandbox):
    """One whose streams notice soon that a session has ended."""
    return make_sandbox(bridge_config={"web": {"events-heartbeat": str(HEARTBEAT)}})


class Events:
    """A stream that is being read."""

    def __init__(self, web, timeout=30):
        self.reply = web.get("events", stream=True, timeout=timeout)
        self.lines = self.reply.iter_lines(chunk_size=1, decode_unicode=True)

    def next(self):
        """(name, data) of the next event; None at the end of the stream. Comments are passed over."""
        name, data = None, None
        for line in self.lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
            elif not line and name:
                return name, data
        return None

    def wait_for(self, name, **members):
        """Data of the next event of that name with those members."""
        while True:
            event = self.next()
            assert event, f"the stream ended without {name} {members}"
            if event[0] == name and all(event[1].get(key) == value for key, value in members.items()):
                return event[1]

    def wait_for_end(self):
        while self.next():
            pass

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.reply.close()


def test_without_a_token_nobody_listens(sandbox):
    reply = Web(sandbox.url).get("events")
    assert reply.status_code == 401 and reply.json()["detail"] == "Not authenticated"


def test_a_bad_token_is_refused_before_the_stream_begins(sandbox):
    web = Web(sandbox.url)
    web.headers["Authorization"] = "Bearer nonsense"
    reply = web.get("events")
    assert reply.status_code == 401 and reply.headers["Content-Type"].startswith("application/json")


def test_a_stream_begins_with_hello(user):
    with Events(user.web()) as events:
        assert events.reply.status_code == 200
        assert events.reply.headers["Content-Type"] == "text/event-stream"
        assert events.reply.headers["Cache-Control"] == "no-store"
        assert events.next() == ("hello", {"heartbeat_seconds": 25})


def test_a_job_is_seen_to_come_and_to_end(user):
    web = user.web()
    source, target = f"{user.folder}/a.txt", f"{user.folder}/{secrets.token_hex(4)}.txt"
    web.upload(source, b"x" * 1000).raise_for_status()
    with Events(web) as events:
        assert events.next()[0] == "hello"
        reply = web.post("files/copy", json={"source_path": source, "target_path": target})
        reply.raise_for_status()
        path = "jobs/" + reply.json()["job_id"]
        events.wait_for("added", path=path)
        assert events.wait_for("job", path=path)["success"] is True


def test_ids_of_events_rise(user):
    web = user.web()
    web.upload(f"{user.folder}/a", b"x").raise_for_status()
    reply = web.get("events", stream=True, timeout=30)
    lines = reply.iter_lines(chunk_size=1, decode_unicode=True)
    next(line for line in lines if line == "event: hello")
    web.post("files/copy", json={"source_path": f"{user.folder}/a", "target_path": f"{user.folder}/b"}).raise_for_status()
    first = int(next(line for line in lines if line.startswith("id: ")).removeprefix("id: "))
    second = int(next(line for line in lines if line.startswith("id: ")).removeprefix("id: "))
    assert second == first + 1
    reply.close()


def test_a_stream_ends_with_its_session(quick_sandbox):
    web = quick_sandbox.web("alex", "demo123")
    with Events(web) as events:
        assert events.next()[0] == "hello"
        web.post("auth/logout", headers={"X-BaluHost-Client": "web"}).raise_for_status()
        events.wait_for_end()


def test_streams_do_not_hold_up_the_end_of_the_bridge(quick_sandbox):
    with Events(quick_sandbox.web("alex", "demo123")) as events:
        assert events.next()[0] == "hello"
        quick_sandbox.stop_bridge()
        events.wait_for_end()


def test_a_service_that_comes_back_says_hello(quick_sandbox):
    with Events(quick_sandbox.web("alex", "demo123")) as events:
        assert events.next()[0] == "hello"
        quick_sandbox.restart_service()
        assert events.wait_for("hello") == {"heartbeat_seconds": HEARTBEAT}


def test_a_client_that_hangs_up_is_forgotten(quick_sandbox):
    web = quick_sandbox.web("alex", "demo123")
    for _ in range(20):
        with Events(web) as events:
            assert events.next()[0] == "hello"
    assert web.get("auth/me").status_code == 200


def test_a_post_is_not_how_one_listens(user):
    with pytest.raises(requests.HTTPError):
        reply = user.web().post("events")
        assert reply.status_code == 405
        reply.raise_for_status()
