# SPDX-License-Identifier: MIT
"""The stand-in of udisksd: filesystems, SMART, what else can happen to disks, and who may have UDisks2 do what."""

import os
import time
from pathlib import Path

import pytest
from gi.repository import Gio, GLib

from support.bus import BusError
from support.disks import MANAGER, UDISKS_NAME, Disks, text_of
from support.process import wait_until
from support.sandbox import SERVICE_UID, STRANGER_UID

GB = 10**9


# Formatting and mounting


def entry(directory, opts="nofail", **more):
    values = {"dir": directory, "type": "auto", "opts": opts, **more}
    texts = {key: GLib.Variant("ay", str(value).encode() + b"\0") for key, value in values.items()}
    return ("fstab", {**texts, "freq": GLib.Variant("i", 0), "passno": GLib.Variant("i", 0)})


def configure(disks, device, item, verb="AddConfigurationItem"):
    disks.do(disks.block(device), "Block", verb, "((sa{sv})a{sv})", item, {})


def mounts(disks, device):
    return [text_of(path) for path in disks.get(disks.block(device), "Filesystem", "MountPoints")]


def start_call(client, path, interface, method, signature, *arguments):
    """Begins a call; the function that is returned waits for its end and returns the error's name, or None."""
    done = []

    def on_reply(connection, result):
        try:
            connection.call_finish(result)
            done.append(None)
        except GLib.Error as error:
            done.append(Gio.DBusError.get_remote_error(error))

    values = GLib.Variant(signature, arguments)
    client.connection.call(UDISKS_NAME, path, f"{UDISKS_NAME}.{interface}", method, values, None, Gio.DBusCallFlags.NONE, 60000, None, on_reply)

    def finish():
        while not done:
            GLib.MainContext.default().iteration(True)
        return done[0]

    return finish


def test_formatting_takes_its_time_as_a_job_and_makes_a_filesystem(machine, disks):
    disks.SetFormatDuration(100)
    with machine.disks() as other:
        finish = start_call(other, disks.block("sdc"), "Block", "Format", "(sa{sv})", "ext4", {"label": GLib.Variant("s", "Photos")})
        jobs = wait_until(lambda: [i for path, i in disks.objects().items() if "/jobs/" in path], "a job")
        job = jobs[0][f"{UDISKS_NAME}.Job"]
        assert (job["Operation"], job["Objects"], job["ProgressValid"]) == ("format-mkfs", [disks.block("sdc")], False)
        assert disks.get(disks.block("sdc"), "Block", "IdType") == ""
        disks.Advance(101)
        assert finish() is None
    assert disks.get(disks.block("sdc"), "Block", "IdType") == "ext4"
    assert disks.get(disks.block("sdc"), "Block", "IdLabel") == "Photos"
    assert disks.get(disks.block("sdc"), "Filesystem", "Size") == pytest.approx(10 * GB, rel=0.001)


def test_a_disk_that_is_pulled_while_it_is_formatted_makes_that_fail(machine, disks):
    disks.SetFormatDuration(100)
    with machine.disks() as other:
        finish = start_call(other, disks.block("sdc"), "Block", "Format", "(sa{sv})", "ext4", {})
        wait_until(lambda: any("/jobs/" in path for path in disks.objects()), "a job")
        disks.Pull("sdc")
        disks.Advance(101)
        assert finish() == f"{UDISKS_NAME}.Error.Failed"
    disks.Return("sdc", "")
    assert disks.get(disks.block("sdc"), "Block", "IdType") == ""


@pytest.mark.parametrize("device", ["vda", "vda3", "sda1", "sda"])
def test_what_is_in_use_cannot_be_formatted(disks, device):
    with pytest.raises(BusError, match="Device or resource busy"):
        disks.format(device)


