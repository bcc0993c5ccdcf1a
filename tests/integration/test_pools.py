# SPDX-License-Identifier: MIT
"""Pools: filesystems on disks and arrays that hold files of the NAS, through everything that may happen to them."""

import os

import pytest

from support.bus import NAME, ROOT
from support.pools import PoolNas
from support.process import wait_until
from support.sandbox import OPERATOR_UID, STRANGER_UID
from test_sessions import audit, refused


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.bus() as bus, sandbox.disks() as disks:
        disks.SetFormatDuration(0)
        yield PoolNas(sandbox, bus, disks).wait()


# What is there


def test_without_pools_the_main_storage_is_the_only_one_and_the_default(nas):
    assert nas.all("Pool") == {}
    wait_until(lambda: nas.bus.Storage.ListPools()[0].get("size"), "the size of the main storage")
    (main,) = nas.bus.Storage.ListPools()
    assert (main["name"], main["path"], main["state"], main["is_default"]) == ("", "/", "ready", True)
    assert main["mount_point"] == str(nas.sandbox.storage_dir)
    assert main["used"] + main["free"] <= main["size"]


def test_a_filesystem_that_is_there_already_becomes_a_pool(nas):
    path = nas.make_pool("sdc", "Photos")
    pool = nas.all("Pool")[path]
    assert path == f"{ROOT}/pools/{pool['Uuid'].replace('-', '_')}"
    disk_path = nas.path_of("Disk", "sdc")
    assert (pool["Name"], pool["Filesystem"], pool["Source"], pool["Level"]) == ("Photos", "ext4", disk_path, "")
    assert (pool["MountPoint"], pool["State"], pool["IsDefault"]) == (str(nas.place("Photos")), "ready", False)
    assert pool["Size"] == 10_000_000_000 // 4096 * 4096
    disk = nas.all("Disk")[disk_path]
    assert (disk["Pool"], disk["Usage"]) == (path, "pool")
    assert nas.fstab()[pool["Uuid"]] == [str(nas.place("Photos"))]
    assert nas.mounts()["sdc"] == [str(nas.place("Photos"))]
    assert "Photos" in nas.names("")
    assert audit(nas.sandbox, "pool-adopt")[-1]["target"] == "Photos"


def test_an_array_carries_a_pool_and_says_so(nas):
    nas.format("md0")
    path = nas.adopt("md0", "Mirror", "Array")
    pool = nas.wait_for_state("Mirror", "ready")
    assert (pool["Level"], pool["Source"]) == ("raid1", nas.path_of("Array", "md0"))
    assert nas.all("Array")[pool["Source"]]["Pool"] == path
    assert nas.all("Disk")[nas.path_of("Disk", "sda")]["Pool"] == path
    assert nas.all("Disk")[nas.path_of("Disk", "sda")]["Usage"] == "array"


def test_a_list_of_pools_says_the_same_as_the_objects(nas):
    nas.make_pool("sdc", "Photos")
    (path, properties), = nas.all("Pool").items()
    entry = nas.listed("Photos")
    assert entry["path"] == path
    for name, value in properties.items():
        key = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_") + ("_usec" if name == "LastSeen" else "")
        if key in entry and key not in ("used", "free", "last_seen_usec"):
            assert entry[key] == value, name


def test_files_go_into_a_pool_and_come_out_again(nas):
    nas.make_pool("sdc", "Photos")
    data = os.urandom(300_000)
    nas.bus.upload("Photos/a.bin", data, token=nas.token)
    assert nas.read("Photos/a.bin") == data
    assert (nas.place("Photos") / "a.bin").read_bytes() == data
    assert nas.names("Photos") == {"a.bin"}
    nas.bus.Files.CreateFolder("Photos/2026", token=nas.token)
    nas.bus.Files.Move("Photos/a.bin", "Photos/2026/b.bin", token=nas.token)
    assert nas.names("Photos/2026") == {"b.bin"}


