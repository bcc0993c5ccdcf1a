# SPDX-License-Identifier: MIT
"""Methods of PartitionTable and Partition."""

from . import jobs
from .calls import failed
from .describe import block_path
from .model import MIB
from .on_block import device_action, format_block, is_system, require_usable, teardown


def place(disk, offset, size):
    """(offset, size) of a new partition, aligned to MiB; size 0: all that is left there. Raises when there is no room."""
    start = max(MIB, -(-offset // MIB) * MIB)
    end = disk.size - MIB
    for other in sorted(disk.partitions, key=lambda volume: volume.offset):
        if other.offset + other.size > start:
            if other.offset <= start:
                raise failed(f"Error creating partition on {disk.whole.device}: there is a partition at {start} already")
            end = other.offset
            break
    room = (end - start) // MIB * MIB
    wanted = -(-size // MIB) * MIB if size else room
    if wanted > room or room <= 0:
        raise failed(f"Error creating partition on {disk.whole.device}: no room for {size} bytes at {offset}")
    return start, wanted


def create(service, disk, offset, size, kind, label):
    start, length = place(disk, offset, size)
    volume = disk.add_partition(length, "linux", offset=start)
    volume.type = kind or volume.type
    volume.label = label
    disk.partitions.sort(key=lambda part: part.number)
    service.world.changed()
    return volume


async def create_partition(service, call, path, offset, size, kind, label, _options):
    _volume, disk, _array = service.volume_at(path)
    await call.authorize(device_action(is_system(disk), "modify-device"))
    job = jobs.Job(service, "partition-create", [path], call.uid)
    try:
        volume = create(service, disk, offset, size, kind, label)
    except Exception:
        job.complete(False)
        raise
    job.complete(True)
    call.reply("(o)", block_path(volume.name))


async def create_and_format(service, call, path, offset, size, kind, label, _options, format_kind, format_options):
    _volume, disk, _array = service.volume_at(path)
    await call.authorize(device_action(is_system(disk), "modify-device"))
    volume = create(service, disk, offset, size, kind, label)
    await format_block(service, call, block_path(volume.name), format_kind, format_options)
    call.reply("(o)", block_path(volume.name))


async def delete(service, call, path, _options):
    volume, disk, _array = service.volume_at(path)
    await call.authorize(device_action(is_system(disk), "modify-device"))
    if call.options.get("tear-down", False):
        await call.authorize("modify-system-configuration")
        teardown(service, volume, disk)
    require_usable(service.world, volume, disk)
    job = jobs.Job(service, "partition-delete", [path], call.uid)
    service.world.wipe(volume, disk)
    disk.partitions.remove(volume)
    service.world.changed()
    job.complete(True)


async def set_type(service, call, path, kind, _options):
    await change(service, call, path, "type", kind)


async def set_name(service, call, path, name, _options):
    await change(service, call, path, "label", name)


async def change(service, call, path, field, value):
    volume, disk, _array = service.volume_at(path)
    await call.authorize(device_action(is_system(disk), "modify-device"))
    job = jobs.Job(service, "partition-modify", [path], call.uid)
    setattr(volume, field, value)
    service.world.changed()
    job.complete(True)


TABLE_METHODS = {"CreatePartition": create_partition, "CreatePartitionAndFormat": create_and_format}
METHODS = {"Delete": delete, "SetType": set_type, "SetName": set_name}
