# SPDX-License-Identifier: MIT
"""Methods of Block."""

import os
import shutil

from . import jobs
from .calls import Refused, failed, later
from .describe import configuration
from .model import FstabEntry, PARTITION_TYPES
from .on_manager import FORMATS, TABLES

VERSIONS = {"ext2": "1.0", "ext3": "1.0", "ext4": "1.0", "vfat": "FAT32", "swap": "1"}
HAS_OWNERS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "reiserfs", "nilfs2", "f2fs", "minix", "udf")
NO_LABEL = ("minix",)


def device_action(volume_is_system, action):
    """udisksd asks for more when the device is part of the system."""
    return f"{action}-system" if volume_is_system else action


def is_system(disk, array=None, uid=None):
    """Whether udisksd takes the device for a part of the system: what is built in, but for arrays that the caller himself has made or started."""
    if array is not None:
        return array.started_by != uid
    return disk is None or disk.bus != "usb"


async def format_block(service, call, path, kind, _options):
    world = service.world
    volume, disk, array = service.volume_at(path)
    options = call.options
    label = options.get("label", "")
    uid, gid, _name = call.user()
    if kind not in FORMATS:
        raise Refused("NotSupported", f"Creation of file system type {kind} is not supported")
    if label and kind in NO_LABEL:
        raise Refused("NotSupported", f"File system type {kind} does not support labels")
    await call.authorize(device_action(is_system(disk, array, uid), "modify-device"))
    if options.get("tear-down", False) or "config-items" in options:
        await call.authorize("modify-system-configuration")
    if options.get("tear-down", False):
        teardown(service, volume, disk)
    if "encrypt.passphrase" in options:
        raise Refused("NotSupported", "Encryption is not simulated")
    require_usable(world, volume, disk)
    world.wipe(volume, disk)
    world.changed()
    if options.get("no-block", False):
        call.reply()
    if "erase" in options:
        await erase(service, call, path, volume, disk)
    if kind in TABLES:
        disk.table = kind
    elif kind != "empty":
        await make_filesystem(service, call, path, volume, disk, kind, label)
        if options.get("update-partition-type", False) and volume.number:
            volume.type = PARTITION_TYPES["swap" if kind == "swap" else "linux"]
        if options.get("take-ownership", False) and kind in HAS_OWNERS:
            await own(service, volume, uid, gid)
    for _kind, details in options.get("config-items", []):
        world.state.fstab.append(fstab_entry(volume, details))
    world.changed()


async def own(service, volume, uid, gid):
    """Gives the top directory to the caller. For that, udisksd mounts the filesystem somewhere for a moment."""
    volume.content.mounted_at = "/run/udisks2/temp-mount-" + volume.content.store[:6]
    service.world.changed()
    directory = service.world.stores / volume.content.store
    os.chown(directory, uid, gid)
    directory.chmod(0o700)
    volume.content.mounted_at = ""


def require_usable(world, volume, disk):
    if world.is_busy(volume, disk):
        raise failed(f"Error wiping device: Failed to open the device '{volume.device}': Device or resource busy")
    if disk is not None and disk.failed:
        raise failed(f"Error wiping device: Failed to create a probe for the device '{volume.device}': Input/output error")


async def erase(service, call, path, volume, disk):
    seconds = volume.size / service.world.state.settings.erase_speed
    job = jobs.Job(service, "format-erase", [path], call.uid, cancelable=True)
    job.set(bytes=volume.size)
    is_cancelled = []
    job.on_cancel = lambda: is_cancelled.append(True)
    steps = 20
    for step in range(steps):
        job.progress(step / steps, service.world.state.settings.erase_speed, seconds * (steps - step) / steps)
        await later(service.world.clock, seconds / steps)
        if is_cancelled:
            job.complete(False, "Operation was cancelled")
            raise Refused("Cancelled", "Error erasing device: Job was canceled")
        require_there(service, path, volume, job, f"Error erasing device: Error writing {1024 * 1024} bytes to {volume.device}: Input/output error")
    job.complete(True)


def checked_label(kind, label):
    """The label that mkfs gives to the filesystem. Raises when mkfs does not take it."""
    longest = {"ext2": 16, "ext3": 16, "ext4": 16, "xfs": 12, "btrfs": 255, "vfat": 11, "swap": 16}.get(kind, 255)
    if len(label.encode()) <= longest:
        return label
    if kind.startswith("ext") or kind == "swap":
        return label.encode()[:longest].decode(errors="ignore")
    raise failed(f"Error creating file system: Command-line `mkfs.{kind}' exited with non-zero exit status 1: {label}: label too long\n")


async def make_filesystem(service, call, path, volume, disk, kind, label):
    """mkfs takes its time and says nothing of its progress."""
    label = checked_label(kind, label)
    job = jobs.Job(service, "format-mkfs", [path], call.uid, cancelable=True)
    promise = later(service.world.clock, service.world.state.settings.format_seconds)
    job.on_cancel = lambda: promise.resolve(error=failed("Operation was cancelled"))
    prefix = "Error creating file system: "
    try:
        await promise
    except Refused as error:
        job.complete(False, error.message)
        raise failed(prefix + error.message) from None
    text = f"Command-line `mkfs.{kind} {volume.device}' exited with non-zero exit status 1: "
    require_there(service, path, volume, job, prefix + text + "Input/output error while writing out and closing file system\n")
    if service.world.is_busy(volume, disk):
        text += f"{volume.device} is apparently in use by the system; will not make a filesystem here!\n"
        job.complete(False, text)
        raise failed(prefix + text)
    found = service.volume_at(path)
    if found[2] is not None:
        service.raid.written(found[2])
    service.world.make_filesystem(volume, kind, label, "", VERSIONS.get(kind, ""))
    if kind == "swap":
        shutil.rmtree(service.world.stores / volume.content.store)
        volume.content.usage, volume.content.store, volume.content.size = "other", "", 0
    service.world.changed()
    job.complete(True)


