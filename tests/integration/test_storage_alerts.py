# SPDX-License-Identifier: MIT
"""What raises alerts, and what resolves them: disks, arrays and the room that is left, as they are observed."""

import subprocess
import time

import pytest

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import ADMIN
from test_jobs import managed, until
from test_sessions import audit
from test_smart import Health

PROMPT_USEC = 2_000_000


class Watched(Health):
    """A NAS, looked at by its alerts."""

    def __init__(self, sandbox, bus, disks):
        super().__init__(sandbox, bus, disks)
        self.signals = []
        bus.connection.signal_subscribe(
            NAME, f"{NAME}.Manager", None, ROOT, None, 0, lambda _c, _s, _p, _i, member, arguments: self.signals.append((member, *arguments.unpack()))
        )

    def alerts(self, **options):
        """{kind: alert} of the active ones; there is one of each kind in these tests."""
        found = self.bus.Manager.ListAlerts(token=self.token, **options)
        assert len({alert["kind"] for alert in found}) == len(found)
        return {alert["kind"]: alert for alert in found}

    def kinds(self):
        return sorted(alert["kind"] for alert in self.bus.Manager.ListAlerts())

    def wait_for_alerts(self, *kinds):
        until(lambda: self.kinds() == sorted(kinds), f"exactly these alerts: {kinds}")
        return self.alerts()

    def restart(self):
        self.sandbox.restart_service()
        self.token = self.sandbox.token(*ADMIN)
        self.wait()

    def add_member(self, name):
        self.disks.do(self.disks.array("md0"), "MDRaid", "AddDevice", "(oa{sv})", self.disks.block(name), {})


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus, sandbox.disks() as disks:
        watched = Watched(sandbox, bus, disks).wait()
        watched.wait_for_reading("sdc")
        yield watched


def let_alerts_settle():
    """Longer than what is wrong has to last to be told, or not to be any more: for what must not happen."""
    time.sleep(2)


def now_usec():
    return time.time_ns() // 1000


# Arrays


def test_a_pulled_disk_is_told_at_once_once_and_until_the_array_is_whole(nas):
    disk, array = nas.find("Disk", "sdb")[0], nas.find("Array", "md0")[0]
    serial = nas.disk("sdb")["Serial"]
    assert nas.kinds() == []
    pulled = now_usec()
    nas.disks.Pull("sdb")
    alerts = nas.wait_for_alerts("array-degraded", "member-missing")
    degraded, missing = alerts["array-degraded"], alerts["member-missing"]
    assert max(degraded["raised_usec"], missing["raised_usec"]) - pulled < PROMPT_USEC
    assert (degraded["subject"], degraded["severity"]) == (array, "critical")  # a mirror with one disk left
    assert degraded["title"] == "The array md0 is degraded" and serial in degraded["text"] and "Replace" in degraded["text"]
    assert (missing["subject"], missing["severity"]) == (disk, "warning")
    assert missing["title"] == "A disk of the array md0 is missing" and f"serial {serial}" in missing["text"] and "last seen today" in missing["text"]

    # Everybody hears of it, and it is written down.
    until(lambda: len([signal for signal in nas.signals if signal[0] == "AlertRaised"]) == 2, "the signals")
    assert ("AlertRaised", degraded["path"], "critical", degraded["title"], degraded["text"]) in nas.signals
    assert managed(nas.bus)[degraded["path"]][f"{NAME}.Alert"]["Subject"] == array
    until(lambda: len(audit(nas.sandbox, "alert-raise")) == 2, "the rows of the audit trail")
    assert {row["target"] for row in audit(nas.sandbox, "alert-raise")} == {array.removeprefix(ROOT + "/"), disk.removeprefix(ROOT + "/")}

    # It is the same alert after a restart, which neither repeats nor ends it; nor does acknowledging.
    nas.bus.at(degraded["path"], "Alert").Acknowledge(token=nas.token)
    nas.restart()
    nas.disks.SetTemperature("sdc", 31)
    nas.refresh("sdc")
    let_alerts_settle()
    again = nas.wait_for_alerts("array-degraded", "member-missing")
    assert again["array-degraded"]["path"] == degraded["path"] and again["array-degraded"]["acknowledged_by"] == "admin"
    assert again["array-degraded"]["raised_usec"] == degraded["raised_usec"]
    assert len(audit(nas.sandbox, "alert-raise")) == 2

    # The disk is back, but not yet in the array.
    nas.disks.Return("sdb", "")
    nas.wait_for_alerts("array-degraded")
    nas.disks.SetSpeed(100_000_000)
    nas.add_member("sdb")
    until(lambda: nas.array()["State"] == "rebuilding", "the rebuild")
    assert "array-degraded" in nas.kinds()
    nas.disks.Advance(86400)
    nas.wait_for_alerts()
    until(lambda: [signal[1] for signal in nas.signals if signal[0] == "AlertResolved"] == [missing["path"], degraded["path"]], "the signals")
    until(lambda: len(audit(nas.sandbox, "alert-resolve")) == 2, "the rows of the audit trail")
    assert degraded["path"] not in managed(nas.bus)
    over = nas.alerts(all=True)["array-degraded"]
    assert over["resolved_usec"] > over["raised_usec"]


