# SPDX-License-Identifier: MIT
"""Methods of Manager."""

from . import jobs
from .calls import Refused, failed
from .describe import block_path, mdraid_path
from .raid import MdError

PROBE_SECONDS = 0.15
LEVELS = ("raid0", "raid1", "raid4", "raid5", "raid6", "raid10")
FORMATS = ("ext2", "ext3", "ext4", "vfat", "ntfs", "exfat", "xfs", "reiserfs", "nilfs2", "btrfs", "minix", "udf", "f2fs", "swap", "empty", "dos", "gpt")
TABLES = ("dos", "gpt")
# An error of libblockdev's that udisksd passes on as it is.
UNMAPPED = "org.gtk.GDBus.UnmappedGError.Quark._g_2dbd_2dfs_2derror_2dquark.Code6"
# libblockdev's flags: 2 offline shrink, 4 offline grow, 8 online shrink, 16 online grow.
RESIZABLE = {"ext2": 22, "ext3": 22, "ext4": 22, "xfs": 20, "vfat": 6, "ntfs": 6}


def error_text(error):
    """As libblockdev words that mdadm has failed."""
    return f"Process reported exit code 1: {error}\n"


async def can_format(_service, call, _path, kind):
    if kind not in FORMATS or kind in TABLES:
        raise Refused("NotSupported", f"Creation of filesystem type {kind} is not supported")
    call.reply("((bs))", (True, ""))


def require_filesystem(kind):
    if kind not in RESIZABLE:
        raise Refused(UNMAPPED, f"(null) filesystem '{kind}' is not supported.")


async def can_resize(_service, call, _path, kind):
    require_filesystem(kind)
    call.reply("((bts))", (True, RESIZABLE[kind], ""))


async def can_check_or_repair(_service, call, _path, kind):
    require_filesystem(kind)
    call.reply("((bs))", (True, ""))


async def get_block_devices(service, call, _path, _options):
    call.reply("(ao)", sorted(block_path(volume.name) for volume, _disk, _array in service.world.state.volumes()))


async def resolve_device(service, call, _path, devspec, _options):
    wanted = devspec.unpack()

    def matches(volume, disk, array):
        symlinks = service.world.symlinks(volume, disk, array)
        known = {
            "path": [volume.device, *symlinks],
            "label": [volume.content.label],
            "uuid": [volume.content.uuid],
            "partuuid": [volume.uuid],
            "partlabel": [volume.label],
        }
        return bool(wanted) and all(value in known.get(key, []) for key, value in wanted.items())

    call.reply("(ao)", sorted(block_path(found[0].name) for found in service.world.state.volumes() if matches(*found)))


async def mdraid_create(service, call, _path, blocks, level, name, chunk, _options):
    await call.authorize("manage-md-raid")
    job = jobs.Job(service, "mdraid-create", [], call.uid)
    try:
        array = create(service, call.uid, blocks, level, name, chunk)
    except Exception:
        job.complete(False)
        raise
    show(service, array)
    job.complete(True)
    call.reply("(o)", mdraid_path(array))


def show(service, array):
    """The array appears before udisksd has read what it is, and its members are probed one after the other."""
    world = service.world
    world.appearing.add(array.uuid)
    members = [member.volume for member in array.members]
    world.unprobed.update(members)
    world.changed()
    world.appearing.discard(array.uuid)
    world.changed()
    for number, name in enumerate(members, 1):
        world.clock.after(PROBE_SECONDS * number, lambda name=name: (world.unprobed.discard(name), world.changed()))


def create(service, uid, blocks, level, name, chunk):
    world = service.world
    if level not in LEVELS:
        raise failed(f"Unsupported RAID level {level}")
    if chunk & 0xFFF:
        raise failed(f"Chunk {chunk} is not a multiple of 4KiB")
    if level == "raid1" and chunk:
        raise failed("Chunk must be zero for level 'raid1'")
    if len(name.encode()) > 32:
        raise failed("Name cannot be longer than 32 characters")
    if len(blocks) < 2:
        raise failed("Must have at least two devices")
    members = []
    for index, path in enumerate(blocks):
        found = service.volume_at(path)
        if found is None:
            if service.manager.get_object(path) is None:
                raise failed(f"Invalid object path {path} at index {index}")
            raise failed(f"Object path {path} for index {index} is not a block device")
        volume, disk, _array = found
        if world.is_busy(volume, disk):
            raise failed(f"Error opening device {volume.device} while creating mdraid: Device or resource busy")
        if disk is not None and disk.failed:
            raise failed(f"Error wiping device '{volume.device}' to be used in the RAID array: Failed to read from device: Input/output error")
        members.append((volume, disk))
    for volume, disk in members:
        world.wipe(volume, disk)
    try:
        return service.raid.create(members, level, name, chunk, uid)
    except MdError as error:
        world.changed()
        raise failed(f"Error creating RAID array: {error_text(error)}") from None


async def enable_module(_service, _call, _path, name, _enable):
    raise failed(
        f"Error initializing module '{name}': /usr/lib/x86_64-linux-gnu/udisks2/modules/libudisks2_{name}.so: "
        "cannot open shared object file: No such file or directory"
    )


async def enable_modules(_service, call, _path, _enable):
    call.reply()


METHODS = {
    "CanFormat": can_format,
    "CanResize": can_resize,
    "CanCheck": can_check_or_repair,
    "CanRepair": can_check_or_repair,
    "GetBlockDevices": get_block_devices,
    "ResolveDevice": resolve_device,
    "MDRaidCreate": mdraid_create,
    "EnableModule": enable_module,
    "EnableModules": enable_modules,
}
