# SPDX-License-Identifier: MIT
"""The bus side: objects made of libudisks2's own skeletons, so that every name and type is the real one, kept like what describe.py says."""

import gi

gi.require_version("UDisks", "2.0")
from gi.repository import Gio, GLib, UDisks  # noqa: E402

from . import ROOT, handlers, jobs, mdstat, smart  # noqa: E402
from .calls import Call, Refused, answer, spawn  # noqa: E402
from .describe import block_path, describe, drive_path, mdraid_path  # noqa: E402
from .raid import Raid  # noqa: E402

HOUSEKEEPING_SECONDS = 600
POLL_SECONDS = 1


def property_names(skeleton_class):
    """{D-Bus name without case: GObject name} of a skeleton's properties."""
    return {spec.name.replace("-", ""): spec.name for spec in skeleton_class.list_properties()}


class Exported:
    """One object on the bus, with the interfaces it has at present."""

    def __init__(self, service, path):
        self.service = service
        self.path = path
        self.object = UDisks.ObjectSkeleton.new(path)
        self.skeletons = {}

    def update(self, interfaces):
        for name in set(self.skeletons) - set(interfaces):
            self.object.remove_interface(self.skeletons.pop(name))
        for name, values in interfaces.items():
            skeleton = self.skeletons.get(name)
            is_new = skeleton is None
            if is_new:
                skeleton = self.service.new_skeleton(name, self.path)
                self.skeletons[name] = skeleton
            names = self.service.names[name]
            for key, value in values.items():
                skeleton.set_property(names[key.lower()], value)
            if is_new:
                self.object.add_interface(skeleton)

    def flush(self):
        for skeleton in self.skeletons.values():
            skeleton.flush()


