# SPDX-License-Identifier: MIT
"""Health of disks: what they say, how it changed, what is thought of it, and the tests that they do of themselves."""

import sqlite3
import time

import pytest
from gi.repository import GLib

from support.bus import ROOT, BusError
from support.process import wait_until
from support.sandbox import ADMIN, ALEX, OPERATOR_UID, STRANGER_UID
from test_disks import Nas
from test_jobs import until
from test_sessions import audit, refused

PENDING = 197
TEMPERATURE = 0


class Health(Nas):
    """A NAS, looked at by its disks' health."""

    def on(self, name):
        """The disk with that name, to call its methods."""
        return self.bus.at(self.find("Disk", name)[0], "Disk")

    def refresh(self, name, **options):
        return self.on(name).RefreshSmart(token=self.token, **options)

    def wait_for_reading(self, name):
        """Until the first reading is there, and the second in which it was made is over: UDisks2 tells times in seconds, so that two readings within one are one."""

        def look():
            try:
                return self.on(name).GetSmart()
            except BusError as error:
                assert error.name == "NotAvailable"
                return None

        until(look, "the first reading")
        wait_until(lambda: time.time() >= self.disk(name)["SmartUpdated"] / 1e6 + 1, "the next second")

    def attribute(self, name, number):
        return next(row for row in self.on(name).GetSmart() if row["id"] == number)

    def history(self, name, number, **options):
        return [value for _time, value in self.on(name).GetSmartHistory(number, **{key: GLib.Variant("x", value) for key, value in options.items()})]

    def jobs(self):
        return [job for job in self.bus.Manager.ListJobs(token=self.token) if job["operation"] == "smart-selftest"]

    def job(self, path):
        return next(job for job in self.jobs() if job["path"] == path)

    def error_of(self, path):
        return self.bus.at(path, "Job").GetResult(token=self.token)[2]

    def wait_for_job(self, path, state):
        until(lambda: self.job(path)["state"] == state, f"the job to be {state}")
        return self.job(path)


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus, sandbox.disks() as disks:
        health = Health(sandbox, bus, disks).wait()
        health.wait_for_reading("sdc")
        yield health


def let_days_pass(nas, days, change):
    """The service is off for that long, while something happens to the disk sdc, which UDisks2 notices."""
    until(lambda: nas.history("sdc", PENDING) == [0], "the first values to be written")
    nas.sandbox.stop_service()
    with sqlite3.connect(nas.sandbox.service_state_dir / "baluhost.db") as database:
        for table in ("smart_readings", "smart_samples"):
            database.execute(f"UPDATE {table} SET time_usec = time_usec - ?", (days * 86_400_000_000,))
    change()
    nas.disks.do(nas.disks.drive("sdc"), "Drive.Ata", "SmartUpdate", "(a{sv})", {})
    nas.sandbox.start_service()
    nas.token = nas.sandbox.token(*ADMIN)
    nas.wait()


# Reading


def test_a_disk_shows_what_it_says_of_itself(nas):
    disk = nas.disk("sdc")
    assert (disk["State"], disk["SmartStatus"], disk["SelftestStatus"]) == ("healthy", "passed", "none")
    assert disk["StateText"] == "Healthy"
    assert disk["Temperature"] == 30 and disk["PowerOnHours"] == 4380
    assert abs(disk["SmartUpdated"] / 1e6 - time.time()) < 600
    sectors = nas.attribute("sdc", 5)
    assert sectors == {
        "id": 5,
        "name": "Reallocated_Sector_Ct",
        "title": "Reallocated sectors",
        "value": 100,
        "worst": 100,
        "threshold": 36,
        "raw": 0,
        "text": "0 sectors",
        "status": "ok",
        "prefailure": True,
        "trend": "",
    }
    assert nas.attribute("sdc", 194)["text"] == "30 °C"
    assert nas.attribute("sdc", 9)["text"] == "4380 hours"


def test_disks_that_do_not_tell_their_health_say_so(nas):
    name = nas.disks.Add(20_000_000_000, "Stick", "USB-1", "usb")
    until(lambda: nas.disk(name), "the new disk")
    assert (nas.disk(name)["State"], nas.disk(name)["SmartStatus"]) == ("unknown", "unsupported")
    for call in (nas.on(name).GetSmart, lambda: nas.refresh(name), lambda: nas.on(name).StartSelftest("short", token=nas.token)):
        assert "does not report" in refused("NotSupported", call)
    assert nas.history(name, PENDING) == []


