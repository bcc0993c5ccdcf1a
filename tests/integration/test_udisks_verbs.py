# SPDX-License-Identifier: MIT
"""What the service's code has UDisks2 do, one verb at a time, beside the stand-in: that it is done, and what is said when it is not."""

import errno
import os
import signal
import subprocess
import time

import pytest

from support.disks import text_of
from support.process import identity, wait_until


class Verbs:
    def __init__(self, sandbox, disks, program):
        self.sandbox, self.disks, self.program = sandbox, disks, program

    def command(self, *arguments):
        prefix = ["setpriv", *identity(self.sandbox.service_uid)] if os.geteuid() == 0 else []
        return [str(word) for word in (*prefix, self.program, self.sandbox.bus_address, *arguments)]

    def __call__(self, *arguments):
        """(0 or errno, result or sentence)"""
        reply = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=60, check=True)
        number, text = reply.stdout.rstrip("\n").split("\t")
        return -int(number), text

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), stdout=subprocess.PIPE, text=True)  # pylint: disable=consider-using-with


@pytest.fixture
def verb(make_sandbox, build_dir):
    sandbox = make_sandbox(with_bridge=False)
    with sandbox.disks() as disks:
        yield Verbs(sandbox, disks, build_dir / "tests" / "unit" / "udisks-verb")


def test_a_disk_becomes_a_filesystem_in_fstab_that_is_mounted_and_goes_again(verb):
    disks, sdc = verb.disks, verb.disks.block("sdc")
    assert verb("format", sdc, "ext4", "Films") == (0, "")
    assert (disks.get(sdc, "Block", "IdType"), disks.get(sdc, "Block", "IdLabel")) == ("ext4", "Films")
    source = "UUID=" + disks.get(sdc, "Block", "IdUUID")
    directory = str(verb.sandbox.state_dir / "pools" / "Films")
    assert verb("add-fstab", sdc, source, directory) == (0, "")
    (kind, entry), = disks.get(sdc, "Block", "Configuration")
    assert (kind, text_of(entry["dir"]), text_of(entry["fsname"]), text_of(entry["opts"])) == ("fstab", directory, source, "nofail")
    assert verb("mount", sdc) == (0, directory)
    assert verb("mount", sdc) == (errno.EALREADY, "It is mounted already")
    assert verb("format", sdc, "xfs", "")[0] in (errno.EBUSY, errno.EIO)
    assert disks.get(sdc, "Block", "IdType") == "ext4"
    assert verb("unmount", sdc) == (0, "")
    assert verb("unmount", sdc) == (errno.ENOTCONN, "It is not mounted")
    assert verb("remove-fstab", sdc, "/elsewhere") == (errno.ENOENT, "There is no entry for /elsewhere in /etc/fstab")
    assert verb("remove-fstab", sdc, directory) == (0, "")
    assert disks.get(sdc, "Block", "Configuration") == []
    assert verb("format", sdc, "empty", "") == (0, "")
    assert disks.get(sdc, "Block", "IdType") == ""


def test_of_several_entries_in_fstab_the_one_that_is_meant_goes(verb):
    disks, sdc = verb.disks, verb.disks.block("sdc")
    assert verb("format", sdc, "ext4", "")[0] == 0
    source = "UUID=" + disks.get(sdc, "Block", "IdUUID")
    for directory in ("/mnt/a", "/mnt/b", "/mnt/c"):
        assert verb("add-fstab", sdc, source, directory)[0] == 0
    assert verb("remove-fstab", sdc, "/mnt/b") == (0, "")
    assert [text_of(entry["dir"]) for _, entry in disks.get(sdc, "Block", "Configuration")] == ["/mnt/a", "/mnt/c"]


def test_an_array_is_made_and_changed_and_deleted(verb):
    disks = verb.disks
    sdc, sdd, sde = (disks.block(name) for name in ("sdc", "sdd", "sde"))
    disks.SetSpeed(1e12)
    number, array = verb("md-create", "raid1", "films", 0, sdc, sdd)
    assert number == 0 and array == disks.array("films")
    disks.settle()
    disks.Advance(10)
    assert verb("md-add", array, sde) == (0, "")
    disks.settle()
    assert disks.members(array)["sde"][0] == -1
    assert verb("md-bitmap", array, "internal") == (0, "")
    assert verb("md-sync", array, "check") == (0, "")
    assert verb("md-sync", array, "polish")[0] == errno.EIO
    assert verb("md-sync", array, "idle") == (0, "")
    disks.settle()
    assert verb("md-remove", array, sde, "wipe") == (0, "")
    assert disks.get(sde, "Block", "IdUsage") == ""
    assert verb("md-stop", array) == (0, "")
    assert verb("md-start", array) == (0, "")
    assert verb("md-delete", array) == (0, "")
    disks.settle()
    assert disks.array("films") is None
    assert verb("md-create", "raid1", "films", 0, sdc)[0] == errno.EIO
    assert "Chunk" in verb("md-create", "raid1", "films", 65536, sdc, sdd)[1]


