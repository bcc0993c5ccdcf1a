# SPDX-License-Identifier: MIT
"""What is done to arrays: made, deleted, repaired, scrubbed; and what happens when it goes wrong half-way."""

import pytest
from gi.repository import GLib

import test_plans
from support.bus import NAME, ROOT
from support.process import wait_until
from test_plans import GB
from test_sessions import audit, refused

nas = test_plans.nas

FAILED = "org.freedesktop.UDisks2.Error.Failed"

# Bytes a second: so slow that nothing ends by itself, and so fast that everything ends at once.
SLOW, FAST = 1e6, 1e12

# So often is md asked to let go of a member that it is still writing to.
ATTEMPTS = 10


def rows(nas, action, n=1):
    """The rows of the audit trail, when there are so many."""
    wait_until(lambda: len(audit(nas.sandbox, action)) >= n, f"{n} rows of {action} in the audit trail")
    return audit(nas.sandbox, action)


def running(nas, name="md0"):
    return nas.array(name)["Running"]


# Creating


def test_an_array_is_created_and_its_first_sync_goes_on_by_itself(nas):
    nas.disks.SetSpeed(SLOW)
    token, plan = nas.plan_array(level="raid1", disks="sdc sdd", spares="sde")
    job = nas.apply(token)
    path = nas.succeed(job)
    assert path == nas.array_path("data")
    array = nas.array("data")
    assert (array["Level"], array["Devices"], array["Running"]) == ("raid1", 2, True)
    assert array["SyncAction"] == "resync"  # never assumed to be clean
    assert abs(array["Size"] - plan["usable_bytes"]) <= 2 * 1024**2 and array["Size"] >= plan["usable_bytes"]
    members = {member["name"]: member["state"] for member in array["Members"]}
    assert set(members) == {"sdc", "sdd", "sde"} and members["sde"] == "spare"
    row = rows(nas, "array-create")[-1]
    assert (row["target"], row["result"], row["username"]) == ("data", 0, "admin")


@pytest.mark.parametrize(("level", "disks"), [("raid0", "sdc sdd"), ("raid5", "sdc sdd sde"), ("raid6", "sdc sdd sde sdf"), ("raid10", "sdc sdd sde sdf")])
def test_every_level_is_as_large_as_was_planned(nas, level, disks):
    nas.disks.SetSpeed(FAST)
    token, plan = nas.plan_array(level=level, disks=disks)
    nas.succeed(nas.apply(token))
    array = nas.array("data")
    assert array["Level"] == level
    assert plan["usable_bytes"] <= array["Size"] <= plan["usable_bytes"] + 4 * 1024**2


def test_what_was_on_the_disks_is_gone_afterwards(nas):
    nas.disks.format("sdd")
    wait_until(lambda: nas.disk("sdd")["Usage"] == "data", "the filesystem")
    nas.create()
    assert nas.disk("sdd")["Usage"] == "array" and nas.disk("sdd")["Contents"] == "member of the array data"


def test_an_array_that_could_not_be_created_is_no_array_and_says_what_is_lost(nas):
    nas.disks.format("sdd")
    wait_until(lambda: nas.disk("sdd")["Usage"] == "data", "the filesystem")
    nas.disks.InjectError("MDRaidCreate", FAILED, "mdadm did not like it", 1)
    token, _plan = nas.plan_array()
    state, result, error, _name = nas.finish(nas.apply(token))
    assert (state, result) == ("failed", "") and "mdadm did not like it" in error and "lost" not in error
    assert nas.find("Array", "data") == (None, {}) and nas.disk("sdd")["Contents"] == "ext4"
    assert rows(nas, "array-create")[-1]["result"] != 0

    nas.disks.FailUnseen("sdc")  # is found out while it is being wiped
    token, _plan = nas.plan_array(disks="sdd sdc")
    state, _result, error, _name = nas.finish(nas.apply(token))
    assert state == "failed" and "could not be created" in error


def test_a_spare_that_cannot_be_added_is_reported_and_the_array_stays(nas):
    nas.disks.InjectError("AddDevice", FAILED, "no more", 1)
    token, _plan = nas.plan_array(spares="sde")
    state, _result, error, _name = nas.finish(nas.apply(token))
    assert state == "failed" and "was created and runs" in error and "BALU-DEV-20GB-A" in error and "no more" in error
    assert running(nas, "data") and nas.disk("sde")["Usage"] == "free"


