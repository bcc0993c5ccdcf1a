# SPDX-License-Identifier: MIT
"""Pools: filesystems on disks and arrays that hold files of the NAS, through everything that may happen to them."""

import os

import pytest

from support.bus import NAME, ROOT
from support.pools import PoolNas
from support.process import wait_until
from support.sandbox import OPERATOR_UID, STRANGER_UID
from test_sessions import audit, refused


# What is there


def test_without_pools_the_main_storage_is_the_only_one_and_the_default(pool_nas):
    assert pool_nas.all("Pool") == {}
    wait_until(lambda: pool_nas.bus.Storage.ListPools()[0].get("size"), "the size of the main storage")
    (main,) = pool_nas.bus.Storage.ListPools()
    assert (main["name"], main["path"], main["state"], main["is_default"]) == ("", "/", "ready", True)
    assert main["mount_point"] == str(pool_nas.sandbox.storage_dir)
    assert main["used"] + main["free"] <= main["size"]


def test_a_filesystem_that_is_there_already_becomes_a_pool(pool_nas):
    path = pool_nas.make_pool("sdc", "Photos")
    pool = pool_nas.all("Pool")[path]
    assert path == f"{ROOT}/pools/{pool['Uuid'].replace('-', '_')}"
    disk_path = pool_nas.path_of("Disk", "sdc")
    assert (pool["Name"], pool["Filesystem"], pool["Source"], pool["Level"]) == ("Photos", "ext4", disk_path, "")
    assert (pool["MountPoint"], pool["State"], pool["IsDefault"]) == (str(pool_nas.place("Photos")), "ready", False)
    assert pool["Size"] == 10_000_000_000 // 4096 * 4096
    disk = pool_nas.all("Disk")[disk_path]
    assert (disk["Pool"], disk["Usage"]) == (path, "pool")
    assert pool_nas.fstab()[pool["Uuid"]] == [str(pool_nas.place("Photos"))]
    assert pool_nas.mounts()["sdc"] == [str(pool_nas.place("Photos"))]
    assert "Photos" in pool_nas.names("")
    assert audit(pool_nas.sandbox, "pool-adopt")[-1]["target"] == "Photos"


def test_an_array_carries_a_pool_and_says_so(pool_nas):
    pool_nas.format("md0")
    path = pool_nas.adopt("md0", "Mirror", "Array")
    pool = pool_nas.wait_for_state("Mirror", "ready")
    assert (pool["Level"], pool["Source"]) == ("raid1", pool_nas.path_of("Array", "md0"))
    assert pool_nas.all("Array")[pool["Source"]]["Pool"] == path
    assert pool_nas.all("Disk")[pool_nas.path_of("Disk", "sda")]["Pool"] == path
    assert pool_nas.all("Disk")[pool_nas.path_of("Disk", "sda")]["Usage"] == "array"