class Service:
    """Owns the name. For the thread of the main loop."""

    def __init__(self, connection, world):
        self.connection = connection
        self.world = world
        self.raid = Raid(world, world.changed)
        self.kernel_files = mdstat.Files(world)
        self.exported = {}
        self.sync_jobs = {}
        self.selftest_jobs = {}
        self.job_count = 0
        self.polling = None
        self.classes = {name: getattr(UDisks, f"{name}Skeleton") for name in handlers.HANDLERS}
        self.names = {name: property_names(cls) for name, cls in self.classes.items()}
        self.manager = Gio.DBusObjectManagerServer.new(ROOT)
        self.world.clock.advance(0)
        self._housekeeping(first=True)
        self._refresh()
        self.manager.set_connection(connection)
        world.listeners.append(self._refresh)
        GLib.timeout_add_seconds(HOUSEKEEPING_SECONDS, self._housekeeping)
        self.world.save()

    # Objects

    def new_skeleton(self, name, path):
        skeleton = self.classes[name]()
        for method in skeleton.get_info().methods:
            skeleton.connect(f"handle-{method_signal(method.name)}", self._on_call, name, method.name, path)
        return skeleton

    def _on_call(self, _skeleton, invocation, *rest):
        *arguments, name, method, path = rest
        options = arguments[-1] if arguments and isinstance(arguments[-1], GLib.Variant) else None
        call = Call(self, invocation, options)
        handler = handlers.HANDLERS[name].get(method)
        work = handler(self, call, path, *arguments) if handler else handlers.not_simulated(method)
        spawn(answer(call, method, work))
        return True

    def _refresh(self):
        """Makes the bus say what the world is like."""
        wanted = describe(self.world, self.raid)
        # The order in which udisksd sees things go: filesystems and arrays before the disks below them.
        for path in sorted(set(self.exported) - set(wanted), reverse=True):
            self.manager.unexport(path)
            del self.exported[path]
        for path, interfaces in wanted.items():
            exported = self.exported.get(path)
            if exported is None:
                exported = self.exported[path] = Exported(self, path)
                exported.update(interfaces)
                self.manager.export(exported.object)
            else:
                exported.update(interfaces)
        self._update_sync_jobs()
        self.kernel_files.write(self.raid)
        self.flush()

    def flush(self):
        for exported in self.exported.values():
            exported.flush()

    def _update_sync_jobs(self):
        """A job for each array that syncs, and a look at it every second, as udisksd does."""
        syncing = {array.uuid: array for array in self.world.state.arrays if self._sync_action(array) not in ("", "idle")}
        for key in set(self.sync_jobs) - set(syncing):
            self.sync_jobs.pop(key).complete(True, "Finished")
        for key, array in syncing.items():
            if key not in self.sync_jobs:
                operation = {"check": "mdraid-check-job", "repair": "mdraid-repair-job", "recover": "mdraid-recover-job"}
                name = operation.get(self._sync_action(array), "mdraid-sync-job")
                self.sync_jobs[key] = jobs.Job(self, name, [mdraid_path(array)], 0)
            if array.sync is not None:
                done, total = self.raid.reported(array)
                speed = array.sync.speed
                self.sync_jobs[key].progress(done / total, speed, (total - done) / speed if speed else 0)
        if syncing and self.polling is None:
            self.polling = GLib.timeout_add_seconds(POLL_SECONDS, self._on_poll)
        elif not syncing and self.polling is not None:
            GLib.source_remove(self.polling)
            self.polling = None

    def _sync_action(self, array):
        exported = self.exported.get(mdraid_path(array))
        return exported.skeletons["MDRaid"].get_property("sync-action") if exported else ""

    def _on_poll(self):
        self._refresh()
        return GLib.SOURCE_CONTINUE

    def _housekeeping(self, first=False):
        """Reads SMART: of all disks in the beginning, which wakes them, and then every ten minutes of those that are awake."""
        for disk in self.world.state.present_disks():
            if disk.has_ata and (first or not disk.asleep):
                smart.read(disk, self.world.clock.now())
        if not first:
            self.world.changed()
        return GLib.SOURCE_CONTINUE

    # For the control interface

    def changed_unseen(self):
        """Something has happened that made no event: only the kernel's own files say so."""
        self.world.save()
        self.kernel_files.write(self.raid)

    def begin_anew(self):
        """The world has been replaced by another."""
        self.raid = Raid(self.world, self.world.changed)
        self._housekeeping(first=True)
        self.world.changed()

    def reboot(self):
        """The machine goes down and comes up: arrays are assembled of what is there, and fstab is mounted."""
        world = self.world
        for volume, _disk, _array in list(world.state.volumes()):
            if volume.content.store:
                world.unmount(volume)
        for array in world.state.arrays:
            if array.status != "stopped":
                self.raid.stop(array)
            array.lingers = False
        self.raid.forget_numbers()
        for disk in reversed(list(world.state.present_disks())):
            disk.asleep = False
            self.raid.returned(disk)
        for array in world.state.arrays:
            # At boot, nothing is started without those that are missing, then or later.
            array.last_resort = 0.0
        for volume, _disk, array in list(world.state.volumes()):
            entry = next(iter(world.fstab_of(volume)), None)
            is_running = array is None or array.running
            if is_running and volume.content.store and entry is not None and "noauto" not in entry.opts.split(","):
                world.mount(volume, 0)
        self._housekeeping(first=True)
        world.changed()

    # For the handlers

    def next_job_path(self):
        self.job_count += 1
        return jobs.next_path(self.job_count)

    def raise_injected_error(self, method):
        """An error that was asked for, once or as often as was asked."""
        for injected in self.world.state.errors:
            if injected.method == method:
                injected.count -= 1
                if injected.count <= 0:
                    self.world.state.errors.remove(injected)
                self.world.save()
                raise Refused(injected.name, injected.message)

    def volume_at(self, path):
        """(volume, disk, array) of a block object, or None."""
        return next((found for found in self.world.state.volumes() if block_path(found[0].name) == path), None)

    def disk_at(self, path):
        return next((disk for disk in self.world.state.present_disks() if drive_path(disk) == path), None)

    def array_at(self, path):
        return next((array for array in self.world.state.arrays if mdraid_path(array) == path), None)


def method_signal(method):
    """MDRaidCreate → mdraid-create, as gdbus-codegen names signals."""
    text = method.replace("MDRaid", "Mdraid")
    return "".join(("-" if i and c.isupper() else "") + c.lower() for i, c in enumerate(text))