def test_a_disk_that_cannot_be_looked_at_is_not_overwritten(nas):
    token, _plan = nas.plan_array()
    nas.disks.InjectError("Rescan", FAILED, "the cable is loose", 1)
    with pytest.raises(Exception, match="the cable is loose"):
        nas.apply(token)
    assert nas.disk("sdc")["Usage"] == "free"
    refused("NotFound", nas.apply, token)


def test_a_small_array_has_the_bitmap_that_was_wished_for_after_its_first_sync(nas):
    nas.disks.SetSpeed(SLOW)
    nas.create()
    assert nas.array("data")["Bitmap"] == "none"  # md takes none while it syncs
    nas.sandbox.kill_service()
    nas.sandbox.start_service()
    nas.wait()
    nas.disks.InjectError("SetBitmapLocation", FAILED, "not yet", 1)
    nas.disks.SetSpeed(FAST)
    wait_until(lambda: nas.array("data")["SyncAction"] == "idle", "the end of the sync")
    wait_until(lambda: nas.array("data")["Bitmap"] == "internal", "the bitmap")
    nas.create(called="bare", disks="sde sdf", bitmap=False)
    wait_until(lambda: nas.array("bare")["SyncAction"] == "idle", "the end of the sync")
    assert nas.array("bare")["Bitmap"] == "none"
    nas.at_array("data").SetBitmap("none", token=nas.token)  # the wish is over
    nas.sandbox.restart_service()
    nas.wait()
    assert nas.array("data")["Bitmap"] == "none"


@pytest.mark.parametrize("error", ["org.freedesktop.UDisks2.Error.Timedout", "org.freedesktop.DBus.Error.NoReply"])
def test_what_was_done_although_the_answer_got_lost_counts_as_done(nas, error):
    nas.disks.SetSpeed(FAST)
    nas.disks.InjectError("MDRaidCreate:after", error, "nobody knows", 1)
    nas.disks.InjectError("AddDevice:after", error, "nobody knows", 1)
    path = nas.create(spares="sde")
    assert {member["name"] for member in nas.array("data")["Members"]} == {"sdc", "sdd", "sde"}
    nas.disks.InjectError("AddDevice:after", error, "nobody knows", 1)
    nas.succeed(nas.at_array("data").AddSpare(nas.path("sdf"), token=nas.token))
    nas.disks.InjectError("Delete:after", error, "nobody knows", 1)
    token, _plan = nas.bus.Storage.PlanDelete(path, token=nas.token)
    nas.succeed(nas.apply(token))
    assert nas.disk("sdc")["Usage"] == "free"


def test_an_array_of_which_nobody_knows_whether_it_was_made_is_looked_for_and_not_made_up(nas):
    nas.disks.InjectError("MDRaidCreate", "org.freedesktop.UDisks2.Error.Timedout", "nobody knows", 1)
    token, _plan = nas.plan_array()
    state, _result, error, _name = nas.finish(nas.apply(token))
    assert state == "failed" and "could not be created" in error
    assert nas.find("Array", "data") == (None, {})


def test_an_array_that_was_made_in_spite_of_an_error_is_taken_away_again(nas):
    nas.disks.InjectError("MDRaidCreate:after", FAILED, "half way", 1)
    token, _plan = nas.plan_array()
    state, _result, error, _name = nas.finish(nas.apply(token))
    assert state == "failed" and "half way" in error and "taken away again" in error
    wait_until(lambda: nas.disk("sdc")["Usage"] == "free" and nas.disk("sdd")["Usage"] == "free", "the disks to be free")


def test_udisks_that_crashes_while_an_array_is_created_makes_nothing_of_it(nas):
    token, _plan = nas.plan_array()
    job = nas.apply(token)
    nas.sandbox.kill_udisks()
    nas.sandbox.start_udisks()
    state, _result, _error, _name = nas.finish(job)
    nas.wait()
    wait_until(lambda: nas.disk("sdc").get("Usage") in ("array", "free"), "the disks")
    assert (state == "succeeded") == (nas.find("Array", "data")[0] is not None)


# Deleting


