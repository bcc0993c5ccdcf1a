# SPDX-License-Identifier: MIT
"""What tests and people do to the simulated machine: org.baluhost.Simulator1."""

import traceback

from gi.repository import Gio, GLib

from . import CONTROL_INTERFACE, CONTROL_PATH, smart
from .clock import real_usec
from .initial import wwn
from .model import Disk, InjectedError

XML = f"""
<node>
  <interface name="{CONTROL_INTERFACE}">
    <!-- A disk is given by its name or its serial number, an array by the name of its device or its own. Times are in (simulated) seconds. -->
    <method name="Fail"><arg name="disk" type="s" direction="in"/></method>
    <method name="FailUnseen"><arg name="disk" type="s" direction="in"/></method>
    <method name="Mend"><arg name="disk" type="s" direction="in"/></method>
    <method name="Pull"><arg name="disk" type="s" direction="in"/></method>
    <method name="Return"><arg name="disk" type="s" direction="in"/><arg name="name" type="s" direction="in"/></method>
    <method name="Add">
      <arg name="size" type="t" direction="in"/>
      <arg name="model" type="s" direction="in"/>
      <arg name="serial" type="s" direction="in"/>
      <arg name="bus" type="s" direction="in"/>
      <arg name="name" type="s" direction="out"/>
    </method>
    <method name="Forget"><arg name="disk" type="s" direction="in"/></method>
    <method name="Age"><arg name="disk" type="s" direction="in"/></method>
    <method name="SetAttribute">
      <arg name="disk" type="s" direction="in"/>
      <arg name="attribute" type="y" direction="in"/>
      <arg name="raw" type="t" direction="in"/>
    </method>
    <method name="SetTemperature"><arg name="disk" type="s" direction="in"/><arg name="celsius" type="i" direction="in"/></method>
    <method name="Sleep"><arg name="disk" type="s" direction="in"/></method>
    <method name="SetContent">
      <arg name="device" type="s" direction="in"/>
      <arg name="usage" type="s" direction="in"/>
      <arg name="type" type="s" direction="in"/>
    </method>
    <method name="SetSpeed"><arg name="bytes_per_second" type="d" direction="in"/></method>
    <method name="SetFormatDuration"><arg name="seconds" type="d" direction="in"/></method>
    <method name="SetSelftestDuration"><arg name="short_seconds" type="d" direction="in"/><arg name="extended_seconds" type="d" direction="in"/></method>
    <method name="SetClockRate"><arg name="rate" type="d" direction="in"/></method>
    <method name="Advance"><arg name="seconds" type="d" direction="in"/></method>
    <method name="SetMismatches"><arg name="array" type="s" direction="in"/><arg name="count" type="u" direction="in"/></method>
    <!-- method: of UDisks2; with ":after", the error comes when it has been done, as if the answer had got lost. -->
    <method name="InjectError">
      <arg name="method" type="s" direction="in"/>
      <arg name="name" type="s" direction="in"/>
      <arg name="message" type="s" direction="in"/>
      <arg name="count" type="u" direction="in"/>
    </method>
    <method name="Reboot"/>
    <method name="Reset"/>
    <method name="List"><arg name="disks" type="aa{{sv}}" direction="out"/></method>
  </interface>
</node>
"""
INVALID = "org.freedesktop.DBus.Error.InvalidArgs"


