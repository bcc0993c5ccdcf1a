# SPDX-License-Identifier: MIT
"""A virtual machine with disks: started, told what to run, its disks pulled out and put back, its power cut."""

import base64
import contextlib
import dataclasses
import itertools
import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from support.process import Child, WaitError, wait_until

# Emulated processors are slow, and the machine that runs the tests may be busy as well.
BOOT_TIMEOUT = 300
COMMAND_TIMEOUT = 120
MEMORY_MIB = 1024
KERNEL_PARAMETERS = "root=LABEL=root ro console=ttyS0 quiet loglevel=4 net.ifnames=0 mitigations=off systemd.show_status=0"


class MachineError(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Disk:
    """A disk of the machine. Its serial names it, for the guest and for us."""

    serial: str
    size: int
    # Behind an ATA controller, and so with SMART. Not AHCI: of QEMU's, UDisks2 does not understand the answer to IDENTIFY DEVICE. It cannot be pulled.
    ata: bool = False


@dataclasses.dataclass(frozen=True)
class Completed:
    status: int
    stdout: str
    stderr: str
    data: bytes


def blank(path, size):
    """Makes a file for an empty disk."""
    with open(path, "xb") as file:
        file.truncate(size)


class LineSocket:
    """JSON objects, one a line, over a Unix socket; a thread reads them and hands each to a callback, and None at the end."""

    def __init__(self, path, receive, alive):
        self.socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self._connected(path), f"QEMU to listen at {path}", timeout=30, alive=alive)
        self._receive = receive
        self._write_lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _connected(self, path):
        try:
            self.socket.connect(str(path))
        except OSError:
            return False
        return True

    def _read(self):
        try:
            with self.socket.makefile("rb") as stream:
                for line in stream:
                    self._receive(json.loads(line))
        except OSError:
            pass
        self._receive(None)

    def send(self, message):
        with self._write_lock:
            self.socket.sendall(json.dumps(message).encode() + b"\n")

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Machine:
    """What is on its disks stays in `directory`, over any number of starts."""

    def __init__(self, directory, image, accelerator, *, drives, disks=(), disk_server=None):
        """
        image: kernel and initrd of the guest.
        drives: how QEMU opens a disk, as a -blockdev without its node name, {"root": …, serial: …}; a sparse file in `directory` for one that is not there.
        disk_server: where the drives are, when that is a server that has to run before QEMU does.
        """
        self.directory = Path(directory)
        self.image = image
        self.accelerator = accelerator
        self.disks = {disk.serial: disk for disk in disks}
        self.plugged = set(self.disks)
        self.console = self.directory / "console.log"
        self.boot_id = None
        self.disk_server = disk_server
        self._drives = dict(drives)
        self._process = None
        self._agent = None
        self._qmp = None
        for disk in disks:
            if disk.serial not in self._drives:
                path = self.directory / f"{disk.serial}.img"
                blank(path, disk.size)
                self._drives[disk.serial] = {"driver": "raw", "file": {"driver": "file", "filename": str(path)}}

    # Start and end

    def _device(self, disk):
        """The device of a disk, as arguments of device_add."""
        common = {"id": f"disk-{disk.serial}", "drive": f"drive-{disk.serial}", "serial": disk.serial}
        if disk.ata:
            return {"driver": "ide-hd", "bus": "ata.0", **common}
        return {"driver": "virtio-blk-pci", "bus": f"slot-{disk.serial}", **common}

    def _arguments(self):
        arguments = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
        arguments += ["-machine", "q35", *self.accelerator, "-smp", "2", "-m", str(MEMORY_MIB)]
        arguments += ["-kernel", self.image.kernel, "-initrd", self.image.initrd, "-append", KERNEL_PARAMETERS]
        arguments += ["-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console"]
        arguments += ["-qmp", f"unix:{self.directory}/qmp,server=on,wait=off"]
        arguments += ["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"]
        arguments += ["-chardev", f"socket,id=agent,path={self.directory}/agent,server=on,wait=off"]
        arguments += ["-device", "virtserialport,chardev=agent,name=org.baluhost.vm.agent"]
        arguments += ["-netdev", "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:0-:8080", "-device", "virtio-net-pci,netdev=net"]
        arguments += ["-device", "piix3-ide,id=ata"]
        for name, drive in self._drives.items():
            # The guest's flushes count: what is behind the drive decides what a lost write is.
            arguments += ["-blockdev", json.dumps(drive | {"node-name": f"drive-{name}", "cache": {"direct": False, "no-flush": False}})]
        arguments += ["-device", "virtio-blk-pci,drive=drive-root,serial=root"]
        for number, disk in enumerate(self.disks.values(), 1):
            if not disk.ata:
                # A port for each, so that it can be pulled out of a running machine.
                arguments += ["-device", f"pcie-root-port,id=slot-{disk.serial},chassis={number},slot={number}"]
            if disk.serial in self.plugged:
                arguments += ["-device", json.dumps(self._device(disk))]
        return arguments

    def start(self, timeout=BOOT_TIMEOUT):
        """Powers on, and returns when the guest's agent answers."""
        assert not self.is_running
        if self.disk_server is not None:
            self.disk_server.start()
        for name in ("qmp", "agent"):
            (self.directory / name).unlink(missing_ok=True)
        self._answers = {}
        self._events = queue.Queue()
        self._qmp_replies = queue.Queue()
        self._hello = queue.Queue()
        self._ids = itertools.count(1)
        self._process = Child("QEMU", self._arguments(), self.directory / "qemu.log", os.environ)
        try:
            self._qmp = LineSocket(self.directory / "qmp", self._receive_qmp, self._process.check)
            self.qmp("qmp_capabilities")
            self._agent = LineSocket(self.directory / "agent", self._receive_agent, self._process.check)
            self.boot_id = self._process.wait_for(self._said_hello, "the guest's agent", timeout)
        except BaseException as error:
            self.cut_power()
            raise MachineError(f"the machine did not start: {error}\n{self.console_tail()}") from error

    def _said_hello(self):
        try:
            return self._hello.get_nowait()
        except queue.Empty:
            return None

    def console_tail(self, size=3000):
        return self.console.read_bytes()[-size:].decode(errors="replace") if self.console.exists() else ""

    @property
    def is_running(self):
        return self._process is not None and self._process.is_running()

    def cut_power(self):
        """Nothing gets a chance to end properly."""
        if self._process is not None:
            self._process.kill()
            self._forget()

    def lose_power(self, seed, after_writes=0):
        """Cuts the power of a machine on a disk server, whose disks lose what was not flushed: now, or after so many more writes. Says what they lost,
        {disk: …}; the seed decides which part of it."""
        try:
            return self.disk_server.cut(seed, after_writes)
        finally:
            self.cut_power()

    def _forget(self):
        for connection in (self._agent, self._qmp):
            if connection is not None:
                connection.close()
        self._agent = self._qmp = self._process = None

    def shut_down(self, timeout=BOOT_TIMEOUT):
        """Asks the guest to power off, and returns when it has."""
        self.run(["systemctl", "--no-block", "poweroff"])
        try:
            self._process.process.wait(timeout)
        except subprocess.TimeoutExpired:
            tail = self.console_tail()
            raise MachineError(f"the machine did not power off within {timeout} s:\n{tail}") from None
        finally:
            self.cut_power()

    def reboot(self):
        before = self.boot_id
        self.shut_down()
        self.start()
        assert self.boot_id != before

    # Commands in the guest

    def _receive_agent(self, message):
        if message is None:
            for waiting in list(self._answers.values()):
                waiting.put(None)
        elif "hello" in message:
            self._hello.put(message["hello"])
        else:
            waiting = self._answers.pop(message["id"], None)
            if waiting is not None:
                waiting.put(message)

    def run(self, command, *, stdin=b"", timeout=COMMAND_TIMEOUT, check=True):
        """Runs a command as root in the guest: a list of words, or a text for its shell."""
        argv = command if isinstance(command, list) else ["/bin/bash", "-euo", "pipefail", "-c", command]
        number = next(self._ids)
        answer = self._answers[number] = queue.Queue()
        data = stdin.encode() if isinstance(stdin, str) else stdin
        self._agent.send({"id": number, "argv": argv, "stdin": base64.b64encode(data).decode(), "timeout": timeout})
        try:
            message = answer.get(timeout=timeout + 30)
        except queue.Empty:
            raise MachineError(f"the machine does not answer any more:\n{self.console_tail()}") from None
        if message is None:
            raise MachineError(f"the machine ended while this ran: {command}")
        if "error" in message:
            raise MachineError(f"{command}: {message['error']}")
        data, errors = (base64.b64decode(message[key]) for key in ("stdout", "stderr"))
        result = Completed(message["status"], data.decode(errors="replace"), errors.decode(errors="replace"), data)
        if check and result.status != 0:
            raise MachineError(f"{command} ended with {result.status}:\n{result.stdout}{result.stderr}")
        return result

    def output(self, command, **kwargs):
        return self.run(command, **kwargs).stdout.strip()

    def write_file(self, path, content, mode="644"):
        self.run(["/bin/bash", "-euc", 'mkdir -p "$(dirname "$1")"; cat > "$1"; chmod "$2" "$1"', "-", path, mode], stdin=content)

    # The hardware

    def _receive_qmp(self, message):
        if message is None or "return" in message or "error" in message:
            self._qmp_replies.put(message)
        elif "event" in message:
            self._events.put(message)

    def qmp(self, command, **arguments):
        self._qmp.send({"execute": command, "arguments": arguments})
        reply = self._qmp_replies.get(timeout=60)
        if reply is None or "error" in reply:
            raise MachineError(f"QEMU refused {command} {arguments}: {reply and reply['error']['desc']}")
        return reply["return"]

    def _wait_for_event(self, name, timeout=60, **data):
        deadline = time.monotonic() + timeout
        while True:
            event = self._events.get(timeout=max(0.01, deadline - time.monotonic()))
            if event["event"] == name and all(event["data"].get(key) == value for key, value in data.items()):
                return

    def pull(self, serial):
        """Takes a disk out of the running machine."""
        self.qmp("device_del", id=f"disk-{serial}")
        self._wait_for_event("DEVICE_DELETED", device=f"disk-{serial}")
        self.plugged.discard(serial)

    def plug(self, serial):
        """Puts a disk in, also the one that was pulled out, with what is on it."""
        self.qmp("device_add", **self._device(self.disks[serial]))
        self.plugged.add(serial)

    def port(self):
        """The port of ours that leads to port 8080 of the guest."""
        for line in self.qmp("human-monitor-command", **{"command-line": "info usernet"}).splitlines():
            words = line.split()
            if words[:1] == ["TCP[HOST_FORWARD]"]:
                return int(words[3])
        raise MachineError("QEMU forwards no port")


