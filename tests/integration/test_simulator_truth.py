# SPDX-License-Identifier: MIT
"""The stand-in of udisksd beside the real one, which runs on a bus of its own where it sees no disks."""

import pytest
from gi.repository import Gio, GLib

from support.bus import BusError
from support.disks import MANAGER, UDISKS_NAME, Disks
from support.private_bus import can_isolate_mounts, write_bus_config
from support.process import Child

UDISKSD = "/usr/libexec/udisks2/udisksd"
# It must see nothing of this machine, neither its disks nor what another udisksd remembers of them.
VIEW = "mount -t tmpfs tmpfs /sys && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib/udisks2 && mkdir -p /run/udisks2 && exec \"$@\""
STANDARD = ("org.freedesktop.DBus.Properties", "org.freedesktop.DBus.Introspectable", "org.freedesktop.DBus.Peer")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A client of the real udisksd."""
    if not can_isolate_mounts():
        pytest.skip("udisksd needs root")
    directory = tmp_path_factory.mktemp("udisksd", numbered=True)
    socket = directory / "bus"
    env = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={socket}", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    config = write_bus_config(directory, socket, 0, True, None)
    bus = Child("dbus-daemon", ["dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--config-file", config], directory / "bus.log", env)
    bus.wait_for(socket.exists, "a bus")
    view = ["unshare", "-m", "--propagation", "private", "sh", "-c", VIEW, "sh"]
    # The bus is below /tmp, which stays what it is.
    daemon = Child("udisksd", [UDISKSD], directory / "udisksd.log", env, view=view)
    try:
        with Disks(f"unix:path={socket}") as client:
            daemon.wait_for(lambda: client.name_owner(UDISKS_NAME), "udisksd on its bus")
            yield client
    finally:
        daemon.stop()
        bus.stop()


@pytest.fixture(scope="module")
def simulated(build_dir):
    from support.sandbox import Sandbox

    with Sandbox(build_dir, fast_passwords=True, with_bridge=False) as sandbox, sandbox.disks() as client:
        yield client


def introspect(client, path):
    xml = client.call(path, "org.freedesktop.DBus.Introspectable", "Introspect", "()", (), destination=UDISKS_NAME)
    return {interface.name: interface for interface in Gio.DBusNodeInfo.new_for_xml(xml).interfaces}


def arguments(infos):
    return [(info.name, info.signature) for info in infos]


def shape(interface):
    """Everything that introspection says of an interface, as plain data."""
    return {
        "methods": {method.name: (arguments(method.in_args), arguments(method.out_args)) for method in interface.methods},
        "signals": {signal.name: arguments(signal.args) for signal in interface.signals},
        "properties": {prop.name: (prop.signature, int(prop.flags)) for prop in interface.properties},
    }


def described(interface):
    """The same of libudisks2's own description, in its place for objects that the real udisksd does not have here."""
    import gi

    gi.require_version("UDisks", "2.0")
    from gi.repository import UDisks

    name = {"Drive.Ata": "drive_ata", "MDRaid": "mdraid", "PartitionTable": "partition_table"}.get(interface, interface.lower())
    return shape(getattr(UDisks, f"{name}_interface_info")())


@pytest.mark.parametrize("path", [MANAGER, "/org/freedesktop/UDisks2"])
def test_objects_that_both_have_look_the_same(real, simulated, path):
    ours, theirs = introspect(simulated, path), introspect(real, path)
    assert sorted(ours) == sorted(theirs)
    assert {name: shape(ours[name]) for name in ours} == {name: shape(theirs[name]) for name in theirs}


def test_the_description_in_libudisks2_is_that_of_the_real_daemon(real):
    assert described("Manager") == shape(introspect(real, MANAGER)[f"{UDISKS_NAME}.Manager"])


