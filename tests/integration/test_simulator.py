# SPDX-License-Identifier: MIT
"""The stand-in of udisksd: what it plays must be what the real one would show, for the service cannot tell the difference."""

import os
from pathlib import Path

import pytest
from gi.repository import Gio, GLib

from support.bus import BusError
from support.disks import MANAGER, UDISKS_NAME, Disks
from support.process import wait_until
from support.sandbox import SERVICE_UID, STRANGER_UID

GB = 10**9


@pytest.fixture
def machine(make_sandbox):
    """A sandbox of the test's own."""
    return make_sandbox(with_bridge=False)


@pytest.fixture
def disks(machine):
    """A client of its UDisks2, on which work takes no time unless a test wants it to."""
    with machine.disks() as client:
        client.SetFormatDuration(0)
        yield client


@pytest.fixture
def md0(disks):
    return disks.array("md0")


def text(bytestring):
    return bytes(bytestring).rstrip(b"\0").decode()


def create(disks, names, level="raid1", name="", chunk=0):
    return disks.do(MANAGER, "Manager", "MDRaidCreate", "(aossta{sv})", [disks.block(n) for n in names], level, name, chunk, {})


def settle(disks):
    """Lets udev and md do what they do after a call has returned."""
    disks.Advance(2)


def add(disks, array, name):
    disks.do(array, "MDRaid", "AddDevice", "(oa{sv})", disks.block(name), {})
    settle(disks)


def make_filesystem(disks, device, kind="ext4", **options):
    disks.do(disks.block(device), "Block", "Format", "(sa{sv})", kind, options)


def states(disks, array):
    """{device: (slot, states)} of the members."""
    return {path.rpartition("/")[2]: (slot, list(words)) for path, slot, words, _errors, _more in disks.get(array, "MDRaid", "ActiveDevices")}


# What there is in the beginning


def test_development_mode_has_the_disks_of_its_contract(disks):
    objects = disks.objects()
    blocks = {path.rpartition("/")[2]: interfaces[f"{UDISKS_NAME}.Block"] for path, interfaces in objects.items() if f"{UDISKS_NAME}.Block" in interfaces}
    sizes = {name: blocks[name]["Size"] for name in blocks if name.startswith("sd") and len(name) == 3}
    assert sizes == {"sda": 5 * GB, "sdb": 5 * GB, "sdc": 10 * GB, "sdd": 10 * GB, "sde": 20 * GB, "sdf": 20 * GB, "sdg": 20 * GB}
    drives = {name: objects[blocks[name]["Drive"]] for name in sizes}
    assert drives["sda"][f"{UDISKS_NAME}.Drive"]["Model"] == "BaluHost Dev Disk 5GB (Mirror A)"
    assert drives["sdb"][f"{UDISKS_NAME}.Drive"]["Serial"] == "BALU-DEV-5GB-B"
    celsius = [round(drives[name][f"{UDISKS_NAME}.Drive.Ata"]["SmartTemperature"] - 273.15) for name in sorted(sizes)]
    assert celsius == [28, 29, 30, 31, 32, 33, 34]
    assert len({drive[f"{UDISKS_NAME}.Drive"]["WWN"] for drive in drives.values()}) == 7


def test_the_mirror_of_development_mode_is_whole_and_has_a_bitmap(disks, md0):
    assert states(disks, md0) == {"sda1": (0, ["in_sync"]), "sdb1": (1, ["in_sync"])}
    assert disks.get(md0, "MDRaid", "Level") == "raid1"
    assert disks.get(md0, "MDRaid", "Degraded") == 0
    assert text(disks.get(md0, "MDRaid", "BitmapLocation")) == "+8"
    assert text(disks.get(disks.block("md0"), "Block", "PreferredDevice")) == "/dev/md/md0"
    assert disks.get(disks.block("sda1"), "Block", "MDRaidMember") == md0


def test_smart_has_the_attributes_that_foretell_failure(disks):
    rows = disks.do(disks.drive("sdc"), "Drive.Ata", "SmartGetAttributes")
    by_number = {row[0]: row for row in rows}
    assert {5, 9, 187, 188, 194, 197, 198} <= set(by_number)
    assert by_number[5][1] == "reallocated-sector-count"
    assert by_number[194][6:8] == (30_000 + 273_150, 4)  # millikelvin
    assert by_number[9][6:8] == (4380 * 3_600_000, 2)  # milliseconds


