# SPDX-License-Identifier: MIT
"""What udisksd would say of the world: {object path: {interface: {property: value}}}, computed anew each time."""

import os

from gi.repository import GLib

from . import ROOT, smart
from .model import Content

SUPPORTED_FILESYSTEMS = ["ext2", "ext3", "ext4", "vfat", "ntfs", "exfat", "xfs", "reiserfs", "nilfs2", "btrfs", "minix", "udf", "f2fs", "swap"]
ZERO = "/"


def safe(text):
    """As udisks makes object paths: what is no letter, digit or underscore becomes _ and its code."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else "".join(f"_{byte:02x}" for byte in c.encode()) for c in text)


def block_path(name):
    return f"{ROOT}/block_devices/{safe(name)}"


def drive_path(disk):
    parts = [safe(part.strip().replace(" ", "_").replace("-", "_")) for part in (disk.vendor, disk.model, disk.serial) if part]
    return f"{ROOT}/drives/{'_'.join(parts)}"


def mdraid_path(array):
    return f"{ROOT}/mdraid/{safe(array.uuid.replace(':', '_'))}"


def configuration(entries):
    def fstab(entry):
        texts = {"fsname": entry.fsname, "dir": entry.dir, "type": entry.type, "opts": entry.opts}
        values = {key: bytestring(text) for key, text in texts.items()}
        return ("fstab", {**values, "freq": GLib.Variant("i", entry.freq), "passno": GLib.Variant("i", entry.passno)})

    return GLib.Variant("a(sa{sv})", [fstab(entry) for entry in entries])


def bytestring(text):
    return GLib.Variant("ay", os.fsencode(text) + b"\0")


def device_number(disk, volume, array):
    if array is not None:
        return os.makedev(9, int(volume.name.removeprefix("md")))
    if disk.bus == "virtio":
        return os.makedev(254, volume.number)
    if disk.bus == "nvme":
        return os.makedev(259, volume.number + 32 * int("".join(filter(str.isdigit, disk.name.partition("n1")[0])) or 0))
    index = 0
    for letter in disk.name.removeprefix("sd"):
        index = index * 26 + ord(letter) - ord("a") + 1
    return os.makedev(8, ((index - 1) * 16 + volume.number) % 256)


def describe_block(world, volume, disk, array):
    content = shown_content(world, volume, array)
    superblock = content.superblock
    symlinks = world.symlinks(volume, disk, array)
    by_id = next((link for link in symlinks if link.startswith("/dev/disk/by-id/")), "")
    entries = world.fstab_of(volume)
    is_local = disk is not None and disk.bus == "usb"
    return {
        "Device": volume.device,
        "PreferredDevice": next((link for link in symlinks if link.startswith("/dev/md/")), volume.device),
        "Symlinks": symlinks,
        "DeviceNumber": device_number(disk, volume, array),
        "Id": by_id.removeprefix("/dev/disk/").replace("/", "-").replace(" ", "-"),
        "Size": volume.size if array is None or array.running else 0,
        "ReadOnly": False,
        "Drive": drive_path(disk) if disk else ZERO,
        "MDRaid": mdraid_path(array) if array else ZERO,
        "MDRaidMember": mdraid_path(world.state.find_array(superblock.array)) if superblock else ZERO,
        "IdUsage": content.usage,
        "IdType": content.type,
        "IdVersion": content.version,
        "IdLabel": content.label,
        "IdUUID": content.uuid,
        "Configuration": configuration(entries),
        "CryptoBackingDevice": ZERO,
        "HintPartitionable": True,
        "HintSystem": not is_local,
        "HintIgnore": False,
        "HintAuto": is_local and not any("noauto" in entry.opts.split(",") for entry in entries),
        "HintName": "",
        "HintIconName": "",
        "HintSymbolicIconName": "",
        "UserspaceMountOptions": [],
    }


def shown_content(world, volume, array):
    """What udev says is on a device: of an array that does not run nothing, and of a new member nothing for a moment."""
    return Content() if volume.name in world.unprobed or (array is not None and not array.running) else volume.content


def filesystem_size(content):
    """udisksd knows it of these only."""
    return content.size if content.type in ("ext2", "ext3", "ext4", "xfs") else 0


def describe_volume(world, volume, disk, array):
    content = shown_content(world, volume, array)
    interfaces = {"Block": describe_block(world, volume, disk, array)}
    is_table = disk is not None and volume is disk.whole and disk.table
    if content.usage == "filesystem" and not is_table:
        interfaces["Filesystem"] = {"MountPoints": [content.mounted_at] if content.mounted_at else [], "Size": filesystem_size(content)}
    if content.type == "swap":
        interfaces["Swapspace"] = {"Active": content.active}
    if content.type == "crypto_LUKS":
        interfaces["Encrypted"] = {
            "ChildConfiguration": configuration([]),
            "HintEncryptionType": f"LUKS{content.version}",
            "MetadataSize": 0,
            "CleartextDevice": ZERO,
        }
    if volume.number:
        interfaces["Partition"] = {
            "Number": volume.number,
            "Type": volume.type,
            "Flags": 0,
            "Offset": volume.offset,
            "Size": volume.size,
            "Name": volume.label,
            "UUID": volume.uuid,
            "Table": block_path(disk.name),
            "IsContainer": False,
            "IsContained": False,
        }
    if is_table:
        interfaces["PartitionTable"] = {"Type": disk.table, "Partitions": sorted(block_path(part.name) for part in disk.partitions)}
    return interfaces


def describe_drive(disk):
    vendor_model_serial = "-".join(part.replace("/", "-").replace(" ", "-") for part in (disk.vendor, disk.model, disk.serial) if part)
    plug = f"01hotplug/{disk.detected_usec}" if disk.hotplugged else "00coldplug"
    drive = {
        "Vendor": disk.vendor,
        "Model": disk.model,
        "Revision": disk.revision,
        "Serial": disk.serial,
        "WWN": disk.wwn,
        "Id": vendor_model_serial,
        "Configuration": GLib.Variant("a{sv}", {}),
        "Media": "",
        "MediaCompatibility": [],
        "MediaRemovable": False,
        "MediaAvailable": True,
        "MediaChangeDetected": True,
        "Size": disk.size,
        "TimeDetected": disk.detected_usec,
        "TimeMediaDetected": disk.detected_usec,
        "Optical": False,
        "OpticalBlank": False,
        "OpticalNumTracks": 0,
        "OpticalNumAudioTracks": 0,
        "OpticalNumDataTracks": 0,
        "OpticalNumSessions": 0,
        "RotationRate": disk.rotation,
        "ConnectionBus": "usb" if disk.bus == "usb" else "",
        "Seat": "seat0",
        "Removable": disk.bus == "usb",
        "Ejectable": False,
        "SortKey": f"{plug}/{'10removable' if disk.bus == 'usb' else '00fixed'}/{sort_name(disk.name)}",
        "CanPowerOff": disk.bus == "usb",
        "SiblingId": "",
    }
    interfaces = {"Drive": drive}
    if disk.has_ata:
        interfaces["DriveAta"] = smart.properties(disk) | {
            "PmSupported": True,
            "PmEnabled": True,
            "ApmSupported": False,
            "ApmEnabled": False,
            "AamSupported": False,
            "AamEnabled": False,
            "AamVendorRecommendedValue": 0,
            "WriteCacheSupported": True,
            "WriteCacheEnabled": True,
            "ReadLookaheadSupported": True,
            "ReadLookaheadEnabled": True,
            "SecurityEraseUnitMinutes": 0,
            "SecurityEnhancedEraseUnitMinutes": 0,
            "SecurityFrozen": False,
        }
    return interfaces


def sort_name(name):
    """Disks in the order of their names, sdz before sdaa."""
    return f"{name[:2]}____{name[2:]}" if name.startswith(("sd", "vd")) else name


def describe_array(world, raid, array):
    sync = array.sync if array.running else None
    done, total = raid.reported(array) if sync else (0.0, 0)
    rate = int(raid.rate(array)) // 1024 * 1024 if sync else 0
    action = array.shown_action or (sync.action if sync and not array.read_auto else "idle")
    bitmap = ("+8" if array.bitmap else "none") if array.has_redundancy and array.running else ""
    return {
        "MDRaid": {
            "UUID": array.uuid,
            "Name": array.name,
            "Level": array.level,
            "NumDevices": array.devices,
            "Size": array.whole.size if array.status != "inactive" and array.uuid not in world.appearing else 0,
            "SyncAction": action if array.has_redundancy and array.running and array.uuid not in world.appearing else "",
            "SyncCompleted": done / total if sync else 0.0,
            "SyncRate": rate,
            "SyncRemainingTime": int(1_000_000 * (total - done) / rate) if rate else 0,
            "Degraded": array.degraded() if array.running else 0,
            "BitmapLocation": bitmap,
            "ChunkSize": array.chunk if array.has_stripes and array.running else 0,
            "ActiveDevices": GLib.Variant("a(oiasta{sv})", active_devices(world, array)),
            "ChildConfiguration": configuration(child_entries(world, array)),
            "Running": array.has_device,
        }
    }


def child_entries(world, array):
    return [entry for entry in world.state.fstab if f"x-parent={array.uuid}" in entry.opts]


def active_devices(world, array):
    """The members whose block device is there."""
    rows = []
    for member in array.members:
        if world.state.find_volume(member.volume) is None:
            continue
        states = [member.state, *(["write_mostly"] if member.write_mostly else [])]
        rows.append((block_path(member.volume), member.slot, states, member.errors, {}))
    return sorted(rows, key=lambda row: (row[1], row[0]))


def describe(world, raid):
    objects = {
        f"{ROOT}/Manager": {
            "Manager": {
                "Version": "2.9.4",
                "SupportedFilesystems": SUPPORTED_FILESYSTEMS,
                "SupportedEncryptionTypes": ["luks1", "luks2"],
                "DefaultEncryptionType": "luks1",
            }
        }
    }
    for disk in world.state.present_disks():
        objects[drive_path(disk)] = describe_drive(disk)
    for array in world.state.arrays:
        if array.has_device or any(world.state.superblocks(array)):
            objects[mdraid_path(array)] = describe_array(world, raid, array)
    for volume, disk, array in world.state.volumes():
        objects[block_path(volume.name)] = describe_volume(world, volume, disk, array)
    return objects
