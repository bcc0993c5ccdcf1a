# SPDX-License-Identifier: MIT
"""The disks of development mode, before anything has happened to them."""

import uuid

from .model import GB, MIB, Array, Content, Disk, Member, State, Superblock, Volume, dashed
from .smart import new_attributes

MIRROR_UUID = "ba10057e:0d5e4d05:a5d15cad:00000005"
HOST = "baluhost"

# name, GB, what it is for, serial, degrees, hours
DISKS = (
    ("sda", 5, "Mirror A", "BALU-DEV-5GB-A", 28, 8760),
    ("sdb", 5, "Mirror B", "BALU-DEV-5GB-B", 29, 8761),
    ("sdc", 10, "Backup A", "BALU-DEV-10GB-A", 30, 4380),
    ("sdd", 10, "Backup B", "BALU-DEV-10GB-B", 31, 4381),
    ("sde", 20, "Archive A", "BALU-DEV-20GB-A", 32, 1200),
    ("sdf", 20, "Archive B", "BALU-DEV-20GB-B", 33, 1201),
    ("sdg", 20, "Archive C", "BALU-DEV-20GB-C", 34, 300),
)


def wwn(number):
    return f"0x5000b41{number:09x}"


def filesystem(kind, size, mounted_at, label=""):
    """A filesystem of the running system: it is mounted, and its content is nobody's business."""
    version = {"ext4": "1.0", "vfat": "FAT32"}[kind]
    return Content("filesystem", kind, version, label, str(uuid.uuid4()), size=size, mounted_at=mounted_at)


def system_disk(now):
    """What the operating system lives on; nobody must be able to lose it."""
    disk = Disk("vda", 8 * GB, "VirtIO Disk", "BALU-DEV-SYSTEM", revision="", bus="virtio", rotation=-1, detected=now, table="gpt")
    disk.add_partition(256 * MIB, "esp", content=filesystem("vfat", 256 * MIB, "/boot/efi"))
    disk.add_partition(512 * MIB, "linux", content=filesystem("ext4", 512 * MIB, "/boot"))
    disk.add_partition(5 * GB // MIB * MIB, "linux", content=filesystem("ext4", 5 * GB // MIB * MIB, "/", "system"))
    disk.add_partition(1024 * MIB, "swap", content=Content("other", "swap", "1", "", str(uuid.uuid4()), active=True))
    return disk


def initial_state(now):
    """now: simulated seconds."""
    state = State(disks=[system_disk(now)])
    for number, (name, size, role, serial, temperature, hours) in enumerate(DISKS):
        disk = Disk(
            name, size * GB, f"BaluHost Dev Disk {size}GB ({role})", serial, wwn(number), temperature=temperature, power_on=hours, detected=now
        )
        disk.attributes = new_attributes(disk)
        state.disks.append(disk)

    array = Array(
        MIRROR_UUID,
        f"{HOST}:md0",
        "raid1",
        devices=2,
        chunk=0,
        bitmap=True,
        component=0,
        whole=Volume("md0", 0),
        events=42,
    )
    for slot, disk in enumerate(state.disks[1:3]):
        disk.table = "gpt"
        member = disk.add_partition((disk.size - 2 * MIB) // MIB * MIB, "raid")
        superblock = Superblock(MIRROR_UUID, str(uuid.uuid4()), slot, array.events)
        member.content = Content("raid", "linux_raid_member", "1.2", array.name, dashed(MIRROR_UUID), superblock)
        array.members.append(Member(member.name, disk.serial, slot, slot, "in_sync"))
        array.component = member.size - 5 * MIB
    array.whole.size = array.component
    state.arrays.append(array)
    return state
