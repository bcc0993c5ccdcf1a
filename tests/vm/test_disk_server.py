# SPDX-License-Identifier: MIT
"""The disks that the power cuts are made with: what was flushed stays, what was not may go."""

import subprocess

import pytest

from machine import DiskServer, blank

SECTOR = 512
BLOCK = 64 * 1024


def wait_for_prompt(stream):
    said = b""
    while not said.endswith(b"qemu-io> "):
        byte = stream.read(1)
        assert byte, f"qemu-io has ended: {said}"
        said += byte


def write_and_lose_power(directory, seed, commands):
    """Has QEMU's own client do the commands on an empty disk, and cuts the power while it is connected. Returns what was lost, and the disk."""
    directory.mkdir()
    blank(directory / "disk.img", 1 << 20)
    server = DiskServer(directory, {"disk": directory / "disk.img"})
    server.start()
    client = ["qemu-io", "-t", "writeback", "-f", "raw", f"nbd+unix:///disk?socket={directory}/disks"]
    with subprocess.Popen(client, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        # One at a time: it looks for a line only when there is something new to read.
        for command in commands:
            wait_for_prompt(process.stdout)
            process.stdin.write(command.encode() + b"\n")
        wait_for_prompt(process.stdout)
        lost = server.cut(seed)["disk"]
        process.kill()
    return lost, (directory / "disk.img").read_bytes()


@pytest.mark.parametrize("seed", range(8))
def test_what_was_flushed_stays_and_the_rest_is_there_in_whole_sectors_or_not_at_all(tmp_path, seed):
    blocks = range(1, 9)
    commands = [f"write -P 1 0 {BLOCK}", "flush", *(f"write -P {2 + number} {number * BLOCK} {BLOCK}" for number in blocks)]
    lost, content = write_and_lose_power(tmp_path / "disk", seed, commands)
    assert content[:BLOCK] == b"\x01" * BLOCK
    gone = 0
    for number in blocks:
        block = content[number * BLOCK : (number + 1) * BLOCK]
        kept = len(block.rstrip(b"\0"))
        assert block == bytes([2 + number]) * kept + bytes(BLOCK - kept)
        assert kept % SECTOR == 0
        gone += BLOCK - kept
    assert lost["writes"] == len(blocks)
    assert lost["bytes_lost"] == gone


def test_some_cuts_lose_everything_that_was_not_flushed_and_others_some_of_it(tmp_path):
    shares = set()
    for seed in range(12):
        lost, _content = write_and_lose_power(tmp_path / str(seed), seed, [f"write -P 7 {number * BLOCK} {BLOCK}" for number in range(10)])
        shares.add("all" if lost["writes_lost"] == 10 else "some" if lost["writes_lost"] else "nothing")
    assert {"all", "some"} <= shares


def test_what_was_flushed_comes_back_when_later_writes_to_the_same_place_are_lost(tmp_path):
    all_were_lost = 0
    for seed in range(12):
        commands = [f"write -P 1 0 {BLOCK}", "flush", f"write -P 2 0 {BLOCK}", f"write -P 3 0 {BLOCK}"]
        lost, content = write_and_lose_power(tmp_path / str(seed), seed, commands)
        assert set(content[:BLOCK]) <= {1, 2, 3}
        if lost["bytes_lost"] == 2 * BLOCK:
            all_were_lost += 1
            assert content[:BLOCK] == b"\x01" * BLOCK
    assert all_were_lost > 0
