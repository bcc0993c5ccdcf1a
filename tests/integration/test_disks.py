# SPDX-License-Identifier: MIT
"""Disks and arrays as the service shows them: what is there, what changes, what is missing, and what is not known."""

import os
import sqlite3

import pytest

from support.bus import NAME, ROOT
from support.process import wait_until
from support.sandbox import OPERATOR_UID, STRANGER_UID
from test_jobs import managed, until
from test_sessions import audit, refused

PROPERTIES = "org.freedesktop.DBus.Properties"
SETTLED = 10.0


class Nas:
    """A sandbox of one's own, with the service and the disks in it."""

    def __init__(self, sandbox, bus, disks):
        self.sandbox, self.bus, self.disks = sandbox, bus, disks
        self.token = sandbox.token("admin", "changeme")

    def all(self, interface):
        """{path: properties} of every object with that interface."""
        objects = managed(self.bus)
        return {path: interfaces[f"{NAME}.{interface}"] for path, interfaces in objects.items() if f"{NAME}.{interface}" in interfaces}

    def find(self, interface, name):
        """(path, properties) of the object with that name; (None, {}) when there is none."""
        for path, properties in self.all(interface).items():
            if properties["Name"] == name:
                return path, properties
        return None, {}

    def disk(self, name):
        return self.find("Disk", name)[1]

    def array(self, name="md0"):
        return self.find("Array", name)[1]

    def available(self):
        return self.bus.get_property(ROOT, "Storage", "Available")

    def problem(self):
        return self.bus.get_property(ROOT, "Storage", "Problem")

    def wait(self):
        wait_until(lambda: self.available() and self.array(), "the disks")
        return self


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus, sandbox.disks() as disks:
        yield Nas(sandbox, bus, disks).wait()


@pytest.fixture
def signals(nas):
    """What the service signals: (member, path, arguments), in order."""
    seen = []
    subscription = nas.bus.connection.signal_subscribe(
        NAME, None, None, None, None, 0, lambda _c, _s, path, _i, member, arguments: seen.append((member, path, arguments.unpack()))
    )
    yield seen
    nas.bus.connection.signal_unsubscribe(subscription)


def changes(signals, path):
    """The properties that were said to have changed, in order."""
    return [arguments[1] for member, where, arguments in signals if member == "PropertiesChanged" and where == path]


# What is there


def test_the_disks_of_the_machine_are_listed_with_what_is_on_them(nas):
    disks = {disk["name"]: disk for disk in nas.bus.Storage.ListDisks()}
    assert disks["vda"]["usage"] == "system"
    assert (disks["sda"]["usage"], disks["sda"]["contents"]) == ("array", "1 partition: sda1: member of the array md0 (5.0\N{NO-BREAK SPACE}GB)")
    assert disks["sda"]["partitions"] == ["sda1"]
    assert disks["sdc"]["usage"] == "free" and disks["sdc"]["contents"] == "empty"
    for disk in disks.values():
        assert disk["present"] is True and disk["pool"] == "/" and disk["slot"] == ""
        assert disk["device"] == f"/dev/{disk['name']}"
    assert nas.bus.get_property(ROOT, "Storage", "Problem") == ""
    wait_until(lambda: nas.bus.get_property(ROOT, "Storage", "Filesystems") == ["ext4", "xfs", "btrfs"], "the filesystems")


def test_a_list_says_the_same_as_the_objects(nas):
    for interface, entries in (("Disk", nas.bus.Storage.ListDisks()), ("Array", nas.bus.Storage.ListArrays())):
        objects = nas.all(interface)
        assert {entry["path"] for entry in entries} == set(objects)
        times = {"LastSeen", "SmartUpdated", "SyncEnd", "LastScrub"}
        for entry in entries:
            properties = objects[entry["path"]]
            for name, value in properties.items():
                key = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_") + ("_usec" if name in times else "")
                if key in entry:
                    assert entry[key] == value, name
                else:  # what is left out is what is not known
                    assert value in ("", 0, -1) or value != value or name == "Mismatches", name


