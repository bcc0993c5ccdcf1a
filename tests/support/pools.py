# SPDX-License-Identifier: MIT
"""A NAS of a test's own, with pools on its simulated disks."""

import os
from pathlib import Path

from gi.repository import GLib

from .bus import NAME, ROOT, BusError
from .disks import Disks
from .process import wait_until

OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"


class PoolNas:
    """A sandbox with a client of the service and one of its UDisks2."""

    def __init__(self, sandbox, bus, disks):
        self.sandbox, self.bus, self.disks = sandbox, bus, disks
        self.token = sandbox.token("admin", "changeme")

    def all(self, interface):
        """{path: properties} of every object with that interface."""
        objects = self.bus.call(ROOT, OBJECT_MANAGER, "GetManagedObjects", "()", ())
        return {path: interfaces[f"{NAME}.{interface}"] for path, interfaces in objects.items() if f"{NAME}.{interface}" in interfaces}

    def path_of(self, interface, name):
        return next(path for path, properties in self.all(interface).items() if properties["Name"] == name)

    def wait(self):
        wait_until(lambda: self.bus.get_property(ROOT, "Storage", "Available") and self.all("Array"), "the disks")
        wait_until(lambda: len(self.bus.get_property(ROOT, "Storage", "Filesystems")) == 3, "what can be formatted")
        return self

    # Pools

    def pool(self, name):
        """The properties of the pool with that name; {} when there is none."""
        return next((properties for properties in self.all("Pool").values() if properties["Name"] == name), {})

    def at(self, name):
        """Its methods."""
        return self.bus.at(self.path_of("Pool", name), "Pool")

    def call(self, name, method, *arguments, **options):
        return getattr(self.at(name), method)(*arguments, token=self.token, **options)

    def listed(self, name):
        return next((pool for pool in self.bus.Storage.ListPools() if pool["name"] == name), None)

    def wait_for_state(self, name, state):
        wait_until(lambda: self.pool(name).get("State") == state, f"the pool {name} being {state}, not {self.pool(name)}")
        return self.pool(name)

    def format(self, device, kind="ext4"):
        """Makes a filesystem that belongs to the service, behind the service's back. Returns when the service sees it."""
        client = Disks(self.sandbox.bus_address, self.sandbox.service_uid)
        try:
            client.format(device, kind, **{"take-ownership": GLib.Variant("b", True)})
        finally:
            client.close()
        self.wait_for_contents(device, kind)

    def wait_for_contents(self, device, kind="ext4"):
        """Until the service sees on a disk what is there, and not mounted any more to get its owner; or UDisks2 on an array."""
        if device.startswith("md"):
            block = self.disks.block(device)
            wait_until(lambda: self.disks.get(block, "Block", "IdType") == kind, f"{kind} on {device}")
            wait_until(lambda: not self.disks.get(block, "Filesystem", "MountPoints"), "the end of formatting")
            return
        usage = "foreign" if kind == "btrfs" else "data"
        wait_until(
            lambda: any(disk["Name"] == device and kind in disk["Contents"] and disk["Usage"] == usage for disk in self.all("Disk").values()),
            f"{kind} on {device}",
        )

    def adopt(self, device, name, kind="Disk"):
        """Makes a pool of what is on a disk or array."""
        return self.bus.Storage.Adopt(self.path_of(kind, device), name, token=self.token)

    def make_pool(self, device="sdc", name="Photos", kind="ext4"):
        """A pool on a whole disk. Returns its path."""
        self.format(device, kind)
        path = self.adopt(device, name)
        wait_until(lambda: self.pool(name).get("State") == "ready", f"the pool {name}, not {self.pool(name)}")
        return path

    # Plans and jobs

    def plan_format(self, device, name, filesystem="ext4", kind="Disk", **options):
        return self.bus.Storage.PlanFormat(self.path_of(kind, device), name, filesystem, token=self.token, **options)

    def plan_delete(self, name):
        return self.bus.Storage.PlanDelete(self.path_of("Pool", name), token=self.token)

    def apply(self, token):
        return self.bus.Storage.Apply(token, token=self.token)

    def finish(self, job, timeout=60.0):
        """Waits for the end of a job; returns (state, result, error, error_name)."""
        wait_until(lambda: self.bus.at(job, "Job").GetResult(token=self.token)[0] != "running", f"the end of {job}", timeout)
        return self.bus.at(job, "Job").GetResult(token=self.token)

    def succeed(self, job):
        state, result, error, _name = self.finish(job)
        assert state == "succeeded", error
        return result

    def create(self, device, name, filesystem="ext4", kind="Disk", **options):
        """Formats a disk or array into a pool, as people do. Returns its path."""
        return self.succeed(self.apply(self.plan_format(device, name, filesystem, kind, **options)[0]))

    def wait_until_closed(self, name):
        """Until the service has noticed that the files of a pool are gone; within two seconds."""

        def is_closed():
            try:
                self.bus.Files.List(name, token=self.token)
            except BusError as error:
                return error.name == "NotAvailable"
            return False

        wait_until(is_closed, f"the files of {name} being not available", 2)

    def wait_for_any(self, name, *states):
        """Until it is in one of these states, which is returned."""
        wait_until(lambda: self.pool(name).get("State") in states, f"the pool {name} being one of {states}, not {self.pool(name)}")
        return self.pool(name)["State"]

    # Around it

    def place(self, name):
        """Where a pool is mounted."""
        return Path(self.sandbox.pools_dir) / name

    def fstab(self):
        """Directories of fstab, by UUID."""
        found = {}
        for interfaces in self.disks.objects().values():
            block = interfaces.get("org.freedesktop.UDisks2.Block", {})
            for kind, details in block.get("Configuration", []):
                if kind == "fstab":
                    found.setdefault(block["IdUUID"], []).append(bytes(details["dir"]).rstrip(b"\0").decode())
        return found

    def mounts(self):
        """{device: mount points} of what is mounted among the data disks."""
        found = {}
        for path, interfaces in self.disks.objects().items():
            filesystem = interfaces.get("org.freedesktop.UDisks2.Filesystem")
            if filesystem and filesystem["MountPoints"]:
                found[path.rpartition("/")[2]] = [bytes(point).rstrip(b"\0").decode() for point in filesystem["MountPoints"]]
        return found

    def read(self, path, token=None):
        """The whole of a file."""
        fd = self.bus.Files.Open(path, token=token or self.token)
        fd = fd if isinstance(fd, int) else fd[0]
        with os.fdopen(fd, "rb") as file:
            return file.read()

    def names(self, path):
        return {entry[0] for entry in self.bus.Files.List(path, token=self.token)[0]}