def test_a_deleted_array_leaves_nothing_behind(nas):
    nas.disks.SetSpeed(FAST)
    path = nas.create()
    token, plan = nas.bus.Storage.PlanDelete(path, token=nas.token)
    assert (plan["kind"], plan["name"]) == ("array-delete", "data")
    assert {loss["name"]: loss["destroys"] for loss in plan["losses"]} == {"sdc": True, "sdd": True}
    nas.succeed(nas.apply(token))
    wait_until(lambda: path not in nas.all("Array"), "the array to be forgotten")
    for name in ("sdc", "sdd"):
        wait_until(lambda name=name: nas.disk(name)["Usage"] == "free", "the disk to be free")
    assert rows(nas, "array-delete")[-1]["target"] == "data"
    nas.sandbox.restart_service()
    nas.wait()
    assert path not in nas.all("Array")  # and nobody expects it


def test_an_array_in_use_is_not_deleted(nas):
    nas.disks.SetSpeed(FAST)
    path = nas.create()
    device = nas.array("data")["Device"].removeprefix("/dev/")
    token, _plan = nas.bus.Storage.PlanDelete(path, token=nas.token)
    nas.disks.format(device)
    assert "ext4" in refused("Stale", nas.apply, token)
    token, plan = nas.bus.Storage.PlanDelete(path, token=nas.token)
    assert "ext4" in plan["text"]
    nas.disks.do(nas.disks.block(device), "Filesystem", "Mount")
    assert "is mounted on" in refused("Stale", nas.apply, token)
    assert "is mounted on" in refused("Refused", nas.bus.Storage.PlanDelete, path, token=nas.token)
    assert "is mounted on" in refused("Busy", nas.at_array("data").Stop, token=nas.token)
    assert running(nas, "data")


def test_an_array_that_could_not_be_deleted_is_still_there_and_says_so(nas):
    nas.disks.SetSpeed(FAST)
    path = nas.create()
    nas.disks.InjectError("Delete", FAILED, "somebody has it open", 1)
    token, _plan = nas.bus.Storage.PlanDelete(path, token=nas.token)
    state, _result, error, _name = nas.finish(nas.apply(token))
    assert state == "failed" and "somebody has it open" in error and "still runs" in error
    assert running(nas, "data")
    assert rows(nas, "array-delete")[-1]["result"] != 0


def test_an_absent_member_is_named_before_an_array_is_deleted(nas):
    nas.disks.SetSpeed(FAST)
    path = nas.create()
    nas.disks.Pull("sdd")
    wait_until(lambda: nas.array("data")["State"] == "degraded", "the array to be degraded")
    token, plan = nas.bus.Storage.PlanDelete(path, token=nas.token)
    assert any("BALU-DEV-10GB-B" in warning and "absent" in warning for warning in plan["warnings"])
    nas.succeed(nas.apply(token))


# Adding


def test_a_spare_is_added_in_one_step_when_it_is_empty(nas):
    job = nas.at_array().AddSpare(nas.path("sdc"), token=nas.token)
    assert nas.succeed(job) == nas.array_path()
    assert {member["name"]: member["state"] for member in nas.array()["Members"]}["sdc"] == "spare"
    assert rows(nas, "array-add")[-1]["result"] == 0


def test_a_disk_with_something_on_it_takes_a_plan_and_is_wiped_first(nas):
    nas.disks.format("sdc", "gpt")
    wait_until(lambda: nas.disk("sdc")["Usage"] == "data", "the partition table")
    assert "would be lost" in refused("PlanRequired", nas.at_array().AddSpare, nas.path("sdc"), token=nas.token)
    token, plan = nas.bus.Storage.PlanAdd(nas.array_path(), nas.path("sdc"), token=nas.token)
    assert plan["losses"][0]["destroys"] is True
    nas.succeed(nas.apply(token))
    assert nas.disk("sdc")["Contents"] == "member of the array md0"


def test_a_disk_that_was_wiped_but_not_added_is_reported_as_that(nas):
    nas.disks.format("sdc")
    wait_until(lambda: nas.disk("sdc")["Usage"] == "data", "the filesystem")
    nas.disks.InjectError("AddDevice", FAILED, "not today", 1)
    token, _plan = nas.bus.Storage.PlanAdd(nas.array_path(), nas.path("sdc"), token=nas.token)
    state, _result, error, _name = nas.finish(nas.apply(token))
    assert state == "failed" and "not today" in error and "wiped" in error
    nas.disks.format("sdd")
    wait_until(lambda: nas.disk("sdd")["Usage"] == "data", "the filesystem")
    nas.disks.InjectError("Format", FAILED, "cannot wipe", 1)
    token, _plan = nas.bus.Storage.PlanAdd(nas.array_path(), nas.path("sdd"), token=nas.token)
    state, _result, error, _name = nas.finish(nas.apply(token))
    assert state == "failed" and "cannot wipe" in error and nas.disk("sdd")["Contents"] == "ext4"


