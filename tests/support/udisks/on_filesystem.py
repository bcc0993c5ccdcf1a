# SPDX-License-Identifier: MIT
"""Methods of Filesystem and Swapspace."""

import os

from . import jobs
from .calls import Refused, failed, later
from .on_block import HAS_OWNERS, checked_label, device_action, is_system, unmount
from .on_manager import RESIZABLE

# Of libblockdev's flags in RESIZABLE. Everything that can be resized can grow.
ONLINE_SHRINK = 8
OFFLINE_SHRINK = 2


async def mount(service, call, path, _options):
    world = service.world
    volume, disk, array = service.volume_at(path)
    content = volume.content
    if content.mounted_at:
        raise Refused("AlreadyMounted", f"Device {volume.device} is already mounted at `{content.mounted_at}'.\n")
    uid, _gid, _name = call.user()
    entry = next(iter(world.fstab_of(volume)), None)
    # Also for an entry of fstab; filesystem-fstab is for those with the option x-udisks-auth only.
    as_user = {"user", "users", "x-udisks-auth"} & set(entry.opts.split(",")) if entry is not None else set()
    if as_user == {"x-udisks-auth"}:
        await call.authorize("filesystem-fstab")
    elif not as_user:
        await call.authorize(device_action(is_system(disk, array, uid), "filesystem-mount"))
    if entry is None:
        for option in filter(None, call.options.get("options", "").split(",")):
            if option.partition("=")[0] in ("suid", "dev", "loop", "offset", "context"):
                raise Refused("OptionNotPermitted", f"Mount option `{option}' is not allowed")
    job = jobs.Job(service, "filesystem-mount", [path], 0 if entry is None else uid)
    try:
        if not content.store:
            raise OSError("it belongs to the running system")
        if disk is not None and disk.failed:
            raise OSError("can't read superblock on " + volume.device)
        where = world.mount(volume, uid)
    except OSError as error:
        text = os.strerror(error.errno) if error.errno else str(error)
        job.complete(False, text)
        if entry is not None:
            raise failed(f"Error mounting system-managed device {volume.device}: {text}") from None
        raise failed(f"Error mounting {volume.device} at {world.mount_place(volume)}: {text}") from None
    if disk is not None:
        disk.asleep = False
    if array is not None:
        service.raid.written(array)
    world.changed()
    job.complete(True)
    call.reply("(s)", where)


async def unmount_filesystem(service, call, path, _options):
    volume, _disk, _array = service.volume_at(path)
    content = volume.content
    if not content.mounted_at:
        raise Refused("NotMounted", f"Device `{volume.device}' is not mounted")
    if call.uid not in (0, content.mounted_by):
        await call.authorize("filesystem-unmount-others")
    job = jobs.Job(service, "filesystem-unmount", [path], 0)
    try:
        unmount(service, volume)
    except Refused as error:
        job.complete(False, error.message)
        raise
    service.world.changed()
    job.complete(True)


async def set_label(service, call, path, label, _options):
    volume, disk, _array = service.volume_at(path)
    if volume.content.type == "xfs" and volume.content.mounted_at:
        raise Refused("NotSupported", f"Cannot change label on mounted device of type filesystem:{volume.content.type}.\n")
    await call.authorize(device_action(is_system(disk), "modify-device"))
    try:
        label = checked_label(volume.content.type, label)
    except Refused:
        raise failed(f"Error setting label: {label}: label too long") from None
    job = jobs.Job(service, "filesystem-modify", [path], call.uid)
    volume.content.label = label
    service.world.changed()
    job.complete(True)


async def resize(service, call, path, size, _options):
    volume, disk, array = service.volume_at(path)
    content = volume.content
    if content.type not in RESIZABLE:
        raise failed(f"Cannot resize {content.type} filesystem on {volume.device}: (null) filesystem '{content.type}' is not supported.")
    await call.authorize(device_action(is_system(disk, array, call.uid), "modify-device"))
    job = jobs.Job(service, "filesystem-resize", [path], call.uid)
    await later(service.world.clock, service.world.state.settings.format_seconds / 2)
    wanted = size or volume.size // 4096 * 4096
    problem = resize_problem(volume, wanted)
    if problem:
        text = f"Error resizing filesystem on {volume.device}: Process reported exit code 1: {problem}\n"
        job.complete(False, text)
        raise failed(text)
    content.size = wanted
    service.world.changed()
    job.complete(True)


def resize_problem(volume, wanted):
    """What resize2fs or xfs_growfs says against it, or None."""
    content = volume.content
    modes = RESIZABLE[content.type]
    if wanted > volume.size:
        return f"The containing partition (or device) is only {volume.size // 4096} (4k) blocks.\nYou requested a new size of {wanted // 4096} blocks."
    if wanted < content.size and not modes & (ONLINE_SHRINK if content.mounted_at else OFFLINE_SHRINK):
        return f"{content.type}: {'On-line ' if content.mounted_at else ''}shrinking not supported"
    return None


async def check(service, call, path, _options):
    await check_or_repair(service, call, path, "check")


async def repair(service, call, path, _options):
    await check_or_repair(service, call, path, "repair")


async def check_or_repair(service, call, path, verb):
    volume, disk, _array = service.volume_at(path)
    await call.authorize(device_action(is_system(disk), "modify-device"))
    if volume.content.mounted_at:
        raise Refused("NotSupported", f"Cannot {verb} {volume.content.type} filesystem on {volume.device} if mounted")
    job = jobs.Job(service, f"filesystem-{verb}", [path], call.uid)
    await later(service.world.clock, service.world.state.settings.format_seconds / 2)
    job.complete(True)
    call.reply("(b)", True)


async def take_ownership(service, call, path, _options):
    volume, _disk, _array = service.volume_at(path)
    uid, gid, _name = call.user()
    await call.authorize("filesystem-take-ownership")
    content = volume.content
    if content.type not in HAS_OWNERS or not content.store:
        raise Refused("NotSupported", f"Cannot take ownership of {content.type} filesystem on {volume.device}")
    if os.geteuid() == 0:
        directory = service.world.content_directory(volume)
        os.chown(directory, uid, gid)
        if call.options.get("recursive", False):
            for parent, directories, files in os.walk(directory):
                for name in directories + files:
                    os.chown(os.path.join(parent, name), uid, gid, follow_symlinks=False)


async def swap_start(service, call, path, _options):
    await set_swap(service, call, path, True)


async def swap_stop(service, call, path, _options):
    await set_swap(service, call, path, False)


async def set_swap(service, call, path, active):
    volume, _disk, _array = service.volume_at(path)
    await call.authorize("manage-swapspace")
    job = jobs.Job(service, "swapspace-start" if active else "swapspace-stop", [path], call.uid)
    volume.content.active = active
    service.world.changed()
    job.complete(True)


METHODS = {
    "Mount": mount,
    "Unmount": unmount_filesystem,
    "SetLabel": set_label,
    "Resize": resize,
    "Check": check,
    "Repair": repair,
    "TakeOwnership": take_ownership,
}
SWAP_METHODS = {"Start": swap_start, "Stop": swap_stop}