def test_how_full_a_pool_is_counts_what_is_in_it(nas):
    nas.make_pool("sdc", "Photos")
    wait_until(lambda: nas.pool("Photos")["Free"] > 0, "the first measurement")
    nas.bus.upload("Photos/a.bin", b"x" * 1_000_000, token=nas.token)
    wait_until(lambda: nas.pool("Photos")["Used"] >= 1_000_000, "the usage", 30)
    pool = nas.pool("Photos")
    assert pool["Used"] + pool["Free"] <= pool["Size"]


def test_a_second_pool_of_the_same_name_or_filesystem_is_refused(nas):
    nas.make_pool("sdc", "Photos")
    nas.format("sdd")
    assert "“Photos”" in refused("Exists", nas.adopt, "sdd", "Photos")
    assert "“Photos”" in refused("Exists", nas.adopt, "sdd", "photos")
    assert "“Photos” already" in refused("Exists", nas.adopt, "sdc", "More")
    nas.bus.Files.CreateFolder("Taken", token=nas.token)
    assert "“Taken”" in refused("Exists", nas.adopt, "sdd", "Taken")
    wait_until(lambda: audit(nas.sandbox, "pool-adopt")[-1]["result"] != 0, "the refusal in the audit trail")
    assert len(nas.all("Pool")) == 1 and "sdd" not in nas.mounts()
    nas.adopt("sdd", "More")
    nas.wait_for_state("More", "ready")


def test_what_cannot_be_a_pool_is_refused_and_untouched(nas):
    assert "vda" in refused("Refused", nas.adopt, "vda", "X")
    assert "no filesystem" in refused("NotFound", nas.adopt, "sdc", "X")
    assert "no filesystem" in refused("NotFound", nas.adopt, "sda", "X")  # a member has none of its own
    refused("NotFound", nas.bus.Storage.Adopt, f"{ROOT}/disks/none", "X", token=nas.token)
    nas.format("sdc", "vfat")
    assert "vfat" in refused("NotSupported", nas.adopt, "sdc", "X")
    nas.format("sdd")
    nas.disks.do(nas.disks.block("sdd"), "Filesystem", "Mount")
    wait_until(lambda: nas.all("Disk")[nas.path_of("Disk", "sdd")]["Usage"] == "mounted", "the mount")
    assert "mounted on" in refused("Refused", nas.adopt, "sdd", "X")
    nas.disks.format("sde")  # belongs to somebody else
    nas.wait_for_contents("sde")
    if os.geteuid() == 0:
        assert "must belong to the Unix user" in refused("Refused", nas.adopt, "sde", "X")
        assert "sde" not in nas.mounts()
    assert nas.all("Pool") == {} and not nas.fstab()
    assert "X" not in nas.names("")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\nb", "x" * 65, ".baluhost", ".BaluHost"])
def test_a_pool_has_a_name_that_a_folder_can_have(nas, name):
    nas.format("sdc")
    refused("InvalidName", nas.adopt, "sdc", name)
    assert nas.all("Pool") == {} and not nas.fstab() and "sdc" not in nas.mounts()


@pytest.mark.parametrize("name", ["My Photos", "Föhn \N{CAMERA}", "a\\040b", "#1", "-rf", "%s%n", "x" * 64, "Foo'$(reboot)"])
def test_an_unusual_name_is_taken_letter_by_letter(nas, name):
    nas.make_pool("sdc", name)
    assert nas.mounts()["sdc"] == [str(nas.place(name))]
    nas.bus.upload(f"{name}/a.txt", b"a", token=nas.token)
    assert (nas.place(name) / "a.txt").read_bytes() == b"a"


# Who may


def test_pools_are_for_administrators_and_those_whom_polkit_allows(nas):
    nas.make_pool("sdc", "Photos")
    alex = nas.sandbox.token("alex", "demo123")
    pool = nas.at("Photos")
    for call, arguments in (
        (pool.Unmount, ()), (pool.Mount, ()), (pool.Detach, ()), (pool.SetDefault, ()), (pool.Rename, ("X",)), (pool.GetUsers, ()),
        (nas.bus.Storage.Adopt, (nas.path_of("Disk", "sdd"), "X")),
    ):
        refused("AdminRequired", call, *arguments, token=alex)
    assert nas.bus.Storage.ListPools(token=alex)[1]["name"] == "Photos"
    if os.geteuid() != 0:
        return
    path = nas.path_of("Pool", "Photos")
    with nas.sandbox.bus(STRANGER_UID) as stranger:
        refused("NotPermitted", stranger.at(path, "Pool").Unmount)
        assert stranger.Storage.ListPools()
    with nas.sandbox.bus(OPERATOR_UID) as operator:
        operator.at(path, "Pool").SetDefault()
    assert nas.pool("Photos")["IsDefault"]


