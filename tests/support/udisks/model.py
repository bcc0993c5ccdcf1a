# SPDX-License-Identifier: MIT
"""What there is: disks with what is on them, arrays as the kernel runs them, fstab. Plain data that becomes JSON and comes back.

Sizes are bytes, times are simulated seconds since the epoch unless they are called usec (clock.py), temperatures are degrees Celsius. All GB are 10^9.
"""

import dataclasses
import uuid
from dataclasses import dataclass, field

from .clock import real_usec

GB = 10**9
MIB = 1024**2

PARTITION_TYPES = {
    "raid": "a19d880f-05fc-4d3b-a006-743f0f84911e",
    "linux": "0fc63daf-8483-4772-8e79-3d69d8477de4",
    "esp": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "swap": "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f",
}


@dataclass
class Superblock:
    """What an md member says of its array."""

    array: str  # UUID of the array, as md writes it
    device: str  # UUID of this member
    slot: int  # -1: spare
    events: int = 0  # compared with the array's: whether it was there for the latest changes
    is_rebuilding: bool = False  # it has its slot, but not yet all of its data


@dataclass
class Content:
    """What is found on a volume: nothing, a filesystem, swap, an md superblock, or something foreign (LUKS, LVM, ZFS)."""

    usage: str = ""  # as blkid says: filesystem, raid, crypto, other
    type: str = ""
    version: str = ""
    label: str = ""
    uuid: str = ""
    superblock: Superblock | None = None
    # A filesystem: the directory of its content in the state directory, its size, and where it is mounted.
    store: str = ""
    size: int = 0
    mounted_at: str = ""
    mounted_by: int = 0
    active: bool = False  # swap


@dataclass
class Volume:
    """A block device: a whole disk, a partition, or an array."""

    name: str
    size: int
    content: Content = field(default_factory=Content)
    # Partitions only.
    number: int = 0
    offset: int = 0
    type: str = ""
    label: str = ""
    uuid: str = ""

    @property
    def device(self):
        return f"/dev/{self.name}"


@dataclass
class Attribute:
    """A SMART attribute as the disk keeps it. raw in the unit of the attribute (hours, degrees, counts)."""

    raw: int
    value: int = 100
    worst: int = 100
    threshold: int = 0


@dataclass
class SelfTest:
    status: str = "success"
    kind: str = ""
    started: float = 0.0
    ends: float = 0.0


@dataclass
class SmartReading:
    """What udisksd found the last time it looked at the disk."""

    updated: int = 0  # 0: never
    failing: bool = False
    temperature: float = 0.0
    attributes: dict[str, Attribute] = field(default_factory=dict)
    selftest_status: str = ""
    selftest_remaining: int = 0


@dataclass
class Disk:
    name: str
    size: int
    model: str
    serial: str
    wwn: str = ""
    vendor: str = ""
    revision: str = "BD01"
    bus: str = "ata"  # ata, usb, nvme, virtio
    rotation: int = 7200  # 0: no rotating media; -1: unknown
    temperature: int = 30
    detected: float = 0.0
    detected_usec: int = field(default_factory=real_usec)
    hotplugged: bool = False
    present: bool = True
    failed: bool = False  # reading and writing give I/O errors; SMART still answers
    asleep: bool = False
    self_assessment: bool = True  # what the disk says of itself
    power_on: float = 0.0  # hours when detected
    attributes: dict[str, Attribute] = field(default_factory=dict)
    selftest: SelfTest = field(default_factory=SelfTest)
    reading: SmartReading = field(default_factory=SmartReading)
    table: str = ""  # type of the partition table; empty: none
    whole: Volume | None = None
    partitions: list[Volume] = field(default_factory=list)

    def __post_init__(self):
        if self.whole is None:
            self.whole = Volume(self.name, self.size)

    @property
    def has_ata(self):
        return self.bus == "ata"

    def volumes(self):
        return [self.whole, *self.partitions]

    def partition_name(self, number):
        return f"{self.name}p{number}" if self.name[-1].isdigit() else f"{self.name}{number}"

    def add_partition(self, size, type_name, *, offset=None, content=None):
        end = max((volume.offset + volume.size for volume in self.partitions), default=MIB)
        number = max((volume.number for volume in self.partitions), default=0) + 1
        volume = Volume(
            self.partition_name(number),
            size,
            content or Content(),
            number,
            end if offset is None else offset,
            PARTITION_TYPES[type_name],
            "",
            str(uuid.uuid4()),
        )
        self.partitions.append(volume)
        return volume

    def rename(self, name):
        """The kernel gives another name to a disk that comes back."""
        self.name = self.whole.name = name
        for volume in self.partitions:
            volume.name = self.partition_name(volume.number)