def test_stripes_take_no_spare(nas):
    nas.create(level="raid0")
    refused("NotSupported", nas.bus.Storage.PlanAdd, nas.array_path("data"), nas.path("sde"), token=nas.token)
    refused("NotSupported", nas.at_array("data").AddSpare, nas.path("sde"), token=nas.token)
    refused("NotSupported", nas.bus.Storage.PlanRepair, nas.array_path("data"), token=nas.token)
    refused("NotSupported", nas.at_array("data").RemoveMember, nas.path("sdc"), token=nas.token)
    refused("NotSupported", nas.at_array("data").Scrub, "check", token=nas.token)
    refused("NotSupported", nas.at_array("data").SetBitmap, "internal", token=nas.token)
    refused("NotSupported", nas.at_array().Grow, 3, token=nas.token)


# Repairing


def fail(nas, name="sdb"):
    nas.disks.Fail(name)
    wait_until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")


def test_a_repair_names_the_failed_disk_and_ends_when_the_array_is_whole(nas):
    nas.disks.SetSpeed(SLOW)
    fail(nas)
    token, plan = nas.bus.Storage.PlanRepair(nas.array_path(), token=nas.token)
    assert plan["failed"]["serial"] == "BALU-DEV-5GB-B" and plan["failed"]["slot"] == 1 and plan["failed"]["state"] in ("failed", "missing")
    assert plan["replacement"]["name"] == "sdc" and "smallest" in plan["replacement"]["why"]
    assert "BALU-DEV-5GB-B" in plan["text"] and "slot 1" in plan["text"]
    job = nas.apply(token)
    wait_until(lambda: "Rebuilding" in nas.job(job, "Text"), "the rebuild to begin")
    assert nas.job(job, "Operation") == "array-repair" and nas.job(job, "Subject") == nas.array_path()
    assert nas.array()["State"] == "rebuilding" and nas.array()["Job"] == job
    assert nas.result(job)[0] == "running"
    nas.disks.SetSpeed(FAST)
    assert nas.succeed(job) == nas.array_path()
    assert nas.array()["State"] == "optimal" and nas.array()["Degraded"] == 0
    assert {member["name"] for member in nas.array()["Members"]} == {"sda1", "sdc"}  # the failed one is out
    assert rows(nas, "array-repair")[-1]["result"] == 0


def test_a_repair_in_one_step_takes_only_what_is_empty(nas):
    fail(nas)
    for name in "sdc sdd sde sdf sdg".split():
        nas.disks.format(name)
    wait_until(lambda: nas.disk("sdg")["Usage"] == "data", "the filesystems")
    assert "large enough" in refused("Refused", nas.at_array().Repair, token=nas.token)
    assert "would be lost" in refused("PlanRequired", nas.at_array().Repair, token=nas.token, disk=GLib.Variant("o", nas.path("sdc")))
    nas.disks.format("sdd", "empty")
    wait_until(lambda: nas.disk("sdd")["Usage"] == "free", "the disk to be free")
    nas.disks.SetSpeed(FAST)
    nas.succeed(nas.at_array().Repair(token=nas.token))
    assert "sdd" in {member["name"] for member in nas.array()["Members"]}
    refused("Conflict", nas.at_array().Repair, token=nas.token)


def test_a_pulled_disk_that_came_back_is_taken_first(nas):
    nas.disks.SetSpeed(FAST)
    nas.disks.Pull("sdb")
    wait_until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")
    token, plan = nas.bus.Storage.PlanRepair(nas.array_path(), token=nas.token)
    assert plan["failed"]["state"] == "missing" and plan["failed"]["serial"] == "BALU-DEV-5GB-B" and plan["replacement"]["name"] == "sdc"
    nas.disks.Return("sdb", "")
    nas.disks.settle()
    wait_until(lambda: nas.disk("sdb").get("Present"), "the disk to return")
    token, plan = nas.bus.Storage.PlanRepair(nas.array_path(), token=nas.token)
    assert plan["replacement"]["name"] == "sdb" and plan["losses"][0]["destroys"] is False
    nas.succeed(nas.apply(token))
    assert {member["name"]: member["state"] for member in nas.array()["Members"]} == {"sda1": "active", "sdb1": "active"}