def test_an_array_names_its_members(nas):
    path, array = nas.find("Array", "md0")
    assert path == f"{ROOT}/arrays/{array['Uuid'].replace(':', '_')}"
    assert (array["State"], array["Level"], array["Devices"], array["Survives"], array["Degraded"]) == ("optimal", "raid1", 2, 1, 0)
    assert (array["Running"], array["Device"], array["Bitmap"], array["Job"]) == (True, "/dev/md0", "internal", "/")
    members = array["Members"]
    assert [(member["slot"], member["name"], member["state"], member["present"]) for member in members] == [
        (0, "sda1", "active", True),
        (1, "sdb1", "active", True),
    ]
    for member in members:
        disk = nas.all("Disk")[member["disk"]]
        assert (disk["Model"], disk["Serial"], disk["Array"]) == (member["model"], member["serial"], path)


def test_everybody_may_look_and_nobody_gets_more_than_there_is(nas):
    assert nas.bus.Storage.ListDisks(token=nas.sandbox.token("alex", "demo123"))
    assert "“colour”" in refused("InvalidArgument", nas.bus.Storage.ListDisks, colour="green")
    refused("InvalidToken", nas.bus.Storage.ListArrays, token="x")
    if os.geteuid() == 0:
        with nas.sandbox.bus(STRANGER_UID) as stranger:
            assert stranger.Storage.ListArrays()


def test_speed_limits_are_those_of_the_kernel_or_not_available(nas):
    assert "no arrays" in refused("NotAvailable", nas.bus.Storage.GetSpeedLimits)
    directory = nas.sandbox.udisks_dir / "sys" / "dev" / "raid"
    directory.mkdir(parents=True)
    for name, value in (("speed_limit_min", "1000\n"), ("speed_limit_max", "200000\n")):
        (directory / name).write_text(value, encoding="ascii")
    nas.sandbox.udisks_dir.chmod(0o755)
    assert nas.bus.Storage.GetSpeedLimits() == (1000 * 1024, 200000 * 1024)
    (directory / "speed_limit_max").write_text("fast\n", encoding="ascii")
    refused("NotAvailable", nas.bus.Storage.GetSpeedLimits)


# What changes


def test_a_disk_that_is_pulled_is_expected_and_comes_back_as_itself(nas, signals):
    path, before = nas.find("Disk", "sdb")
    array_path = nas.find("Array", "md0")[0]
    nas.disks.Pull("sdb")
    until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")
    array = nas.array()
    assert array["StateText"].startswith(f"Degraded: expected {before['Model']}, serial {before['Serial']}, in slot 1, last seen today ")
    assert (array["Degraded"], array["Survives"], array["Members"][1]["state"]) == (1, 0, "missing")
    gone = nas.disk("sdb")
    assert (gone["Present"], gone["State"], gone["Device"], gone["SmartStatus"]) == (False, "absent", "", "unknown")
    assert gone["Temperature"] != gone["Temperature"] and gone["SmartUpdated"] == 0  # no made-up values
    expected = {"State", "StateText", "Degraded", "Survives", "Members"}
    until(lambda: {key for change in changes(signals, array_path) for key in change} >= expected, "the signals")
    assert not any(member == "InterfacesRemoved" and arguments[0] == path for member, _, arguments in signals)
    assert all("Uuid" not in change and "Level" not in change for change in changes(signals, array_path))

    nas.disks.Return("sdb", "sdz")
    until(lambda: nas.disk("sdz").get("Present"), "the disk to be there again")
    again = nas.find("Disk", "sdz")
    assert again[0] == path and again[1]["Serial"] == before["Serial"]
    assert "is there, but no part of it" in nas.array()["StateText"]
    assert nas.array()["Members"][1]["present"] is True