def test_a_rise_is_a_warning_in_words(nas):
    let_days_pass(nas, 2, lambda: nas.disks.Age("sdc"))
    until(lambda: nas.disk("sdc")["State"] == "warning", "the warning")
    disk = nas.disk("sdc")
    assert (disk["State"], disk["SmartStatus"]) == ("warning", "passed")
    assert disk["StateText"].startswith("Pending sectors rose from 0 to 8 in two days, reallocated sectors from 0 to 16 in two days")
    assert disk["StateText"].endswith(": replace soon")
    pending = nas.attribute("sdc", PENDING)
    assert (pending["status"], pending["trend"], pending["text"]) == ("watch", "Rose from 0 to 8 in two days", "8 sectors")
    assert nas.history("sdc", PENDING) == [0, 8]


def test_a_disk_that_is_failing_says_so(nas):
    nas.disks.SetAttribute("sdc", 5, 1600)
    nas.refresh("sdc")
    disk = nas.disk("sdc")
    assert (disk["State"], disk["SmartStatus"]) == ("failing", "failed")
    assert "Reallocated sectors: past the limit that its maker has set" in disk["StateText"]
    assert nas.attribute("sdc", 5)["status"] == "failing"


def test_what_udisks2_reads_by_itself_is_taken(nas):
    nas.disks.SetAttribute("sdc", PENDING, 8)
    nas.disks.do(nas.disks.drive("sdc"), "Drive.Ata", "SmartUpdate", "(a{sv})", {})
    until(lambda: nas.disk("sdc")["State"] == "warning", "the new values")
    assert nas.attribute("sdc", PENDING)["raw"] == 8


def test_disks_are_asked_in_turn_and_never_woken(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, service_config={"storage": {"smart-interval": 1}})
    with sandbox.bus() as bus, sandbox.disks() as disks:
        nas = Health(sandbox, bus, disks).wait()
        nas.wait_for_reading("sdc")
        disks.Sleep("sdc")
        nas.wait_for_reading("sda")
        slept = nas.disk("sdc")
        disks.SetAttribute("sda", PENDING, 8)
        disks.SetAttribute("sdc", PENDING, 8)
        until(lambda: nas.disk("sda")["State"] == "warning", "the next reading")
        before = nas.disk("sda")["SmartUpdated"]
        until(lambda: nas.disk("sda")["SmartUpdated"] > before + 2_000_000, "more readings")
        assert next(row for row in disks.List() if row["name"] == "sdc")["asleep"] is True
        assert nas.disk("sdc") == slept  # it keeps its values


def test_a_reading_may_be_asked_for_and_wakes_only_when_told_to(nas):
    nas.disks.SetTemperature("sdc", 41)
    nas.disks.Sleep("sdc")
    assert "sleep" in refused("Busy", nas.refresh, "sdc").lower()
    assert nas.disk("sdc")["Temperature"] == 30
    nas.refresh("sdc", wake=True)
    assert nas.disk("sdc")["Temperature"] == 41
    assert next(row for row in nas.disks.List() if row["name"] == "sdc")["asleep"] is False


def test_an_absent_disk_cannot_be_asked_and_its_last_values_stay(nas):
    sdb = nas.on("sdb")
    nas.disks.Pull("sdb")
    until(lambda: not nas.disk("sdb")["Present"], "the disk to be gone")
    for call in (sdb.RefreshSmart, sdb.AbortSelftest):
        assert "not there" in refused("NotAvailable", call, token=nas.token)
    refused("NotAvailable", sdb.StartSelftest, "short", token=nas.token)
    assert {row["id"] for row in sdb.GetSmart()} >= {5, PENDING}
    assert nas.history("sdb", PENDING) == [0]


def test_what_udisks2_refuses_is_said(nas):
    nas.disks.InjectError("SmartUpdate", "Failed", "Input/output error", 1)
    refused("Failed", nas.refresh, "sdc")
    nas.disks.InjectError("SmartSelftestStart", "Failed", "Input/output error", 1)
    refused("Failed", nas.on("sdc").StartSelftest, "short", token=nas.token)
    assert nas.jobs() == []
    until(lambda: [row["result"] != 0 for row in audit(nas.sandbox, "selftest-start")] == [True], "the row of the audit trail")
    assert nas.on("sdc").StartSelftest("short", token=nas.token)  # and the failure stands in nobody's way


