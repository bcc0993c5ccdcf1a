# SPDX-License-Identifier: MIT
"""The simulated machine: its state, its clock, and what both udisksd and the kernel would know of its block devices."""

import json
import os
import shutil
import uuid
from pathlib import Path

from . import initial, model
from .clock import Clock
from .model import Content


class World:
    """directory: where state, filesystems and mdstat are. mount_root: mounts are made below it and nowhere else.

    Whoever changes something calls changed(), which saves it and tells the listeners.
    """

    def __init__(self, directory, mount_root):
        self.directory = Path(directory)
        self.mount_root = Path(mount_root)
        self.clock = Clock()
        self.listeners = []
        self.state = None
        # What udisksd does not know yet: names of devices, UUIDs of arrays.
        self.unprobed = set()
        self.appearing = set()
        for path in (self.directory, self.stores):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o755)
        self._load()

    @property
    def stores(self):
        """Where the content of filesystems is while they are not mounted."""
        return self.directory / "filesystems"

    @property
    def _file(self):
        return self.directory / "state.json"

    def _load(self):
        try:
            saved = json.loads(self._file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.state = initial.initial_state(self.clock.now())
            return
        self.clock.load(saved["clock"])
        self.state = model.from_plain(saved["state"])
        for array in self.state.arrays:
            array.lingers, array.shown_action = False, ""

    def save(self):
        plain = {"clock": self.clock.save(), "state": model.to_plain(self.state)}
        write_atomically(self._file, json.dumps(plain, indent=1))

    def changed(self):
        self.save()
        for listener in self.listeners:
            listener()

    def reset(self):
        """Everything as in the beginning; what was on simulated filesystems is lost."""
        for volume, _disk, _array in list(self.state.volumes()):
            self.unmount(volume)
        shutil.rmtree(self.stores)
        self.stores.mkdir(mode=0o755)
        self.clock.restart()
        self.state = initial.initial_state(self.clock.now())

    # Disks

    def disk(self, name):
        """The disk of that name or serial number, present ones first. None when there is none."""
        by_name = [disk for disk in self.state.disks if name in (disk.name, disk.serial)]
        return min(by_name, key=lambda disk: not disk.present, default=None)

    def free_disk_name(self, bus):
        taken = {disk.name for disk in self.state.disks if disk.present}
        if bus == "nvme":
            return next(name for name in (f"nvme{n}n1" for n in range(256)) if name not in taken)
        letters = "abcdefghijklmnopqrstuvwxyz"
        names = [*letters, *(first + second for first in letters for second in letters)]
        return next(name for name in (f"sd{letter}" for letter in names) if name not in taken)

    def array_of(self, volume):
        """(array, member) of the assembled array that the volume is a device of, or (None, None)."""
        for array in self.state.arrays:
            if array.status != "stopped":
                for member in array.members:
                    if member.volume == volume.name:
                        return array, member
        return None, None

    def is_claimed(self, volume):
        """Whether something holds the device itself."""
        content = volume.content
        return bool(content.mounted_at) or content.active or self.array_of(volume)[0] is not None

    def is_busy(self, volume, disk):
        """Whether opening the device exclusively fails. disk: the one that it is on, None for an array."""
        if self.is_claimed(volume):
            return True
        if disk is None:
            return False
        if volume is disk.whole:
            return any(self.is_claimed(partition) for partition in disk.partitions)
        return self.is_claimed(disk.whole)

    def wipe(self, volume, disk):
        """Nothing is on it any more, and a whole disk has no partitions."""
        for lost in [volume, *(disk.partitions if disk is not None and volume is disk.whole else [])]:
            if lost.content.store:
                shutil.rmtree(self.stores / lost.content.store, ignore_errors=True)
            lost.content = Content()
            self.unprobed.discard(lost.name)
        if disk is not None and volume is disk.whole:
            disk.partitions = []
            disk.table = ""

    # Filesystems

    def make_filesystem(self, volume, kind, label, fs_uuid, version):
        fs_uuid = fs_uuid or str(uuid.uuid4())
        store = str(uuid.uuid4())
        (self.stores / store).mkdir(mode=0o755)
        (self.stores / store).chmod(0o755)
        volume.content = Content("filesystem", kind, version, label, fs_uuid, store=store, size=volume.size // 4096 * 4096)

    def mount_place(self, volume):
        """The directory that the filesystem would be mounted on now."""
        entry = next((entry for entry in self.fstab_of(volume)), None)
        if entry is not None and Path(entry.dir).is_relative_to(self.mount_root):
            return Path(entry.dir)
        return self.directory / "media" / (volume.content.label or volume.content.uuid)

    def mount(self, volume, uid):
        """Moves the content to the mount place. Raises OSError, FileExistsError when something else is there."""
        place = self.mount_place(volume)
        make_directories(place.parent, self.mount_root)
        if any(other.content.mounted_at == str(place) for other, _disk, _array in self.state.volumes()):
            raise FileExistsError(f"{place} is mounted on already")
        # Takes the place of an empty directory; one that is not empty refuses. A real mount would hide its content.
        os.rename(self.stores / volume.content.store, place)
        volume.content.mounted_at = str(place)
        volume.content.mounted_by = uid
        return str(place)

    def unmount(self, volume):
        """Moves the content back; an empty directory stays in its place."""
        content = volume.content
        if not content.store or not content.mounted_at:
            return
        place = Path(content.mounted_at)
        if place.exists():
            os.rename(place, self.stores / content.store)
            place.mkdir(mode=0o755)
            place.chmod(0o755)
        content.mounted_at = ""
        content.mounted_by = 0

    def is_in_use(self, where):
        """Whether a process has something open below the directory, or stands in it."""
        # Processes may see it through a mount namespace of their own, so that only the end of the path can be relied on.
        needle = f"/{self.mount_root.name}/{Path(where).relative_to(self.mount_root)}"
        for process in Path("/proc").glob("[0-9]*"):
            try:
                links = [process / "cwd", *(process / "fd").iterdir()]
            except OSError:
                continue
            for link in links:
                try:
                    target = os.readlink(link)
                except OSError:
                    continue
                if target.endswith(needle) or f"{needle}/" in target:
                    return True
        return False

    def content_directory(self, volume):
        content = volume.content
        return Path(content.mounted_at) if content.mounted_at else self.stores / content.store

    # fstab

    def symlinks(self, volume, disk, array):
        """The names that udev gives to a device besides its own."""
        names = []
        if array is not None:
            names += [
                f"/dev/disk/by-id/md-name-{array.name}",
                f"/dev/disk/by-id/md-uuid-{array.uuid}",
                f"/dev/md/{array.short_name}",
            ]
        else:
            part = f"-part{volume.number}" if volume.number else ""
            prefix = {"ata": "ata-", "nvme": "nvme-", "virtio": "virtio-", "usb": "usb-"}[disk.bus]
            described = "_".join(filter(None, (disk.model, disk.serial)))
            names.append(f"/dev/disk/by-id/{prefix}{udev_safe(described)}{part}")
            if disk.wwn:
                names.append(f"/dev/disk/by-id/wwn-{disk.wwn}{part}")
            if volume.uuid:
                names.append(f"/dev/disk/by-partuuid/{volume.uuid}")
        if volume.content.usage == "filesystem" and (array is None or array.running):
            names.append(f"/dev/disk/by-uuid/{volume.content.uuid}")
            if volume.content.label:
                names.append(f"/dev/disk/by-label/{udev_safe(volume.content.label)}")
        return names

    def fstab_of(self, volume):
        """The entries of fstab that mean this device."""
        content = volume.content
        found = self.state.find_volume(volume.name)
        names = {volume.device}
        if found is not None:
            names.update(self.symlinks(*found))
        if content.uuid:
            names.update((f"UUID={content.uuid}", f"/dev/disk/by-uuid/{content.uuid}"))
        if content.label:
            names.add(f"LABEL={content.label}")
        if volume.uuid:
            names.add(f"PARTUUID={volume.uuid}")
        return [entry for entry in self.state.fstab if entry.fsname in names]


def udev_safe(text):
    """As udev replaces what it does not like in the names of its links."""
    return "".join(c if c.isalnum() or c in "#+-.:=@_" else "_" for c in text)


def make_directories(path, root):
    """Makes the directories on the way from root to path, which everybody may enter."""
    if path.exists() or not path.is_relative_to(root):
        return
    make_directories(path.parent, root)
    path.mkdir(mode=0o755)
    path.chmod(0o755)


def write_atomically(path, text):
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)