def test_an_array_can_be_started_without_a_member(verb):
    disks, array = verb.disks, verb.disks.array("md0")
    assert verb("md-stop", array) == (0, "")
    disks.settle()
    disks.Pull("sdb")
    assert verb("md-start", array)[0] == errno.EIO
    assert verb("md-stop", array)[0] in (0, errno.EIO)
    disks.settle()
    assert verb("md-start", array, "degraded") == (0, "")


def test_health_is_read_without_waking(verb):
    disks, drive = verb.disks, verb.disks.drive("sdc")
    assert verb("smart-update", drive) == (0, "")
    number, text = verb("attributes", drive)
    assert number == 0 and int(text.split()[0]) > 5
    assert verb("power", drive) == (0, "awake")
    disks.Sleep("sdc")
    assert verb("power", drive) == (0, "asleep")
    assert verb("smart-update", drive) == (errno.EBUSY, "The disk sleeps")
    assert verb("smart-update", drive, "wake") == (0, "")
    assert verb("selftest", drive, "extended") == (0, "")
    assert verb("selftest", drive, "extended")[0] == errno.EIO
    assert verb("abort-selftest", drive) == (0, "")
    assert verb("selftest", drive, "thorough")[0] == errno.EIO
    assert verb("nvme-values", drive)[0] == errno.ENOENT  # this UDisks2 has none


def test_what_is_gone_or_was_never_there_is_said(verb):
    assert verb("rescan", verb.disks.block("sdc")) == (0, "")
    assert verb("rescan", verb.disks.block("sdx"))[0] == errno.ENOENT
    assert verb("resize", verb.disks.block("sdc"), 0)[0] == errno.ENOENT
    assert "polish" in verb("format", verb.disks.block("sdc"), "polish", "")[1]


def test_errors_of_udisks2_are_told_as_they_are(verb):
    for name, number in (("DeviceBusy", errno.EBUSY), ("NotAuthorized", errno.EACCES), ("NotSupported", errno.EOPNOTSUPP), ("Timedout", errno.ETIMEDOUT)):
        verb.disks.InjectError("Format", name, "by request", 1)
        assert verb("format", verb.disks.block("sdc"), "ext4", "")[0] == number, name
    assert verb.disks.get(verb.disks.block("sdc"), "Block", "IdType") == ""


def test_without_udisks2_verbs_say_so(verb):
    drives, blocks, arrays = verb("inventory")[1].split()
    assert int(drives) > 5 and int(blocks) > int(drives) and int(arrays) == 1
    sdc = verb.disks.block("sdc")
    verb.sandbox.stop_udisks()
    assert verb("rescan", sdc) == (errno.ENODEV, "UDisks2 is not running")
    assert verb("inventory") == (errno.ENODEV, "UDisks2 is not running")


def test_what_somebody_waits_for_is_seen_or_not(verb):
    assert verb("wait", verb.disks.block("sdc"), 10_000) == (0, "")
    began = time.monotonic()
    assert verb("wait", verb.disks.block("sdx"), 300)[0] == errno.ETIMEDOUT
    assert time.monotonic() - began >= 0.3
    waiting = verb.start("wait", verb.disks.block("sdh"), 20_000)
    name = verb.disks.Add(10_000_000_000, "Newcomer", "NEW-1", "ata")
    assert name == "sdh"
    assert waiting.communicate(timeout=20)[0] == "0\t\n"


@pytest.mark.parametrize("what", ["format", "wait"])
def test_a_clean_stop_ends_what_waits(verb, what):
    verb.disks.SetFormatDuration(1000)
    arguments = {"format": (verb.disks.block("sdc"), "ext4", ""), "wait": (verb.disks.block("sdx"), 1_000_000)}[what]
    waiting = verb.start(what, *arguments)
    if what == "format":
        wait_until(lambda: [path for path in verb.disks.objects() if "/jobs/" in path], "the job of the format")
    else:
        wait_until(lambda: "verb" in threads(waiting.pid), "the thread that waits")
    waiting.send_signal(signal.SIGTERM)
    output = waiting.communicate(timeout=10)[0]
    assert output.split("\t")[0] == str(-errno.ECANCELED)


def threads(pid):
    """Names of the threads of a process."""
    names = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as file:
            names.add(file.read().strip())
    return names


def test_a_udisks2_that_dies_meanwhile_is_no_answer(verb):
    verb.disks.SetFormatDuration(1000)
    waiting = verb.start("format", verb.disks.block("sdc"), "ext4", "")
    wait_until(lambda: [path for path in verb.disks.objects() if "/jobs/" in path], "the job of the format")
    verb.sandbox.kill_udisks()
    assert waiting.communicate(timeout=10)[0] == f"{-errno.ENODEV}\tUDisks2 has gone without an answer\n"