def test_without_udisks2_nothing_can_be_asked(nas):
    sdc = nas.on("sdc")
    nas.disks.InjectError("SmartUpdate", "Failed", "x", 0)
    nas.sandbox.stop_udisks()
    until(lambda: not nas.available(), "UDisks2 to be missed")
    with pytest.raises(Exception, match="UnknownObject|NotAvailable"):
        sdc.RefreshSmart(token=nas.token)


# History


def test_history_is_kept_across_a_restart_and_read_by_time(nas):
    let_days_pass(nas, 10, lambda: nas.disks.SetTemperature("sdc", 35))
    until(lambda: nas.history("sdc", TEMPERATURE) == [30, 35], "the new value to be written")
    now = time.time_ns() // 1000
    assert nas.history("sdc", TEMPERATURE, from_usec=now - 86_400_000_000) == [35]
    assert nas.history("sdc", TEMPERATURE, to_usec=now - 86_400_000_000) == [30]
    assert nas.history("sdc", 250) == []
    assert "from_usec" in refused("InvalidArgument", nas.history, "sdc", TEMPERATURE, from_usec=2, to_usec=1)
    assert "“colour”" in refused("InvalidArgument", nas.on("sdc").GetSmartHistory, 0, colour="green")


def test_each_change_of_what_tells_of_failures_is_kept(nas):
    for value in (8, 16, 24):
        nas.disks.SetAttribute("sdc", PENDING, value)
        nas.refresh("sdc")
        nas.wait_for_reading("sdc")
    until(lambda: nas.history("sdc", PENDING)[-1] == 24, "the last value to be written")
    assert nas.history("sdc", PENDING)[-3:] == [8, 16, 24]


# Tests


def test_a_test_is_a_job_with_progress(nas):
    nas.disks.SetSelftestDuration(4, 100)
    path = nas.on("sdc").StartSelftest("short", token=nas.token)
    job = nas.job(path)
    assert (job["state"], job["subject"]) == ("running", nas.find("Disk", "sdc")[0])
    until(lambda: nas.job(path)["text"] == "The disk does its short test", "the text")
    assert nas.disk("sdc")["SelftestStatus"] == "running"
    until(lambda: nas.job(path)["progress"] > 0, "progress")
    until(lambda: nas.disk("sdc")["SelftestProgress"] > 0, "progress of the disk")
    nas.wait_for_job(path, "succeeded")
    assert nas.disk("sdc")["SelftestStatus"] == "passed"
    assert nas.disk("sdc")["SelftestProgress"] == 0
    row, = audit(nas.sandbox, "selftest-start")
    assert (row["result"], row["message"], row["username"], row["target"]) == (0, "short", "admin", "disks/" + job["subject"].rpartition("/")[2])


def test_one_test_at_a_time(nas):
    nas.disks.SetSelftestDuration(1000, 1000)
    path = nas.on("sdc").StartSelftest("extended", token=nas.token)
    assert "already" in refused("Busy", nas.on("sdc").StartSelftest, "short", token=nas.token)
    assert nas.on("sda").StartSelftest("short", token=nas.token) != path  # another disk may
    assert len(nas.jobs()) == 2


def test_a_test_that_finds_something_makes_the_disk_failing(nas):
    nas.disks.SetAttribute("sdc", 198, 4)
    nas.disks.SetSelftestDuration(2, 100)
    path = nas.on("sdc").StartSelftest("short", token=nas.token)
    nas.wait_for_job(path, "failed")
    assert "failed its test in reading" in nas.error_of(path)
    disk = nas.disk("sdc")
    assert (disk["SelftestStatus"], disk["State"]) == ("failed", "failing")
    assert disk["StateText"] == "The disk failed its own test in reading: replace it now"


def test_cancelling_the_job_aborts_the_test(nas):
    nas.disks.SetSelftestDuration(1000, 1000)
    path = nas.on("sdc").StartSelftest("short", token=nas.token)
    nas.bus.at(path, "Job").Cancel(token=nas.token)
    nas.wait_for_job(path, "cancelled")
    assert nas.disk("sdc")["SelftestStatus"] == "aborted"
    assert nas.disks.get(nas.disks.drive("sdc"), "Drive.Ata", "SmartSelftestStatus") == "aborted"