# Rebuilds


def test_a_rebuild_advances_with_time_and_is_a_job(disks, md0):
    disks.SetSpeed(0)
    disks.Fail("sdb")
    assert states(disks, md0) == {"sda1": (0, ["in_sync"]), "sdb1": (-1, ["faulty"])}
    assert disks.get(md0, "MDRaid", "Degraded") == 1
    disks.do(md0, "MDRaid", "RemoveDevice", "(oa{sv})", disks.block("sdb1"), {})
    add(disks, md0, "sdc")
    assert states(disks, md0)["sdc"] == (1, ["spare"])
    assert disks.get(md0, "MDRaid", "SyncAction") == "recover"
    disks.SetSpeed(50_000_000)
    disks.Advance(50)
    assert disks.get(md0, "MDRaid", "SyncCompleted") == pytest.approx(0.5, abs=0.05)
    assert disks.get(md0, "MDRaid", "SyncRemainingTime") == pytest.approx(50_000_000, rel=0.1)
    jobs = [interfaces[f"{UDISKS_NAME}.Job"] for path, interfaces in disks.objects().items() if "/jobs/" in path]
    assert [(job["Operation"], job["Objects"], job["Cancelable"]) for job in jobs] == [("mdraid-recover-job", [md0], False)]
    assert jobs[0]["Progress"] == pytest.approx(0.5, abs=0.05)
    disks.Advance(60)
    assert states(disks, md0) == {"sda1": (0, ["in_sync"]), "sdc": (1, ["in_sync"])}
    assert disks.get(md0, "MDRaid", "SyncAction") == "idle"
    assert disks.get(md0, "MDRaid", "Degraded") == 0
    assert not any("/jobs/" in path for path in disks.objects())


def test_a_rebuild_at_full_speed_ends_by_itself(disks, md0):
    disks.SetSpeed(100 * GB)
    disks.Pull("sdb")
    add(disks, md0, "sdc")
    disks.wait_for(md0, "MDRaid", "Degraded", 0)


def test_a_spare_steps_in_when_a_member_fails(disks, md0):
    add(disks, md0, "sdc")
    assert states(disks, md0)["sdc"] == (-1, ["spare"])
    assert disks.get(md0, "MDRaid", "SyncAction") == "idle"
    disks.Fail("sda")
    assert states(disks, md0)["sdc"] == (0, ["spare"])
    assert disks.get(md0, "MDRaid", "SyncAction") == "recover"


def test_time_goes_on_for_a_rebuild_while_udisksd_is_away(machine, disks, md0):
    disks.SetSpeed(50_000_000)
    disks.Pull("sdb")
    add(disks, md0, "sdc")
    disks.SetClockRate(1000)
    machine.restart_udisks()
    disks.wait_for(md0, "MDRaid", "Degraded", 0)


def test_a_pulled_disk_vanishes_and_comes_back_without_rejoining(disks, md0):
    disks.Pull("BALU-DEV-5GB-B")
    objects = disks.objects()
    assert disks.block("sdb") not in objects and disks.block("sdb1") not in objects
    assert not any("BALU_DEV_5GB_B" in path for path in objects)
    assert states(disks, md0) == {"sda1": (0, ["in_sync"])}
    disks.Return("BALU-DEV-5GB-B", "sdx")
    assert disks.get(disks.block("sdx1"), "Block", "MDRaidMember") == md0
    assert states(disks, md0) == {"sda1": (0, ["in_sync"])}
    assert disks.get(md0, "MDRaid", "Degraded") == 1


def test_a_returned_member_catches_up_by_the_bitmap(disks, md0):
    disks.SetSpeed(0)
    disks.Pull("sdb")
    disks.Return("sdb", "")
    add(disks, md0, "sdb1")
    assert disks.get(md0, "MDRaid", "SyncCompleted") > 0.9