# Mounting


def test_what_was_unmounted_stays_so_until_it_is_mounted(nas):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.call("Photos", "Unmount")
    pool = nas.pool("Photos")
    assert (pool["State"], pool["MountPoint"], pool["Used"], pool["Free"]) == ("unmounted", "", 0, 0)
    assert pool["Size"] > 0 and "sdc" not in nas.mounts() and not nas.fstab()
    assert "“Photos”" in refused("NotAvailable", nas.bus.Files.List, "Photos", token=nas.token)
    refused("NotAvailable", nas.bus.upload, "Photos/b.txt", b"b", token=nas.token)
    refused("NotAvailable", nas.bus.Files.CreateFolder, "Photos", token=nas.token)
    refused("Conflict", nas.call, "Photos", "Unmount")
    assert list(nas.place("Photos").iterdir()) == []
    nas.sandbox.restart_service()
    nas.wait_for_state("Photos", "unmounted")
    nas.disks.settle()
    assert nas.pool("Photos")["State"] == "unmounted" and "sdc" not in nas.mounts()
    nas.call("Photos", "Mount")
    assert nas.read("Photos/a.txt") == b"hello"
    assert nas.pool("Photos")["State"] == "ready"
    assert nas.fstab()[nas.pool("Photos")["Uuid"]] == [str(nas.place("Photos"))]
    refused("Conflict", nas.call, "Photos", "Mount")
    for action in ("pool-unmount", "pool-mount"):
        wait_until(lambda: [row["result"] == 0 for row in audit(nas.sandbox, action)] == [True, False], f"both {action} in the audit trail")  # noqa: B023


def test_a_pool_that_is_used_is_not_unmounted_unless_by_force(nas):
    nas.make_pool("sdc", "Photos")
    upload = nas.bus.Files.BeginUpload("Photos/a.bin", 10, token=nas.token)
    path, fd = upload[0], upload[1]
    users = nas.call("Photos", "GetUsers")
    assert [(user["kind"], user["text"]) for user in users] == [("upload", "1 upload")]
    assert "1 upload" in refused("Busy", nas.call, "Photos", "Unmount")
    assert "1 upload" in refused("Busy", nas.call, "Photos", "Detach")
    assert "1 upload" in refused("Busy", nas.call, "Photos", "Rename", "Pictures")
    assert nas.pool("Photos")["State"] == "ready"
    os.close(fd)
    nas.call("Photos", "Unmount", force=True)
    assert nas.pool("Photos")["State"] == "unmounted"
    with pytest.raises(Exception):
        nas.bus.at(path, "Upload").Commit(token=nas.token)


def test_what_another_program_holds_open_is_said_and_the_pool_goes_on(nas):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    with open(nas.place("Photos") / "a.txt", "rb"):
        assert "some program" in refused("Busy", nas.call, "Photos", "Unmount")
        assert nas.wait_for_state("Photos", "ready")
        assert nas.read("Photos/a.txt") == b"hello"
    nas.call("Photos", "Unmount")


def test_a_pool_is_detached_and_adopted_again_with_all_that_is_in_it(nas):
    first = nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.call("Photos", "Detach")
    assert nas.all("Pool") == {} and not nas.fstab() and "sdc" not in nas.mounts()
    assert "Photos" not in nas.names("")
    assert nas.all("Disk")[nas.path_of("Disk", "sdc")]["Pool"] == "/"
    nas.bus.Files.CreateFolder("Photos", token=nas.token)  # the name is free
    nas.bus.Files.Delete("Photos", token=nas.token)
    again = nas.adopt("sdc", "Pictures")
    assert again == first
    nas.wait_for_state("Pictures", "ready")
    assert nas.read("Pictures/a.txt") == b"hello"


