# SPDX-License-Identifier: MIT
"""Disks with a write cache that loses its content when the power is cut: an NBD server over a Unix socket.

What the guest has written since its last flush is what a real disk may have lost, in part and in any order. A cut takes back all of it, and writes a
random part of it again, some of it torn between two sectors. What was flushed stays.

    disk_server.py SOCKET NAME=FILE…

A line "cut SEED WRITES" on standard input cuts the power after so many more writes (0: now), prints a JSON object that says what was lost, and ends.
"""

import collections
import json
import os
import random
import socket
import struct
import sys
import threading

SECTOR = 512
# A disk's cache has an end: what is older than that has been written.
CACHE_BYTES = 32 << 20

FIXED_NEWSTYLE, NO_ZEROES = 1, 2
OPTION_MAGIC, OPTION_REPLY_MAGIC = b"IHAVEOPT", 0x3E889045565A9
OPT_EXPORT_NAME, OPT_ABORT, OPT_INFO, OPT_GO = 1, 2, 6, 7
REPLY_ACK, REPLY_INFO, REPLY_UNSUPPORTED, REPLY_UNKNOWN = 1, 3, 0x80000001, 0x80000006
REQUEST_MAGIC, RESPONSE_MAGIC = 0x25609513, 0x67446698
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
TRANSMISSION_FLAGS = 1 | 1 << 2  # has flags, takes flushes
EINVAL = 22


class Disk:
    def __init__(self, path):
        self.descriptor = os.open(path, os.O_RDWR)
        self.size = os.fstat(self.descriptor).st_size
        self.cached = collections.deque()  # (offset, what was there before, what was written)
        self.cached_bytes = 0

    def read(self, offset, size):
        return os.pread(self.descriptor, size, offset)

    def write(self, offset, data):
        self.cached.append((offset, self.read(offset, len(data)), data))
        self.cached_bytes += len(data)
        os.pwrite(self.descriptor, data, offset)
        while self.cached_bytes > CACHE_BYTES:
            self.cached_bytes -= len(self.cached.popleft()[2])

    def flush(self):
        self.cached.clear()
        self.cached_bytes = 0

    def cut(self, chance):
        """Loses what the cache loses. Returns how many writes and bytes that are, and of how many writes."""
        for offset, before, _data in reversed(self.cached):
            os.pwrite(self.descriptor, before, offset)
        kept = chance.choice((0, 0.1, 0.5, 0.9))
        sizes = [self.write_again(chance, kept, offset, data) for offset, _before, data in self.cached]
        lost = [len(data) - size for size, (_offset, _before, data) in zip(sizes, self.cached) if size < len(data)]
        return {"writes": len(self.cached), "writes_lost": len(lost), "bytes_lost": sum(lost)}

    def write_again(self, chance, kept, offset, data):
        """Writes all of it, nothing, or now and then the beginning. Returns the size of what was written."""
        dice = chance.random()
        if dice < kept:
            size = len(data)
        elif dice < kept + 0.02:
            size = chance.randrange(len(data) // SECTOR + 1) * SECTOR
        else:
            size = 0
        os.pwrite(self.descriptor, data[:size], offset)
        return size


class Power:
    """Held by everybody who touches the disks."""

    def __init__(self, disks):
        self.disks = disks
        self.lock = threading.Lock()
        self.seed = None
        self.writes_left = 0

    def __enter__(self):
        self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()

    def cut_after(self, writes, seed):
        with self:
            self.seed = seed
            self.writes_left = writes
            if writes == 0:
                self.cut()

    def count_write(self):
        """To be called for each, while the power is held."""
        if self.seed is None:
            return
        self.writes_left -= 1
        if self.writes_left == 0:
            self.cut()

    def cut(self):
        chance = random.Random(self.seed)
        print(json.dumps({name: disk.cut(chance) for name, disk in self.disks.items()}), flush=True)
        os._exit(0)


class Gone(Exception):
    pass


class Connection:
    def __init__(self, stream, disks, power):
        self.stream = stream
        self.disks = disks
        self.power = power
        self.disk = None

    def receive(self, size):
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = self.stream.recv_into(view)
            if count == 0:
                raise Gone
            view = view[count:]
        return bytes(data)

    def reply_option(self, option, kind, data=b""):
        self.stream.sendall(struct.pack(">QIII", OPTION_REPLY_MAGIC, option, kind, len(data)) + data)

    def negotiate(self):
        """Agrees on a disk. Returns whether that came about."""
        self.stream.sendall(b"NBDMAGIC" + OPTION_MAGIC + struct.pack(">H", FIXED_NEWSTYLE | NO_ZEROES))
        self.receive(4)
        while True:
            _magic, option, size = struct.unpack(">8sII", self.receive(16))
            data = self.receive(size)
            if option == OPT_ABORT:
                return False
            if option not in (OPT_EXPORT_NAME, OPT_INFO, OPT_GO):
                self.reply_option(option, REPLY_UNSUPPORTED)
                continue
            name = data if option == OPT_EXPORT_NAME else data[4 : 4 + struct.unpack(">I", data[:4])[0]]
            disk = self.disks.get(name.decode())
            if disk is None:
                if option == OPT_EXPORT_NAME:
                    return False
                self.reply_option(option, REPLY_UNKNOWN)
                continue
            if option == OPT_EXPORT_NAME:
                self.stream.sendall(struct.pack(">QH", disk.size, TRANSMISSION_FLAGS))
            else:
                self.reply_option(option, REPLY_INFO, struct.pack(">HQH", 0, disk.size, TRANSMISSION_FLAGS))
                self.reply_option(option, REPLY_ACK)
            if option != OPT_INFO:
                self.disk = disk
                return True

    def serve(self):
        try:
            if self.negotiate():
                while self.answer():
                    pass
        except (Gone, OSError):
            pass
        finally:
            self.stream.close()

    def answer(self):
        """Does what one request asks for. Returns whether another may follow."""
        magic, _flags, kind, cookie, offset, size = struct.unpack(">IHHQQI", self.receive(28))
        if magic != REQUEST_MAGIC or kind == DISCONNECT:
            return False
        data = self.receive(size) if kind == WRITE else b""
        error, content = 0, b""
        with self.power:
            if offset + size > self.disk.size or kind not in (READ, WRITE, FLUSH):
                error = EINVAL
            elif kind == READ:
                content = self.disk.read(offset, size)
            elif kind == WRITE:
                self.disk.write(offset, data)
                self.power.count_write()
            else:
                self.disk.flush()
        self.stream.sendall(struct.pack(">IIQ", RESPONSE_MAGIC, error, cookie) + content)
        return True


def accept(listener, disks, power):
    while True:
        stream, _address = listener.accept()
        threading.Thread(target=Connection(stream, disks, power).serve, daemon=True).start()


def main(path, *exports):
    disks = {}
    for export in exports:
        name, _, file = export.partition("=")
        disks[name] = Disk(file)
    power = Power(disks)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    threading.Thread(target=accept, args=(listener, disks, power), daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["cut"]:
            power.cut_after(int(words[2]), int(words[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
