# SPDX-License-Identifier: MIT
"""Hostile paths and names through every method that takes one: none gets out, none crashes. The table is in support/hostile.py."""

import contextlib
import os
import socket
import struct

import pytest

from support import hostile
from support.bus import NAME, ROOT, BusError
from support.pools import PoolNas


class Methods:
    """Every way to say a path on the bus. reading: what exists is needed; creating: something would be made under that path."""

    def __init__(self, bus, token, folder, base, top):
        self.files = bus.Files
        self.token = token
        self.folder = folder
        self.name = folder.rpartition("/")[2]
        self.base = base  # where paths begin on the disk
        self.top = top  # of the storage root that the folder is in
        self.spare = 0

    def own(self, kind="file"):
        """Something of one's own to rename, move or copy."""
        self.spare += 1
        path = f"{self.folder}/spare-{self.spare}"
        self.files.CreateFolder(path, token=self.token)
        return path

    def reading(self):
        files, token = self.files, self.token
        yield "List", lambda path: files.List(path, token=token)
        yield "Stat", lambda path: files.Stat(path, token=token)
        yield "Open", lambda path: close(files.Open(path, token=token)[0])
        yield "Rename", lambda path: files.Rename(path, "new", token=token)
        yield "Move from", lambda path: files.Move(path, f"{self.folder}/moved", token=token)
        yield "Copy from", lambda path: files.Copy(path, f"{self.folder}/copied", token=token)
        yield "Delete", lambda path: files.Delete(path, token=token)

    def creating(self, source):
        files, token = self.files, self.token
        yield "CreateFolder", lambda path: files.CreateFolder(path, token=token)
        yield "CreateFolder with parents", lambda path: files.CreateFolder(path, parents=True, token=token)
        yield "BeginUpload", lambda path: close(files.BeginUpload(path, 1, token=token)[1])
        yield "BeginUpload with all", lambda path: close(files.BeginUpload(path, 1, parents=True, overwrite=True, token=token)[1])
        yield "Move to", lambda path: files.Move(source, path, token=token)
        yield "Copy to", lambda path: files.Copy(source, path, token=token)


def close(descriptor):
    os.close(descriptor)


def error_of(call, *arguments):
    """Short name of the error, None for success."""
    try:
        call(*arguments)
    except BusError as error:
        return error.name
    return None


@pytest.fixture
def pool(sandbox, bus):
    """The name of a pool of the shared sandbox, which the first test that asks for it makes."""
    if not any(pool["name"] == "Pool" for pool in bus.Storage.ListPools()):
        with sandbox.disks() as disks:
            disks.SetFormatDuration(0)
            nas = PoolNas(sandbox, bus, disks).wait()
            nas.create("sdg", "Pool")
    return "Pool"


@pytest.fixture(params=["user", "admin", "user in a pool"])
def methods(request, sandbox, bus, new_user):
    """As an ordinary user, in the main storage and in a pool, and as an administrator, who may do everything but leave."""
    if request.param != "user in a pool":
        account = new_user(role=request.param)
        return Methods(bus, account.token, account.folder, sandbox.storage_dir, sandbox.storage_dir)
    account, name = new_user(folder=False), request.getfixturevalue("pool")
    folder = f"{name}/{account.username}"
    bus.Files.CreateFolder(folder, token=account.token)
    return Methods(bus, account.token, folder, sandbox.pools_dir, sandbox.pools_dir / name)


@pytest.fixture
def canary(sandbox, methods):
    """Links and special files in the user's folder, and what they lead to. Whatever the test did, nothing outside has changed."""
    outside = sandbox.state_dir / f"outside-{methods.name}"
    fates = hostile.plant(methods.base / methods.folder, outside)
    before = hostile.snapshot(outside)
    yield fates
    assert hostile.snapshot(outside) == before


def test_the_table_is_long_enough():
    assert len(hostile.PATHS) >= 200
    assert len(hostile.BY_FATE[hostile.OUTSIDE]) >= 60


