# SPDX-License-Identifier: MIT
"""The stand-in of udisksd: what it plays must be what the real one would show, for the service cannot tell the difference."""

import pytest
from gi.repository import GLib

from support.bus import BusError
from support.disks import UDISKS_NAME, text_of

GB = 10**9


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
    assert disks.members(md0) == {"sda1": (0, ["in_sync"]), "sdb1": (1, ["in_sync"])}
    assert disks.get(md0, "MDRaid", "Level") == "raid1"
    assert disks.get(md0, "MDRaid", "Degraded") == 0
    assert text_of(disks.get(md0, "MDRaid", "BitmapLocation")) == "+8"
    assert text_of(disks.get(disks.block("md0"), "Block", "PreferredDevice")) == "/dev/md/md0"
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
    assert disks.members(md0) == {"sda1": (0, ["in_sync"]), "sdb1": (-1, ["faulty"])}
    assert disks.get(md0, "MDRaid", "Degraded") == 1
    disks.do(md0, "MDRaid", "RemoveDevice", "(oa{sv})", disks.block("sdb1"), {})
    disks.add_member(md0, "sdc")
    assert disks.members(md0)["sdc"] == (1, ["spare"])
    assert disks.get(md0, "MDRaid", "SyncAction") == "recover"
    disks.SetSpeed(50_000_000)
    disks.Advance(50)
    assert disks.get(md0, "MDRaid", "SyncCompleted") == pytest.approx(0.5, abs=0.05)
    assert disks.get(md0, "MDRaid", "SyncRemainingTime") == pytest.approx(50_000_000, rel=0.1)
    jobs = [interfaces[f"{UDISKS_NAME}.Job"] for path, interfaces in disks.objects().items() if "/jobs/" in path]
    assert [(job["Operation"], job["Objects"], job["Cancelable"]) for job in jobs] == [("mdraid-recover-job", [md0], False)]
    assert jobs[0]["Progress"] == pytest.approx(0.5, abs=0.05)
    disks.Advance(60)
    assert disks.members(md0) == {"sda1": (0, ["in_sync"]), "sdc": (1, ["in_sync"])}
    assert disks.get(md0, "MDRaid", "SyncAction") == "idle"
    assert disks.get(md0, "MDRaid", "Degraded") == 0
    assert not any("/jobs/" in path for path in disks.objects())


def test_a_rebuild_at_full_speed_ends_by_itself(disks, md0):
    disks.SetSpeed(100 * GB)
    disks.Pull("sdb")
    disks.add_member(md0, "sdc")
    disks.wait_for(md0, "MDRaid", "Degraded", 0)


def test_a_spare_steps_in_when_a_member_fails(disks, md0):
    disks.add_member(md0, "sdc")
    assert disks.members(md0)["sdc"] == (-1, ["spare"])
    assert disks.get(md0, "MDRaid", "SyncAction") == "idle"
    disks.Fail("sda")
    assert disks.members(md0)["sdc"] == (0, ["spare"])
    assert disks.get(md0, "MDRaid", "SyncAction") == "recover"


def test_time_goes_on_for_a_rebuild_while_udisksd_is_away(machine, disks, md0):
    disks.SetSpeed(50_000_000)
    disks.Pull("sdb")
    disks.add_member(md0, "sdc")
    disks.SetClockRate(1000)
    machine.restart_udisks()
    disks.wait_for(md0, "MDRaid", "Degraded", 0)


def test_a_pulled_disk_vanishes_and_comes_back_without_rejoining(disks, md0):
    disks.Pull("BALU-DEV-5GB-B")
    objects = disks.objects()
    assert disks.block("sdb") not in objects and disks.block("sdb1") not in objects
    assert not any("BALU_DEV_5GB_B" in path for path in objects)
    assert disks.members(md0) == {"sda1": (0, ["in_sync"])}
    disks.Return("BALU-DEV-5GB-B", "sdx")
    assert disks.get(disks.block("sdx1"), "Block", "MDRaidMember") == md0
    assert disks.members(md0) == {"sda1": (0, ["in_sync"])}
    assert disks.get(md0, "MDRaid", "Degraded") == 1


def test_a_returned_member_catches_up_by_the_bitmap(disks, md0):
    disks.SetSpeed(0)
    disks.Pull("sdb")
    disks.Return("sdb", "")
    disks.add_member(md0, "sdb1")
    assert disks.get(md0, "MDRaid", "SyncCompleted") > 0.9


