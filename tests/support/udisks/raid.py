# SPDX-License-Identifier: MIT
"""md: what the kernel and mdadm do with arrays and their members. Rebuilds advance with the clock."""

import contextlib
import uuid

from .model import MIB, Array, Content, Member, Superblock, Sync, Volume, dashed, new_md_uuid

HOST = "baluhost"
MINIMUM = {"raid0": 2, "raid1": 2, "raid4": 2, "raid5": 2, "raid6": 4, "raid10": 2}
DEFAULT_CHUNK = 512 * 1024
# How much of a member differs when it comes back to an array with a bitmap.
DIRTY = 0.02
# What was measured on a real machine, in seconds: between the end of a rebuild and its being idle; until a member that was added is looked at; until
# the device of a stopped array is gone; until udev starts an array without those that do not come.
SETTLE = 0.03
NOTICE = 0.1
LINGER = 0.4
LAST_RESORT = 30
# The kernel tells of a rebuild in steps.
CHECKPOINTS = 16


class MdError(Exception):
    """What mdadm or the kernel says when it refuses."""


def data_offset(size):
    """Where mdadm puts the data of a member of that size, metadata 1.2: it leaves room that depends on the size."""
    room = 128 * MIB
    while room << 10 > size:
        room >>= 1
    return max(MIB, room)


def component_size(volumes, chunk):
    usable = min(volume.size - data_offset(volume.size) for volume in volumes)
    unit = chunk or 1024
    return usable // unit * unit


def capacity(level, count, component):
    return {
        "raid0": count,
        "raid1": 1,
        "raid4": count - 1,
        "raid5": count - 1,
        "raid6": count - 2,
        "raid10": count / 2,
    }[level] * component // 1


def survives(array):
    """Whether every block can still be read from the members that are in sync."""
    slots = {member.slot for member in array.in_sync()}
    missing = array.devices - len(slots)
    if array.level == "raid10":
        # near=2: slots 0 and 1 mirror each other, 2 and 3, …; with an odd number the pairs overlap.
        pairs = [(i, (i + 1) % array.devices) for i in range(0, array.devices, 1 if array.devices % 2 else 2)]
        return all(a in slots or b in slots for a, b in pairs)
    allowed = {"raid0": 0, "raid1": array.devices - 1, "raid4": 1, "raid5": 1, "raid6": 2}
    return missing <= allowed[array.level]