@pytest.mark.parametrize(
    ("path", "interfaces"),
    [
        (lambda disks: disks.block("sdc"), {"Block"}),
        (lambda disks: disks.block("sda"), {"Block", "PartitionTable"}),
        (lambda disks: disks.block("sda1"), {"Block", "Partition"}),
        (lambda disks: disks.block("vda3"), {"Block", "Partition", "Filesystem"}),
        (lambda disks: disks.block("vda4"), {"Block", "Partition", "Swapspace"}),
        (lambda disks: disks.block("md0"), {"Block"}),
        (lambda disks: disks.drive("sdc"), {"Drive", "Drive.Ata"}),
        (lambda disks: disks.drive("vda"), {"Drive"}),
        (lambda disks: disks.array("md0"), {"MDRaid"}),
    ],
)
def test_each_kind_of_object_has_the_interfaces_that_udisksd_gives_it(simulated, path, interfaces):
    found = introspect(simulated, path(simulated))
    assert set(found) - set(STANDARD) == {f"{UDISKS_NAME}.{name}" for name in interfaces}
    for name in interfaces:
        assert shape(found[f"{UDISKS_NAME}.{name}"]) == described(name)
    managed = simulated.objects()[path(simulated)]
    assert set(managed) == set(found) - set(STANDARD)
    for name, properties in managed.items():
        assert set(properties) == {prop.name for prop in found[name].properties}


def test_a_job_is_as_described(simulated):
    simulated.SetSpeed(0)
    simulated.do(simulated.array("md0"), "MDRaid", "RequestSyncAction", "(sa{sv})", "check", {})
    job = next(path for path in simulated.objects() if "/jobs/" in path)
    found = introspect(simulated, job)
    assert set(found) - set(STANDARD) == {f"{UDISKS_NAME}.Job"}
    assert shape(found[f"{UDISKS_NAME}.Job"]) == described("Job")
    simulated.Reset()


def answer(client, method, signature, values):
    """What a call of Manager comes to: a value or an error."""
    try:
        return client.do(MANAGER, "Manager", method, signature, *values)
    except BusError as error:
        return error.name, error.message


@pytest.mark.parametrize(
    ("method", "signature", "values"),
    [
        ("CanFormat", "(s)", ("ext4",)),
        ("CanFormat", "(s)", ("swap",)),
        ("CanFormat", "(s)", ("empty",)),
        ("CanFormat", "(s)", ("gpt",)),
        ("CanFormat", "(s)", ("nonsense",)),
        ("CanResize", "(s)", ("ext4",)),
        ("CanResize", "(s)", ("btrfs",)),
        ("CanCheck", "(s)", ("swap",)),
        ("CanRepair", "(s)", ("nonsense",)),
        ("MDRaidCreate", "(aossta{sv})", ([], "raid7", "", 0, {})),
        ("MDRaidCreate", "(aossta{sv})", ([], "raid1", "", 0, {})),
        ("MDRaidCreate", "(aossta{sv})", ([], "raid0", "", 1000, {})),
        ("MDRaidCreate", "(aossta{sv})", ([], "raid1", "", 4096, {})),
        ("MDRaidCreate", "(aossta{sv})", ([], "raid1", "x" * 33, 0, {})),
        ("MDRaidCreate", "(aossta{sv})", (["/a", "/b"], "raid1", "", 0, {})),
        ("MDRaidCreate", "(aossta{sv})", ([MANAGER, MANAGER], "raid1", "", 0, {})),
        ("ResolveDevice", "(a{sv}a{sv})", ({"path": GLib.Variant("s", "/dev/nothing")}, {})),
        ("EnableModule", "(sb)", ("lvm2", True)),
    ],
)
def test_both_answer_the_same(real, simulated, method, signature, values):
    assert answer(simulated, method, signature, values) == answer(real, method, signature, values)


def test_properties_that_do_not_depend_on_disks_are_the_same(real, simulated):
    interface = f"{UDISKS_NAME}.Manager"
    assert simulated.objects()[MANAGER][interface] == real.objects()[MANAGER][interface]


def test_nobody_can_set_a_property(real, simulated):
    def attempt(client):
        with pytest.raises(BusError) as refusal:
            values = (f"{UDISKS_NAME}.Manager", "Version", GLib.Variant("s", "3"))
            client.call(MANAGER, "org.freedesktop.DBus.Properties", "Set", "(ssv)", values, destination=UDISKS_NAME)
        return refusal.value.name, refusal.value.message

    assert attempt(simulated) == attempt(real)
