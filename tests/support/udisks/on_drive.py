# SPDX-License-Identifier: MIT
"""Methods of Drive and Drive.Ata."""

from gi.repository import GLib

from . import jobs, smart
from .calls import Refused, failed, later
from .model import SelfTest

ASLEEP = 0x00
ACTIVE = 0xFF
CONVEYANCE_SHARE = 0.5
POLL_SECONDS = 1


async def power_off(service, call, path, _options):
    disk = service.disk_at(path)
    await call.authorize("power-off-drive")
    if disk.bus != "usb":
        raise failed("No usb device")
    for volume in disk.volumes():
        if service.world.is_claimed(volume):
            raise Refused("DeviceBusy", f"Drive in use: Device {volume.device} is mounted")
    disk.present = False
    service.world.changed()


async def smart_update(service, call, path, _options):
    disk = service.disk_at(path)
    if "atasmart_blob" in call.options:
        raise Refused("NotSupported", "SMART data from a blob is not simulated")
    await call.authorize("ata-smart-update")
    if disk.asleep and call.options.get("nowakeup", False):
        raise Refused("WouldWakeup", "Disk is in sleep mode and the nowakeup option was passed")
    smart.read(disk, service.world.clock.now())
    service.world.changed()


async def smart_get_attributes(service, call, path, _options):
    disk = service.disk_at(path)
    if not disk.reading.updated:
        raise failed("SMART data not collected")
    call.reply("(a(ysqiiixia{sv}))", smart.rows(disk.reading))


def test_seconds(service, kind):
    settings = service.world.state.settings
    return {
        "short": settings.short_test_seconds,
        "extended": settings.extended_test_seconds,
        "conveyance": settings.extended_test_seconds * CONVEYANCE_SHARE,
    }.get(kind)


async def selftest_start(service, call, path, kind, _options):
    """The disk tests itself; udisksd's job looks now and then how far it is, and forgets about it when udisksd ends."""
    disk = service.disk_at(path)
    clock = service.world.clock
    await call.authorize("ata-smart-selftest")
    if disk.serial in service.selftest_jobs:
        raise failed("There is already SMART self-test running")
    seconds = test_seconds(service, kind)
    if seconds is None:
        raise failed(f"unknown type {kind}")
    now = clock.now()
    disk.selftest = SelfTest("inprogress", kind, now, now + seconds)
    smart.read(disk, now)
    service.world.changed()
    job = jobs.Job(service, "ata-smart-selftest", [path], call.uid, cancelable=True)
    job.progress(0.0, 0, seconds)
    service.selftest_jobs[disk.serial] = job
    call.reply()
    end = later(clock, seconds)
    job.on_cancel = lambda: abort(service, disk, end)
    poll = GLib.timeout_add_seconds(POLL_SECONDS, lambda: look(service, disk, job, end))
    try:
        await end
        job.complete(True)
    except Refused as error:
        job.complete(False, error.message)
    finally:
        GLib.source_remove(poll)
        service.selftest_jobs.pop(disk.serial, None)
        if disk.present:
            smart.read(disk, clock.now())
        service.world.changed()


def look(service, disk, job, end):
    """How far the self-test is."""
    now = service.world.clock.now()
    if not disk.present:
        GLib.idle_add(end.resolve, None, failed("sk_disk_open: No such file or directory"))
    elif now < disk.selftest.ends:
        smart.read(disk, now)
        job.progress((100 - disk.reading.selftest_remaining) / 100, 0, disk.selftest.ends - now)
        service.world.changed()
    return GLib.SOURCE_CONTINUE


def abort(service, disk, end=None):
    if disk.selftest.status == "inprogress" and service.world.clock.now() < disk.selftest.ends:
        disk.selftest.status = "aborted"
    if end is not None:
        end.resolve(error=failed("Operation was cancelled"))


async def selftest_abort(service, call, path, _options):
    disk = service.disk_at(path)
    await call.authorize("ata-smart-selftest")
    abort(service, disk)
    job = service.selftest_jobs.get(disk.serial)
    if job is not None and job.on_cancel is not None:
        on_cancel, job.on_cancel = job.on_cancel, None
        on_cancel()
    smart.read(disk, service.world.clock.now())
    service.world.changed()


async def pm_get_state(service, call, path, _options):
    await call.authorize("ata-check-power")
    call.reply("(y)", ASLEEP if service.disk_at(path).asleep else ACTIVE)


async def pm_standby(service, call, path, _options):
    await set_asleep(service, call, path, True)


async def pm_wakeup(service, call, path, _options):
    await set_asleep(service, call, path, False)


async def set_asleep(service, call, path, asleep):
    await call.authorize("ata-standby-system")
    job = jobs.Job(service, "ata-pm-standby" if asleep else "ata-pm-wakeup", [path], call.uid)
    service.disk_at(path).asleep = asleep
    service.world.changed()
    job.complete(True)


DRIVE_METHODS = {"PowerOff": power_off}
ATA_METHODS = {
    "SmartUpdate": smart_update,
    "SmartGetAttributes": smart_get_attributes,
    "SmartSelftestStart": selftest_start,
    "SmartSelftestAbort": selftest_abort,
    "PmGetState": pm_get_state,
    "PmStandby": pm_standby,
    "PmWakeup": pm_wakeup,
}
