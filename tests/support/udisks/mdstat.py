# SPDX-License-Identifier: MIT
"""/proc/mdstat and what the kernel says of arrays in sysfs, as files in the simulator's directory."""

import os
import shutil

from .world import write_atomically

BAR = 20
SECTOR = 512


def blocks(size):
    return int(size) // 1024


def status_line(array, names):
    parts = []
    for member in sorted(array.members, key=lambda member: member.number, reverse=True):
        flag = {"faulty": "(F)", "spare": "(S)" if member.slot < 0 else "", "in_sync": ""}[member.state]
        parts.append(f"{names(member)}[{member.number}]{'(W)' if member.write_mostly else ''}{flag}")
    if not array.running:
        return f"{array.whole.name} : inactive {' '.join(parts)}"
    return f"{array.whole.name} : active {'(auto-read-only) ' if array.read_auto else ''}{array.level} {' '.join(parts)}"


def size_line(array):
    if not array.running:
        return f"      {blocks(array.component * len(array.members))} blocks super 1.2"
    line = f"      {blocks(array.whole.size)} blocks super 1.2"
    if array.level == "raid0":
        return line + f" {array.chunk // 1024}k chunks"
    if array.level in ("raid4", "raid5", "raid6"):
        line += f" level {array.level[-1]}, {array.chunk // 1024}k chunk, algorithm {0 if array.level == 'raid4' else 2}"
    elif array.level == "raid10":
        line += f" {array.chunk // 1024}K chunks 2 near-copies"
    in_sync = {member.slot for member in array.in_sync()}
    letters = "".join("U" if slot in in_sync else "_" for slot in range(array.devices))
    return f"{line} [{array.devices}/{len(in_sync)}] [{letters}]"


def progress_line(array, done, total, rate):
    word = {"recover": "recovery", "resync": "resync", "check": "check", "repair": "resync"}[array.sync.action]
    share = done / total if total else 1.0
    filled = int(share * BAR)
    bar = "=" * filled + ">" + "." * (BAR - filled)
    minutes = (total - done) / rate / 60 if rate else 0.0
    return (
        f"      [{bar}]  {word} = {share * 100:4.1f}% ({blocks(done)}/{blocks(total)}) "
        f"finish={minutes:.1f}min speed={int(rate) // 1024}K/sec"
    )


def text(world, raid, *, progress=True):
    """The content of mdstat; progress: with what changes without an event."""
    lines = ["Personalities : [raid1] [raid6] [raid5] [raid4] [raid0] [raid10] "]
    for array in world.state.arrays:
        if array.status == "stopped":
            continue
        lines += [status_line(array, lambda member: member.volume), size_line(array)]
        if array.running and array.sync is not None:
            if not array.read_auto and not progress:
                lines.append(array.sync.action)
            elif not array.read_auto:
                lines.append(progress_line(array, *raid.position(array), raid.rate(array)))
            elif array.sync.action == "resync":
                lines.append("      \tresync=PENDING")
        if array.running and array.bitmap:
            lines.append("      bitmap: 0/1 pages [0KB], 65536KB chunk")
        lines.append("      ")
    lines.append("unused devices: <none>")
    return "\n".join(lines) + "\n"


def sysfs(array, raid):
    """{file: content} of /sys/block/mdN/md."""
    state = ("read-auto" if array.read_auto else "clean") if array.running else "inactive"
    files = {"level": array.level, "raid_disks": array.devices, "array_state": state, "metadata_version": "1.2"}
    if array.has_redundancy and array.running:
        sync = array.sync
        done, total = raid.position(array) if sync else (0, 0)
        files |= {
            "degraded": array.degraded(),
            "mismatch_cnt": array.mismatches,
            "sync_action": sync.action if sync and not array.read_auto else "idle",
            "sync_completed": f"{int(done) // SECTOR} / {total // SECTOR}" if sync else "none",
            "sync_speed": int(raid.rate(array)) // 1024 if sync else "none",
        }
    if array.has_stripes:
        files["chunk_size"] = array.chunk
    return files


class Files:
    """Keeps the files what they should be.

    /proc/mdstat tells who polls it of events, but not of progress. So that it is the same for who watches the directory: an event replaces the file,
    whole, and progress is written into it.
    """

    def __init__(self, world):
        self.world = world
        self.directory = world.directory
        self._events = None
        self._file = None

    def write(self, raid):
        content = text(self.world, raid)
        events = text(self.world, raid, progress=False)
        if events != self._events:
            write_atomically(self.directory / "mdstat", content)
            self._events = events
            if self._file is not None:
                self._file.close()
            self._file = open(self.directory / "mdstat", "r+b", buffering=0)  # pylint: disable=consider-using-with
        else:
            data = content.encode("ascii")
            os.pwrite(self._file.fileno(), data, 0)
            os.ftruncate(self._file.fileno(), len(data))
        self._write_sysfs(raid)

    def _write_sysfs(self, raid):
        root = self.directory / "sys" / "block"
        assembled = {array.whole.name: array for array in self.world.state.arrays if array.status != "stopped"}
        if root.exists():
            for directory in root.iterdir():
                if directory.name not in assembled:
                    shutil.rmtree(directory)
        for name, array in assembled.items():
            directory = root / name / "md"
            directory.mkdir(parents=True, exist_ok=True)
            for file, value in sysfs(array, raid).items():
                path = directory / file
                content = f"{value}\n"
                if not path.exists() or path.read_text(encoding="ascii") != content:
                    write_atomically(path, content)
