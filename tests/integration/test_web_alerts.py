# SPDX-License-Identifier: MIT
"""Alerts and jobs by HTTP."""

import pytest

from support.schema import reply_errors
from support.web import Web
from test_alerts import RAISED_USEC, insert
from test_web_api import refusal
from test_web_events import Events


@pytest.fixture
def nas(make_sandbox):
    """A NAS with one active alert and one that is over; without UDisks2, so that nothing about disks is observed meanwhile."""
    sandbox = make_sandbox(udisks=False)
    sandbox.stop_service()
    insert(sandbox, 6, kind="too-hot", title="A disk is too hot", resolved=RAISED_USEC + 1)
    insert(sandbox, 7)
    sandbox.start_service()
    return sandbox


@pytest.fixture
def admin(nas):
    return nas.web("admin", "changeme")


ALERT = {
    "id": "7",
    "path": "alerts/7",
    "kind": "smart-worse",
    "severity": "warning",
    "subject": "disks/gone",
    "title": "A disk gets worse",
    "text": "Replace it soon.",
    "raised_at": "2023-11-14T22:13:20.000Z",
    "acknowledged_at": None,
    "resolved_at": None,
}


def alerts(web, **query):
    reply = web.get("alerts", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()["alerts"]


def test_active_alerts_are_listed(nas):
    assert alerts(nas.web("alex", "demo123")) == [ALERT]


def test_those_that_are_over_are_listed_when_asked_for(admin):
    newest, oldest = alerts(admin, all="true")
    assert newest["id"] == "7" and oldest["id"] == "6" and oldest["resolved_at"]


def test_lists_are_as_described(admin):
    document = admin.get("/openapi.json").json()
    assert not reply_errors(document, "get", "/api/alerts", admin.get("alerts", params={"all": "true"}))
    assert not reply_errors(document, "get", "/api/jobs", admin.get("jobs"))


def test_acknowledging_is_seen_by_everybody(nas, admin):
    for _ in range(2):
        reply = admin.post("alerts/7/acknowledge")
        assert reply.status_code == 200 and reply.json() == {"message": "Acknowledged"}
    (alert,) = alerts(admin)
    assert alert["acknowledged_at"] and alert["acknowledged_by"] == "admin"
    (alert,) = alerts(nas.web("alex", "demo123"))
    assert alert["acknowledged_at"] and "acknowledged_by" not in alert


def test_acknowledging_is_heard_of(nas, admin):
    with Events(nas.web("alex", "demo123")) as events:
        assert events.next()[0] == "hello"
        admin.post("alerts/7/acknowledge").raise_for_status()
        assert events.wait_for("changed", path="alerts/7")["interface"] == "Alert"


def test_only_administrators_acknowledge(nas, admin):
    refusal(nas.web("alex", "demo123").post("alerts/7/acknowledge"), 403, "Admin access required")
    assert alerts(admin) == [ALERT]


def test_nothing_is_said_without_a_token(nas):
    web = Web(nas.url)
    for reply in (web.get("alerts"), web.post("alerts/7/acknowledge"), web.get("jobs")):
        refusal(reply, 401, "Not authenticated")


@pytest.mark.parametrize("identifier", ["6", "8", "07x", "99999999999999999999", "7%2F8", "é"])
def test_what_is_no_active_alert_is_not_found(admin, identifier):
    refusal(admin.post(f"alerts/{identifier}/acknowledge"), 404, "Alert not found")


def test_a_flag_that_is_none_is_refused(admin):
    reply = admin.get("alerts", params={"all": "perhaps"})
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == ["query", "all"]


def test_jobs_of_others_are_not_listed(sandbox, user, new_user):
    web = user.web()
    web.upload(f"{user.folder}/a", b"x").raise_for_status()
    job = web.post("files/copy", json={"source_path": f"{user.folder}/a", "target_path": f"{user.folder}/b"}).json()["job_id"]
    (own,) = [one for one in web.get("jobs").json()["jobs"] if one["id"] == job]
    assert own["path"] == f"jobs/{job}" and own["operation"] == "copy" and own["subject"] is None
    for other in (new_user().web(), sandbox.web("admin", "changeme")):
        assert job not in [one["id"] for one in other.get("jobs").json()["jobs"]]
