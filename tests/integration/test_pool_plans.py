# SPDX-License-Identifier: MIT
"""Pools that are made of disks and arrays and destroyed again, in two steps each, and those that grow."""

import os

import pytest

from support.bus import ROOT
from support.disks import Disks
from support.process import wait_until
from test_sessions import audit, refused


@pytest.mark.parametrize("filesystem", ["ext4", "xfs", "btrfs"])
def test_a_disk_becomes_a_pool(pool_nas, filesystem):
    token, plan = pool_nas.plan_format("sdc", "My Photos", filesystem)
    assert (plan["kind"], plan["name"], plan["usable_bytes"]) == ("format", "My Photos", 10_000_000_000)
    assert "which is empty" in plan["text"] and "My Photos" in plan["title"]
    assert [(loss["name"], loss["contents"], loss["destroys"]) for loss in plan["losses"]] == [("sdc", "empty", False)]
    assert pool_nas.all("Pool") == {}  # a plan changes nothing
    job = pool_nas.apply(token)
    assert pool_nas.bus.get_property(job, "Job", "Operation") == "pool-format"
    assert pool_nas.bus.get_property(job, "Job", "Subject") == pool_nas.path_of("Disk", "sdc")
    path = pool_nas.succeed(job)
    pool = pool_nas.all("Pool")[path]
    assert (pool["Name"], pool["Filesystem"], pool["State"]) == ("My Photos", filesystem, "ready")
    assert pool_nas.disks.get(pool_nas.disks.block("sdc"), "Block", "IdLabel") == "My Photos"
    assert pool_nas.mounts()["sdc"] == [str(pool_nas.place("My Photos"))] == pool_nas.fstab()[pool["Uuid"]]
    disk = pool_nas.all("Disk")[pool_nas.path_of("Disk", "sdc")]
    assert (disk["Usage"], disk["Pool"]) == ("pool", path)
    pool_nas.bus.upload("My Photos/a.txt", b"hello", token=pool_nas.token)
    assert pool_nas.read("My Photos/a.txt") == b"hello"
    pool_nas.call("My Photos", "Unmount")
    wait_until(lambda: pool_nas.all("Disk")[pool_nas.path_of("Disk", "sdc")]["Usage"] == "pool", "the disk being a pool's all the same")
    assert audit(pool_nas.sandbox, "format")[-1]["target"] == "My Photos"


def test_an_array_becomes_a_pool_and_cannot_be_deleted_before_it(pool_nas):
    path = pool_nas.create("md0", "Mirror", kind="Array")
    array = pool_nas.path_of("Array", "md0")
    assert pool_nas.all("Pool")[path]["Level"] == "raid1" and pool_nas.all("Array")[array]["Pool"] == path
    pool_nas.bus.upload("Mirror/a.txt", b"hello", token=pool_nas.token)
    assert "pool" in refused("Refused", pool_nas.bus.Storage.PlanDelete, array, token=pool_nas.token)
    pool_nas.call("Mirror", "Unmount")
    assert "pool" in refused("Refused", pool_nas.bus.Storage.PlanDelete, array, token=pool_nas.token)
    assert "pool" in refused("Refused", pool_nas.plan_format, "md0", "Other", kind="Array")
    token, plan = pool_nas.plan_delete("Mirror")
    assert (plan["kind"], plan["name"]) == ("pool-delete", "Mirror") and plan["losses"][0]["destroys"]
    assert pool_nas.succeed(pool_nas.apply(token)) == ""
    assert pool_nas.all("Pool") == {} and not pool_nas.fstab() and "md0" not in pool_nas.mounts() and "Mirror" not in pool_nas.names("")
    assert pool_nas.disks.get(pool_nas.disks.block("md0"), "Block", "IdType") == ""
    pool_nas.bus.Storage.PlanDelete(array, token=pool_nas.token)
    assert audit(pool_nas.sandbox, "pool-delete")[-1]["result"] == 0


def test_a_pool_on_an_array_that_has_lost_too_much_says_so_and_returns(pool_nas):
    pool_nas.create("md0", "Mirror", kind="Array")
    pool_nas.bus.upload("Mirror/a.txt", b"hello", token=pool_nas.token)
    pool_nas.disks.Pull("sda")
    pool_nas.wait_for_state("Mirror", "degraded")
    pool_nas.disks.Pull("sdb")
    assert "more disks than it survives" in pool_nas.wait_for_state("Mirror", "failed")["StateText"]
    pool_nas.call("Mirror", "Unmount", force=True)
    pool_nas.wait_until_closed("Mirror")