def test_the_last_member_of_a_mirror_cannot_be_failed(disks, md0):
    disks.Pull("sdb")
    with pytest.raises(BusError, match="Device or resource busy") as refusal:
        disks.do(md0, "MDRaid", "RemoveDevice", "(oa{sv})", disks.block("sda1"), {})
    assert refusal.value.name == f"{UDISKS_NAME}.Error.Failed"
    disks.Fail("sda")
    assert states(disks, md0) == {"sda1": (0, ["in_sync"])}


def test_mdstat_says_what_proc_would(machine, disks):
    disks.SetSpeed(0)
    create(disks, ["sde", "sdf", "sdg"], "raid5", "big")
    lines = (machine.udisks_dir / "mdstat").read_text().splitlines()
    assert lines[0] == "Personalities : [raid1] [raid6] [raid5] [raid4] [raid0] [raid10] "
    assert lines[1] == "md0 : active raid1 sdb1[1] sda1[0]"
    assert lines[2].endswith("blocks super 1.2 [2/2] [UU]")
    assert "md127 : active raid5 sdg[3] sdf[1] sde[0]" in lines
    assert any(line.endswith("super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [UU_]") for line in lines)
    assert any(line.startswith("      [>....................]  recovery =  0.0% (0/") for line in lines)
    assert lines[-1] == "unused devices: <none>"


# Arrays


@pytest.mark.parametrize(
    ("level", "names", "capacity", "action"),
    [
        ("raid0", ["sdc", "sdd"], 20 * GB, ""),
        ("raid1", ["sdc", "sdd"], 10 * GB, "resync"),
        ("raid5", ["sde", "sdf", "sdg"], 40 * GB, "recover"),
        ("raid6", ["sdd", "sde", "sdf", "sdg"], 20 * GB, "resync"),
        ("raid10", ["sdd", "sde", "sdf", "sdg"], 20 * GB, "resync"),
    ],
)
def test_an_array_of_each_level_has_the_capacity_and_the_first_sync_of_md(disks, level, names, capacity, action):
    disks.SetSpeed(0)
    array = create(disks, names, level, "new")
    device = disks.device_of(array)
    assert device == "md127"
    assert disks.get(disks.block(device), "Block", "Size") == pytest.approx(capacity, rel=0.01)
    assert disks.get(array, "MDRaid", "SyncAction") == action
    assert disks.get(array, "MDRaid", "Name").endswith(":new")
    settle(disks)
    assert disks.get(disks.block(names[0]), "Block", "IdType") == "linux_raid_member"


@pytest.mark.parametrize(
    ("names", "level", "name", "chunk", "message"),
    [
        (["sdc", "sdd"], "raid7", "", 0, "Unsupported RAID level raid7"),
        (["sdc", "sdd"], "raid0", "", 1000, "Chunk 1000 is not a multiple of 4KiB"),
        (["sdc", "sdd"], "raid1", "", 4096, "Chunk must be zero for level 'raid1'"),
        (["sdc", "sdd"], "raid1", "x" * 33, 0, "Name cannot be longer than 32 characters"),
        (["sdc"], "raid1", "", 0, "Must have at least two devices"),
        (["sdc", "sdz"], "raid1", "", 0, "Invalid object path .*/sdz at index 1"),
        (["sdc", "sda1"], "raid1", "", 0, "Error opening device /dev/sda1 while creating mdraid: Device or resource busy"),
        (["sdc", "vda"], "raid1", "", 0, "Error opening device /dev/vda while creating mdraid: Device or resource busy"),
        (["sdc", "sdd", "sde"], "raid6", "", 0, "at least 4 raid-devices needed for level 6"),
        (["sdc", "sdd"], "raid1", "md0", 0, "md0 is already in use"),
    ],
)
def test_what_udisks_refuses_to_make_an_array_of(disks, names, level, name, chunk, message):
    with pytest.raises(BusError, match=message) as refusal:
        create(disks, names, level, name, chunk)
    assert refusal.value.name == f"{UDISKS_NAME}.Error.Failed"


def test_creating_an_array_wipes_its_members_without_asking(disks):
    make_filesystem(disks, "sdc")
    create(disks, ["sdc", "sdd"])
    settle(disks)
    assert disks.get(disks.block("sdc"), "Block", "IdUsage") == "raid"


