# SPDX-License-Identifier: MIT
"""What the service says of itself on the bus is what dbus/*.xml says."""

import os

import pytest
from gi.repository import Gio, GLib

from support.bus import INTERFACES, NAME, ROOT
from support.process import wait_until


def introspect(bus, path):
    xml = bus.call(path, "org.freedesktop.DBus.Introspectable", "Introspect", "()", ())
    node = Gio.DBusNodeInfo.new_for_xml(xml)
    return {interface.name.removeprefix(NAME + "."): interface for interface in node.interfaces}


def arguments(infos):
    return [(info.name, info.signature) for info in infos]


def emits_changed(info):
    for annotation in info.annotations:
        if annotation.key == "org.freedesktop.DBus.Property.EmitsChangedSignal":
            return annotation.value
    return "true"


def described(interface):
    """Everything of an interface that both the XML and a live object can say."""
    return {
        "methods": {method.name: (arguments(method.in_args), arguments(method.out_args)) for method in interface.methods},
        "signals": {signal.name: arguments(signal.args) for signal in interface.signals},
        "properties": {
            info.name: (info.signature, info.flags & Gio.DBusPropertyInfoFlags.WRITABLE, emits_changed(info))
            for info in interface.properties
        },
    }


@pytest.mark.parametrize("name", ["Manager", "Sessions", "Users", "Files", "Storage", "Telemetry", "Notifications", "Audit"])
def test_the_root_object_is_as_described(bus, name):
    live = introspect(bus, ROOT)
    assert described(live[name]) == described(INTERFACES[name])


def test_there_is_nothing_on_the_root_object_that_is_not_described(bus):
    ours = {name for name in introspect(bus, ROOT) if not name.startswith("org.freedesktop.")}
    assert ours == {"Manager", "Sessions", "Users", "Files", "Storage", "Telemetry", "Notifications", "Audit"}
    assert "org.freedesktop.DBus.ObjectManager" in introspect(bus, ROOT)


def test_a_job_is_as_described(bus, user):
    bus.upload(f"{user.folder}/a.txt", b"a", token=user.token)
    job = bus.Files.Copy(f"{user.folder}/a.txt", f"{user.folder}/b.txt", token=user.token)
    live = introspect(bus, job)
    assert described(live["Job"]) == described(INTERFACES["Job"])


def test_an_upload_is_as_described_and_not_listed(bus, user):
    upload, descriptor = bus.Files.BeginUpload(f"{user.folder}/a.txt", 0, token=user.token)
    os.close(descriptor)
    live = introspect(bus, upload)
    assert described(live["Upload"]) == described(INTERFACES["Upload"])
    assert upload not in bus.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "()", ())
    bus.at(upload, "Upload").Abort(token=user.token)


def test_a_disk_and_an_array_are_as_described(bus):
    def paths(interface):
        objects = bus.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "()", ())
        return [path for path, interfaces in objects.items() if f"{NAME}.{interface}" in interfaces]

    for name in ("Disk", "Array"):
        wait_until(lambda: paths(name), f"an object with {name}")  # noqa: B023
        assert described(introspect(bus, paths(name)[0])[name]) == described(INTERFACES[name])


def test_every_interface_is_compared_by_a_test_here():
    assert set(INTERFACES.names()) == {"Manager", "Sessions", "Users", "Files", "Upload", "Job", "Alert", "Storage", "Disk", "Array", "Pool", "Telemetry", "Notifications", "Audit"}


def test_the_objects_below_are_managed_but_the_root_is_not(bus, user):
    bus.upload(f"{user.folder}/a.txt", b"a", token=user.token)
    job = bus.Files.Copy(f"{user.folder}/a.txt", f"{user.folder}/b.txt", token=user.token)
    objects = bus.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "()", ())
    assert ROOT not in objects
    assert objects[job][f"{NAME}.Job"]["Operation"] == "copy"


def test_what_does_not_exist_is_an_error_of_the_bus(bus):
    with pytest.raises(Exception, match="UnknownMethod"):
        bus.call(ROOT, f"{NAME}.Manager", "Reboot", "()", ())
    with pytest.raises(Exception, match="UnknownObject"):
        bus.call(f"{ROOT}/jobs/999999", f"{NAME}.Job", "Cancel", "(a{sv})", ({},))
    with pytest.raises(Exception, match="InvalidArgs"):
        bus.call(ROOT, f"{NAME}.Manager", "GetHealth", "()", ())
    with pytest.raises(Exception, match="PropertyReadOnly|AccessDenied"):
        bus.call(
            ROOT, "org.freedesktop.DBus.Properties", "Set", "(ssv)", (f"{NAME}.Manager", "State", GLib.Variant("s", "stopped"))
        )


def test_properties_say_how_the_nas_is(bus):
    assert bus.get_property(ROOT, "Manager", "Version").count(".") == 2
    assert bus.get_property(ROOT, "Manager", "DevelopmentMode") is True
    assert bus.get_property(ROOT, "Manager", "SetupRequired") is False
    assert bus.get_property(ROOT, "Manager", "RegistrationOpen") is False
    assert bus.get_property(ROOT, "Manager", "State") in ("running", "recovering")