@dataclass
class Member:
    """A device in a running array. slot -1: it has none (an idle spare, or faulty)."""

    volume: str  # the name of its volume when it was bound
    serial: str  # of the disk
    number: int  # md's descriptor number, as in [n] of /proc/mdstat
    slot: int
    state: str  # in_sync, spare, faulty
    errors: int = 0
    write_mostly: bool = False


@dataclass
class Sync:
    action: str  # resync, recover, check, repair
    total: int  # bytes of each member
    position: float  # at `since`
    since: float
    speed: float  # bytes per second; 0: it stands still
    is_done: bool = False


@dataclass
class Array:
    uuid: str
    name: str  # as in the superblock: "host:name"
    level: str
    devices: int
    chunk: int
    bitmap: bool
    component: int  # bytes used of each member
    whole: Volume
    events: int = 0
    status: str = "active"  # stopped; inactive: assembled, but not started for want of members
    lingers: bool = False  # stopped, but udev has not yet said so
    read_auto: bool = False  # started and not yet written to: nothing syncs before that
    last_resort: float = 0.0  # when it is started without those that are missing; 0: never
    shown_action: str = ""  # a passing SyncAction
    catches_up: bool = False  # the next rebuild needs to do little, thanks to the bitmap
    started_by: int = 0
    members: list[Member] = field(default_factory=list)
    sync: Sync | None = None
    mismatches: int = 0  # of the latest check
    hidden_mismatches: int = 0  # what a check will find

    @property
    def running(self):
        return self.status == "active"

    @property
    def has_device(self):
        """Whether udisksd sees a block device of it."""
        return self.status != "stopped" or self.lingers

    @property
    def has_redundancy(self):
        return self.level in ("raid1", "raid4", "raid5", "raid6", "raid10")

    @property
    def has_stripes(self):
        return self.level in ("raid0", "raid4", "raid5", "raid6", "raid10")

    def in_sync(self):
        return [member for member in self.members if member.state == "in_sync"]

    def degraded(self):
        return self.devices - len(self.in_sync()) if self.has_redundancy else 0

    @property
    def short_name(self):
        return self.name.rpartition(":")[2]


@dataclass
class FstabEntry:
    fsname: str
    dir: str
    type: str
    opts: str
    freq: int = 0
    passno: int = 0


@dataclass
class Settings:
    sync_speed: float = 50_000_000.0
    format_seconds: float = 2.0
    erase_speed: float = 500_000_000.0
    short_test_seconds: float = 60.0
    extended_test_seconds: float = 300.0


@dataclass
class InjectedError:
    method: str
    name: str
    message: str
    count: int


@dataclass
class State:
    disks: list[Disk] = field(default_factory=list)
    arrays: list[Array] = field(default_factory=list)
    fstab: list[FstabEntry] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)
    errors: list[InjectedError] = field(default_factory=list)

    def present_disks(self):
        return [disk for disk in self.disks if disk.present]

    def volumes(self):
        """(volume, disk, array) of every block device that is there; disk or array is None."""
        for disk in self.present_disks():
            for volume in disk.volumes():
                yield volume, disk, None
        for array in self.arrays:
            if array.has_device:
                yield array.whole, None, array

    def find_volume(self, name):
        return next(((v, d, a) for v, d, a in self.volumes() if v.name == name), None)

    def find_array(self, array_uuid):
        return next((array for array in self.arrays if array.uuid == array_uuid), None)

    def superblocks(self, array, *, absent=False):
        """(volume, disk) of every volume with a superblock of that array."""
        for disk in self.disks:
            if disk.present or absent:
                for volume in disk.volumes():
                    if volume.content.superblock and volume.content.superblock.array == array.uuid:
                        yield volume, disk


def new_md_uuid():
    """A UUID as md writes it: four groups of eight digits."""
    digits = uuid.uuid4().hex
    return ":".join(digits[i : i + 8] for i in range(0, 32, 8))


def dashed(md_uuid):
    """The same UUID as blkid writes it."""
    return str(uuid.UUID(md_uuid.replace(":", "")))


def to_plain(state):
    return dataclasses.asdict(state)


def _from_plain(annotation, value):
    """The value of a field from JSON; annotation is its type."""
    if value is None:
        return None
    arguments = getattr(annotation, "__args__", ())
    origin = getattr(annotation, "__origin__", None)
    if origin is list:
        return [_from_plain(arguments[0], item) for item in value]
    if origin is dict:
        return {key: _from_plain(arguments[1], item) for key, item in value.items()}
    for kind in (annotation, *arguments):
        if dataclasses.is_dataclass(kind):
            known = {field.name: field.type for field in dataclasses.fields(kind)}
            return kind(**{key: _from_plain(known[key], item) for key, item in value.items() if key in known})
    return value


def from_plain(plain):
    return _from_plain(State, plain)
