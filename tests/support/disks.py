# SPDX-License-Identifier: MIT
"""A client of UDisks2 and of the simulated machine behind it, for tests and for ./dev disk.

    disks = sandbox.disks()
    disks.Pull("sdb")                                       # org.baluhost.Simulator1
    disks.get(disks.array("md0"), "MDRaid", "Degraded")     # UDisks2
    disks.do(disks.block("sdc"), "Block", "Format", "(sa{sv})", "ext4", {})
"""

from .bus import Bus
from .process import wait_until
from .udisks import CONTROL_INTERFACE, CONTROL_PATH, ROOT
from .udisks import NAME as UDISKS_NAME
from .udisks.control import XML

from gi.repository import Gio  # after support.bus has asked for its version

PROPERTIES = "org.freedesktop.DBus.Properties"
MANAGER = f"{ROOT}/Manager"


def text_of(bytestring):
    """The text of a NUL-terminated bytestring, as UDisks2 gives paths."""
    return bytes(bytestring).rstrip(b"\0").decode()


class Disks(Bus):
    """Every method of the control interface is one here."""

    def __init__(self, address, uid=None):
        super().__init__(address, uid)
        self._control = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]

    def __getattr__(self, name):
        info = self._control.lookup_method(name) if name != "_control" else None
        if info is None:
            return super().__getattr__(name)
        signature = "(" + "".join(argument.signature for argument in info.in_args) + ")"

        def control(*arguments):
            return self.call(CONTROL_PATH, CONTROL_INTERFACE, name, signature, arguments, destination=UDISKS_NAME)

        return control

    def do(self, path, interface, method, signature="(a{sv})", *arguments):
        """Calls a method of UDisks2; interface without org.freedesktop.UDisks2. Options may be left out."""
        values = arguments if arguments or signature != "(a{sv})" else ({},)
        return self.call(path, f"{UDISKS_NAME}.{interface}", method, signature, values, destination=UDISKS_NAME)

    def get(self, path, interface, name):
        """A property of UDisks2's."""
        return self.call(path, PROPERTIES, "Get", "(ss)", (f"{UDISKS_NAME}.{interface}", name), destination=UDISKS_NAME)

    def objects(self):
        """Everything that UDisks2 shows: {path: {interface: {property: value}}}."""
        return self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "()", (), destination=UDISKS_NAME)

    def block(self, name):
        """The object of a block device by its name."""
        return f"{ROOT}/block_devices/{name}"

    def array(self, name):
        """The object of the array whose device or own name this is; None when there is none."""
        for path, interfaces in self.objects().items():
            properties = interfaces.get(f"{UDISKS_NAME}.MDRaid")
            if properties and name in (properties["Name"].rpartition(":")[2], self.device_of(path)):
                return path
        return None

    def device_of(self, array):
        """The name of the device that carries an array, or None."""
        for path, interfaces in self.objects().items():
            if interfaces.get(f"{UDISKS_NAME}.Block", {}).get("MDRaid") == array:
                return path.rpartition("/")[2]
        return None

    def drive(self, name):
        """The drive object of a disk by the name of its block device."""
        return self.get(self.block(name), "Block", "Drive")

    # What tests do often

    def create_array(self, names, level="raid1", name="", chunk=0):
        """MDRaidCreate of the disks with these names. Returns the object."""
        values = [self.block(disk) for disk in names], level, name, chunk, {}
        return self.do(MANAGER, "Manager", "MDRaidCreate", "(aossta{sv})", *values)

    def add_member(self, array, name):
        """AddDevice, and what follows from it."""
        self.do(array, "MDRaid", "AddDevice", "(oa{sv})", self.block(name), {})
        self.settle()

    def members(self, array):
        """{device: (slot, states)} of an array."""
        return {path.rpartition("/")[2]: (slot, list(states)) for path, slot, states, _errors, _more in self.get(array, "MDRaid", "ActiveDevices")}

    def format(self, device, kind="ext4", **options):
        self.do(self.block(device), "Block", "Format", "(sa{sv})", kind, options)

    def settle(self):
        """Lets udev and md do what they do after a call has returned."""
        self.Advance(2)

    def wait_for(self, path, interface, name, value, timeout=30.0):
        """Until the property has that value."""
        wait_until(lambda: self.get(path, interface, name) == value, f"{interface}.{name} of {path} being {value!r}", timeout)


__all__ = ["Disks", "MANAGER", "UDISKS_NAME", "text_of"]