@pytest.mark.parametrize("fate", [hostile.OUTSIDE, hostile.INVALID])
@pytest.mark.parametrize("base", ["", "folder"])
def test_paths_are_refused_by_every_method(methods, fate, base):
    """Also below a folder of one's own, where everything else is allowed."""
    source = methods.own()
    calls = [*methods.reading(), *methods.creating(source)]
    wrong = []
    for path in hostile.BY_FATE[fate]:
        text = f"{methods.folder}/{path.text}" if base else path.text
        expected = {fate}
        if base and path.text.startswith("/") and ".." not in path.text.split("/"):
            expected = {hostile.INVALID}  # only an empty name in there
        for name, call in calls:
            error = error_of(call, text)
            if error not in expected:
                wrong.append(f"{name} of {path}: {error}")
        error = error_of(methods.files.ExplainAccess, 0, text, {"auth.token": token_of(methods)})
        if error not in expected:
            wrong.append(f"ExplainAccess of {path}: {error}")
    assert not wrong


def token_of(methods):
    from gi.repository import GLib

    return GLib.Variant("s", methods.token)


def test_names_are_refused_by_rename(methods):
    source = methods.own()
    wrong = []
    for path in hostile.BY_FATE[hostile.OUTSIDE] + hostile.BY_FATE[hostile.INVALID]:
        error = error_of(lambda name: methods.files.Rename(source, name, token=methods.token), path.text)
        if error not in (hostile.OUTSIDE, hostile.INVALID):
            wrong.append(f"{path}: {error}")
    for name in hostile.NAMES_WITH_SLASHES:
        assert error_of(lambda name: methods.files.Rename(source, name, token=methods.token), name) == hostile.INVALID
    assert not wrong
    assert methods.files.Stat(source, token=methods.token)


def test_literal_names_are_taken_letter_by_letter(methods, sandbox):
    """What only looks dangerous is a name: it is made, found, renamed and deleted under exactly these bytes, and decoded by nobody."""
    directory = os.fsencode(methods.base / methods.folder)
    before = set(os.listdir(directory))
    for path in hostile.BY_FATE[hostile.LITERAL]:
        whole = f"{methods.folder}/{path.text}"
        assert methods.files.CreateFolder(whole, token=methods.token)["name"] == path.text
        assert set(os.listdir(directory)) - before == {path.raw}
        assert methods.files.Stat(whole, token=methods.token)["name"] == path.text
        assert [entry[0] for entry in methods.files.List(methods.folder, token=methods.token)[0]].count(path.text) == 1
        methods.files.Rename(whole, "plain", token=methods.token)
        methods.files.Rename(f"{methods.folder}/plain", path.text, token=methods.token)
        methods.files.Delete(whole, token=methods.token)
        assert set(os.listdir(directory)) == before


def test_links_lead_nowhere(methods, canary):
    source = methods.own()
    wrong = []
    for path, fate in canary.items():
        text = f"{methods.folder}/{path}"
        for name, call in methods.reading():
            error = error_of(call, text)
            if error != fate:
                wrong.append(f"{name} of {path}: {error}")
        for name, call in methods.creating(source):
            error = error_of(call, text)
            if error not in (fate, "Exists"):
                wrong.append(f"{name} of {path}: {error}")
    assert not wrong


def test_links_and_special_files_are_not_listed(methods, canary):
    names = {entry[0] for entry in methods.files.List(methods.folder, token=methods.token)[0]}
    assert names == {"real"}
    assert methods.files.List(f"{methods.folder}/real", token=methods.token)[2] == 1


def test_names_on_the_disk_that_cannot_be_said_do_no_harm(bus, methods, sandbox, admin_token):
    """Put there by somebody else than us. They are not listed, for nothing could be done with them; and they go with the folder that they are in."""
    directory = os.fsencode(methods.base / methods.folder)
    for path in hostile.BY_FATE[hostile.BROKEN] + hostile.BY_FATE[hostile.INVALID]:
        name = path.raw
        if len(name) > 255 or b"/" in name or b"\0" in name or name == b".":
            continue
        with open(os.path.join(directory, name), "wb") as file:
            file.write(b"12")
    with open(os.path.join(directory, b"good"), "wb") as file:
        file.write(b"1")
    entries, _cursor, total, _version = methods.files.List(methods.folder, token=methods.token)
    assert ([entry[0] for entry in entries], total) == (["good"], 1)
    trash_id = methods.files.Delete(methods.folder, token=methods.token)
    [item] = [item for item in methods.files.ListTrash(token=methods.token) if item[0] == trash_id]
    assert item[3] > 50
    methods.files.PurgeTrash(trash_id, token=methods.token)
    assert not os.path.exists(directory)