def test_a_list_of_pools_says_the_same_as_the_objects(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    (path, properties), = pool_nas.all("Pool").items()
    entry = pool_nas.listed("Photos")
    assert entry["path"] == path
    for name, value in properties.items():
        key = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_") + ("_usec" if name == "LastSeen" else "")
        if key in entry and key not in ("used", "free", "last_seen_usec"):
            assert entry[key] == value, name


def test_files_go_into_a_pool_and_come_out_again(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    data = os.urandom(300_000)
    pool_nas.bus.upload("Photos/a.bin", data, token=pool_nas.token)
    assert pool_nas.read("Photos/a.bin") == data
    assert (pool_nas.place("Photos") / "a.bin").read_bytes() == data
    assert pool_nas.names("Photos") == {"a.bin"}
    pool_nas.bus.Files.CreateFolder("Photos/2026", token=pool_nas.token)
    pool_nas.bus.Files.Move("Photos/a.bin", "Photos/2026/b.bin", token=pool_nas.token)
    assert pool_nas.names("Photos/2026") == {"b.bin"}


def test_how_full_a_pool_is_counts_what_is_in_it(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    wait_until(lambda: pool_nas.pool("Photos")["Free"] > 0, "the first measurement")
    pool_nas.bus.upload("Photos/a.bin", b"x" * 1_000_000, token=pool_nas.token)
    wait_until(lambda: pool_nas.pool("Photos")["Used"] >= 1_000_000, "the usage", 30)
    pool = pool_nas.pool("Photos")
    assert pool["Used"] + pool["Free"] <= pool["Size"]


def test_a_second_pool_of_the_same_name_or_filesystem_is_refused(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.format("sdd")
    assert "“Photos”" in refused("Exists", pool_nas.adopt, "sdd", "Photos")
    assert "“Photos”" in refused("Exists", pool_nas.adopt, "sdd", "photos")
    assert "“Photos” already" in refused("Exists", pool_nas.adopt, "sdc", "More")
    pool_nas.bus.Files.CreateFolder("Taken", token=pool_nas.token)
    assert "“Taken”" in refused("Exists", pool_nas.adopt, "sdd", "Taken")
    wait_until(lambda: audit(pool_nas.sandbox, "pool-adopt")[-1]["result"] != 0, "the refusal in the audit trail")
    assert len(pool_nas.all("Pool")) == 1 and "sdd" not in pool_nas.mounts()
    pool_nas.adopt("sdd", "More")
    pool_nas.wait_for_state("More", "ready")


def test_what_cannot_be_a_pool_is_refused_and_untouched(pool_nas):
    assert "vda" in refused("Refused", pool_nas.adopt, "vda", "X")
    assert "no filesystem" in refused("NotFound", pool_nas.adopt, "sdc", "X")
    assert "no filesystem" in refused("NotFound", pool_nas.adopt, "sda", "X")  # a member has none of its own
    refused("NotFound", pool_nas.bus.Storage.Adopt, f"{ROOT}/disks/none", "X", token=pool_nas.token)
    pool_nas.format("sdc", "vfat")
    assert "vfat" in refused("NotSupported", pool_nas.adopt, "sdc", "X")
    pool_nas.format("sdd")
    pool_nas.disks.do(pool_nas.disks.block("sdd"), "Filesystem", "Mount")
    wait_until(lambda: pool_nas.all("Disk")[pool_nas.path_of("Disk", "sdd")]["Usage"] == "mounted", "the mount")
    assert "mounted on" in refused("Refused", pool_nas.adopt, "sdd", "X")
    pool_nas.disks.format("sde")  # belongs to somebody else
    pool_nas.wait_for_contents("sde")
    if os.geteuid() == 0:
        assert "must belong to the Unix user" in refused("Refused", pool_nas.adopt, "sde", "X")
        assert "sde" not in pool_nas.mounts()
    assert pool_nas.all("Pool") == {} and not pool_nas.fstab()
    assert "X" not in pool_nas.names("")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "x" * 65, ".baluhost", ".BaluHost"])
def test_a_pool_has_a_name_that_a_folder_can_have(pool_nas, name):
    pool_nas.format("sdc")
    refused("InvalidName", pool_nas.adopt, "sdc", name)
    assert pool_nas.all("Pool") == {} and not pool_nas.fstab() and "sdc" not in pool_nas.mounts()


@pytest.mark.parametrize("name", ["My Photos", "Föhn \N{CAMERA}", "a\\040b", "#1", "-rf", "%s%n", "x" * 64, "Foo'$(reboot)"])
def test_an_unusual_name_is_taken_letter_by_letter(pool_nas, name):
    pool_nas.make_pool("sdc", name)
    assert pool_nas.mounts()["sdc"] == [str(pool_nas.place(name))]
    pool_nas.bus.upload(f"{name}/a.txt", b"a", token=pool_nas.token)
    assert (pool_nas.place(name) / "a.txt").read_bytes() == b"a"


# Who may


def test_pools_are_for_administrators_and_those_whom_polkit_allows(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    alex = pool_nas.sandbox.token("alex", "demo123")
    pool = pool_nas.at("Photos")
    for call, arguments in (
        (pool.Unmount, ()), (pool.Mount, ()), (pool.Detach, ()), (pool.SetDefault, ()), (pool.Rename, ("X",)), (pool.GetUsers, ()),
        (pool_nas.bus.Storage.Adopt, (pool_nas.path_of("Disk", "sdd"), "X")),
    ):
        refused("AdminRequired", call, *arguments, token=alex)
    assert pool_nas.bus.Storage.ListPools(token=alex)[1]["name"] == "Photos"
    if os.geteuid() != 0:
        return
    path = pool_nas.path_of("Pool", "Photos")
    with pool_nas.sandbox.bus(STRANGER_UID) as stranger:
        refused("NotPermitted", stranger.at(path, "Pool").Unmount)
        assert stranger.Storage.ListPools()
    with pool_nas.sandbox.bus(OPERATOR_UID) as operator:
        operator.at(path, "Pool").SetDefault()
    assert pool_nas.pool("Photos")["IsDefault"]


# Mounting


def test_what_was_unmounted_stays_so_until_it_is_mounted(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.call("Photos", "Unmount")
    pool = pool_nas.pool("Photos")
    assert (pool["State"], pool["MountPoint"], pool["Used"], pool["Free"]) == ("unmounted", "", 0, 0)
    assert pool["Size"] > 0 and "sdc" not in pool_nas.mounts() and not pool_nas.fstab()
    assert "“Photos”" in refused("NotAvailable", pool_nas.bus.Files.List, "Photos", token=pool_nas.token)
    refused("NotAvailable", pool_nas.bus.upload, "Photos/b.txt", b"b", token=pool_nas.token)
    refused("NotAvailable", pool_nas.bus.Files.CreateFolder, "Photos", token=pool_nas.token)
    refused("Conflict", pool_nas.call, "Photos", "Unmount")
    assert list(pool_nas.place("Photos").iterdir()) == []
    pool_nas.sandbox.restart_service()
    pool_nas.wait_for_state("Photos", "unmounted")
    pool_nas.disks.settle()
    assert pool_nas.pool("Photos")["State"] == "unmounted" and "sdc" not in pool_nas.mounts()
    pool_nas.call("Photos", "Mount")
    assert pool_nas.read("Photos/a.txt") == b"hello"
    assert pool_nas.pool("Photos")["State"] == "ready"
    assert pool_nas.fstab()[pool_nas.pool("Photos")["Uuid"]] == [str(pool_nas.place("Photos"))]
    refused("Conflict", pool_nas.call, "Photos", "Mount")
    for action in ("pool-unmount", "pool-mount"):
        wait_until(lambda: [row["result"] == 0 for row in audit(pool_nas.sandbox, action)] == [True, False], f"both {action} in the audit trail")  # noqa: B023


def test_a_pool_that_is_used_is_not_unmounted_unless_by_force(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    upload = pool_nas.bus.Files.BeginUpload("Photos/a.bin", 10, token=pool_nas.token)
    path, fd = upload[0], upload[1]
    users = pool_nas.call("Photos", "GetUsers")
    assert [(user["kind"], user["text"]) for user in users] == [("upload", "1 upload")]
    assert "1 upload" in refused("Busy", pool_nas.call, "Photos", "Unmount")
    assert "1 upload" in refused("Busy", pool_nas.call, "Photos", "Detach")
    assert "1 upload" in refused("Busy", pool_nas.call, "Photos", "Rename", "Pictures")
    assert pool_nas.pool("Photos")["State"] == "ready"
    os.close(fd)
    pool_nas.call("Photos", "Unmount", force=True)
    assert pool_nas.pool("Photos")["State"] == "unmounted"
    with pytest.raises(Exception):
        pool_nas.bus.at(path, "Upload").Commit(token=pool_nas.token)


def test_what_another_program_holds_open_is_said_and_the_pool_goes_on(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    with open(pool_nas.place("Photos") / "a.txt", "rb"):
        assert "some program" in refused("Busy", pool_nas.call, "Photos", "Unmount")
        assert pool_nas.wait_for_state("Photos", "ready")
        assert pool_nas.read("Photos/a.txt") == b"hello"
    pool_nas.call("Photos", "Unmount")


def test_a_pool_is_detached_and_adopted_again_with_all_that_is_in_it(pool_nas):
    first = pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.call("Photos", "Detach")
    assert pool_nas.all("Pool") == {} and not pool_nas.fstab() and "sdc" not in pool_nas.mounts()
    assert "Photos" not in pool_nas.names("")
    assert pool_nas.all("Disk")[pool_nas.path_of("Disk", "sdc")]["Pool"] == "/"
    pool_nas.bus.Files.CreateFolder("Photos", token=pool_nas.token)  # the name is free
    pool_nas.bus.Files.Delete("Photos", token=pool_nas.token)
    again = pool_nas.adopt("sdc", "Pictures")
    assert again == first
    pool_nas.wait_for_state("Pictures", "ready")
    assert pool_nas.read("Pictures/a.txt") == b"hello"


def test_front_ends_begin_with_the_default_pool(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.make_pool("sdd", "Music")
    pool_nas.call("Photos", "SetDefault")
    assert [pool["is_default"] for pool in pool_nas.bus.Storage.ListPools()] == [False, False, True]
    pool_nas.call("Music", "SetDefault")
    assert [(pool["name"], pool["is_default"]) for pool in pool_nas.bus.Storage.ListPools()] == [("", False), ("Music", True), ("Photos", False)]
    pool_nas.sandbox.restart_service()
    pool_nas.wait_for_state("Music", "ready")
    assert pool_nas.pool("Music")["IsDefault"] and not pool_nas.pool("Photos")["IsDefault"]
    pool_nas.call("Music", "Detach")
    assert pool_nas.bus.Storage.ListPools()[0]["is_default"]


def test_a_pool_is_renamed_with_its_folder_and_its_mount_point(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.bus.Files.CreateFolder("Taken", token=pool_nas.token)
    refused("Exists", pool_nas.call, "Photos", "Rename", "Taken")
    refused("Exists", pool_nas.call, "Photos", "Rename", "Photos")
    refused("InvalidName", pool_nas.call, "Photos", "Rename", "a/b")
    assert pool_nas.read("Photos/a.txt") == b"hello"
    pool_nas.call("Photos", "Rename", "My Pictures")
    assert pool_nas.names("") >= {"My Pictures"} and "Photos" not in pool_nas.names("")
    assert pool_nas.read("My Pictures/a.txt") == b"hello"
    pool = pool_nas.pool("My Pictures")
    assert pool["MountPoint"] == str(pool_nas.place("My Pictures")) == pool_nas.mounts()["sdc"][0]
    assert pool_nas.fstab()[pool["Uuid"]] == [str(pool_nas.place("My Pictures"))]
    pool_nas.bus.Files.CreateFolder("Photos", token=pool_nas.token)
    pool_nas.call("My Pictures", "Unmount")
    pool_nas.call("My Pictures", "Rename", "Pictures")
    pool_nas.call("Pictures", "Mount")
    assert pool_nas.read("Pictures/a.txt") == b"hello"


# Coming and going


def test_a_pool_whose_disk_is_pulled_is_absent_until_it_returns(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    upload = pool_nas.bus.Files.BeginUpload("Photos/b.bin", 10, token=pool_nas.token)
    os.close(upload[1])
    pool_nas.disks.Pull("sdc")
    pool = pool_nas.wait_for_state("Photos", "absent")
    assert "is not there" in pool["StateText"] and "BALU-DEV-10GB-A" in pool["StateText"] and pool["MountPoint"] == ""
    wait_until(lambda: pool_nas.all("Disk").get(pool["Source"], {}).get("State") == "absent", "the disk as expected")
    pool_nas.wait_until_closed("Photos")
    refused("NotAvailable", pool_nas.bus.upload, "Photos/c.txt", b"c", token=pool_nas.token)
    refused("NotAvailable", pool_nas.call, "Photos", "Mount")
    refused("NotAvailable", pool_nas.call, "Photos", "Rename", "Pictures")
    pool_nas.sandbox.restart_service()
    pool_nas.wait_for_state("Photos", "absent")
    pool_nas.disks.Return("BALU-DEV-10GB-A", "sdx")
    pool_nas.wait_for_state("Photos", "ready")
    assert pool_nas.read("Photos/a.txt") == b"hello"
    assert pool_nas.names("Photos") == {"a.txt"}


def test_an_absent_pool_can_be_forgotten_and_adopted_when_it_returns(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.disks.Pull("sdc")
    pool_nas.wait_for_state("Photos", "absent")
    pool_nas.call("Photos", "Detach")
    assert pool_nas.all("Pool") == {}
    pool_nas.disks.Return("sdc", "")
    pool_nas.wait_for_contents("sdc")
    assert not pool_nas.fstab() and "sdc" not in pool_nas.mounts()
    pool_nas.adopt("sdc", "Photos")
    pool_nas.wait_for_state("Photos", "ready")
    assert pool_nas.read("Photos/a.txt") == b"hello"


def test_a_pool_on_a_degraded_array_says_so_and_goes_with_the_array(pool_nas):
    pool_nas.format("md0")
    pool_nas.adopt("md0", "Mirror", "Array")
    pool_nas.wait_for_state("Mirror", "ready")
    pool_nas.bus.upload("Mirror/a.txt", b"hello", token=pool_nas.token)
    pool_nas.disks.Pull("sdb")
    assert "md0" in pool_nas.wait_for_state("Mirror", "degraded")["StateText"]
    assert pool_nas.read("Mirror/a.txt") == b"hello"


def test_pools_come_back_with_the_service_however_it_ended(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.make_pool("sdd", "Music")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.bus.upload("Music/b.txt", b"tune", token=pool_nas.token)
    for end in (pool_nas.sandbox.stop_service, pool_nas.sandbox.kill_service):
        end()
        pool_nas.sandbox.start_service()
        for name in ("Photos", "Music"):
            pool_nas.wait_for_state(name, "ready")
        assert pool_nas.read("Photos/a.txt") == b"hello" and pool_nas.read("Music/b.txt") == b"tune"


def test_pools_are_mounted_after_the_machine_was_started_anew(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.sandbox.stop_service()
    pool_nas.disks.Reboot()
    pool_nas.sandbox.start_service()
    pool_nas.wait_for_state("Photos", "ready")
    assert pool_nas.read("Photos/a.txt") == b"hello"


def test_files_stay_available_while_udisks2_is_started_anew(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.sandbox.stop_udisks()
    wait_until(lambda: not pool_nas.bus.get_property(ROOT, "Storage", "Available"), "the service to notice")
    assert pool_nas.read("Photos/a.txt") == b"hello"
    assert pool_nas.pool("Photos")["State"] == "ready"
    refused("NotAvailable", pool_nas.call, "Photos", "Unmount")
    assert pool_nas.read("Photos/a.txt") == b"hello"
    pool_nas.sandbox.start_udisks()
    wait_until(lambda: pool_nas.bus.get_property(ROOT, "Storage", "Available"), "UDisks2")
    assert pool_nas.wait_for_state("Photos", "ready")
    pool_nas.call("Photos", "Unmount")


def test_what_is_not_mounted_is_never_written_into(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.call("Photos", "Unmount")
    before = sorted(pool_nas.place("Photos").rglob("*"))
    pool_nas.disks.InjectError("Mount", "Failed", "out of order", 100)
    assert "out of order" in refused("Failed", pool_nas.call, "Photos", "Mount")
    assert sorted(pool_nas.place("Photos").rglob("*")) == before == []
    assert pool_nas.pool("Photos")["State"] == "unmounted" and not pool_nas.fstab()


# What goes wrong at UDisks2


@pytest.mark.parametrize("method", ["AddConfigurationItem", "Mount"])
def test_an_adoption_that_fails_leaves_nothing_behind(pool_nas, method):
    pool_nas.format("sdc")
    pool_nas.disks.InjectError(method, "Failed", "out of order", 1)
    assert "out of order" in refused("Failed", pool_nas.adopt, "sdc", "Photos")
    assert pool_nas.all("Pool") == {} and not pool_nas.fstab() and "sdc" not in pool_nas.mounts() and "Photos" not in pool_nas.names("")
    pool_nas.adopt("sdc", "Photos")
    pool_nas.wait_for_state("Photos", "ready")


@pytest.mark.parametrize("method", ["Unmount", "RemoveConfigurationItem"])
@pytest.mark.parametrize("verb", ["Unmount", "Detach", "Rename"])
def test_a_change_that_fails_leaves_the_pool_as_it_was(pool_nas, verb, method):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.disks.InjectError(method, "Failed", "out of order", 1)
    assert "out of order" in refused("Failed", pool_nas.call, "Photos", verb, *(["Pictures"] if verb == "Rename" else []))
    pool_nas.wait_for_state("Photos", "ready")
    assert pool_nas.read("Photos/a.txt") == b"hello"
    assert pool_nas.fstab()[pool_nas.pool("Photos")["Uuid"]] == [str(pool_nas.place("Photos"))]
    assert "Pictures" not in pool_nas.names("")
    pool_nas.bus.Files.CreateFolder("Pictures", token=pool_nas.token)


@pytest.mark.parametrize("method", ["AddConfigurationItem", "Mount"])
def test_a_renaming_that_fails_halfway_is_undone(pool_nas, method):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.bus.upload("Photos/a.txt", b"hello", token=pool_nas.token)
    pool_nas.disks.InjectError(method, "Failed", "out of order", 1)
    assert "out of order" in refused("Failed", pool_nas.call, "Photos", "Rename", "Pictures")
    pool_nas.wait_for_state("Photos", "ready")
    assert pool_nas.read("Photos/a.txt") == b"hello"
    assert pool_nas.fstab()[pool_nas.pool("Photos")["Uuid"]] == [str(pool_nas.place("Photos"))]


def test_a_pool_that_cannot_be_mounted_says_why_and_is_tried_again(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.sandbox.stop_service()
    pool_nas.disks.do(pool_nas.disks.block("sdc"), "Filesystem", "Unmount")
    pool_nas.disks.InjectError("Mount", "Failed", "bad superblock", 1)
    pool_nas.sandbox.start_service()
    wait_until(lambda: "bad superblock" in pool_nas.pool("Photos")["StateText"], "the reason")
    assert pool_nas.pool("Photos")["State"] == "failed"
    refused("NotAvailable", pool_nas.bus.Files.List, "Photos", token=pool_nas.token)
    pool_nas.wait_for_state("Photos", "ready")  # at the second attempt


def test_a_pool_that_somebody_has_mounted_elsewhere_is_left_alone(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    pool_nas.sandbox.stop_service()
    block = pool_nas.disks.block("sdc")
    pool_nas.disks.do(block, "Filesystem", "Unmount")
    (entry,) = pool_nas.disks.get(block, "Block", "Configuration")
    pool_nas.disks.do(block, "Block", "RemoveConfigurationItem", "((sa{sv})a{sv})", ("fstab", {k: _variant(v) for k, v in entry[1].items()}), {})
    pool_nas.disks.do(block, "Filesystem", "Mount")
    pool_nas.sandbox.start_service()
    wait_until(lambda: "is mounted on" in pool_nas.pool("Photos")["StateText"], "the reason")
    assert pool_nas.pool("Photos")["State"] == "failed"
    assert "is mounted on" in refused("Refused", pool_nas.call, "Photos", "Mount")
    pool_nas.disks.do(block, "Filesystem", "Unmount")
    pool_nas.call("Photos", "Mount")
    pool_nas.wait_for_state("Photos", "ready")


def _variant(value):
    from gi.repository import GLib

    return GLib.Variant("i", value) if isinstance(value, int) else GLib.Variant("ay", bytes(value))


def test_pools_are_watched_on_the_bus(pool_nas):
    from test_jobs import until

    seen = []
    subscription = pool_nas.bus.connection.signal_subscribe(
        NAME, None, None, None, None, 0, lambda _c, _s, path, _i, member, arguments: seen.append((member, path, arguments.unpack()))
    )
    path = pool_nas.make_pool("sdc", "Photos")
    until(lambda: any(member == "InterfacesAdded" and arguments[0] == path for member, _p, arguments in seen), "the object")
    pool_nas.call("Photos", "Unmount")
    until(lambda: any(p == path and "State" in arguments[1] for member, p, arguments in seen if member == "PropertiesChanged"), "the change")
    pool_nas.call("Photos", "Detach")
    until(lambda: any(member == "InterfacesRemoved" and arguments[0] == path for member, _p, arguments in seen), "the end")
    pool_nas.bus.connection.signal_unsubscribe(subscription)


def test_an_alert_tells_of_a_pool_that_is_absent_and_ends_when_it_returns(pool_nas):
    def alerts():
        return [alert for alert in pool_nas.bus.Manager.ListAlerts(token=pool_nas.token) if alert["kind"] == "pool-absent"]

    path = pool_nas.make_pool("sdc", "Photos")
    pool_nas.disks.Pull("sdc")
    wait_until(alerts, "the alert", 5)
    (alert,) = alerts()
    assert (alert["subject"], alert["severity"]) == (path, "critical") and "Photos" in alert["title"]
    pool_nas.sandbox.restart_service()
    pool_nas.wait_for_state("Photos", "absent")
    assert [one["path"] for one in alerts()] == [alert["path"]]
    pool_nas.disks.Return("sdc", "")
    pool_nas.wait_for_state("Photos", "ready")
    wait_until(lambda: not alerts(), "the end of the alert", 5)
    pool_nas.call("Photos", "Unmount")
    pool_nas.disks.Pull("sdc")
    pool_nas.wait_for_state("Photos", "absent")
    pool_nas.disks.settle()
    assert not alerts()  # it was not wanted


def test_a_pool_is_served_over_the_web(make_sandbox, build_dir):
    if not (build_dir / "web-bridge" / "baluhost-web").exists():
        pytest.skip("there is no bridge in this build")
    sandbox = make_sandbox()
    with sandbox.bus() as bus, sandbox.disks() as disks:
        disks.SetFormatDuration(0)
        nas = PoolNas(sandbox, bus, disks).wait()
        nas.create("sdc", "Photos")
        web = sandbox.web("admin", "changeme")
        data = os.urandom(200_000)
        bus.upload("Photos/a.bin", data, token=nas.token)
        names = [entry["name"] for entry in web.get("/api/files/list?path=Photos").json()["files"]]
        assert names == ["a.bin"]
        assert web.get("/api/files/download/Photos/a.bin").content == data
        nas.call("Photos", "Unmount")
        assert web.get("/api/files/list?path=Photos").status_code == 503
        assert web.get("/api/files/download/Photos/a.bin").status_code == 503


def test_the_quota_of_a_user_counts_what_is_in_pools_too(pool_nas):
    pool_nas.make_pool("sdc", "Photos")
    user = pool_nas.bus.Users.Create("ines", "correct horse battery", token=pool_nas.token, quota_bytes=1_000_000)
    token = pool_nas.sandbox.token("ines", "correct horse battery")
    pool_nas.bus.upload("Photos/a.bin", b"x" * 600_000, token=token)
    refused("QuotaExceeded", pool_nas.bus.upload, "Photos/b.bin", b"x" * 600_000, token=token)
    refused("QuotaExceeded", pool_nas.bus.upload, "b.bin", b"x" * 600_000, token=token)
    assert pool_nas.bus.Files.GetUsage(token=token)["used_bytes"] == 600_000 and user["username"] == "ines"
    pool_nas.call("Photos", "Unmount")
    pool_nas.bus.upload("b.bin", b"x" * 600_000, token=token)  # what is not there is not counted