def test_only_what_has_changed_is_signalled(nas, signals):
    others = {path for path, disk in nas.all("Disk").items() if disk["Name"] not in ("sda", "sdb")}
    nas.disks.Pull("sdb")
    array = nas.find("Array", "md0")[0]
    until(lambda: any("StateText" in change for change in changes(signals, array)), "the signal")
    assert not [path for path in others if changes(signals, path)]
    for path in nas.all("Array"):
        values = {}
        for change in changes(signals, path):
            assert all(values.get(key) != value for key, value in change.items() if key != "Members"), change
            values.update(change)


def test_a_free_disk_comes_and_goes_without_being_missed(nas, signals):
    name = nas.disks.Add(10_000_000_000, "Newcomer", "NEW-1", "ata")
    until(lambda: nas.disk(name), "the new disk")
    path, disk = nas.find("Disk", name)
    assert (disk["Model"], disk["Usage"], disk["Size"]) == ("Newcomer", "free", 10_000_000_000)
    until(lambda: any(member == "InterfacesAdded" and arguments[0] == path for member, _, arguments in signals), "the signal")
    nas.disks.Pull(name)
    until(lambda: not nas.disk(name), "the disk to be gone")
    until(lambda: any(member == "InterfacesRemoved" and arguments[0] == path for member, _, arguments in signals), "the signal")


def test_a_member_that_fails_is_named(nas):
    serial = nas.disk("sdb")["Serial"]
    nas.disks.Fail("sdb")
    until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")
    assert serial in nas.array()["StateText"]
    until(lambda: nas.disk("sdb")["State"] == "failed" or nas.array()["Members"][1]["state"] == "missing", "the disk to be blamed")


def test_what_mdadm_does_by_hand_is_seen(nas):
    nas.disks.FailUnseen("sdb")
    until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")