def test_front_ends_begin_with_the_default_pool(nas):
    nas.make_pool("sdc", "Photos")
    nas.make_pool("sdd", "Music")
    nas.call("Photos", "SetDefault")
    assert [pool["is_default"] for pool in nas.bus.Storage.ListPools()] == [False, False, True]
    nas.call("Music", "SetDefault")
    assert [(pool["name"], pool["is_default"]) for pool in nas.bus.Storage.ListPools()] == [("", False), ("Music", True), ("Photos", False)]
    nas.sandbox.restart_service()
    nas.wait_for_state("Music", "ready")
    assert nas.pool("Music")["IsDefault"] and not nas.pool("Photos")["IsDefault"]
    nas.call("Music", "Detach")
    assert nas.bus.Storage.ListPools()[0]["is_default"]


def test_a_pool_is_renamed_with_its_folder_and_its_mount_point(nas):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.bus.Files.CreateFolder("Taken", token=nas.token)
    refused("Exists", nas.call, "Photos", "Rename", "Taken")
    refused("Exists", nas.call, "Photos", "Rename", "Photos")
    refused("InvalidName", nas.call, "Photos", "Rename", "a/b")
    assert nas.read("Photos/a.txt") == b"hello"
    nas.call("Photos", "Rename", "My Pictures")
    assert nas.names("") >= {"My Pictures"} and "Photos" not in nas.names("")
    assert nas.read("My Pictures/a.txt") == b"hello"
    pool = nas.pool("My Pictures")
    assert pool["MountPoint"] == str(nas.place("My Pictures")) == nas.mounts()["sdc"][0]
    assert nas.fstab()[pool["Uuid"]] == [str(nas.place("My Pictures"))]
    nas.bus.Files.CreateFolder("Photos", token=nas.token)
    nas.call("My Pictures", "Unmount")
    nas.call("My Pictures", "Rename", "Pictures")
    nas.call("Pictures", "Mount")
    assert nas.read("Pictures/a.txt") == b"hello"


# Coming and going


def test_a_pool_whose_disk_is_pulled_is_absent_until_it_returns(nas):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    upload = nas.bus.Files.BeginUpload("Photos/b.bin", 10, token=nas.token)
    os.close(upload[1])
    nas.disks.Pull("sdc")
    pool = nas.wait_for_state("Photos", "absent")
    assert "is not there" in pool["StateText"] and "BALU-DEV-10GB-A" in pool["StateText"] and pool["MountPoint"] == ""
    wait_until(lambda: nas.all("Disk").get(pool["Source"], {}).get("State") == "absent", "the disk as expected")
    nas.wait_until_closed("Photos")
    refused("NotAvailable", nas.bus.upload, "Photos/c.txt", b"c", token=nas.token)
    refused("NotAvailable", nas.call, "Photos", "Mount")
    refused("NotAvailable", nas.call, "Photos", "Rename", "Pictures")
    nas.sandbox.restart_service()
    nas.wait_for_state("Photos", "absent")
    nas.disks.Return("BALU-DEV-10GB-A", "sdx")
    nas.wait_for_state("Photos", "ready")
    assert nas.read("Photos/a.txt") == b"hello"
    assert nas.names("Photos") == {"a.txt"}


def test_an_absent_pool_can_be_forgotten_and_adopted_when_it_returns(nas):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.disks.Pull("sdc")
    nas.wait_for_state("Photos", "absent")
    nas.call("Photos", "Detach")
    assert nas.all("Pool") == {}
    nas.disks.Return("sdc", "")
    nas.wait_for_contents("sdc")
    assert not nas.fstab() and "sdc" not in nas.mounts()
    nas.adopt("sdc", "Photos")
    nas.wait_for_state("Photos", "ready")
    assert nas.read("Photos/a.txt") == b"hello"


def test_a_pool_on_a_degraded_array_says_so_and_goes_with_the_array(nas):
    nas.format("md0")
    nas.adopt("md0", "Mirror", "Array")
    nas.wait_for_state("Mirror", "ready")
    nas.bus.upload("Mirror/a.txt", b"hello", token=nas.token)
    nas.disks.Pull("sdb")
    assert "md0" in nas.wait_for_state("Mirror", "degraded")["StateText"]
    assert nas.read("Mirror/a.txt") == b"hello"