def test_a_repair_has_failed_when_the_replacement_fails(nas):
    nas.disks.SetSpeed(SLOW)
    fail(nas)
    job = nas.at_array().Repair(token=nas.token)
    wait_until(lambda: "Rebuilding" in nas.job(job, "Text"), "the rebuild to begin")
    nas.disks.Fail("sdc")
    state, _result, error, _name = nas.finish(job)
    assert state == "failed" and "the replacement" in error and "BALU-DEV-10GB-A" in error
    assert nas.array()["State"] == "degraded"
    assert rows(nas, "array-repair")[-1]["result"] != 0
    nas.disks.SetSpeed(FAST)
    nas.succeed(nas.at_array().Repair(token=nas.token))  # with the next disk


def test_a_repair_has_failed_when_the_replacement_is_pulled(nas):
    nas.disks.SetSpeed(SLOW)
    fail(nas)
    job = nas.at_array().Repair(token=nas.token)
    wait_until(lambda: "Rebuilding" in nas.job(job, "Text"), "the rebuild to begin")
    nas.disks.Pull("sdc")
    state, _result, error, _name = nas.finish(job)
    assert state == "failed" and "gone" in error


def test_a_repair_that_could_not_begin_changes_nothing_that_it_does_not_say(nas):
    fail(nas)
    nas.disks.InjectError("AddDevice", FAILED, "not today", 1)
    state, _result, error, _name = nas.finish(nas.at_array().Repair(token=nas.token))
    assert state == "failed" and "not today" in error
    assert nas.array()["State"] == "degraded"
    nas.disks.SetSpeed(FAST)
    nas.succeed(nas.at_array().Repair(token=nas.token))


def test_a_failed_member_that_cannot_be_taken_out_ends_the_repair(nas):
    fail(nas)
    assert {member["name"]: member["state"] for member in nas.array()["Members"]}["sdb1"] == "failed"
    nas.disks.InjectError("RemoveDevice", FAILED, "it clings", ATTEMPTS)
    state, _result, error, _name = nas.finish(nas.at_array().Repair(token=nas.token))
    assert state == "failed" and "it clings" in error and nas.disk("sdc")["Usage"] == "free"


def test_a_rebuild_outlives_a_restart_of_udisks(nas):
    nas.disks.SetSpeed(SLOW)
    fail(nas)
    job = nas.at_array().Repair(token=nas.token)
    wait_until(lambda: "Rebuilding" in nas.job(job, "Text"), "the rebuild to begin")
    nas.sandbox.restart_udisks()
    wait_until(lambda: nas.available() and nas.array().get("State") == "rebuilding", "the rebuild to be seen again")
    assert nas.result(job)[0] == "running"
    nas.disks.SetSpeed(FAST)
    nas.succeed(job)


def test_a_service_that_is_killed_while_it_creates_an_array_claims_nothing(nas):
    nas.disks.SetSpeed(SLOW)
    token, _plan = nas.plan_array()
    nas.apply(token)
    nas.sandbox.kill_service()
    nas.sandbox.start_service()
    nas.wait()
    wait_until(lambda: nas.disk("sdc")["Usage"] in ("array", "free"), "the disks")
    assert nas.find("Array", "data")[0] or nas.disk("sdd")["Usage"] == "free"
    assert not [row for row in audit(nas.sandbox, "array-create") if row["result"] == 0] or running(nas, "data")


# Members