def test_a_pool_comes_back_with_its_array(pool_nas):
    pool_nas.create("md0", "Mirror", kind="Array")
    pool_nas.bus.upload("Mirror/a.txt", b"hello", token=pool_nas.token)
    pool_nas.sandbox.stop_service()
    pool_nas.disks.Pull("sda")
    pool_nas.disks.Pull("sdb")
    pool_nas.disks.Reboot()
    pool_nas.sandbox.start_service()
    assert "md0" in pool_nas.wait_for_state("Mirror", "absent")["StateText"]
    refused("NotAvailable", pool_nas.bus.Files.List, "Mirror", token=pool_nas.token)
    pool_nas.disks.Return("sda", "")
    pool_nas.disks.Return("sdb", "")
    pool_nas.disks.Advance(60)
    pool_nas.wait_for_any("Mirror", "ready", "degraded")
    assert pool_nas.read("Mirror/a.txt") == b"hello"


def test_what_would_be_lost_is_said_and_lost_only_when_it_is_still_so(pool_nas):
    pool_nas.format("sdc")
    token, plan = pool_nas.plan_format("sdc", "Photos")
    assert plan["losses"][0]["destroys"] and "ext4" in plan["text"] and "lost" in plan["text"]
    pool_nas.format("sdc", "xfs")
    assert "sdc" in refused("Stale", pool_nas.apply, token)
    token, _plan = pool_nas.plan_format("sdc", "Photos")
    pool_nas.adopt("sdc", "Kept")
    pool_nas.call("Kept", "Unmount")  # as it was, but for being a pool now
    assert "pool" in refused("Stale", pool_nas.apply, token)
    assert "pool" in refused("Refused", pool_nas.plan_format, "sdc", "Photos")
    members = [pool_nas.path_of("Disk", name) for name in ("sdc", "sdd")]
    assert "carries a pool" in refused("Refused", pool_nas.bus.Storage.PlanArray, "data", "raid1", members, token=pool_nas.token)
    pool_nas.call("Kept", "Mount")
    assert pool_nas.pool("Kept")["State"] == "ready"


def test_the_name_of_a_pool_must_be_free_when_it_is_made_too(pool_nas):
    token, _plan = pool_nas.plan_format("sdc", "Photos")
    pool_nas.bus.Files.CreateFolder("Photos", token=pool_nas.token)
    refused("Exists", pool_nas.plan_format, "sdd", "Photos")
    assert "“Photos”" in refused("Exists", pool_nas.apply, token)
    assert pool_nas.disks.get(pool_nas.disks.block("sdc"), "Block", "IdType") == ""
    first, second = pool_nas.plan_format("sdc", "Music")[0], pool_nas.plan_format("sdd", "Music")[0]
    jobs = []
    for token in (first, second):
        try:
            jobs.append(pool_nas.apply(token))
        except Exception as error:  # noqa: BLE001
            assert error.name == "Exists"
    states = [pool_nas.finish(job)[0] for job in jobs]
    assert states.count("succeeded") == 1 and len(pool_nas.all("Pool")) == 1


def test_what_must_not_be_formatted_is_refused(pool_nas):
    assert "operating system" in refused("Refused", pool_nas.plan_format, "vda", "X")
    assert "member of the array" in refused("Refused", pool_nas.plan_format, "sda", "X")
    pool_nas.disks.SetContent("sdd", "crypto", "crypto_LUKS")
    wait_until(lambda: pool_nas.all("Disk")[pool_nas.path_of("Disk", "sdd")]["Usage"] == "foreign", "the encrypted volume")
    assert "LUKS" in refused("Refused", pool_nas.plan_format, "sdd", "X")
    refused("NotFound", pool_nas.bus.Storage.PlanFormat, f"{ROOT}/disks/none", "X", "ext4", token=pool_nas.token)
    assert "ntfs" in refused("InvalidArgument", pool_nas.plan_format, "sdc", "X", "ntfs")
    assert "label" in refused("InvalidArgument", pool_nas.plan_format, "sdc", "X", label="x" * 17)
    for name in ("", "..", "a/b", "x" * 65, ".baluhost"):
        refused("InvalidName", pool_nas.plan_format, "sdc", name)
    alex = pool_nas.sandbox.token("alex", "demo123")
    refused("AdminRequired", pool_nas.bus.Storage.PlanFormat, pool_nas.path_of("Disk", "sdc"), "X", "ext4", token=alex)
    pool_nas.disks.Pull("sdc")
    wait_until(lambda: not any(disk["Name"] == "sdc" for disk in pool_nas.all("Disk").values()), "the disk to go")
    assert pool_nas.all("Pool") == {}


def test_a_label_is_the_name_cut_between_characters_or_as_asked_for(pool_nas):
    pool_nas.create("sdc", "Überlängenfotos\N{CAMERA}x")
    assert pool_nas.disks.get(pool_nas.disks.block("sdc"), "Block", "IdLabel") == "Überlängenfoto"[:14]
    pool_nas.create("sdd", "Music", label="tunes")
    assert pool_nas.disks.get(pool_nas.disks.block("sdd"), "Block", "IdLabel") == "tunes"