def test_a_filesystem_is_mounted_where_fstab_says_and_its_content_stays_with_it(machine, disks):
    place = machine.state_dir / "pools" / "photos"
    disks.format("sdc")
    configure(disks, "sdc", entry(place))
    assert disks.do(disks.block("sdc"), "Filesystem", "Mount") == str(place)
    assert mounts(disks, "sdc") == [str(place)] and place.is_dir() and not place.is_symlink()
    (place / "photo").write_text("content")
    with pytest.raises(BusError, match=f"already mounted at `{place}'") as refusal:
        disks.do(disks.block("sdc"), "Filesystem", "Mount")
    assert refusal.value.name == f"{UDISKS_NAME}.Error.AlreadyMounted"
    machine.restart_udisks()
    assert mounts(disks, "sdc") == [str(place)]
    disks.do(disks.block("sdc"), "Filesystem", "Unmount")
    assert mounts(disks, "sdc") == [] and not any(place.iterdir())
    with pytest.raises(BusError) as refusal:
        disks.do(disks.block("sdc"), "Filesystem", "Unmount")
    assert refusal.value.name == f"{UDISKS_NAME}.Error.NotMounted"
    disks.do(disks.block("sdc"), "Filesystem", "Mount")
    assert (place / "photo").read_text() == "content"


def test_a_filesystem_that_is_in_use_stays_mounted(machine, disks):
    disks.format("sdc")
    place = disks.do(disks.block("sdc"), "Filesystem", "Mount")
    descriptor = os.open(place, os.O_PATH)
    try:
        with pytest.raises(BusError, match="target is busy") as refusal:
            disks.do(disks.block("sdc"), "Filesystem", "Unmount")
    finally:
        os.close(descriptor)
    assert refusal.value.name == f"{UDISKS_NAME}.Error.DeviceBusy"
    assert mounts(disks, "sdc") == [place]
    disks.do(disks.block("sdc"), "Filesystem", "Unmount")


def test_fstab_entries_are_added_found_at_their_device_and_removed(machine, disks):
    disks.format("sdc")
    identity = disks.get(disks.block("sdc"), "Block", "IdUUID")
    configure(disks, "sdc", entry("/srv/photos"))
    (kind, details), = disks.get(disks.block("sdc"), "Block", "Configuration")
    assert (kind, text_of(details["fsname"]), text_of(details["dir"])) == ("fstab", f"UUID={identity}", "/srv/photos")
    with pytest.raises(BusError, match="Didn't find entry to remove"):
        configure(disks, "sdc", entry("/srv/music", fsname=f"UUID={identity}"), "RemoveConfigurationItem")
    configure(disks, "sdc", entry("/srv/photos", fsname=f"UUID={identity}"), "RemoveConfigurationItem")
    assert disks.get(disks.block("sdc"), "Block", "Configuration") == []
    with pytest.raises(BusError, match="opts must not be blank"):
        configure(disks, "sdc", entry("/srv/photos", opts=""))


def test_a_filesystem_grows_to_what_it_is_on_and_not_beyond(disks):
    disks.format("sdc", "xfs")
    with pytest.raises(BusError, match="only 2441406 "):
        disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 11 * GB, {})
    with pytest.raises(BusError, match="shrinking not supported"):
        disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 5 * GB, {})
    disks.format("sdc", "ext4")
    disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 5 * GB, {})
    assert disks.get(disks.block("sdc"), "Filesystem", "Size") == 5 * GB
    disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 0, {})
    assert disks.get(disks.block("sdc"), "Filesystem", "Size") == 10 * GB // 4096 * 4096


def test_a_disk_with_a_mounted_filesystem_that_is_pulled_takes_the_content_along(disks):
    disks.format("sdc")
    place = Path(disks.do(disks.block("sdc"), "Filesystem", "Mount"))
    (place / "photo").write_text("content")
    disks.Pull("sdc")
    assert not any(place.iterdir())
    disks.Return("sdc", "")
    assert disks.do(disks.block("sdc"), "Filesystem", "Mount") == str(place)
    assert (place / "photo").read_text() == "content"


# SMART


def test_smart_is_what_it_was_when_it_was_last_read(disks):
    drive = disks.drive("sdc")
    disks.SetAttribute("sdc", 197, 8)
    disks.SetTemperature("sdc", 61)
    assert disks.get(drive, "Drive.Ata", "SmartNumBadSectors") == 0
    disks.do(drive, "Drive.Ata", "SmartUpdate")
    assert disks.get(drive, "Drive.Ata", "SmartNumBadSectors") == 8
    assert disks.get(drive, "Drive.Ata", "SmartTemperature") == pytest.approx(61 + 273.15)
    by_number = {row[0]: row for row in disks.do(drive, "Drive.Ata", "SmartGetAttributes")}
    assert by_number[197][6] == 8