def test_a_deleted_array_leaves_its_members_empty(disks):
    array = create(disks, ["sdc", "sdd"])
    disks.do(array, "MDRaid", "Delete")
    settle(disks)
    assert array not in disks.objects()
    assert disks.get(disks.block("sdc"), "Block", "IdType") == ""


def test_a_stopped_array_starts_again_and_needs_to_be_told_when_a_member_is_missing(disks, md0):
    disks.do(md0, "MDRaid", "Stop")
    settle(disks)
    assert disks.device_of(md0) is None
    assert disks.get(md0, "MDRaid", "Running") is False
    disks.Pull("sdb")
    with pytest.raises(BusError, match="need all 2 to start it"):
        disks.do(md0, "MDRaid", "Start")
    # Now it is assembled, but not active, which is in the way.
    with pytest.raises(BusError, match="RAID Array is already running"):
        disks.do(md0, "MDRaid", "Start")
    disks.do(md0, "MDRaid", "Stop")
    disks.do(md0, "MDRaid", "Start", "(a{sv})", {"start-degraded": GLib.Variant("b", True)})
    assert disks.device_of(md0) == "md0"
    assert disks.get(md0, "MDRaid", "Degraded") == 1


def test_a_scrub_finds_the_mismatches_and_a_repair_mends_them(machine, disks, md0):
    disks.SetSpeed(1000 * GB)
    disks.SetMismatches("md0", 128)
    mismatches = machine.udisks_dir / "sys" / "block" / "md0" / "md" / "mismatch_cnt"
    assert mismatches.read_text() == "0\n"
    for action, afterwards in (("check", "128\n"), ("repair", "128\n"), ("check", "0\n")):
        disks.do(md0, "MDRaid", "RequestSyncAction", "(sa{sv})", action, {})
        settle(disks)
        assert disks.get(md0, "MDRaid", "SyncAction") == "idle"
        assert mismatches.read_text() == afterwards


def test_a_stripe_set_cannot_be_scrubbed(disks):
    array = create(disks, ["sdc", "sdd"], "raid0")
    with pytest.raises(BusError, match="No such file or directory"):
        disks.do(array, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})


def test_what_was_half_rebuilt_is_no_member_after_a_restart_of_the_array(disks, md0):
    disks.SetSpeed(50_000_000)
    disks.Pull("sdb")
    add(disks, md0, "sdc")
    disks.Advance(50)
    disks.do(md0, "MDRaid", "Stop")
    settle(disks)
    disks.do(md0, "MDRaid", "Start")
    assert states(disks, md0) == {"sda1": (0, ["in_sync"]), "sdc": (1, ["spare"])}
    assert disks.get(md0, "MDRaid", "SyncAction") == "idle"  # it waits for the first write
    make_filesystem(disks, "md0")
    assert disks.get(md0, "MDRaid", "SyncAction") == "recover"
    assert disks.get(md0, "MDRaid", "SyncCompleted") == 0.5