def test_an_array_of_which_nothing_is_left_has_failed(nas):
    for name in ("sda", "sdb"):
        nas.disks.Pull(name)
    until(lambda: "array-failed" in nas.kinds(), "the alert")
    alert = next(alert for alert in nas.bus.Manager.ListAlerts() if alert["kind"] == "array-failed")
    assert (alert["severity"], alert["subject"]) == ("critical", nas.find("Array", "md0")[0])
    assert "Do not format" in alert["text"]
    until(lambda: nas.kinds() == ["array-failed", "member-missing", "member-missing"], "both disks to be missed")
    nas.restart()
    let_alerts_settle()
    assert nas.kinds() == ["array-failed", "member-missing", "member-missing"]


def test_a_new_array_is_not_degraded_while_it_is_made(nas):
    names = [nas.disks.Add(8_000_000_000, "New", f"NEW-{number}", "ata") for number in range(3)]
    nas.disks.SetSpeed(1_000_000)
    nas.disks.create_array(names, "raid5", "md5")
    until(lambda: nas.array("md5").get("State") == "rebuilding", "the first sync")
    assert nas.array("md5")["Degraded"] == 1
    let_alerts_settle()
    assert nas.kinds() == []
    nas.restart()
    until(lambda: nas.array("md5").get("State") == "rebuilding", "the array")
    let_alerts_settle()
    assert nas.kinds() == []


def test_a_rebuild_that_stops_early_is_told_until_the_next_one(nas):
    nas.disks.Pull("sdb")
    nas.wait_for_alerts("array-degraded", "member-missing")
    name = nas.disks.Add(20_000_000_000, "Spare", "SPARE-1", "ata")
    nas.disks.SetSpeed(1_000_000)
    nas.add_member(name)
    until(lambda: nas.array()["State"] == "rebuilding", "the rebuild")
    let_alerts_settle()
    assert "rebuild-failed" not in nas.kinds()
    nas.disks.Pull(name)
    until(lambda: "rebuild-failed" in nas.kinds(), "the alert")
    alert = next(alert for alert in nas.bus.Manager.ListAlerts() if alert["kind"] == "rebuild-failed")
    assert (alert["severity"], alert["subject"]) == ("critical", nas.find("Array", "md0")[0])
    nas.restart()
    let_alerts_settle()
    assert "rebuild-failed" in nas.kinds()
    nas.disks.Return(name, "")
    nas.disks.settle()
    nas.add_member(name)
    until(lambda: "rebuild-failed" not in nas.kinds(), "the next rebuild to end the alert")
    nas.disks.Advance(86400)
    until(lambda: "array-degraded" not in nas.kinds(), "the array to be whole")