def test_a_disk_that_wears_out_says_so(disks):
    drive = disks.drive("sdc")
    for _day in range(10):
        disks.Age("sdc")
    disks.do(drive, "Drive.Ata", "SmartUpdate")
    assert disks.get(drive, "Drive.Ata", "SmartFailing") is True
    assert disks.get(drive, "Drive.Ata", "SmartNumAttributesFailing") >= 1


def test_a_sleeping_disk_is_not_woken_unless_that_is_wanted(disks):
    drive = disks.drive("sdd")
    disks.Sleep("sdd")
    assert disks.do(drive, "Drive.Ata", "PmGetState") == 0
    with pytest.raises(BusError) as refusal:
        disks.do(drive, "Drive.Ata", "SmartUpdate", "(a{sv})", {"nowakeup": GLib.Variant("b", True)})
    assert refusal.value.name == f"{UDISKS_NAME}.Error.WouldWakeup"
    assert disks.do(drive, "Drive.Ata", "PmGetState") == 0
    disks.do(drive, "Drive.Ata", "SmartUpdate")
    assert disks.do(drive, "Drive.Ata", "PmGetState") == 255


def test_a_self_test_runs_to_its_end_or_is_aborted(disks):
    drive = disks.drive("sdc")
    disks.SetSelftestDuration(60, 600)
    disks.do(drive, "Drive.Ata", "SmartSelftestStart", "(sa{sv})", "short", {})
    assert disks.get(drive, "Drive.Ata", "SmartSelftestStatus") == "inprogress"
    with pytest.raises(BusError, match="There is already SMART self-test running"):
        disks.do(drive, "Drive.Ata", "SmartSelftestStart", "(sa{sv})", "short", {})
    disks.Advance(30)
    disks.do(drive, "Drive.Ata", "SmartUpdate")
    assert disks.get(drive, "Drive.Ata", "SmartSelftestPercentRemaining") in (40, 50)
    disks.Advance(31)
    assert disks.get(drive, "Drive.Ata", "SmartSelftestStatus") == "success"
    disks.do(drive, "Drive.Ata", "SmartSelftestStart", "(sa{sv})", "extended", {})
    disks.do(drive, "Drive.Ata", "SmartSelftestAbort")
    assert disks.get(drive, "Drive.Ata", "SmartSelftestStatus") == "aborted"
    disks.SetAttribute("sdc", 198, 1)
    disks.do(drive, "Drive.Ata", "SmartSelftestStart", "(sa{sv})", "short", {})
    disks.Advance(61)
    assert disks.get(drive, "Drive.Ata", "SmartSelftestStatus") == "error_read"


def test_an_nvme_disk_has_no_smart_that_udisks_could_read(disks):
    name = disks.Add(500 * GB, "BaluHost Dev NVMe", "BALU-DEV-NVME", "nvme")
    assert name == "nvme0n1"
    assert f"{UDISKS_NAME}.Drive.Ata" not in disks.objects()[disks.drive(name)]


# What else can happen


def test_an_error_comes_as_often_as_it_was_asked_for(disks):
    disks.InjectError("Format", "DeviceBusy", "somebody else has it", 2)
    for _time in range(2):
        with pytest.raises(BusError, match="somebody else has it") as refusal:
            disks.format("sdc")
        assert refusal.value.name == f"{UDISKS_NAME}.Error.DeviceBusy"
    disks.format("sdc")


def test_what_happens_behind_the_back_of_udisksd_is_seen_after_a_rescan(machine, disks, md0):
    disks.FailUnseen("sdb")
    assert disks.get(md0, "MDRaid", "Degraded") == 0
    assert "sdb1[1](F)" in (machine.udisks_dir / "mdstat").read_text()
    disks.do(disks.block("sdb1"), "Block", "Rescan")
    assert disks.get(md0, "MDRaid", "Degraded") == 1