def test_a_member_is_removed_only_when_the_array_survives_it(nas):
    array = nas.at_array()
    array.RemoveMember(nas.path("sdb"), token=nas.token)
    assert nas.array()["State"] == "degraded"
    assert "would not survive" in refused("Refused", array.RemoveMember, nas.path("sda"), token=nas.token)
    refused("NotFound", array.RemoveMember, nas.path("sdb"), token=nas.token)
    refused("NotFound", array.RemoveMember, nas.path("sdc"), token=nas.token)
    refused("NotFound", array.RemoveMember, f"{ROOT}/disks/x", token=nas.token)
    assert [row["result"] == 0 for row in rows(nas, "array-remove-member", 5)] == [True, False, False, False, False]
    nas.disks.SetSpeed(FAST)
    nas.succeed(array.Repair(token=nas.token))  # with what was a member before
    assert {member["name"] for member in nas.array()["Members"]} == {"sda1", "sdb1"}
    array.RemoveMember(nas.path("sdb"), token=nas.token, wipe=True)
    wait_until(lambda: "linux_raid" not in nas.disk("sdb")["Contents"] and nas.disk("sdb")["Usage"] != "array", "the metadata to be wiped")


def test_removing_a_member_that_udisks_does_not_let_go_is_an_error(nas):
    nas.disks.InjectError("RemoveDevice", FAILED, "it clings", ATTEMPTS)
    with pytest.raises(Exception, match="it clings"):
        nas.at_array().RemoveMember(nas.path("sdb"), token=nas.token)
    assert nas.array()["State"] == "optimal"


def test_a_member_that_md_lets_go_a_little_later_is_removed(nas):
    nas.disks.InjectError("RemoveDevice", FAILED, "Device or resource busy", ATTEMPTS - 1)
    nas.at_array().RemoveMember(nas.path("sdb"), token=nas.token)
    assert nas.array()["State"] == "degraded"


def test_the_bitmap_is_taken_away_and_made_again(nas):
    array = nas.at_array()
    array.SetBitmap("none", token=nas.token)
    wait_until(lambda: nas.array()["Bitmap"] == "none", "the bitmap to go")
    refused("Conflict", array.SetBitmap, "none", token=nas.token)
    refused("InvalidArgument", array.SetBitmap, "external", token=nas.token)
    nas.disks.InjectError("SetBitmapLocation", FAILED, "no bitmap today", 1)
    with pytest.raises(Exception, match="no bitmap today"):
        array.SetBitmap("internal", token=nas.token)
    array.SetBitmap("internal", token=nas.token)
    wait_until(lambda: nas.array()["Bitmap"] == "internal", "the bitmap to come")
    nas.disks.SetSpeed(SLOW)
    nas.create()
    refused("Busy", nas.at_array("data").SetBitmap, "internal", token=nas.token)


# Starting, stopping


def test_an_array_is_stopped_and_started_again(nas):
    array = nas.at_array()
    refused("Conflict", array.Start, token=nas.token)
    array.Stop(token=nas.token)
    wait_until(lambda: nas.array()["State"] == "inactive", "the array to be stopped")
    for call in (array.Stop, lambda **more: array.RemoveMember(nas.path("sda"), **more), lambda **more: array.Scrub("check", **more)):
        refused("Conflict", call, token=nas.token)
    nas.disks.InjectError("Start", FAILED, "it does not start", 2)
    with pytest.raises(Exception, match="it does not start"):
        array.Start(token=nas.token)
    array.Start(token=nas.token)
    wait_until(lambda: nas.array()["State"] == "optimal", "the array to run")
    nas.disks.InjectError("Stop", FAILED, "it does not stop", 1)
    with pytest.raises(Exception, match="it does not stop"):
        array.Stop(token=nas.token)
    assert running(nas)


def test_an_array_with_a_member_missing_starts_only_when_that_is_asked_for(nas):
    nas.at_array().Stop(token=nas.token)
    nas.disks.Pull("sdb")
    wait_until(lambda: not nas.disk("sdb").get("Present"), "the disk to go")
    text = refused("Conflict", nas.at_array().Start, token=nas.token)
    assert "BALU-DEV-5GB-B" in text and "degraded" in text
    nas.at_array().Start(token=nas.token, degraded=True)
    wait_until(lambda: nas.array()["State"] == "degraded", "the array to run")


def test_an_array_that_the_boot_could_not_start_is_started_degraded(nas):
    nas.disks.Pull("sdb")
    wait_until(lambda: nas.array()["State"] == "degraded", "the array to be degraded")
    nas.disks.Reboot()
    wait_until(lambda: nas.available() and nas.array() and not running(nas), "the array that does not run")
    nas.at_array().Start(token=nas.token, degraded=True)
    wait_until(lambda: nas.array()["State"] == "degraded", "the array to run")


# Scrubs