def test_pools_come_back_with_the_service_however_it_ended(nas):
    nas.make_pool("sdc", "Photos")
    nas.make_pool("sdd", "Music")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.bus.upload("Music/b.txt", b"tune", token=nas.token)
    for end in (nas.sandbox.stop_service, nas.sandbox.kill_service):
        end()
        nas.sandbox.start_service()
        for name in ("Photos", "Music"):
            nas.wait_for_state(name, "ready")
        assert nas.read("Photos/a.txt") == b"hello" and nas.read("Music/b.txt") == b"tune"


def test_pools_are_mounted_after_the_machine_was_started_anew(nas):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.sandbox.stop_service()
    nas.disks.Reboot()
    nas.sandbox.start_service()
    nas.wait_for_state("Photos", "ready")
    assert nas.read("Photos/a.txt") == b"hello"


def test_files_stay_available_while_udisks2_is_started_anew(nas):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.sandbox.stop_udisks()
    wait_until(lambda: not nas.bus.get_property(ROOT, "Storage", "Available"), "the service to notice")
    assert nas.read("Photos/a.txt") == b"hello"
    assert nas.pool("Photos")["State"] == "ready"
    refused("NotAvailable", nas.call, "Photos", "Unmount")
    assert nas.read("Photos/a.txt") == b"hello"
    nas.sandbox.start_udisks()
    wait_until(lambda: nas.bus.get_property(ROOT, "Storage", "Available"), "UDisks2")
    assert nas.wait_for_state("Photos", "ready")
    nas.call("Photos", "Unmount")


def test_what_is_not_mounted_is_never_written_into(nas):
    nas.make_pool("sdc", "Photos")
    nas.call("Photos", "Unmount")
    before = sorted(nas.place("Photos").rglob("*"))
    nas.disks.InjectError("Mount", "Failed", "out of order", 100)
    assert "out of order" in refused("Failed", nas.call, "Photos", "Mount")
    assert sorted(nas.place("Photos").rglob("*")) == before == []
    assert nas.pool("Photos")["State"] == "unmounted" and not nas.fstab()


# What goes wrong at UDisks2


@pytest.mark.parametrize("method", ["AddConfigurationItem", "Mount"])
def test_an_adoption_that_fails_leaves_nothing_behind(nas, method):
    nas.format("sdc")
    nas.disks.InjectError(method, "Failed", "out of order", 1)
    assert "out of order" in refused("Failed", nas.adopt, "sdc", "Photos")
    assert nas.all("Pool") == {} and not nas.fstab() and "sdc" not in nas.mounts() and "Photos" not in nas.names("")
    nas.adopt("sdc", "Photos")
    nas.wait_for_state("Photos", "ready")


@pytest.mark.parametrize("method", ["Unmount", "RemoveConfigurationItem"])
@pytest.mark.parametrize("verb", ["Unmount", "Detach", "Rename"])
def test_a_change_that_fails_leaves_the_pool_as_it_was(nas, verb, method):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.disks.InjectError(method, "Failed", "out of order", 1)
    assert "out of order" in refused("Failed", nas.call, "Photos", verb, *(["Pictures"] if verb == "Rename" else []))
    nas.wait_for_state("Photos", "ready")
    assert nas.read("Photos/a.txt") == b"hello"
    assert nas.fstab()[nas.pool("Photos")["Uuid"]] == [str(nas.place("Photos"))]
    assert "Pictures" not in nas.names("")
    nas.bus.Files.CreateFolder("Pictures", token=nas.token)


@pytest.mark.parametrize("method", ["AddConfigurationItem", "Mount"])
def test_a_renaming_that_fails_halfway_is_undone(nas, method):
    nas.make_pool("sdc", "Photos")
    nas.bus.upload("Photos/a.txt", b"hello", token=nas.token)
    nas.disks.InjectError(method, "Failed", "out of order", 1)
    assert "out of order" in refused("Failed", nas.call, "Photos", "Rename", "Pictures")
    nas.wait_for_state("Photos", "ready")
    assert nas.read("Photos/a.txt") == b"hello"
    assert nas.fstab()[nas.pool("Photos")["Uuid"]] == [str(nas.place("Photos"))]