class DiskServer:
    """Drives that lose unflushed writes (disk_server.py): {name: file}."""

    def __init__(self, directory, files):
        self.files = files
        self._path = Path(directory) / "disks"
        self._process = None

    def drive(self, name):
        """How QEMU opens one of them."""
        return {"driver": "nbd", "server": {"type": "unix", "path": str(self._path)}, "export": name}

    def start(self):
        """Makes them available, unless they are."""
        if self._process is not None:
            return
        self._path.unlink(missing_ok=True)
        command = [sys.executable, Path(__file__).with_name("disk_server.py"), self._path, *(f"{name}={file}" for name, file in self.files.items())]
        command = ["setpriv", "--pdeathsig", "KILL", *map(str, command)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._process.stdout.readline() != "ready\n":
            raise MachineError("the disk server did not start")

    def cut(self, seed, after_writes=0):
        """Takes away what was not flushed, and ends. Says what that was, {name: {"writes":, "writes_lost":, "bytes_lost":}}."""
        self._process.stdin.write(f"cut {seed} {after_writes}\n")
        self._process.stdin.flush()
        lost = json.loads(self._process.stdout.readline())
        self._process.wait()
        self._process = None
        return lost

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def accelerator_of(image, directory):
    """KVM where it runs a guest (a device file alone says little), else QEMU's own translator."""
    kvm = ["-accel", "kvm", "-cpu", "host"]
    if os.access("/dev/kvm", os.R_OK | os.W_OK) and _boots(image, directory, kvm):
        return kvm
    return ["-accel", "tcg,thread=multi", "-cpu", "Nehalem"]


def _boots(image, directory, accelerator):
    """Whether the kernel says something within a few seconds."""
    log = Path(directory) / "probe.log"
    log.unlink(missing_ok=True)
    command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-machine", "q35", *accelerator, "-m", "256"]
    command += ["-kernel", str(image.kernel), "-append", "console=ttyS0 earlyprintk=ttyS0 panic=-1", "-serial", f"file:{log}"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or (log.exists() and log.stat().st_size > 0), "the kernel's first words", timeout=5)
    except WaitError:
        return False
    finally:
        process.kill()
        process.wait()
    return log.exists() and log.stat().st_size > 0
