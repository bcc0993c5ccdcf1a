# SPDX-License-Identifier: MIT
"""Files.BeginUpload and org.baluhost.NAS1.Upload."""

import hashlib
import os
import threading

import pytest

from support.bus import INTERFACES, NAME, ROOT, Gio
from support.process import wait_until
from support.refusals import refused

UNKNOWN = 2**64 - 1


@pytest.fixture
def begin(bus, user):
    """begin(name, size, …) → (upload interface, descriptor), in the user's folder."""

    def begin_upload(name, size=UNKNOWN, **options):
        path, descriptor = bus.Files.BeginUpload(f"{user.folder}/{name}", size, token=user.token, **options)
        return bus.at(path, "Upload"), descriptor

    return begin_upload


def write(descriptor, content):
    with open(descriptor, "wb", closefd=True) as file:
        file.write(content)


def staging(sandbox):
    return os.listdir(sandbox.storage_dir / ".baluhost" / "staging")


def test_live_introspection_is_the_description(bus, begin, user):
    upload, descriptor = begin("a")
    os.close(descriptor)
    xml = bus.call(upload._path, "org.freedesktop.DBus.Introspectable", "Introspect", "()", ())
    live = Gio.DBusNodeInfo.new_for_xml(xml).lookup_interface(f"{NAME}.Upload")
    shape = [(m.name, [(a.name, a.signature) for a in m.in_args], [(a.name, a.signature) for a in m.out_args]) for m in live.methods]
    expected = [
        (m.name, [(a.name, a.signature) for a in m.in_args], [(a.name, a.signature) for a in m.out_args])
        for m in INTERFACES["Upload"].methods
    ]
    assert shape == expected
    managed = bus.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "()", ())
    assert not any("/uploads" in path for path in managed)
    upload.Abort(token=user.token)


def test_nothing_is_visible_before_commit(bus, begin, user):
    content = os.urandom(300_000)
    upload, descriptor = begin("a.bin", len(content))
    write(descriptor, content)
    with refused("NotFound"):
        bus.Files.Stat(f"{user.folder}/a.bin", token=user.token)
    entry = upload.Commit(size=len(content), sha256=hashlib.sha256(content).hexdigest(), token=user.token)
    assert (entry["path"], entry["size"], entry["owner_id"]) == (f"{user.folder}/a.bin", len(content), user.id)
    assert bus.read(f"{user.folder}/a.bin", token=user.token) == content


def test_empty_file(bus, user):
    assert bus.upload(f"{user.folder}/empty", b"", token=user.token)["size"] == 0
    assert bus.read(f"{user.folder}/empty", token=user.token) == b""


def test_content_of_unknown_size(bus, user):
    bus.upload(f"{user.folder}/a", (b"x" * 1000 for _ in range(100)), token=user.token)
    assert bus.Files.Stat(f"{user.folder}/a", token=user.token)["size"] == 100_000


def test_commit_waits_until_nobody_can_write(begin, user, bus):
    upload, descriptor = begin("a")
    os.write(descriptor, b"one")
    copy = os.dup(descriptor)
    with refused("Busy"):
        upload.Commit(token=user.token)
    os.close(descriptor)
    with refused("Busy"):
        upload.Commit(token=user.token)
    os.write(copy, b" two")
    os.close(copy)
    assert upload.Commit(token=user.token)["size"] == 7


def test_wrong_size_or_digest_ends_the_upload(begin, user, bus, sandbox):
    for options in ({"size": 4}, {"sha256": "0" * 64}, {"sha256": "not a digest"}):
        upload, descriptor = begin("a")
        write(descriptor, b"123")
        with refused("InvalidArgument"):
            upload.Commit(token=user.token, **options)
        if options.get("sha256") == "not a digest":  # that is a mistake of the call, not of the content
            upload.Abort(token=user.token)
        with pytest.raises(Exception):
            upload.Commit(token=user.token)
    with refused("NotFound"):
        bus.Files.Stat(f"{user.folder}/a", token=user.token)


def test_abort_leaves_nothing_behind(begin, user, bus):
    upload, descriptor = begin("a", 1000)
    write(descriptor, b"123")
    assert bus.Files.GetUsage(token=user.token)["reserved_bytes"] == 1000
    upload.Abort(token=user.token)
    assert bus.Files.GetUsage(token=user.token)["reserved_bytes"] == 0
    with pytest.raises(Exception) as caught:
        upload.Abort(token=user.token)
    assert caught.value.name in ("NotFound", "org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownMethod")