def test_after_a_boot_an_array_without_a_member_is_there_but_not_active(machine, disks, md0):
    disks.do(md0, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    disks.Pull("sdb")
    disks.Reboot()
    assert disks.get(md0, "MDRaid", "Running") is True
    assert disks.get(disks.block("md0"), "Block", "Size") == 0
    assert states(disks, md0) == {"sda1": (-1, ["spare"])}
    assert "md0 : inactive sda1[0](S)" in (machine.udisks_dir / "mdstat").read_text()
    disks.Return("sdb", "")
    # sdb was not there for the latest changes.
    assert disks.get(disks.block("md0"), "Block", "Size") == 0


def test_a_member_of_a_deleted_array_comes_back_as_a_part_of_it(disks):
    array = create(disks, ["sdc", "sdd"])
    disks.SetSpeed(1000 * GB)
    settle(disks)
    disks.Pull("sdd")
    disks.do(array, "MDRaid", "Delete")
    settle(disks)
    assert array not in disks.objects()
    disks.Return("sdd", "")
    assert states(disks, array) == {"sdd": (-1, ["spare"])}
    disks.Advance(31)
    assert states(disks, array) == {"sdd": (1, ["in_sync"])}
    assert disks.get(array, "MDRaid", "Degraded") == 1


# Formatting and mounting


def entry(directory, opts="nofail", **more):
    values = {"dir": directory, "type": "auto", "opts": opts, **more}
    texts = {key: GLib.Variant("ay", str(value).encode() + b"\0") for key, value in values.items()}
    return ("fstab", {**texts, "freq": GLib.Variant("i", 0), "passno": GLib.Variant("i", 0)})


def configure(disks, device, item, verb="AddConfigurationItem"):
    disks.do(disks.block(device), "Block", verb, "((sa{sv})a{sv})", item, {})


def mounts(disks, device):
    return [text(path) for path in disks.get(disks.block(device), "Filesystem", "MountPoints")]


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
        make_filesystem(disks, device)


def test_a_filesystem_is_mounted_where_fstab_says_and_its_content_stays_with_it(machine, disks):
    place = machine.state_dir / "pools" / "photos"
    make_filesystem(disks, "sdc")
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
    make_filesystem(disks, "sdc")
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
    make_filesystem(disks, "sdc")
    identity = disks.get(disks.block("sdc"), "Block", "IdUUID")
    configure(disks, "sdc", entry("/srv/photos"))
    (kind, details), = disks.get(disks.block("sdc"), "Block", "Configuration")
    assert (kind, text(details["fsname"]), text(details["dir"])) == ("fstab", f"UUID={identity}", "/srv/photos")
    with pytest.raises(BusError, match="Didn't find entry to remove"):
        configure(disks, "sdc", entry("/srv/music", fsname=f"UUID={identity}"), "RemoveConfigurationItem")
    configure(disks, "sdc", entry("/srv/photos", fsname=f"UUID={identity}"), "RemoveConfigurationItem")
    assert disks.get(disks.block("sdc"), "Block", "Configuration") == []
    with pytest.raises(BusError, match="opts must not be blank"):
        configure(disks, "sdc", entry("/srv/photos", opts=""))


def test_a_filesystem_grows_to_what_it_is_on_and_not_beyond(disks):
    make_filesystem(disks, "sdc", "xfs")
    with pytest.raises(BusError, match="only 2441406 "):
        disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 11 * GB, {})
    with pytest.raises(BusError, match="shrinking not supported"):
        disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 5 * GB, {})
    make_filesystem(disks, "sdc", "ext4")
    disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 5 * GB, {})
    assert disks.get(disks.block("sdc"), "Filesystem", "Size") == 5 * GB
    disks.do(disks.block("sdc"), "Filesystem", "Resize", "(ta{sv})", 0, {})
    assert disks.get(disks.block("sdc"), "Filesystem", "Size") == 10 * GB // 4096 * 4096


def test_a_disk_with_a_mounted_filesystem_that_is_pulled_takes_the_content_along(disks):
    make_filesystem(disks, "sdc")
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
            make_filesystem(disks, "sdc")
        assert refusal.value.name == f"{UDISKS_NAME}.Error.DeviceBusy"
    make_filesystem(disks, "sdc")


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
    create(disks, ["sdc", "sdd"])
    disks.Add(20 * GB, "", "", "usb")
    disks.Reset()
    assert sorted(row["name"] for row in disks.List()) == ["sda", "sdb", "sdc", "sdd", "sde", "sdf", "sdg", "vda"]
    assert states(disks, disks.array("md0")) == {"sda1": (0, ["in_sync"]), "sdb1": (1, ["in_sync"])}
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
    add(disks, disks.array("md0"), "sdc")
    during = identity()
    assert during != before
    percent = (machine.udisks_dir / "mdstat").read_text().split("recovery = ")[1].split("%")[0]
    disks.Advance(1000)
    disks.do(disks.block("sdc"), "Block", "Rescan")
    text_now = (machine.udisks_dir / "mdstat").read_text()
    assert float(text_now.split("recovery = ")[1].split("%")[0]) > float(percent) + 10
    assert text_now.endswith("unused devices: <none>\n")
    assert identity() == during


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
    settle(disks)
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
    make_filesystem(disks, "sdc")
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