class Raid:
    """on_change is called after a rebuild has ended or begun by itself."""

    def __init__(self, world, on_change):
        self.world = world
        self.on_change = on_change
        self._timers = {}
        for array in world.state.arrays:
            self._schedule(array)
            self._schedule_last_resort(array)

    @property
    def state(self):
        return self.world.state

    # Syncing

    def position(self, array):
        """(bytes of each member that are done, bytes in all) of what the array is doing."""
        sync = array.sync
        done = sync.position + max(0.0, self.world.clock.now() - sync.since) * sync.speed
        return min(float(sync.total), done), sync.total

    def rate(self, array):
        """Bytes of each member in a real second."""
        return array.sync.speed * self.world.clock.rate

    def reported(self, array):
        """position() as sysfs has it: done moves in sixteenths."""
        done, total = self.position(array)
        return (done if array.sync.is_done else done * CHECKPOINTS // total * total / CHECKPOINTS), total

    def set_speed(self, speed):
        self.state.settings.sync_speed = speed
        for array in self.state.arrays:
            if array.running and not array.read_auto and array.sync is not None and not array.sync.is_done:
                self._rebase(array, speed)

    def forget_timers(self):
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _rebase(self, array, speed):
        sync = array.sync
        sync.position, _total = self.position(array)
        sync.since = self.world.clock.now()
        sync.speed = speed
        self._schedule(array)

    def _begin(self, array, action, start=0.0):
        array.sync = Sync(action, array.component, start, self.world.clock.now(), self.state.settings.sync_speed)
        self._schedule(array)

    def _schedule(self, array):
        timer = self._timers.pop(array.uuid, None)
        if timer is not None:
            timer.cancel()
        if not array.running or array.sync is None:
            return
        if array.sync.is_done:
            self._timers[array.uuid] = self.world.clock.after(SETTLE, lambda: self._on_settled(array))
        elif array.sync.speed > 0:
            done, total = self.position(array)
            wait = (total - done) / array.sync.speed
            self._timers[array.uuid] = self.world.clock.after(wait, lambda: self._on_end(array))

    def _on_end(self, array):
        action = array.sync.action
        array.sync.position, array.sync.speed, array.sync.is_done = array.sync.total, 0.0, True
        if action == "recover":
            for member in array.members:
                if member.state == "spare" and member.slot >= 0:
                    member.state = "in_sync"
        elif action == "check":
            array.mismatches = array.hidden_mismatches
        elif action == "repair":
            array.mismatches, array.hidden_mismatches = array.hidden_mismatches, 0
        self._touch(array)
        self._schedule(array)
        self.on_change()

    def _on_settled(self, array):
        array.sync = None
        self._recover(array)
        self.on_change()

    def _touch(self, array):
        """Something has happened to the array: its members take note, and those that are not there do not."""
        array.events += 1
        for member in array.members:
            volume = self._volume(member)
            if volume is not None and member.state != "faulty" and volume.content.superblock:
                volume.content.superblock.events = array.events
                volume.content.superblock.slot = member.slot
                volume.content.superblock.is_rebuilding = member.state == "spare" and member.slot >= 0

    def _recover(self, array):
        """Gives the vacant slots to idle spares and begins to rebuild, if that is possible."""
        if not array.running or array.read_auto or not array.has_redundancy or not survives(array):
            return
        if array.sync is not None and (array.sync.action == "recover" or array.sync.is_done):
            return
        taken = {member.slot for member in array.members if member.slot >= 0}
        vacant = [slot for slot in range(array.devices) if slot not in taken]
        spares = [member for member in array.members if member.state == "spare" and member.slot < 0]
        for slot, member in zip(vacant, spares):
            member.slot = slot
        if any(member.state == "spare" and member.slot >= 0 for member in array.members):
            self._begin(array, "recover", array.component * (1 - DIRTY) if array.catches_up else 0.0)
            array.catches_up = False
            self._touch(array)

    def _volume(self, member):
        found = self.state.find_volume(member.volume)
        return found[0] if found else None

    # mdadm --create

    def create(self, volumes, level, name, chunk, uid):
        """volumes: (volume, disk) that have been wiped. Returns the array, running."""
        count = len(volumes)
        if count < MINIMUM[level]:
            raise MdError(f"mdadm: at least {MINIMUM[level]} raid-devices needed for level {level.removeprefix('raid')}")
        if "/" in name:
            raise MdError(f"mdadm: {name} is an invalid name for an md device.")
        if any(array.has_device and array.short_name == name for array in self.state.arrays):
            raise MdError(f"mdadm: {name} is already in use.")
        for volume, disk in volumes:
            if disk is not None and disk.failed:
                raise MdError(f"mdadm: Cannot open {volume.device}: Input/output error")
            if volume.size < 4 * MIB:
                raise MdError(f"mdadm: {volume.device} is too small: {volume.size // 1024}K")
        node = self._free_node()
        chunk = (chunk or DEFAULT_CHUNK) if level not in ("raid1",) else 0
        component = component_size([volume for volume, _disk in volumes], chunk)
        if level == "raid0":
            size = sum(component_size([volume], chunk) for volume, _disk in volumes)
        else:
            size = int(capacity(level, count, component))
        array = Array(
            new_md_uuid(),
            f"{HOST}:{name or node.removeprefix('md')}",
            level,
            count,
            chunk,
            # mdadm's own choice when it is not asked for one.
            bitmap=level != "raid0" and component > 100 * 1024**3,
            component=component,
            whole=Volume(node, size),
            events=1,
            started_by=uid,
        )
        for slot, (volume, disk) in enumerate(volumes):
            self._write_superblock(volume, array, slot)
            # The last one of a RAID 4 or 5 is rebuilt from the others, which is quicker than to compute all parity.
            is_spare = level in ("raid4", "raid5") and slot == count - 1
            number = count if is_spare else slot
            array.members.append(Member(volume.name, disk.serial if disk else "", number, slot, "spare" if is_spare else "in_sync"))
        self.state.arrays.append(array)
        if level in ("raid4", "raid5"):
            self._begin(array, "recover")
        elif level != "raid0":
            self._begin(array, "resync")
        self._touch(array)
        return array

    def _free_node(self):
        taken = {array.whole.name for array in self.state.arrays if array.has_device}
        return next(name for name in (f"md{n}" for n in range(127, -1, -1)) if name not in taken)

    def _write_superblock(self, volume, array, slot):
        superblock = Superblock(array.uuid, str(uuid.uuid4()), slot, array.events)
        volume.content = Content("raid", "linux_raid_member", "1.2", array.name, dashed(array.uuid), superblock)

    # mdadm --manage

    def add(self, array, volume, disk):
        """A member that was there comes back quickly when the array has a bitmap; everything else becomes a spare. notice() is to follow."""
        self.written(array)
        if self.world.is_busy(volume, disk):
            raise MdError(f"mdadm: Cannot open {volume.device}: Device or resource busy")
        if disk is not None and disk.failed:
            raise MdError(f"mdadm: failed to write superblock to {volume.device}")
        if not array.has_redundancy:
            raise MdError(f"mdadm: add new device failed for {volume.device} as {len(array.members)}: Invalid argument")
        superblock = volume.content.superblock
        known = superblock is not None and superblock.array == array.uuid
        if not survives(array):
            raise MdError(
                f"mdadm: {array.whole.device} has failed so using --add cannot work and might destroy\n"
                f"mdadm: data on {volume.device}.  You should stop the array and re-assemble it."
            )
        if volume.size - data_offset(volume.size) < array.component:
            raise MdError(f"mdadm: {volume.device} not large enough to join array")
        taken = {member.slot for member in array.members if member.slot >= 0}
        if known and array.bitmap and superblock.slot >= 0 and superblock.slot not in taken and array.sync is None:
            array.members.append(Member(volume.name, disk.serial if disk else "", superblock.slot, superblock.slot, "spare"))
            array.catches_up = True
        else:
            self.world.wipe(volume, disk)
            self._write_superblock(volume, array, -1)
            number = max((member.number for member in array.members), default=-1)
            number = max(number + 1, array.devices)
            array.members.append(Member(volume.name, disk.serial if disk else "", number, -1, "spare"))
        self._touch(array)

    def notice(self, array):
        """md looks at what was added."""
        array.shown_action = ""
        self._recover(array)
        self.on_change()

    def written(self, array):
        """The first write to a started array: what waits for it begins."""
        if array.read_auto:
            array.read_auto = False
            if array.sync is not None:
                self._rebase(array, self.state.settings.sync_speed)
            self._recover(array)

    def fail(self, array, member):
        self.written(array)
        self._set_faulty(array, member)
        self._touch(array)

    def remove(self, array, member):
        if member.state == "spare" and member.slot >= 0 and array.sync is not None:
            raise MdError(f"mdadm: hot remove failed for /dev/{member.volume}: Device or resource busy")
        array.members.remove(member)
        self._touch(array)
        self._recover(array)

    def _set_faulty(self, array, member):
        if array.level in ("raid0", "raid1", "raid10") and member.state == "in_sync":
            member.state = "faulty"
            fatal = array.level == "raid0" or not survives(array)
            member.state = "in_sync"
            if fatal:
                raise MdError(f"mdadm: set device faulty failed for /dev/{member.volume}:  Device or resource busy")
        self._make_faulty(array, member)

    def _make_faulty(self, array, member, errors=0):
        was_rebuilding = member.slot >= 0 and member.state == "spare"
        member.state = "faulty"
        member.slot = -1
        member.errors += errors
        if array.sync is not None:
            rebuilding = [other for other in array.members if other.state == "spare" and other.slot >= 0]
            stops = array.sync.action != "recover" or not survives(array) or (was_rebuilding and not rebuilding)
            if stops:
                self._stop_sync(array)

    def _stop_sync(self, array):
        array.sync = None
        self._schedule(array)

    # What disks do to arrays

    def io_error(self, volume):
        """The kernel gets an I/O error from a member. It gives up the member, unless that would be the end of a RAID 0, 1 or 10."""
        array, member = self.world.array_of(volume)
        if array is None or not array.running or member.state == "faulty":
            return
        self.written(array)
        try:
            self._set_faulty(array, member)
            member.errors += 1
        except MdError:
            member.errors += 1
            return
        self._touch(array)
        self._recover(array)

    def pulled(self, volume):
        """A member's disk is gone: udev has it failed and removed. The last one stays, though nothing is behind it."""
        array, member = self.world.array_of(volume)
        if array is None:
            return
        try:
            if array.running and member.state != "faulty":
                self._set_faulty(array, member)
        except MdError:
            return
        array.members.remove(member)
        self._touch(array)
        self._recover(array)

    def returned(self, disk):
        """udev's incremental assembly: a running array takes nothing back by itself. Another is assembled, starts when its last member has come, and else
        after a while without those that do not come, if that can be."""
        for volume in disk.volumes():
            superblock = volume.content.superblock
            if superblock is None:
                continue
            array = self.state.find_array(superblock.array)
            if array is None or array.running:
                continue
            if len(self._candidates(array)) == array.devices:
                self.start(array, degraded=False)
                continue
            self._assemble(array)
            if self._can_start(array):
                array.last_resort = self.world.clock.now() + LAST_RESORT
                self._schedule_last_resort(array)

    # Starting and stopping

    def _candidates(self, array):
        """The present volumes with which the array can start, by slot: those that were there for its latest changes."""
        found = [(volume, disk) for volume, disk in self.state.superblocks(array) if not disk.failed and volume.content.superblock.slot >= 0]
        newest = max((volume.content.superblock.events for volume, _disk in found), default=0)
        return {v.content.superblock.slot: (v, d) for v, d in found if v.content.superblock.events == newest}

    def _full(self, array):
        """The members that the array would start with."""
        found = sorted(self._candidates(array).items())
        return [Member(v.name, d.serial, slot, slot, "spare" if v.content.superblock.is_rebuilding else "in_sync") for slot, (v, d) in found]

    def _can_start(self, array):
        members = self._full(array)
        return bool(members) and survives(Array(**{**vars(array), "members": members}))

    def _assemble(self, array):
        """Binds what there is to a device that is not started: to md, all of it are spares."""
        if not array.has_device:
            array.whole.name = self._free_node_for(array)
        array.status, array.lingers, array.read_auto = "inactive", False, False
        array.members = [Member(v.name, d.serial, max(v.content.superblock.slot, 0), -1, "spare") for v, d in self.state.superblocks(array)]

    def _free_node_for(self, array):
        """The name that it had, when that is free."""
        taken = {other.whole.name for other in self.state.arrays if other.has_device and other is not array}
        return array.whole.name if array.whole.name and array.whole.name not in taken else self._free_node()

    def forget_numbers(self):
        """At a boot, arrays are numbered anew, but for those that were numbered by hand."""
        for array in self.state.arrays:
            if int(array.whole.name.removeprefix("md")) > 99:
                array.whole.name = ""

    def _schedule_last_resort(self, array):
        if array.last_resort:
            self.world.clock.after(array.last_resort - self.world.clock.now(), lambda: self._on_last_resort(array))

    def _on_last_resort(self, array):
        if array.status == "inactive" and array.last_resort and self.world.clock.now() >= array.last_resort and array in self.state.arrays:
            with contextlib.suppress(MdError):
                self.start(array, degraded=True)
            self.on_change()

    def start(self, array, *, degraded, uid=0):
        candidates = self._candidates(array)
        if len(candidates) < array.devices and not degraded:
            self._assemble(array)
            raise MdError(
                f"mdadm: /dev/md/{array.short_name} assembled from {len(candidates)} drives - need all {array.devices} to start it (use --run to insist)."
            )
        members = self._full(array)
        if not self._can_start(array):
            self._assemble(array)
            raise MdError(f"mdadm: /dev/md/{array.short_name} assembled from {len(candidates)} drives - not enough to start the array.")
        for volume, disk in self.state.superblocks(array):
            if volume.content.superblock.slot < 0 and not disk.failed:
                members.append(Member(volume.name, disk.serial, array.devices + len(members), -1, "spare"))
        array.members = members
        array.whole.name = self._free_node_for(array)
        array.status, array.lingers, array.read_auto, array.last_resort = "active", False, True, 0.0
        array.started_by = uid
        is_needed = {"resync": True, "recover": any(member.state == "spare" and member.slot >= 0 for member in members)}
        if array.sync is not None and not is_needed.get(array.sync.action, False):
            array.sync = None
        self._touch(array)

    def stop(self, array):
        if self.world.is_claimed(array.whole):
            raise MdError(
                f"mdadm: Cannot get exclusive access to {array.whole.device}:Perhaps a running process, mounted filesystem or active volume group?"
            )
        if array.sync is not None:
            if array.sync.is_done:
                array.sync = None
            else:
                # It goes on from there when the array has started again.
                self._rebase(array, 0.0)
        array.status, array.lingers, array.last_resort = "stopped", True, 0.0
        array.members = []
        self._schedule(array)
        self.world.clock.after(LINGER, lambda: self._on_gone(array))

    def _on_gone(self, array):
        if array.lingers:
            array.lingers = False
            self.forget(array)
            self.on_change()

    def forget(self, array):
        """No superblock of the array is left anywhere."""
        if not array.has_device and array in self.state.arrays and not any(self.state.superblocks(array, absent=True)):
            self.state.arrays.remove(array)

    # sysfs

    def request(self, array, action):
        """echo check|repair|idle > md/sync_action"""
        if not array.has_redundancy:
            raise MdError("No such file or directory")
        self.written(array)
        if action == "idle":
            if array.sync is not None and array.sync.action in ("check", "repair"):
                self._stop_sync(array)
        elif array.sync is not None:
            raise MdError("Device or resource busy")
        else:
            self._begin(array, action)

    def set_bitmap(self, array, value):
        if not array.has_redundancy:
            raise MdError("No such file or directory")
        if array.sync is not None:
            raise MdError("Device or resource busy")
        array.bitmap = value == "internal"