@pytest.mark.parametrize("method", ["Format", "AddConfigurationItem", "Mount"])
def test_a_pool_that_cannot_be_made_leaves_a_state_that_is_described(pool_nas, method):
    token, _plan = pool_nas.plan_format("sdc", "Photos")
    pool_nas.disks.InjectError(method, "Failed", "out of order", 1)
    state, _result, error, name = pool_nas.finish(pool_nas.apply(token))
    assert state == "failed" and "out of order" in error and name.endswith("Failed")
    assert pool_nas.all("Pool") == {} and not pool_nas.fstab() and "sdc" not in pool_nas.mounts() and "Photos" not in pool_nas.names("")
    wait_until(lambda: audit(pool_nas.sandbox, "format") and audit(pool_nas.sandbox, "format")[-1]["result"] != 0, "the failure in the audit trail")
    if method != "Format":
        assert "can be adopted" in error
        pool_nas.adopt("sdc", "Photos")
    else:
        pool_nas.create("sdc", "Photos")
    assert pool_nas.wait_for_state("Photos", "ready")


@pytest.mark.parametrize("method", ["Unmount", "RemoveConfigurationItem", "Format"])
def test_a_pool_that_cannot_be_deleted_is_as_it_was(pool_nas, method):
    pool_nas.create("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    token, _plan = pool_nas.plan_delete("Photos")
    pool_nas.disks.InjectError(method, "Failed", "out of order", 1)
    state, _result, error, _name = pool_nas.finish(pool_nas.apply(token))
    assert state == "failed" and "out of order" in error
    pool_nas.wait_for_state("Photos", "ready")
    assert pool_nas.read("Photos/a.txt") == b"hello"


def test_a_pool_that_is_used_or_absent_is_not_deleted(pool_nas):
    pool_nas.create("sdc", "Photos")
    token, _plan = pool_nas.plan_delete("Photos")
    path, fd = pool_nas.bus.Files.BeginUpload("Photos/a.bin", 10, token=pool_nas.token)
    assert "1 upload" in refused("Refused", pool_nas.plan_delete, "Photos")
    state, _result, error, name = pool_nas.finish(pool_nas.apply(token))
    assert state == "failed" and "1 upload" in error and name.endswith("Busy")
    os.close(fd)
    pool_nas.bus.at(path, "Upload").Abort(token=pool_nas.token)
    assert pool_nas.pool("Photos")["State"] == "ready"
    pool_nas.disks.Pull("sdc")
    pool_nas.wait_for_state("Photos", "absent")
    assert "absent" in refused("Refused", pool_nas.plan_delete, "Photos")
    refused("NotFound", pool_nas.bus.Storage.PlanDelete, f"{ROOT}/pools/none", token=pool_nas.token)


def test_a_pool_grows_to_the_size_of_what_it_is_on(pool_nas):
    pool_nas.create("sdc", "Photos")
    assert "as large already" in refused("Conflict", pool_nas.call, "Photos", "Grow")
    pool_nas.call("Photos", "Unmount")
    assert "not mounted" in refused("Conflict", pool_nas.call, "Photos", "Grow")
    client = Disks(pool_nas.sandbox.bus_address, pool_nas.sandbox.service_uid)
    client.do(client.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 5_000_000_000 // 4096 * 4096, {})
    client.close()
    pool_nas.call("Photos", "Mount")
    wait_until(lambda: pool_nas.pool("Photos")["Size"] < 5_000_000_001, "the smaller size", 30)
    pool_nas.disks.InjectError("Resize", "Failed", "out of order", 1)
    state, _result, error, _name = pool_nas.finish(pool_nas.call("Photos", "Grow"))
    assert state == "failed" and "out of order" in error
    job = pool_nas.call("Photos", "Grow")
    assert pool_nas.succeed(job) == pool_nas.path_of("Pool", "Photos")
    wait_until(lambda: pool_nas.pool("Photos")["Size"] > 9_999_000_000, "the new size", 30)
    assert [row["result"] == 0 for row in audit(pool_nas.sandbox, "pool-grow")][-1]
    assert pool_nas.pool("Photos")["State"] == "ready"


def test_what_would_become_of_a_pool_if_disks_died(pool_nas):
    def effects(*names):
        disks = [pool_nas.path_of("Disk", name) for name in names]
        return {e["name"]: e["effect"] for e in pool_nas.bus.Storage.SimulateFailure(disks, token=pool_nas.token) if e["kind"] == "pool"}

    pool_nas.create("md0", "Mirror", kind="Array")
    pool_nas.create("sdc", "Photos")
    assert effects("sdd") == {"Mirror": "unaffected", "Photos": "unaffected"}
    assert effects("sda") == {"Mirror": "degraded", "Photos": "unaffected"}
    assert effects("sdc") == {"Mirror": "unaffected", "Photos": "lost"}
    assert effects("sda", "sdb", "sdc") == {"Mirror": "lost", "Photos": "lost"}