def test_everything_is_told_by_signals(machine, disks, md0):
    told = []
    with machine.disks() as watcher:
        watcher.connection.signal_subscribe(
            UDISKS_NAME, None, None, None, None, Gio.DBusSignalFlags.NONE, lambda _c, _s, path, _i, name, values: told.append((path, name, values.unpack()))
        )
        drive = disks.drive("sdb")
        watcher.name_owner()  # the subscription has arrived
        disks.Pull("sdb")
        added = disks.Add(10 * GB, "", "", "")
        watcher.name_owner()
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass
    removed = {values[0] for _path, name, values in told if name == "InterfacesRemoved"}
    assert {drive, disks.block("sdb"), disks.block("sdb1")} <= removed
    changes = [values[1] for path, name, values in told if (path, name) == (md0, "PropertiesChanged")]
    assert {"Degraded": 1} in [{key: change[key] for key in change if key == "Degraded"} for change in changes]
    assert disks.block(added) in {values[0] for _path, name, values in told if name == "InterfacesAdded"}


def test_reset_makes_everything_as_it_was(disks):
    disks.Pull("sda")
    disks.create_array(["sdc", "sdd"])
    disks.Add(20 * GB, "", "", "usb")
    disks.Reset()
    assert sorted(row["name"] for row in disks.List()) == ["sda", "sdb", "sdc", "sdd", "sde", "sdf", "sdg", "vda"]
    assert disks.members(disks.array("md0")) == {"sda1": (0, ["in_sync"]), "sdb1": (1, ["in_sync"])}
    assert len([path for path in disks.objects() if "/mdraid/" in path]) == 1


def test_a_sandbox_can_be_without_udisks(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, udisks=False)
    with sandbox.bus() as bus:
        assert bus.name_owner(UDISKS_NAME) is None
        sandbox.start_udisks()
        assert bus.name_owner(UDISKS_NAME) is not None


def test_a_caller_that_does_not_wait_does_no_harm(machine, disks):
    for _time in range(20):
        with machine.disks() as client:
            values = GLib.Variant("(s)", ("ext4",))
            client.connection.call(UDISKS_NAME, MANAGER, f"{UDISKS_NAME}.Manager", "CanFormat", values, None, Gio.DBusCallFlags.NONE, 1000, None, None)
            client.connection.flush_sync(None)
    assert disks.do(MANAGER, "Manager", "CanFormat", "(s)", "ext4") == (True, "")


def test_mdstat_is_replaced_for_events_and_written_into_for_progress(machine, disks):
    def identity():
        return (machine.udisks_dir / "mdstat").stat().st_ino

    disks.SetSpeed(1_000_000)
    before = identity()
    disks.Pull("sdb")
    disks.add_member(disks.array("md0"), "sdc")
    during = identity()
    assert during != before
    percent = (machine.udisks_dir / "mdstat").read_text().split("recovery = ")[1].split("%")[0]
    disks.Advance(1000)
    disks.do(disks.block("sdc"), "Block", "Rescan")
    text_now = (machine.udisks_dir / "mdstat").read_text()
    assert float(text_now.split("recovery = ")[1].split("%")[0]) > float(percent) + 10
    assert text_now.endswith("unused devices: <none>\n")
    assert identity() == during


def test_numbers_of_arrays_do_not_outlive_a_boot(disks):
    first, second = disks.create_array(["sdc", "sdd"], "raid1", "first"), disks.create_array(["sde", "sdf"], "raid1", "second")
    assert (disks.device_of(first), disks.device_of(second)) == ("md127", "md126")
    disks.Reboot()
    assert (disks.device_of(first), disks.device_of(second)) == ("md126", "md127")