class Control:
    def __init__(self, service):
        self.service = service
        self.world = service.world
        interface = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
        service.connection.register_object(CONTROL_PATH, interface, self._on_call, None, None)

    @property
    def raid(self):
        return self.service.raid

    def _on_call(self, _connection, _sender, _path, _interface, method, parameters, invocation):
        work = getattr(self, "do_" + "".join(("_" if c.isupper() else "") + c.lower() for c in method).lstrip("_"))
        try:
            result = work(*parameters.unpack())
        except ValueError as error:
            invocation.return_dbus_error(INVALID, str(error))
        except Exception as error:  # pylint: disable=broad-except
            traceback.print_exc()
            invocation.return_dbus_error("org.freedesktop.DBus.Error.Failed", str(error))
        else:
            self.service.flush()
            invocation.return_value(result)

    def _disk(self, name, *, present=None):
        disk = self.world.disk(name)
        if disk is None:
            raise ValueError(f"there is no disk {name}")
        if present is not None and disk.present != present:
            raise ValueError(f"the disk {name} is {'there' if disk.present else 'not there'}")
        return disk

    def _ata_disk(self, name):
        disk = self._disk(name)
        if not disk.has_ata:
            raise ValueError(f"the disk {name} has no SMART that UDisks2 could read")
        return disk

    def _array(self, name):
        for array in self.world.state.arrays:
            if name in (array.whole.name, array.short_name, array.uuid):
                return array
        raise ValueError(f"there is no array {name}")

    # What disks do

    def do_fail(self, name):
        self._fail(self._disk(name))
        self.world.changed()

    def do_fail_unseen(self, name):
        """As do_fail, but udisksd learns nothing of it until something else happens: only mdstat says so, as after mdadm."""
        self._fail(self._disk(name))
        self.service.changed_unseen()

    def _fail(self, disk):
        disk.failed = True
        if disk.has_ata:
            smart.set_raw(disk, 5, 1600)
            smart.set_raw(disk, 187, 90)
            smart.set_raw(disk, 197, 400)
            smart.set_raw(disk, 198, 400)
        for volume in disk.volumes():
            self.raid.io_error(volume)

    def do_mend(self, name):
        """Only reading and writing: what SMART has counted stays."""
        self._disk(name).failed = False
        self.world.changed()

    def do_pull(self, name):
        disk = self._disk(name, present=True)
        for volume in disk.volumes():
            self.world.unmount(volume)
            volume.content.active = False
        disk.present = False
        for volume in disk.volumes():
            self.raid.pulled(volume)
        self.world.changed()

    def do_return(self, name, new_name):
        """new_name: what the kernel calls it now; empty: as before, if that name is free."""
        disk = self._disk(name, present=False)
        taken = {other.name for other in self.world.state.present_disks()}
        if new_name in taken:
            raise ValueError(f"there is a disk {new_name}")
        disk.rename(new_name or (disk.name if disk.name not in taken else self.world.free_disk_name(disk.bus)))
        disk.present = True
        disk.asleep = False
        disk.hotplugged = True
        # A new object for udisksd, which looks at it; its hours go on.
        now = self.world.clock.now()
        disk.power_on, disk.detected, disk.detected_usec = smart.hours(disk, now), now, real_usec()
        if disk.has_ata:
            smart.read(disk, now)
        self.raid.returned(disk)
        self.world.changed()

    def do_add(self, size, model, serial, bus):
        bus = bus or "ata"
        if bus not in ("ata", "usb", "nvme"):
            raise ValueError(f"not a bus for a disk (ata, usb, nvme): {bus}")
        if size < 16 * 1024**2:
            raise ValueError(f"too small for a disk: {size}")
        number = 100 + len(self.world.state.disks)
        serial = serial or f"BALU-DEV-{number}"
        if self.world.disk(serial) is not None:
            raise ValueError(f"there is a disk {serial}")
        model = model or f"BaluHost Dev Disk {size // 10**9}GB"
        now = self.world.clock.now()
        disk = Disk(self.world.free_disk_name(bus), size, model, serial, wwn(number), bus=bus, detected=now, hotplugged=True)
        disk.rotation = 7200 if bus == "ata" else 0
        if disk.has_ata:
            disk.attributes = smart.new_attributes(disk)
            smart.read(disk, now)
        self.world.state.disks.append(disk)
        self.world.changed()
        return GLib.Variant("(s)", (disk.name,))

    def do_forget(self, name):
        """A disk that was pulled will not come back."""
        disk = self._disk(name, present=False)
        self.world.state.disks.remove(disk)
        for array in list(self.world.state.arrays):
            self.raid.forget(array)
        self.world.changed()

    def do_age(self, name):
        smart.age(self._ata_disk(name))
        self.world.changed()

    def do_set_attribute(self, name, number, raw):
        disk = self._ata_disk(name)
        if number not in smart.KNOWN:
            raise ValueError(f"not an attribute that disks have here ({', '.join(map(str, smart.KNOWN))}): {number}")
        if number == 9:
            disk.power_on, disk.detected = raw, self.world.clock.now()
        smart.set_raw(disk, number, raw)
        self.world.changed()

    def do_set_temperature(self, name, celsius):
        disk = self._disk(name)
        disk.temperature = celsius
        self.world.changed()

    def do_sleep(self, name):
        self._ata_disk(name).asleep = True
        self.world.changed()

    def do_set_content(self, device, usage, kind):
        """Puts something foreign on a device that nothing holds: crypto crypto_LUKS, raid LVM2_member, filesystem zfs_member, …"""
        found = self.world.state.find_volume(device.removeprefix("/dev/"))
        if found is None:
            raise ValueError(f"there is no device {device}")
        volume, disk, _array = found
        if self.world.is_busy(volume, disk):
            raise ValueError(f"{device} is in use")
        self.world.wipe(volume, disk)
        if usage == "filesystem":
            self.world.make_filesystem(volume, kind, "", "", "")
        else:
            volume.content.usage, volume.content.type, volume.content.version = usage, kind, "2"
        self.world.changed()

    # How fast, how well

    def do_set_speed(self, speed):
        if not speed >= 0:
            raise ValueError(f"not a speed: {speed}")
        self.raid.set_speed(speed)
        self.world.changed()

    def do_set_format_duration(self, seconds):
        self.world.state.settings.format_seconds = seconds
        self.world.save()

    def do_set_selftest_duration(self, short_seconds, extended_seconds):
        self.world.state.settings.short_test_seconds = short_seconds
        self.world.state.settings.extended_test_seconds = extended_seconds
        self.world.save()

    def do_set_clock_rate(self, rate):
        if not 0 < rate <= 1_000_000:
            raise ValueError(f"not a rate of time: {rate}")
        self.world.clock.set_rate(rate)
        self.world.changed()

    def do_advance(self, seconds):
        if not 0 <= seconds <= 10 * 365 * 86400:
            raise ValueError(f"not a time to let pass: {seconds}")
        self.world.clock.advance(seconds)
        self.world.changed()

    def do_set_mismatches(self, name, count):
        self._array(name).hidden_mismatches = count
        self.world.save()

    def do_inject_error(self, method, name, message, count):
        if count:
            self.world.state.errors.append(InjectedError(method, name, message, count))
        else:
            self.world.state.errors = [error for error in self.world.state.errors if error.method != method]
        self.world.save()

    def do_reboot(self):
        self.service.reboot()

    def do_reset(self):
        # What is under way comes to its end first.
        self.world.clock.advance(86400)
        self.raid.forget_timers()
        self.world.reset()
        self.service.begin_anew()

    def do_list(self):
        def row(disk):
            arrays = [self.world.array_of(volume)[0] for volume in disk.volumes()]
            return {
                "name": GLib.Variant("s", disk.name),
                "serial": GLib.Variant("s", disk.serial),
                "model": GLib.Variant("s", disk.model),
                "size": GLib.Variant("t", disk.size),
                "bus": GLib.Variant("s", disk.bus),
                "celsius": GLib.Variant("i", disk.temperature),
                "present": GLib.Variant("b", disk.present),
                "failed": GLib.Variant("b", disk.failed),
                "asleep": GLib.Variant("b", disk.asleep),
                "arrays": GLib.Variant("as", [array.whole.name for array in arrays if array is not None]),
            }

        return GLib.Variant("(aa{sv})", ([row(disk) for disk in self.world.state.disks],))