def test_begin_refuses(bus, user, new_user):
    other = new_user()
    bus.upload(f"{user.folder}/file", b"1", token=user.token)
    bus.upload(f"{other.folder}/theirs", b"1", token=other.token)
    cases = [
        ("Exists", f"{user.folder}/file", {}),
        ("NotFound", f"{user.folder}/missing/x", {}),
        ("NotFound", f"{other.folder}/x", {}),
        ("NotFound", f"{other.folder}/theirs", {"overwrite": True}),
        ("NotPermitted", "Demo/x", {}),
        ("NotPermitted", "Notes.txt", {"overwrite": True}),
        ("IsDirectory", user.folder, {"overwrite": True}),
        ("IsDirectory", "", {}),
        ("InvalidName", f"{user.folder}/\n", {}),
        ("InvalidName", ".baluhost", {}),
        ("OutsideStorage", "../x", {}),
        ("OutsideStorage", "/etc/passwd", {}),
        ("Stale", f"{user.folder}/file", {"overwrite": True, "if_etag": "another"}),
        ("Stale", f"{user.folder}/missing", {"overwrite": True, "if_etag": "another"}),
        ("InvalidArgument", f"{user.folder}/x", {"colour": "blue"}),
    ]
    for error, path, options in cases:
        with refused(error):
            bus.Files.BeginUpload(path, 1, token=user.token, **options)
    with refused("NoSpace"):
        bus.Files.BeginUpload(f"{user.folder}/x", 2**62, token=new_user(role="admin").token)


def test_overwrite_replaces_at_once(bus, user):
    path = f"{user.folder}/a"
    first = bus.upload(path, b"one", token=user.token)
    second = bus.upload(path, b"three", overwrite=True, if_etag=first["etag"], token=user.token)
    assert bus.read(path, token=user.token) == b"three"
    assert second["etag"] != first["etag"]
    with refused("Stale"):
        bus.upload(path, b"four", overwrite=True, if_etag=first["etag"], token=user.token)
    assert bus.Files.GetUsage(token=user.token)["used_bytes"] == 5


def test_target_that_changes_meanwhile_is_noticed(bus, begin, user):
    upload, descriptor = begin("a")
    write(descriptor, b"mine")
    bus.upload(f"{user.folder}/a", b"first", token=user.token)
    with refused("Exists"):
        upload.Commit(token=user.token)
    assert bus.read(f"{user.folder}/a", token=user.token) == b"first"


def test_administrator_who_replaces_does_not_become_the_owner(bus, user, admin_token):
    bus.upload(f"{user.folder}/a", b"one", token=user.token)
    bus.upload(f"{user.folder}/a", b"two", overwrite=True, token=admin_token)
    assert bus.Files.Stat(f"{user.folder}/a", token=user.token)["owner_id"] == user.id


def test_parents_are_created_with_the_file(bus, begin, user):
    upload, descriptor = begin("x/y/z", parents=True)
    os.close(descriptor)
    with refused("NotFound"):
        bus.Files.Stat(f"{user.folder}/x", token=user.token)
    upload.Commit(token=user.token)
    assert bus.Files.Stat(f"{user.folder}/x/y", token=user.token)["owner_id"] == user.id


def test_upload_answers_only_its_user_and_peer(sandbox, bus, begin, user, new_user, admin_token):
    upload, descriptor = begin("a")
    os.close(descriptor)
    for token in (new_user().token, admin_token):
        with refused("NotFound"):
            upload.Commit(token=token)
    with sandbox.bus() as elsewhere:
        with pytest.raises(Exception):
            elsewhere.at(upload._path, "Upload").Commit(token=user.token)
    upload.Commit(token=user.token)


def test_peer_that_leaves_takes_its_uploads_along(sandbox, bus, user):
    with sandbox.bus() as visitor:
        _path, descriptor = visitor.Files.BeginUpload(f"{user.folder}/a", 5000, token=user.token)
        write(descriptor, b"123")
        assert bus.Files.GetUsage(token=user.token)["reserved_bytes"] == 5000
    wait_until(lambda: bus.Files.GetUsage(token=user.token)["reserved_bytes"] == 0, "the reservation to be given back")


def test_too_many_uploads_are_refused(sandbox, user):
    with sandbox.bus() as visitor:
        for i in range(256):
            os.close(visitor.Files.BeginUpload(f"{user.folder}/{i}", 0, token=user.token)[1])
        with refused("TooManyRequests"):
            visitor.Files.BeginUpload(f"{user.folder}/more", 0, token=user.token)


def test_writing_after_an_abort_fills_nothing(begin, user):
    upload, descriptor = begin("a", 10)
    os.write(descriptor, b"x" * 10)
    upload.Abort(token=user.token)
    os.write(descriptor, b"x" * 100_000)
    wait_until(lambda: os.fstat(descriptor).st_size == 0, "the file to be emptied")
    os.close(descriptor)


def test_many_uploads_at_once(sandbox, user, bus):
    """Eight clients, each on a connection of its own, into one folder."""
    errors = []

    def work(number):
        try:
            with sandbox.bus() as client:
                for i in range(25):
                    client.upload(f"{user.folder}/{number}-{i}", f"{number} {i}".encode(), token=user.token)
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    entries, _cursor, total, _version = bus.Files.List(user.folder, token=user.token)
    assert total == 200
    assert bus.Files.GetUsage(token=user.token)["used_bytes"] == sum(entry[2] for entry in entries)
    assert bus.read(f"{user.folder}/7-24", token=user.token) == b"7 24"