def require_there(service, path, volume, job, text):
    """That the device is still what it was when the work on it began, and can be written."""
    found = service.volume_at(path)
    if found is None or found[0] is not volume or (found[1] is not None and found[1].failed):
        job.complete(False, text)
        raise failed(text)


def teardown(service, volume, disk):
    """Unmounts what is on a device and takes it out of fstab."""
    world = service.world
    for part in [volume, *(disk.partitions if disk is not None and volume is disk.whole else [])]:
        if part.content.mounted_at:
            unmount(service, part)
        part.content.active = False
        gone = world.fstab_of(part)
        world.state.fstab = [entry for entry in world.state.fstab if entry not in gone]


def unmount(service, volume):
    """umount(8). Raises DeviceBusy."""
    content = volume.content
    where = content.mounted_at
    if not content.store:
        raise Refused("DeviceBusy", f"Error unmounting {volume.device}: target is busy")
    if service.world.is_in_use(where):
        raise Refused("DeviceBusy", f"Error unmounting {volume.device}: target is busy")
    service.world.unmount(volume)


async def rescan(service, call, path, _options):
    """Whatever udisksd has missed, it sees now."""
    await call.authorize("rescan")
    service.world.unprobed.discard(path.rpartition("/")[2])
    service.world.changed()


# fstab

TEXTS = ("fsname", "dir", "type", "opts")


def text_of(value):
    """A bytestring as it comes in a dictionary."""
    return os.fsdecode(bytes(value).rstrip(b"\0"))


def fstab_entry(volume, details):
    """A new entry from what a caller gave. Raises what udisksd would."""
    if not {"dir", "type", "opts", "freq", "passno"} <= set(details):
        raise failed("Missing dir, type, opts, freq or passno parameter in entry to add")
    values = {key: text_of(details[key]) for key in TEXTS if key in details}
    if not values["opts"]:
        raise failed("opts must not be blank")
    if "fsname" not in values:
        values["fsname"] = f"UUID={volume.content.uuid}" if volume.content.uuid else volume.device
    return FstabEntry(**values, freq=details["freq"], passno=details["passno"])


def remove_entry(service, details):
    if not {*TEXTS, "freq", "passno"} <= set(details):
        raise failed("Missing fsname, dir, type, opts, freq or passno parameter in entry to remove")
    wanted = FstabEntry(**{key: text_of(details[key]) for key in TEXTS}, freq=details["freq"], passno=details["passno"])
    if wanted not in service.world.state.fstab:
        raise failed("Didn't find entry to remove")
    service.world.state.fstab.remove(wanted)


def require_fstab(item, verb):
    kind, details = item
    if kind == "crypttab":
        raise Refused("NotSupported", "crypttab is not simulated")
    if kind != "fstab":
        texts = {"added": "Only /etc/fstab or /etc/crypttab items can be added", "removed": "Only fstab or crypttab items can be removed"}
        raise failed(texts.get(verb, "Only fstab or crypttab items can be updated"))
    return details


def tracked(service, volume, entry, details):
    """With track-parents, the options say below which array the filesystem is."""
    found = service.world.state.find_volume(volume.name)
    array = found[2] if found else None
    if details.get("track-parents", False) and array is not None:
        entry.opts += f",x-parent={array.uuid}"
    return entry


async def add_configuration_item(service, call, path, item, _options):
    volume, _disk, _array = service.volume_at(path)
    await call.authorize("modify-system-configuration")
    details = require_fstab(item.unpack(), "added")
    service.world.state.fstab.append(tracked(service, volume, fstab_entry(volume, details), details))
    service.world.changed()


async def remove_configuration_item(service, call, _path, item, _options):
    await call.authorize("modify-system-configuration")
    remove_entry(service, require_fstab(item.unpack(), "removed"))
    service.world.changed()


async def update_configuration_item(service, call, path, old, new, _options):
    volume, _disk, _array = service.volume_at(path)
    await call.authorize("modify-system-configuration")
    old_kind, old_details = old.unpack()
    if old_kind != new.unpack()[0]:
        raise failed("old and new item are not of the same type")
    details = require_fstab(new.unpack(), "updated")
    entry = tracked(service, volume, fstab_entry(volume, details), details)
    remove_entry(service, old_details)
    service.world.state.fstab.append(entry)
    service.world.changed()


async def get_secret_configuration(service, call, path, _options):
    volume, _disk, _array = service.volume_at(path)
    await call.authorize("read-system-configuration-secrets")
    call.reply("(a(sa{sv}))", configuration(service.world.fstab_of(volume)))


METHODS = {
    "Format": format_block,
    "Rescan": rescan,
    "AddConfigurationItem": add_configuration_item,
    "RemoveConfigurationItem": remove_configuration_item,
    "UpdateConfigurationItem": update_configuration_item,
    "GetSecretConfiguration": get_secret_configuration,
}