def test_a_scrub_tells_at_its_end_how_much_differs(nas):
    nas.disks.SetSpeed(SLOW)
    nas.disks.SetMismatches("md0", 16)
    job = nas.at_array().Scrub("check", token=nas.token)
    wait_until(lambda: nas.array()["State"] == "checking", "the scrub to be seen")
    assert (nas.job(job, "Operation"), nas.job(job, "Subject"), nas.job(job, "Cancelable")) == ("array-scrub", nas.array_path(), True)
    refused("Busy", nas.at_array().Scrub, "check", token=nas.token)
    nas.disks.SetSpeed(FAST)
    assert nas.succeed(job) == nas.array_path()
    array = nas.array()
    assert array["MismatchesValid"] and array["Mismatches"] == 16 * 512 and array["LastScrub"] > 0
    assert f"{16 * 512} bytes differ" in nas.job(job, "Text")
    assert f"{16 * 512} bytes differ" in rows(nas, "array-scrub")[-1]["message"]


def test_a_cancelled_scrub_stops_and_has_found_nothing(nas):
    nas.disks.SetSpeed(SLOW)
    job = nas.at_array().Scrub("repair", token=nas.token)
    wait_until(lambda: nas.array()["State"] == "checking", "the scrub to be seen")
    nas.bus.at(job, "Job").Cancel(token=nas.token)
    state, _result, _error, name = nas.finish(job)
    assert (state, name) == ("cancelled", f"{NAME}.Error.Cancelled")
    wait_until(lambda: nas.array()["SyncAction"] == "idle", "the array to be idle")
    assert nas.array()["LastScrub"] == 0


def test_a_scrub_that_is_no_use_is_refused(nas):
    refused("InvalidArgument", nas.at_array().Scrub, "clean", token=nas.token)
    nas.disks.InjectError("RequestSyncAction", FAILED, "not now", 1)
    state, _result, error, _name = nas.finish(nas.at_array().Scrub("check", token=nas.token))
    assert state == "failed" and "not now" in error and nas.array()["LastScrub"] == 0
    assert rows(nas, "array-scrub", 2)[-1]["result"] != 0
    fail(nas)
    refused("Conflict", nas.at_array().Scrub, "check", token=nas.token)


def found(nas, operation):
    """The one job of that operation that the service shows; None when there is none."""
    jobs = [job for job in nas.bus.Manager.ListJobs(token=nas.token) if job["operation"] == operation]
    return jobs[0] if jobs else None


def test_a_scrub_is_found_again_after_the_service_was_killed(nas):
    nas.disks.SetSpeed(SLOW)
    nas.disks.SetMismatches("md0", 8)
    nas.at_array().Scrub("check", token=nas.token)
    wait_until(lambda: nas.array()["State"] == "checking", "the scrub to be seen")
    nas.sandbox.kill_service()
    nas.sandbox.start_service()
    nas.wait()
    wait_until(lambda: found(nas, "array-scrub"), "the scrub to be found")
    job = found(nas, "array-scrub")
    assert job["subject"] == nas.array_path() and job["cancelable"]
    nas.disks.SetSpeed(FAST)
    nas.succeed(job["path"])
    assert nas.array()["Mismatches"] == 8 * 512


def test_a_repair_is_found_again_after_the_service_was_killed(nas):
    nas.disks.SetSpeed(SLOW)
    fail(nas)
    job = nas.at_array().Repair(token=nas.token)
    wait_until(lambda: "Rebuilding" in nas.job(job, "Text"), "the rebuild to begin")
    nas.sandbox.kill_service()
    nas.sandbox.start_service()
    nas.wait()
    wait_until(lambda: found(nas, "array-repair"), "the rebuild to be found")
    nas.disks.SetSpeed(FAST)
    nas.succeed(found(nas, "array-repair")["path"])
    wait_until(lambda: nas.array()["State"] == "optimal", "the array to be whole")


# Numbers that tests of the whole are about


def test_sizes_are_never_promised_that_md_does_not_give(nas):
    nas.disks.SetSpeed(FAST)
    levels = {row["level"]: row for row in nas.bus.Storage.CompareLevels(nas.paths("sdc sdd sdf"), token=nas.token)}
    nas.create(level="raid5", disks="sdc sdd sdf")
    assert levels["raid5"]["usable_bytes"] <= nas.array("data")["Size"] < levels["raid5"]["usable_bytes"] + GB // 200
