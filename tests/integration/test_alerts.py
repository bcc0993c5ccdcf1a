# SPDX-License-Identifier: MIT
"""Alerts on the bus: what needs a person, from the moment it is raised until it is over."""

import os
import sqlite3
import time

import pytest

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import ADMIN, ALEX, OPERATOR_UID, STRANGER_UID
from test_introspection import described, introspect
from test_jobs import managed
from test_sessions import audit, refused
from support.bus import INTERFACES

DISK = f"{ROOT}/disks/gone"
RAISED_USEC = 1_700_000_000_000_000


def insert(sandbox, identifier, *, kind="smart-worse", subject=DISK, critical=False, title="A disk gets worse", text="Replace it soon.", resolved=0):
    """What an earlier run of the service left behind."""
    with sqlite3.connect(sandbox.service_state_dir / "baluhost.db") as database:
        database.execute(
            "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, 1, ?, 0, NULL, ?)",
            (identifier, kind, subject, critical, title, text, RAISED_USEC, resolved),
        )


@pytest.fixture
def nas(make_sandbox):
    """A NAS with one active alert, about a disk that nobody can ask because there is no UDisks2, and one that is over."""
    sandbox = make_sandbox(with_bridge=False, udisks=False)
    sandbox.stop_service()
    insert(sandbox, 6, kind="too-hot", title="A disk is too hot", resolved=RAISED_USEC + 1)
    insert(sandbox, 7)
    sandbox.start_service()
    return sandbox


ALERT = f"{ROOT}/alerts/7"


def test_an_alert_is_an_object_as_described(nas):
    with nas.bus() as bus:
        assert described(introspect(bus, ALERT)["Alert"]) == described(INTERFACES["Alert"])
        assert managed(bus)[ALERT][f"{NAME}.Alert"] == {
            "Kind": "smart-worse",
            "Severity": "warning",
            "Subject": DISK,
            "Title": "A disk gets worse",
            "Text": "Replace it soon.",
            "Raised": RAISED_USEC,
            "Acknowledged": 0,
        }
        assert f"{ROOT}/alerts/6" not in managed(bus)
        for path in (f"{ROOT}/alerts/6", f"{ROOT}/alerts/8", f"{ROOT}/alerts/07x", f"{ROOT}/alerts/99999999999999999999"):
            with pytest.raises(Exception, match="UnknownObject"):
                bus.at(path, "Alert").Acknowledge()


def test_the_list_has_those_that_are_over_only_when_asked_for(nas):
    with nas.bus() as bus:
        assert [alert["path"] for alert in bus.Manager.ListAlerts()] == [ALERT]
        newest, oldest = bus.Manager.ListAlerts(all=True)
        assert newest["path"] == ALERT and newest["resolved_usec"] == 0 and "acknowledged_by" not in newest
        assert oldest["kind"] == "too-hot" and oldest["resolved_usec"] == RAISED_USEC + 1
        assert "“colour”" in refused("InvalidArgument", bus.Manager.ListAlerts, colour="green")


def test_acknowledging_says_who_knows_and_does_not_end_it(nas):
    token = nas.token(*ADMIN)
    with nas.bus() as bus:
        before = time.time() * 1e6
        assert bus.at(ALERT, "Alert").Acknowledge(token=token) is None
        when = bus.get_property(ALERT, "Alert", "Acknowledged")
        assert before <= when <= time.time() * 1e6
        bus.at(ALERT, "Alert").Acknowledge(token=token)  # twice is fine
        assert bus.get_property(ALERT, "Alert", "Acknowledged") == when
        assert bus.Manager.ListAlerts(token=token)[0]["acknowledged_by"] == "admin"
        assert "acknowledged_by" not in bus.Manager.ListAlerts(token=nas.token(*ALEX))[0]
        row, = audit(nas, "alert-acknowledge")
        assert (row["username"], row["target"], row["result"]) == ("admin", "disks/gone", 0)
        assert "smart-worse" in row["message"]
        nas.restart_service()
        assert bus.get_property(ALERT, "Alert", "Acknowledged") == when


def test_only_administrators_acknowledge(nas):
    with nas.bus() as bus:
        refused("AdminRequired", bus.at(ALERT, "Alert").Acknowledge, token=nas.token(*ALEX))
        refused("InvalidToken", bus.at(ALERT, "Alert").Acknowledge, token="x")
        assert "“colour”" in refused("InvalidArgument", bus.at(ALERT, "Alert").Acknowledge, colour="green")
        assert bus.get_property(ALERT, "Alert", "Acknowledged") == 0
        wait_until(lambda: len(audit(nas, "Alert.Acknowledge")) == 2, "both refusals in the audit trail")
        assert all(row["result"] != 0 for row in audit(nas, "Alert.Acknowledge"))
        assert audit(nas, "alert-acknowledge") == []


def test_polkit_may_hand_out_acknowledging(nas, needs_root):
    with nas.bus(STRANGER_UID) as stranger, nas.bus(OPERATOR_UID) as operator:
        refused("NotPermitted", stranger.at(ALERT, "Alert").Acknowledge, **{"auth.no_interaction": True})
        assert stranger.get_property(ALERT, "Alert", "Acknowledged") == 0
        assert stranger.Manager.ListAlerts()[0]["path"] == ALERT
        operator.at(ALERT, "Alert").Acknowledge()
        assert stranger.get_property(ALERT, "Alert", "Acknowledged") > 0
    assert audit(nas, "alert-acknowledge")[0]["uid"] == OPERATOR_UID


def test_the_bridge_without_a_token_is_told_no_alerts(nas, needs_root):
    if nas.bridge_uid == os.geteuid():
        pytest.skip("the bridge has no user of its own here")
    with nas.bus(nas.bridge_uid) as bridge:
        refused("NotAuthenticated", bridge.Manager.ListAlerts)