def test_a_test_is_aborted(nas):
    assert "does not test" in refused("Conflict", nas.on("sdc").AbortSelftest, token=nas.token)
    nas.disks.SetSelftestDuration(1000, 1000)
    path = nas.on("sdc").StartSelftest("short", token=nas.token)
    assert nas.on("sdc").AbortSelftest(token=nas.token) is None
    job = nas.wait_for_job(path, "failed")
    assert job["progress"] < 100
    assert nas.disk("sdc")["SelftestStatus"] == "aborted"
    until(lambda: [row["result"] for row in audit(nas.sandbox, "selftest-abort")] == [0], "the row of the audit trail")


def test_a_test_of_somebody_else_is_followed(nas):
    nas.disks.SetSelftestDuration(3, 100)
    nas.disks.do(nas.disks.drive("sdc"), "Drive.Ata", "SmartSelftestStart", "(sa{sv})", "short", {})
    until(nas.jobs, "a job")
    (job,) = nas.jobs()
    nas.wait_for_job(job["path"], "succeeded")


@pytest.mark.parametrize("way", ["restart_service", "kill"])
def test_a_test_that_runs_is_found_again_by_the_next_start(nas, way):
    nas.disks.SetSelftestDuration(1000, 1000)
    nas.on("sdc").StartSelftest("short", token=nas.token)
    if way == "kill":
        nas.sandbox.kill_service()
        nas.sandbox.start_service()
    else:
        nas.sandbox.restart_service()
    nas.token = nas.sandbox.token(*ADMIN)
    nas.wait()
    until(nas.jobs, "a job")
    (job,) = nas.jobs()
    assert job["state"] == "running" and job["subject"] == nas.find("Disk", "sdc")[0]
    refused("Busy", nas.on("sdc").StartSelftest, "short", token=nas.token)
    nas.bus.at(job["path"], "Job").Cancel(token=nas.token)
    nas.wait_for_job(job["path"], "cancelled")


def test_a_test_ends_with_its_disk(nas):
    nas.disks.SetSelftestDuration(1000, 1000)
    path = nas.on("sdb").StartSelftest("short", token=nas.token)
    nas.disks.Pull("sdb")
    nas.wait_for_job(path, "failed")
    assert "not there" in nas.error_of(path)


# Who may


def test_health_is_for_everybody_and_testing_for_administrators(nas):
    token = nas.sandbox.token(*ALEX)
    assert nas.on("sdc").GetSmart(token=token) and nas.on("sdc").GetSmartHistory(PENDING, token=token)
    refused("AdminRequired", nas.on("sdc").RefreshSmart, token=token)
    refused("AdminRequired", nas.on("sdc").StartSelftest, "short", token=token)
    refused("AdminRequired", nas.on("sdc").AbortSelftest, token=token)
    assert nas.jobs() == []
    for call in (nas.on("sdc").GetSmart, nas.on("sdc").RefreshSmart, nas.on("sdc").AbortSelftest):
        assert "“colour”" in refused("InvalidArgument", call, token=nas.token, colour="green")
        refused("InvalidToken", call, token="x")
    for kind in ("", "conveyance", "SHORT", "x" * 20000):
        assert "type" in refused("InvalidArgument", nas.on("sdc").StartSelftest, kind, token=nas.token)
    with pytest.raises(Exception, match="UnknownObject"):
        nas.bus.at(f"{ROOT}/disks/none", "Disk").GetSmart()


def test_polkit_may_hand_out_tests(nas, needs_root):
    path = nas.find("Disk", "sdc")[0]
    with nas.sandbox.bus(STRANGER_UID) as stranger, nas.sandbox.bus(OPERATOR_UID) as operator:
        assert stranger.at(path, "Disk").GetSmart()
        no = {"auth.no_interaction": True}
        refused("NotPermitted", stranger.at(path, "Disk").RefreshSmart, **no)
        refused("NotPermitted", stranger.at(path, "Disk").StartSelftest, "short", **no)
        operator.at(path, "Disk").RefreshSmart()
        job = operator.at(path, "Disk").StartSelftest("extended")
        operator.at(path, "Disk").AbortSelftest()
        nas.wait_for_job(job, "failed")
    assert audit(nas.sandbox, "selftest-start")[0]["uid"] == OPERATOR_UID