def test_times_and_rates_are_those_that_a_client_observes(disks, md0):
    disks.SetSpeed(1_000_000)
    disks.do(md0, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    disks.SetClockRate(100)
    assert disks.get(md0, "MDRaid", "SyncRate") == pytest.approx(100_000_000, rel=0.01)
    assert disks.get(md0, "MDRaid", "SyncRemainingTime") <= 50_000_000
    disks.Advance(10 * 86400)
    disks.do(disks.drive("sdc"), "Drive.Ata", "SmartUpdate")
    assert abs(disks.get(disks.drive("sdc"), "Drive.Ata", "SmartUpdated") - time.time()) < 60
    assert disks.get(disks.drive("sdc"), "Drive.Ata", "SmartPowerOnSeconds") == (4380 + 240) * 3600


# Who may


@pytest.fixture
def as_user(machine, needs_root):
    """Clients of UDisks2 as other Unix users."""
    clients = []

    def connect(uid):
        clients.append(Disks(machine.bus_address, uid))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def denied(call):
    with pytest.raises(BusError, match="Not authorized to perform operation") as refusal:
        call()
    assert refusal.value.name.startswith(f"{UDISKS_NAME}.Error.NotAuthorized")


QUIET = {"auth.no_user_interaction": GLib.Variant("b", True)}


def test_the_rules_file_gives_the_service_all_that_it_needs(machine, disks, md0, as_user):
    service = as_user(SERVICE_UID)
    disks.SetSpeed(1000 * GB)
    service.do(md0, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", QUIET)
    array = service.do(MANAGER, "Manager", "MDRaidCreate", "(aossta{sv})", [disks.block("sdc"), disks.block("sdd")], "raid1", "new", 0, QUIET)
    disks.settle()
    block = disks.block(disks.device_of(array))
    service.do(block, "Block", "Format", "(sa{sv})", "ext4", QUIET | {"take-ownership": GLib.Variant("b", True)})
    place = machine.state_dir / "pools" / "new"
    service.do(block, "Block", "AddConfigurationItem", "((sa{sv})a{sv})", entry(place), QUIET)
    service.do(block, "Filesystem", "Mount", "(a{sv})", QUIET)
    assert (place.stat().st_uid, place.stat().st_mode & 0o777) == (SERVICE_UID, 0o700)
    service.do(block, "Block", "Rescan", "(a{sv})", QUIET)
    # After a boot it is the machine that has started the array and mounted the filesystem.
    disks.Reboot()
    assert mounts(disks, disks.device_of(array)) == [str(place)]
    service.do(block, "Filesystem", "Unmount", "(a{sv})", QUIET)
    service.do(array, "MDRaid", "Stop", "(a{sv})", QUIET)
    drive = disks.drive("sde")
    service.do(drive, "Drive.Ata", "SmartUpdate", "(a{sv})", QUIET)
    service.do(drive, "Drive.Ata", "PmGetState", "(a{sv})", QUIET)
    service.do(drive, "Drive.Ata", "SmartSelftestStart", "(sa{sv})", "short", QUIET)
    service.do(disks.block("sde"), "Block", "Format", "(sa{sv})", "empty", QUIET)


def test_the_rules_file_gives_the_service_nothing_else(disks, as_user):
    service = as_user(SERVICE_UID)
    disks.format("sdc")
    denied(lambda: service.do(disks.drive("sdc"), "Drive.Ata", "PmStandby", "(a{sv})", QUIET))
    denied(lambda: service.do(disks.block("vda4"), "Swapspace", "Stop", "(a{sv})", QUIET))
    denied(lambda: service.do(disks.block("sdc"), "Block", "GetSecretConfiguration", "(a{sv})", QUIET))
    denied(lambda: service.do(disks.block("sdc"), "Filesystem", "TakeOwnership", "(a{sv})", QUIET))


def test_strangers_may_look_and_touch_nothing(disks, md0, as_user):
    stranger = as_user(STRANGER_UID)
    assert stranger.get(md0, "MDRaid", "Level") == "raid1"
    denied(lambda: stranger.do(md0, "MDRaid", "Stop", "(a{sv})", QUIET))
    denied(lambda: stranger.do(disks.block("sdc"), "Block", "Format", "(sa{sv})", "ext4", QUIET))
    denied(lambda: stranger.do(disks.block("sdc"), "Block", "AddConfigurationItem", "((sa{sv})a{sv})", entry("/srv"), QUIET))
    assert disks.device_of(md0) == "md0"
    assert disks.get(disks.block("sdc"), "Block", "IdType") == ""


def test_without_polkit_only_root_may_anything(machine, disks, md0, as_user):
    machine.stop_polkit()
    with pytest.raises(BusError, match="polkit authority not available"):
        as_user(SERVICE_UID).do(md0, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", QUIET)
    disks.do(md0, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