def test_a_pool_that_cannot_be_mounted_says_why_and_is_tried_again(nas):
    nas.make_pool("sdc", "Photos")
    nas.sandbox.stop_service()
    nas.disks.do(nas.disks.block("sdc"), "Filesystem", "Unmount")
    nas.disks.InjectError("Mount", "Failed", "bad superblock", 1)
    nas.sandbox.start_service()
    wait_until(lambda: "bad superblock" in nas.pool("Photos")["StateText"], "the reason")
    assert nas.pool("Photos")["State"] == "failed"
    refused("NotAvailable", nas.bus.Files.List, "Photos", token=nas.token)
    nas.wait_for_state("Photos", "ready")  # at the second attempt


def test_a_pool_that_somebody_has_mounted_elsewhere_is_left_alone(nas):
    nas.make_pool("sdc", "Photos")
    nas.sandbox.stop_service()
    block = nas.disks.block("sdc")
    nas.disks.do(block, "Filesystem", "Unmount")
    (entry,) = nas.disks.get(block, "Block", "Configuration")
    nas.disks.do(block, "Block", "RemoveConfigurationItem", "((sa{sv})a{sv})", ("fstab", {k: _variant(v) for k, v in entry[1].items()}), {})
    nas.disks.do(block, "Filesystem", "Mount")
    nas.sandbox.start_service()
    wait_until(lambda: "is mounted on" in nas.pool("Photos")["StateText"], "the reason")
    assert nas.pool("Photos")["State"] == "failed"
    assert "is mounted on" in refused("Refused", nas.call, "Photos", "Mount")
    nas.disks.do(block, "Filesystem", "Unmount")
    nas.call("Photos", "Mount")
    nas.wait_for_state("Photos", "ready")


def _variant(value):
    from gi.repository import GLib

    return GLib.Variant("i", value) if isinstance(value, int) else GLib.Variant("ay", bytes(value))


def test_pools_are_watched_on_the_bus(nas):
    from test_jobs import until

    seen = []
    subscription = nas.bus.connection.signal_subscribe(
        NAME, None, None, None, None, 0, lambda _c, _s, path, _i, member, arguments: seen.append((member, path, arguments.unpack()))
    )
    path = nas.make_pool("sdc", "Photos")
    until(lambda: any(member == "InterfacesAdded" and arguments[0] == path for member, _p, arguments in seen), "the object")
    nas.call("Photos", "Unmount")
    until(lambda: any(p == path and "State" in arguments[1] for member, p, arguments in seen if member == "PropertiesChanged"), "the change")
    nas.call("Photos", "Detach")
    until(lambda: any(member == "InterfacesRemoved" and arguments[0] == path for member, _p, arguments in seen), "the end")
    nas.bus.connection.signal_unsubscribe(subscription)


def test_an_alert_tells_of_a_pool_that_is_absent_and_ends_when_it_returns(nas):
    def alerts():
        return [alert for alert in nas.bus.Manager.ListAlerts(token=nas.token) if alert["kind"] == "pool-absent"]

    path = nas.make_pool("sdc", "Photos")
    nas.disks.Pull("sdc")
    wait_until(alerts, "the alert", 5)
    (alert,) = alerts()
    assert (alert["subject"], alert["severity"]) == (path, "critical") and "Photos" in alert["title"]
    nas.sandbox.restart_service()
    nas.wait_for_state("Photos", "absent")
    assert [one["path"] for one in alerts()] == [alert["path"]]
    nas.disks.Return("sdc", "")
    nas.wait_for_state("Photos", "ready")
    wait_until(lambda: not alerts(), "the end of the alert", 5)
    nas.call("Photos", "Unmount")
    nas.disks.Pull("sdc")
    nas.wait_for_state("Photos", "absent")
    nas.disks.settle()
    assert not alerts()  # it was not wanted