def test_mismatches_are_told_until_a_check_finds_none(nas):
    array = nas.disks.array("md0")

    def check():
        before = nas.array()["LastScrub"]
        nas.disks.do(array, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
        until(lambda: nas.array()["State"] == "checking", "the check")
        nas.disks.Advance(3600)
        until(lambda: nas.array()["LastScrub"] > before, "the end of the check")

    nas.disks.SetSpeed(500_000_000)
    nas.disks.SetMismatches("md0", 16)
    check()
    alert = nas.wait_for_alerts("scrub-mismatch")["scrub-mismatch"]
    assert (alert["severity"], alert["subject"]) == ("warning", nas.find("Array", "md0")[0])
    assert "8.0\N{NO-BREAK SPACE}KiB" in alert["text"]
    nas.restart()
    let_alerts_settle()
    assert nas.wait_for_alerts("scrub-mismatch")["scrub-mismatch"]["path"] == alert["path"]
    nas.disks.SetMismatches("md0", 0)
    check()
    nas.wait_for_alerts()


# Disks


def test_a_disk_that_gets_worse_is_told_and_then_that_it_fails(nas):
    nas.disks.Age("sdc")
    nas.refresh("sdc")
    worse = nas.wait_for_alerts("smart-worse")["smart-worse"]
    assert (worse["severity"], worse["subject"]) == ("warning", nas.find("Disk", "sdc")[0])
    assert "serial BALU-DEV-10GB-A" in worse["text"] and "Pending sectors rose from 0 to 8 within an hour" in worse["text"]
    nas.restart()
    let_alerts_settle()
    assert nas.wait_for_alerts("smart-worse")["smart-worse"]["path"] == worse["path"]
    nas.disks.SetAttribute("sdc", 5, 1600)
    nas.refresh("sdc")
    failing = nas.wait_for_alerts("smart-failing")["smart-failing"]
    assert failing["severity"] == "critical" and "replace it now" in failing["text"]
    nas.disks.Pull("sdc")  # which is what to do
    nas.wait_for_alerts()


def test_a_disk_is_too_hot_until_it_has_cooled_down(nas):
    def heat(celsius):
        nas.disks.SetTemperature("sdc", celsius)
        nas.refresh("sdc")

    heat(54)
    let_alerts_settle()
    assert nas.kinds() == []
    heat(56)
    alert = nas.wait_for_alerts("too-hot")["too-hot"]
    assert (alert["severity"], alert["subject"]) == ("warning", nas.find("Disk", "sdc")[0])
    assert "56 °C" in alert["text"] and "55 °C is the limit" in alert["text"]
    heat(66)
    until(lambda: nas.alerts()["too-hot"]["severity"] == "critical", "it to be worse")
    assert nas.alerts()["too-hot"]["path"] == alert["path"]
    heat(51)
    until(lambda: nas.alerts()["too-hot"]["severity"] == "warning", "it to be better")
    let_alerts_settle()
    assert nas.kinds() == ["too-hot"]
    heat(49)
    nas.wait_for_alerts()


def test_the_limit_of_heat_is_configured(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, service_config={"storage": {"temperature-limit": 29}})
    with sandbox.bus() as bus:
        until(lambda: [alert["kind"] for alert in bus.Manager.ListAlerts()].count("too-hot") > 0, "the alert")


# All of it


@pytest.mark.parametrize("way", ["stop_udisks", "kill_udisks"])
def test_disks_that_nobody_watches_are_told(nas, way):
    nas.disks.Pull("sdb")
    nas.wait_for_alerts("array-degraded", "member-missing")
    getattr(nas.sandbox, way)()
    gone = now_usec()
    alerts = nas.wait_for_alerts("array-degraded", "member-missing", "storage-unavailable")
    alert = alerts["storage-unavailable"]
    assert alert["raised_usec"] - gone < PROMPT_USEC
    assert (alert["severity"], alert["subject"]) == ("warning", "/")
    nas.sandbox.restart_service()
    nas.token = nas.sandbox.token(*ADMIN)
    let_alerts_settle()
    assert nas.wait_for_alerts("array-degraded", "member-missing", "storage-unavailable")["storage-unavailable"]["path"] == alert["path"]
    nas.sandbox.start_udisks()
    nas.wait_for_alerts("array-degraded", "member-missing")


def test_a_nas_without_arrays_does_not_miss_udisks2(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, udisks=False)
    with sandbox.bus() as bus:
        wait_until(lambda: bus.get_property(ROOT, "Storage", "Problem"), "it to be noticed")
        let_alerts_settle()
        assert bus.Manager.ListAlerts() == []


@pytest.fixture
def small_root(make_sandbox, needs_root):
    """A sandbox whose storage is a filesystem of its own, with the service stopped."""
    sandbox = make_sandbox(with_bridge=False)
    sandbox.stop_service()
    root = sandbox.storage_dir
    owner = root.stat()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=10M,uid={owner.st_uid},gid={owner.st_gid},mode=700", "tmpfs", root], check=False)
    if mounted.returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield sandbox
    sandbox.stop_service()
    subprocess.run(["umount", root], check=True)


def test_a_storage_that_is_nearly_full_is_told_until_there_is_room(small_root):
    def start():
        small_root.start_service()
        return small_root.token(*ADMIN)

    filler = small_root.storage_dir / "filler"
    filler.write_bytes(b"x" * (9_600 * 1024))
    with small_root.bus() as bus:
        start()
        until(bus.Manager.ListAlerts, "the alert")
        (alert,) = bus.Manager.ListAlerts()
        assert (alert["kind"], alert["subject"], alert["title"]) == ("pool-full", "/", "The storage is nearly full")
        assert "% are used" in alert["text"]
        small_root.stop_service()
        filler.unlink()
        start()
        until(lambda: not bus.Manager.ListAlerts(), "the alert to be over")
