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

    @property
    def state(self):
        return self.world.state

    # Syncing

    def position(self, array):
        """(bytes of each member that are done, bytes in all) of what the array is doing."""
        sync = array.sync
        done = sync.position + max(0.0, self.world.clock.now() - sync.since) * sync.speed
        return min(float(sync.total), done), sync.total

    def set_speed(self, speed):
        self.state.settings.sync_speed = speed
        for array in self.state.arrays:
            if array.sync is not None:
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
        if array.running and array.sync is not None and array.sync.speed > 0:
            done, total = self.position(array)
            wait = (total - done) / array.sync.speed
            self._timers[array.uuid] = self.world.clock.after(wait, lambda: self._on_end(array))

    def _on_end(self, array):
        action, array.sync = array.sync.action, None
        if action == "recover":
            for member in array.members:
                if member.state == "spare" and member.slot >= 0:
                    member.state = "in_sync"
        elif action == "check":
            array.mismatches = array.hidden_mismatches
        elif action == "repair":
            array.mismatches, array.hidden_mismatches = array.hidden_mismatches, 0
        self._touch(array)
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

    def _recover(self, array):
        """Gives the vacant slots to idle spares and begins to rebuild, if that is possible."""
        if not array.running or not array.has_redundancy or not survives(array):
            return
        if array.sync is not None and array.sync.action == "recover":
            return
        taken = {member.slot for member in array.members if member.slot >= 0}
        vacant = [slot for slot in range(array.devices) if slot not in taken]
        spares = [member for member in array.members if member.state == "spare" and member.slot < 0]
        for slot, member in zip(vacant, spares):
            member.slot = slot
        if any(member.state == "spare" and member.slot >= 0 for member in array.members):
            self._begin(array, "recover")

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
            raise MdError(f"mdadm: {name} is not a valid name for an md device.")
        if any(array.running and array.short_name == name for array in self.state.arrays):
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
        taken = {array.whole.name for array in self.state.arrays if array.running}
        return next(name for name in (f"md{n}" for n in range(127, -1, -1)) if name not in taken)

    def _write_superblock(self, volume, array, slot):
        superblock = Superblock(array.uuid, str(uuid.uuid4()), slot, array.events)
        volume.content = Content("raid", "linux_raid_member", "1.2", array.name, dashed(array.uuid), superblock)

    # mdadm --manage

    def add(self, array, volume, disk):
        """A member that was there comes back quickly when the array has a bitmap; everything else becomes a spare."""
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
            self._begin(array, "recover", array.component * (1 - DIRTY))
        else:
            self.world.wipe(volume, disk)
            self._write_superblock(volume, array, -1)
            number = max((member.number for member in array.members), default=-1)
            number = max(number + 1, array.devices)
            array.members.append(Member(volume.name, disk.serial if disk else "", number, -1, "spare"))
            self._recover(array)
        self._touch(array)

    def remove(self, array, member, *, fail):
        """fail: mark it faulty first."""
        if fail:
            self._set_faulty(array, member)
        elif member.state == "spare" and member.slot >= 0 and array.sync is not None:
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
        if array is None or member.state == "faulty":
            return
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
            if member.state != "faulty":
                self._set_faulty(array, member)
        except MdError:
            return
        array.members.remove(member)
        self._touch(array)
        self._recover(array)

    def returned(self, disk):
        """udev's incremental assembly: a running array takes nothing back by itself; one that waits for its last member starts."""
        for volume in disk.volumes():
            superblock = volume.content.superblock
            if superblock is None:
                continue
            array = self.state.find_array(superblock.array)
            if array is None or array.running:
                continue
            array.seems_running = False
            if len(self._candidates(array)) == array.devices:
                self.start(array, degraded=False)

    def rescanned(self, disk):
        """A change event for the disk: udisksd asks again whether its arrays run."""
        for volume in disk.volumes():
            if volume.content.superblock is not None:
                array = self.state.find_array(volume.content.superblock.array)
                array.seems_running = array.running

    # Starting and stopping

    def _candidates(self, array):
        """The present volumes with which the array can start, by slot: those that were there for its latest changes."""
        found = [(volume, disk) for volume, disk in self.state.superblocks(array) if not disk.failed and volume.content.superblock.slot >= 0]
        newest = max((volume.content.superblock.events for volume, _disk in found), default=0)
        return {v.content.superblock.slot: (v, d) for v, d in found if v.content.superblock.events == newest}

    def start(self, array, *, degraded, uid=0):
        candidates = self._candidates(array)
        if len(candidates) < array.devices and not degraded:
            raise MdError(
                f"mdadm: /dev/md/{array.short_name} assembled from {len(candidates)} drives - need all {array.devices} to start it (use --run to insist)."
            )
        members = [Member(volume.name, disk.serial, slot, slot, "in_sync") for slot, (volume, disk) in sorted(candidates.items())]
        trial = Array(**{**vars(array), "members": members})
        if not members or not survives(trial):
            raise MdError(f"mdadm: /dev/md/{array.short_name} assembled from {len(candidates)} drives - not enough to start the array.")
        for volume, disk in self.state.superblocks(array):
            if volume.content.superblock.slot < 0 and not disk.failed:
                members.append(Member(volume.name, disk.serial, array.devices + len(members), -1, "spare"))
        array.members = members
        if self.state.find_volume(array.whole.name) is not None:
            array.whole.name = self._free_node()
        array.running = array.seems_running = True
        array.started_by = uid
        if array.sync is not None:
            # It goes on where it was stopped.
            self._rebase(array, self.state.settings.sync_speed)
        self._touch(array)
        self._recover(array)

    def start_degraded(self):
        """What waits for members that do not come is started without them, if it can be."""
        for array in self.state.arrays:
            if not array.running:
                with contextlib.suppress(MdError):
                    self.start(array, degraded=True)

    def stop(self, array):
        if self.world.is_claimed(array.whole):
            raise MdError(
                f"mdadm: Cannot get exclusive access to {array.whole.device}:Perhaps a running process, mounted filesystem or active volume group?"
            )
        if array.sync is not None:
            self._rebase(array, 0.0)
        array.running = False
        array.members = []
        self._schedule(array)

    def forget(self, array):
        """No superblock of the array is left anywhere."""
        if not array.running and not any(self.state.superblocks(array, absent=True)):
            self.state.arrays.remove(array)

    # sysfs

    def request(self, array, action):
        """echo check|repair|idle > md/sync_action"""
        if not array.has_redundancy:
            raise MdError("No such file or directory")
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