def test_a_scrub_leaves_when_it_was_and_what_it_found(nas):
    array = nas.disks.array("md0")
    nas.disks.SetSpeed(500_000_000)
    assert nas.array()["LastScrub"] == 0 and nas.array()["MismatchesValid"] is False
    nas.disks.SetMismatches("md0", 16)
    nas.disks.do(array, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    until(lambda: nas.array()["State"] == "checking", "the check")
    nas.disks.Advance(3600)
    until(lambda: nas.array()["LastScrub"] > 0, "the end of the check")
    assert nas.array()["MismatchesValid"] is True
    assert nas.array()["Mismatches"] == 16 * 512


# Without UDisks2


def test_without_udisks2_nothing_is_known_and_nothing_made_up(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, udisks=False)
    with sandbox.bus() as bus:
        wait_until(lambda: "UDisks2" in bus.get_property(ROOT, "Storage", "Problem"), "a sentence")
        assert bus.get_property(ROOT, "Storage", "Available") is False
        assert bus.get_property(ROOT, "Storage", "Filesystems") == []
        assert bus.Storage.ListDisks() == [] and bus.Storage.ListArrays() == []
        assert not [path for path in managed(bus) if "/disks/" in path or "/arrays/" in path]


@pytest.mark.parametrize("way", ["stop_udisks", "kill_udisks"])
def test_a_udisks2_that_goes_and_comes_back_is_noticed_at_once(nas, signals, way):
    before = nas.all("Disk")
    getattr(nas.sandbox, way)()
    until(lambda: not nas.available(), "UDisks2 to be missed")
    assert nas.problem() and nas.bus.Storage.ListDisks() == []
    nas.sandbox.start_udisks()
    with nas.sandbox.disks() as disks:
        until(lambda: nas.available() and nas.array(), "the disks to be there again")
        assert set(nas.all("Disk")) == set(before)
        assert nas.array()["State"] == "optimal"
        until(lambda: [change["Available"] for change in changes(signals, ROOT) if "Available" in change] == [False, True], "the signals")
        disks.Pull("sdb")  # and it is listened to again
        until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")


def test_what_is_missing_is_still_known_after_a_restart(nas):
    serial = nas.disk("sdb")["Serial"]
    nas.disks.Pull("sdb")
    until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")
    seen = nas.disk("sdb")["LastSeen"]
    nas.sandbox.restart_service()
    nas.wait()
    assert f"serial {serial}, in slot 1, last seen today" in nas.array()["StateText"]
    assert (nas.disk("sdb")["Present"], nas.disk("sdb")["LastSeen"]) == (False, seen)


def test_an_array_of_which_nothing_is_left_is_absent_until_it_is_forgotten(nas):
    path, array = nas.find("Array", "md0")
    nas.sandbox.stop_service()
    nas.sandbox.stop_udisks()
    nas.sandbox.start_udisks()
    with nas.sandbox.disks() as disks:
        disks.do(disks.array("md0"), "MDRaid", "Stop", "(a{sv})", {})
        for name in ("sda", "sdb"):
            disks.Pull(name)
        nas.sandbox.start_service()
        until(lambda: nas.available() and nas.array(), "the disks")
        until(lambda: nas.array()["State"] == "absent", "the array to be absent")
        array = nas.array()
        assert (array["Running"], array["Device"], array["Size"] > 0) == (False, "", True)
        assert [member["present"] for member in array["Members"]] == [False, False]
        assert array["StateText"].startswith("None of its disks is there: expected ")
        nas.token = nas.sandbox.token("admin", "changeme")
        assert nas.bus.at(path, "Array").Forget(token=nas.token) is None
        until(lambda: not nas.array() and not nas.disk("sda"), "the array to be forgotten")
        with pytest.raises(Exception, match="UnknownObject"):
            nas.bus.at(path, "Array").Forget(token=nas.token)
        assert [row["result"] for row in audit(nas.sandbox, "array-forget")] == [0]


# Bays


def test_a_bay_gets_a_name_that_stays(nas, signals):
    path, disk = nas.find("Disk", "sdb")
    other = nas.find("Disk", "sdc")[0]
    nas.bus.at(path, "Disk").SetSlot("Left, top", token=nas.token)
    assert nas.disk("sdb")["Slot"] == "Left, top"
    assert nas.array()["Members"][1]["bay"] == "Left, top"
    until(lambda: {"Slot": "Left, top"} in changes(signals, path), "the signal")
    assert "sdb" in refused("Exists", nas.bus.at(other, "Disk").SetSlot, "Left, top", token=nas.token)
    assert "slot" in refused("InvalidArgument", nas.bus.at(other, "Disk").SetSlot, "x" * 33, token=nas.token)
    assert "slot" in refused("InvalidArgument", nas.bus.at(other, "Disk").SetSlot, "a\tb", token=nas.token)
    assert nas.bus.Storage.ListDisks()[0]["name"] == "sdb"  # those with a bay come first
    nas.sandbox.restart_service()
    nas.wait()
    assert nas.disk("sdb")["Slot"] == "Left, top"
    rows = audit(nas.sandbox, "disk-set-slot")
    assert disk["Serial"] in rows[0]["target"] and "Left, top" in rows[0]["message"]


def test_a_slot_that_cannot_be_written_down_is_not_given(nas):
    path = nas.find("Disk", "sdc")[0]
    with sqlite3.connect(nas.sandbox.service_state_dir / "baluhost.db") as database:
        database.execute("CREATE TRIGGER no BEFORE UPDATE OF slot ON disks BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(Exception):
        nas.bus.at(path, "Disk").SetSlot("Left", token=nas.token)
    assert nas.disk("sdc")["Slot"] == ""


def test_disks_are_administrators_business(nas):
    path = nas.find("Disk", "sdb")[0]
    array = nas.find("Array", "md0")[0]
    token = nas.sandbox.token("alex", "demo123")
    refused("AdminRequired", nas.bus.at(path, "Disk").SetSlot, "Left", token=token)
    refused("AdminRequired", nas.bus.at(path, "Disk").Forget, token=token)
    refused("AdminRequired", nas.bus.at(array, "Array").Forget, token=token)
    assert "is there" in refused("Conflict", nas.bus.at(path, "Disk").Forget, token=nas.token)
    assert "is there" in refused("Conflict", nas.bus.at(array, "Array").Forget, token=nas.token)
    if os.geteuid() == 0:
        with nas.sandbox.bus(STRANGER_UID) as stranger:
            refused("NotPermitted", stranger.at(path, "Disk").SetSlot, "Left")
        with nas.sandbox.bus(OPERATOR_UID) as operator:
            operator.at(path, "Disk").SetSlot("By polkit")
    assert nas.disk("sdb")["Slot"] in ("", "By polkit")


def test_an_absent_disk_can_be_forgotten(nas):
    path, disk = nas.find("Disk", "sdb")
    nas.disks.Pull("sdb")
    until(lambda: not nas.disk("sdb")["Present"], "the disk to be gone")
    nas.bus.at(path, "Disk").Forget(token=nas.token)
    until(lambda: not nas.disk("sdb"), "the disk to be forgotten")
    assert disk["Serial"] not in nas.array()["StateText"]
    assert nas.array()["StateText"] == "Degraded: nothing is in slot 1"


# Syncs that nobody asked for


def jobs_of(nas, path):
    """The jobs about that object, oldest first."""
    return [job for job in nas.bus.Manager.ListJobs(token=nas.sandbox.token("admin", "changeme")) if job["subject"] == path]


def degrade_and_add(nas, name, speed):
    """Takes sdb out, gives the array another disk by hand, and returns (object on UDisks2, path)."""
    nas.disks.SetSpeed(speed)
    nas.disks.Pull("sdb")
    until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")
    nas.disks.add_member(nas.disks.array("md0"), name)
    return nas.disks.array("md0"), nas.find("Array", "md0")[0]


def test_a_rebuild_that_somebody_began_by_hand_is_a_job_to_its_observed_end(nas, signals):
    _array, path = degrade_and_add(nas, "sdc", 1_000_000)
    until(lambda: nas.array()["Job"] != "/", "the job")
    job = nas.array()["Job"]
    entry = jobs_of(nas, path)[-1]
    assert (entry["path"], entry["operation"], entry["state"], entry["cancelable"]) == (job, "array-repair", "running", False)
    assert "md0" in entry["text"] and nas.array()["State"] == "rebuilding"
    assert nas.bus.Manager.ListJobs(token=nas.sandbox.token("alex", "demo123")) == []
    nas.disks.Advance(2500)
    until(lambda: 0 < jobs_of(nas, path)[-1]["progress"] < 100 and jobs_of(nas, path)[-1]["progress_valid"], "progress")
    assert jobs_of(nas, path)[-1]["rate"] > 0 and jobs_of(nas, path)[-1]["expected_end_usec"] > 0
    nas.disks.Advance(100_000)
    until(lambda: nas.array()["State"] == "optimal", "the end of the rebuild")
    until(lambda: ("Completed", job, (True,)) in signals, "the end of the job")
    assert nas.bus.at(job, "Job").GetResult(token=nas.token) == ("succeeded", path, "", "")
    assert nas.array()["Job"] == "/"
    assert not nas.disk("sdb")  # whose place was taken is expected no more


def test_a_rebuild_is_found_again_after_the_service_was_killed(nas):
    _array, path = degrade_and_add(nas, "sdc", 1_000_000)
    until(lambda: nas.array()["Job"] != "/", "the job")
    nas.sandbox.kill_service()
    nas.sandbox.start_service()
    nas.wait()
    until(lambda: nas.array()["Job"] != "/", "the job to be found again")
    assert [job["operation"] for job in jobs_of(nas, path)] == ["array-repair"]
    nas.disks.Advance(100_000)
    until(lambda: jobs_of(nas, path)[-1]["state"] == "succeeded", "the end of the job")


def test_a_rebuild_does_not_hold_up_a_clean_stop(nas):
    degrade_and_add(nas, "sdc", 1000)
    until(lambda: nas.array()["Job"] != "/", "the job")
    assert nas.sandbox.stop_service() == 0
    nas.sandbox.start_service()


def test_a_rebuild_goes_on_while_udisks2_is_away(nas):
    _array, path = degrade_and_add(nas, "sdc", 1_000_000)
    until(lambda: nas.array()["Job"] != "/", "the job")
    nas.sandbox.restart_udisks()
    with nas.sandbox.disks() as disks:
        until(lambda: (array := nas.array()) and array["Job"] != "/", "the array to be there again")
        assert [job["state"] for job in jobs_of(nas, path)] == ["running"]
        disks.Advance(100_000)
        until(lambda: jobs_of(nas, path)[-1]["state"] == "succeeded", "the end of the job")


def test_a_rebuild_whose_disk_fails_ends_as_a_failure(nas, signals):
    _array, path = degrade_and_add(nas, "sdc", 1_000_000)
    until(lambda: nas.array()["Job"] != "/", "the job")
    job = nas.array()["Job"]
    nas.disks.Fail("sdc")
    until(lambda: ("Completed", job, (False,)) in signals, "the end of the job")
    state, _result, error, name = nas.bus.at(job, "Job").GetResult(token=nas.token)
    assert (state, name) == ("failed", f"{NAME}.Error.Failed") and "still degraded" in error
    until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")


def test_a_new_array_that_is_made_whole_is_not_called_degraded(nas, signals):
    nas.disks.SetSpeed(1000)
    array = nas.disks.create_array(["sdc", "sdd", "sde"], "raid5", "films")
    until(lambda: nas.array("films").get("State") == "rebuilding", "the array")
    path = nas.find("Array", "films")[0]
    until(lambda: nas.array("films")["Job"] != "/", "the job")
    assert jobs_of(nas, path)[-1]["operation"] == "array-sync"
    nas.disks.SetSpeed(0)
    nas.disks.SetSpeed(1e12)
    nas.disks.Advance(10)
    until(lambda: nas.array("films")["State"] == "optimal", "the end of the sync")
    assert {change["State"] for change in changes(signals, path) if "State" in change} <= {"rebuilding", "optimal", "inactive"}
    assert array


def test_a_scrub_that_runs_is_found_again_and_followed(nas, signals):
    array, path = nas.disks.array("md0"), nas.find("Array", "md0")[0]
    nas.disks.SetSpeed(1_000_000)
    nas.disks.do(array, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    until(lambda: nas.array()["Job"] != "/", "the job")
    assert jobs_of(nas, path)[-1]["operation"] == "array-scrub"
    nas.sandbox.restart_service()
    nas.wait()
    until(lambda: nas.array()["Job"] != "/", "the job to be found again")
    nas.disks.Advance(100_000)
    until(lambda: jobs_of(nas, path)[-1]["state"] == "succeeded", "the end of the job")
    nas.disks.do(array, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    until(lambda: nas.array()["Job"] != "/", "another job")
    nas.disks.do(array, "MDRaid", "RequestSyncAction", "(sa{sv})", "idle", {})
    until(lambda: jobs_of(nas, path)[-1]["state"] == "failed", "the job to be over")
    token = nas.sandbox.token("admin", "changeme")
    assert "stopped" in nas.bus.at(jobs_of(nas, path)[-1]["path"], "Job").GetResult(token=token)[2]


def test_how_far_a_sync_is_is_looked_at_each_second(nas, signals):
    nas.disks.SetSpeed(20_000_000.0)
    nas.disks.do(nas.disks.array("md0"), "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    path = nas.find("Array", "md0")[0]

    def seen():
        return {change["SyncProgress"] for change in changes(signals, path) if "SyncProgress" in change}

    until(lambda: nas.array()["State"] == "checking", "the check")
    before = len(seen())
    until(lambda: len(seen()) >= before + 3, "three steps")