def test_the_last_member_of_a_mirror_cannot_be_failed(disks, md0):
    disks.Pull("sdb")
    with pytest.raises(BusError, match="Device or resource busy") as refusal:
        disks.do(md0, "MDRaid", "RemoveDevice", "(oa{sv})", disks.block("sda1"), {})
    assert refusal.value.name == f"{UDISKS_NAME}.Error.Failed"
    disks.Fail("sda")
    assert disks.members(md0) == {"sda1": (0, ["in_sync"])}


def test_mdstat_says_what_proc_would(machine, disks):
    disks.SetSpeed(0)
    disks.create_array(["sde", "sdf", "sdg"], "raid5", "big")
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
    array = disks.create_array(names, level, "new")
    device = disks.device_of(array)
    assert device == "md127"
    assert disks.get(disks.block(device), "Block", "Size") == pytest.approx(capacity, rel=0.01)
    assert disks.get(array, "MDRaid", "SyncAction") == action
    assert disks.get(array, "MDRaid", "Name").endswith(":new")
    disks.settle()
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
        disks.create_array(names, level, name, chunk)
    assert refusal.value.name == f"{UDISKS_NAME}.Error.Failed"


def test_creating_an_array_wipes_its_members_without_asking(disks):
    disks.format("sdc")
    disks.create_array(["sdc", "sdd"])
    disks.settle()
    assert disks.get(disks.block("sdc"), "Block", "IdUsage") == "raid"


def test_a_deleted_array_leaves_its_members_empty(disks):
    array = disks.create_array(["sdc", "sdd"])
    disks.do(array, "MDRaid", "Delete")
    disks.settle()
    assert array not in disks.objects()
    assert disks.get(disks.block("sdc"), "Block", "IdType") == ""


def test_a_stopped_array_starts_again_and_needs_to_be_told_when_a_member_is_missing(disks, md0):
    disks.do(md0, "MDRaid", "Stop")
    disks.settle()
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
        disks.settle()
        assert disks.get(md0, "MDRaid", "SyncAction") == "idle"
        assert mismatches.read_text() == afterwards


def test_a_stripe_set_cannot_be_scrubbed(disks):
    array = disks.create_array(["sdc", "sdd"], "raid0")
    with pytest.raises(BusError, match="No such file or directory"):
        disks.do(array, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})


def test_what_was_half_rebuilt_is_no_member_after_a_restart_of_the_array(disks, md0):
    disks.SetSpeed(50_000_000)
    disks.Pull("sdb")
    disks.add_member(md0, "sdc")
    disks.Advance(50)
    disks.do(md0, "MDRaid", "Stop")
    disks.settle()
    disks.do(md0, "MDRaid", "Start")
    assert disks.members(md0) == {"sda1": (0, ["in_sync"]), "sdc": (1, ["spare"])}
    assert disks.get(md0, "MDRaid", "SyncAction") == "idle"  # it waits for the first write
    disks.format("md0")
    assert disks.get(md0, "MDRaid", "SyncAction") == "recover"
    assert disks.get(md0, "MDRaid", "SyncCompleted") == 0.5


def test_after_a_boot_an_array_without_a_member_is_there_but_not_active(machine, disks, md0):
    disks.do(md0, "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    disks.Pull("sdb")
    disks.Reboot()
    assert disks.get(md0, "MDRaid", "Running") is True
    assert disks.get(disks.block("md0"), "Block", "Size") == 0
    assert disks.members(md0) == {"sda1": (-1, ["spare"])}
    assert "md0 : inactive sda1[0](S)" in (machine.udisks_dir / "mdstat").read_text()
    disks.Return("sdb", "")
    # sdb was not there for the latest changes.
    assert disks.get(disks.block("md0"), "Block", "Size") == 0


def test_a_member_of_a_deleted_array_comes_back_as_a_part_of_it(disks):
    array = disks.create_array(["sdc", "sdd"])
    disks.SetSpeed(1000 * GB)
    disks.settle()
    disks.Pull("sdd")
    disks.do(array, "MDRaid", "Delete")
    disks.settle()
    assert array not in disks.objects()
    disks.Return("sdd", "")
    assert disks.members(array) == {"sdd": (-1, ["spare"])}
    disks.Advance(31)
    assert disks.members(array) == {"sdd": (1, ["in_sync"])}
    assert disks.get(array, "MDRaid", "Degraded") == 1
