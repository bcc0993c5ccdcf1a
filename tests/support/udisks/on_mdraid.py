# SPDX-License-Identifier: MIT
"""Methods of MDRaid."""

from . import jobs
from .calls import failed
from .describe import block_path
from .on_block import teardown
from .on_manager import error_text
from .raid import NOTICE, MdError


def running_array(service, path):
    array = service.array_at(path)
    if array is None or not array.has_device:
        raise failed("RAID Array is not running")
    return array


def require_active(array):
    """What mdadm says of an array that was assembled but not started."""
    if not array.running:
        raise MdError(f"mdadm: Cannot get array info for {array.whole.device}")


def member_device(service, path):
    found = service.volume_at(path)
    if found is None:
        known = service.manager.get_object(path) is not None
        raise failed("No block interface on given object" if known else "No device for given object path")
    return found


def run(service, call, operation, path, prefix, work):
    """Does something to an array, within a job that says how it went."""
    job = jobs.Job(service, operation, [path], call.uid)
    try:
        work()
    except MdError as error:
        service.world.changed()
        text = prefix + (error_text(error) if str(error).startswith("mdadm") else str(error))
        job.complete(False, text)
        raise failed(text) from None
    service.world.changed()
    job.complete(True)


async def start(service, call, path, _options):
    array = service.array_at(path)
    if array.status != "stopped":
        raise failed("RAID Array is already running")
    if not any(service.world.state.superblocks(array)):
        raise failed("No member devices")
    await call.authorize("manage-md-raid")
    degraded = call.options.get("start-degraded", False)
    run(
        service,
        call,
        "md-raid-start",
        path,
        "Error starting RAID array: ",
        lambda: service.raid.start(array, degraded=degraded, uid=call.uid),
    )


async def stop(service, call, path, _options):
    array = running_array(service, path)
    await call.authorize_unless_owner("manage-md-raid", array.started_by)
    stop_array(service, call, array, path)


def stop_array(service, call, array, path):
    prefix = f"Error stopping RAID array '{array.whole.device}': "
    run(service, call, "md-raid-stop", path, prefix, lambda: service.raid.stop(array))


async def remove_device(service, call, path, device, _options):
    array = running_array(service, path)
    volume, disk, _array = member_device(service, device)
    member = next((member for member in array.members if block_path(member.volume) == device), None)
    if member is None:
        raise failed("Cannot determine member state of given object")
    await call.authorize_unless_owner("manage-md-raid", array.started_by)
    # The wrong way around, as in udisks.
    prefix = f"Error removing '{array.whole.device}' from RAID array '{volume.device}': "

    def work():
        require_active(array)
        if member.state == "in_sync":
            service.raid.fail(array, member)
            service.world.changed()
        service.raid.remove(array, member)

    run(service, call, "md-raid-remove-device", path, prefix, work)
    if call.options.get("wipe", False):
        if disk is not None and disk.failed:
            text = f"Error wiping '{volume.device}' after removal from RAID array '{array.whole.device}': Input/output error"
            raise failed(text)
        service.world.wipe(volume, disk)
        service.world.changed()


async def add_device(service, call, path, device, _options):
    array = running_array(service, path)
    volume, disk, _array = member_device(service, device)
    await call.authorize_unless_owner("manage-md-raid", array.started_by)
    prefix = f"Error adding '{volume.device}' to RAID array '{array.whole.device}': "

    def work():
        require_active(array)
        service.raid.add(array, volume, disk)
        if array.sync is None:
            array.shown_action = "frozen"
            service.world.changed()
            array.shown_action = "idle"
        service.world.clock.after(NOTICE, lambda: service.raid.notice(array))

    run(service, call, "md-raid-add-device", path, prefix, work)


async def set_bitmap_location(service, call, path, value, _options):
    if value not in ("none", "internal"):
        raise failed("Only values 'none' and 'internal' are currently supported.")
    array = running_array(service, path)
    await call.authorize_unless_owner("manage-md-raid", array.started_by)
    prefix = f"Error setting bitmap on RAID array '{array.whole.device}': "
    run(service, call, "md-raid-set-bitmap", path, prefix, lambda: (require_active(array), service.raid.set_bitmap(array, value)))


async def request_sync_action(service, call, path, action, _options):
    if action not in ("check", "repair", "idle"):
        raise failed("Only values 'check', 'repair' and 'idle' are currently supported.")
    array = running_array(service, path)
    await call.authorize_unless_owner("manage-md-raid", array.started_by)
    operation = {"check": "mdraid-check-job", "repair": "mdraid-repair-job"}.get(action, "mdraid-sync-job")
    prefix = f"Error requesting '{action}' action on RAID array '{array.whole.device}': Failed to set requested sync action. "
    run(service, call, operation, path, prefix, lambda: (require_active(array), service.raid.request(array, action)))


async def delete(service, call, path, _options):
    await call.authorize("manage-md-raid")
    array = service.array_at(path)
    if call.options.get("tear-down", False):
        await call.authorize("modify-system-configuration")
        if array.running:
            teardown(service, array.whole, None)
        else:
            needle = f"x-parent={array.uuid}"
            service.world.state.fstab = [entry for entry in service.world.state.fstab if needle not in entry.opts]
    members = list(service.world.state.superblocks(array))
    if array.status != "stopped":
        stop_array(service, call, array, path)
    for volume, disk in members:
        if disk.failed:
            service.world.changed()
            raise failed(f"Error wiping device '{volume.device}': Process reported exit code 1: mdadm: Couldn't open {volume.device} for write - not zeroing")
        service.world.wipe(volume, None)
    service.raid.forget(array)
    service.world.changed()


METHODS = {
    "Start": start,
    "Stop": stop,
    "RemoveDevice": remove_device,
    "AddDevice": add_device,
    "SetBitmapLocation": set_bitmap_location,
    "RequestSyncAction": request_sync_action,
    "Delete": delete,
}