def test_deleting_a_folder_with_links_leaves_what_they_lead_to(bus, methods, canary, sandbox, admin_token):
    trash_id = methods.files.Delete(methods.folder, token=admin_token)
    bus.Files.PurgeTrash(trash_id, token=admin_token)
    assert not (methods.base / methods.folder).exists()
    assert not (methods.top / ".baluhost" / "trash" / trash_id).exists()


def test_copying_a_folder_with_links_copies_no_links(bus, methods, canary, sandbox):
    from test_files import wait_for

    job = methods.files.Copy(methods.folder, f"{methods.folder}-copy", token=methods.token)
    assert wait_for(bus, job, methods.token)[0] == "succeeded"
    copied = methods.base / f"{methods.folder}-copy"
    assert sorted(os.listdir(copied)) == ["real"]
    assert os.listdir(copied / "real") == ["file"]


def test_links_put_in_place_while_looking_do_not_win(bus, methods, sandbox):
    """A folder that is swapped for a link all the time: whichever is met, what is outside is never read."""
    import threading

    outside = sandbox.state_dir / f"race-{methods.name}"
    outside.mkdir()
    (outside / "file").write_bytes(hostile.SECRET)
    base = methods.base / methods.folder
    (base / "a").mkdir()
    (base / "a" / "file").write_bytes(b"inside")
    os.symlink(outside, base / "b")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            rename_exchange(base / "a", base / "b")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        found = set()
        for _ in range(500):
            with contextlib.suppress(BusError):
                found.add(bus.read(f"{methods.folder}/a/file", token=methods.token, audit=False))
        assert found <= {b"inside"}
    finally:
        stop.set()
        thread.join()


def rename_exchange(one, other):
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


@pytest.mark.parametrize("path", hostile.RESERVED)
def test_the_reserved_folder_is_not_there(methods, path):
    source = methods.own()
    for name, call in methods.reading():
        assert error_of(call, path) == "NotFound", name
    for name, call in methods.creating(source):
        assert error_of(call, path) in ("InvalidName", "NotFound"), name
    assert methods.files.ExplainAccess(0, path, token=methods.token)[3] == "not-found"


class RawBus:
    """A connection that says what no proper client would. Only as much of the protocol as that takes."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(address.removeprefix("unix:path="))
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\r\n")
        assert self.socket.recv(1000).startswith(b"OK")
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0
        self.call(b"org.freedesktop.DBus", b"/org/freedesktop/DBus", b"org.freedesktop.DBus", b"Hello", b"", b"")

    @staticmethod
    def string(text):
        return struct.pack("<I", len(text)) + text + b"\0"

    def call(self, destination, path, interface, member, signature, body):
        self.serial += 1
        fields = b""
        for code, kind, value in ((1, b"o", path), (2, b"s", interface), (3, b"s", member), (6, b"s", destination), (8, b"g", signature)):
            if kind == b"g" and not value:
                continue
            fields += b"\0" * (-len(fields) % 8) + bytes([code, 1]) + kind + b"\0"
            fields += bytes([len(value)]) + value + b"\0" if kind == b"g" else b"\0" * (-len(fields) % 4) + self.string(value)
        header = struct.pack("<cBBBIII", b"l", 1, 0, 1, len(body), self.serial, len(fields)) + fields
        self.socket.sendall(header + b"\0" * (-len(header) % 8) + body)

    def is_closed_by_the_other_side(self):
        with contextlib.suppress(ConnectionError):
            while self.socket.recv(65536):
                pass
        return True

    def close(self):
        self.socket.close()


@pytest.mark.parametrize("path", hostile.BY_FATE[hostile.BROKEN], ids=str)
def test_what_is_not_utf8_cannot_be_said_on_the_bus(sandbox, bus, methods, path):
    before = hostile.snapshot(methods.base / methods.folder)
    raw = RawBus(sandbox.bus_address)
    whole = methods.folder.encode() + b"/" + path.raw
    options = b"\0" * (-(len(whole) + 5) % 4) + struct.pack("<I", 0) + b"\0\0\0\0"
    raw.call(NAME.encode(), ROOT.encode(), f"{NAME}.Files".encode(), b"CreateFolder", b"sa{sv}", raw.string(whole) + options)
    assert raw.is_closed_by_the_other_side()
    raw.close()
    assert hostile.snapshot(methods.base / methods.folder) == before
    assert bus.Manager.GetHealth()["status"] == "ok"
