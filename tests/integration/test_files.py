# SPDX-License-Identifier: MIT
"""org.baluhost.NAS1.Files: looking at files and moving them around."""

import os
import stat

import pytest
from gi.repository import GLib

from support.bus import DBUS_DIR, INTERFACES, NAME, ROOT, Gio
from support.refusals import refused


@pytest.fixture
def files(bus, user):
    """The methods as an ordinary user; every path below user.folder is the test's own."""
    return Caller(bus, user.token)


class Caller:
    """Files' methods with a token."""

    def __init__(self, bus, token):
        self.bus = bus
        self.token = token

    def __getattr__(self, name):
        method = getattr(self.bus.Files, name)
        return lambda *arguments, **options: method(*arguments, token=self.token, **options)

    def upload(self, path, content=b"text", **options):
        return self.bus.upload(path, content, token=self.token, **options)

    def read(self, path):
        return self.bus.read(path, token=self.token)

    def names(self, path, **options):
        return [entry[0] for entry in self.List(path, **options)[0]]


@pytest.fixture
def other(bus, new_user):
    """Somebody else, with a folder of their own."""
    account = new_user()
    caller = Caller(bus, account.token)
    caller.folder = account.folder
    caller.id = account.id
    return caller


@pytest.fixture
def admin(bus, admin_token):
    return Caller(bus, admin_token)


def test_live_introspection_is_the_description(bus):
    xml = bus.call(ROOT, "org.freedesktop.DBus.Introspectable", "Introspect", "()", ())
    live = Gio.DBusNodeInfo.new_for_xml(xml).lookup_interface(f"{NAME}.Files")
    described = INTERFACES["Files"]

    def shape(interface):
        return {
            method.name: [[(a.name, a.signature) for a in arguments] for arguments in (method.in_args, method.out_args)]
            for method in interface.methods
        }

    assert (DBUS_DIR / f"{NAME}.Files.xml").exists()
    assert shape(live) == shape(described)


def test_stat_describes_a_file(files, user, bus):
    path = f"{user.folder}/photo.jpg"
    uploaded = files.upload(path, b"12345", modified_usec=1_600_000_000_000_000)
    entry = files.Stat(path)
    assert entry == uploaded
    assert set(entry) == {
        "path", "name", "type", "size", "modified_usec", "owner_id", "owner_name", "etag", "content_type", "is_writable",
    }  # fmt: skip
    assert entry["path"] == path
    assert entry["name"] == "photo.jpg"
    assert entry["type"] == "file"
    assert entry["size"] == 5
    assert entry["modified_usec"] == 1_600_000_000_000_000
    assert entry["owner_id"] == user.id
    assert entry["owner_name"] == user.username
    assert entry["content_type"] == "image/jpeg"
    assert entry["is_writable"] is True
    assert entry["etag"] and '"' not in entry["etag"]


def test_stat_describes_a_folder_and_the_root(files, user):
    folder = files.Stat(user.folder)
    assert (folder["type"], folder["size"], folder["etag"], folder["content_type"]) == ("directory", 0, "", "inode/directory")
    root = files.Stat("")
    assert (root["path"], root["type"], root["owner_id"], root["is_writable"]) == ("", "directory", 0, False)


def test_stat_refuses(files, other, user):
    other.upload(f"{other.folder}/secret")
    with refused("NotFound"):
        files.Stat(f"{user.folder}/missing")
    with refused("NotPermitted", containing=other.folder):
        files.Stat(other.folder)
    with refused("NotFound"):  # and does not say whether it is there
        files.Stat(f"{other.folder}/secret")
    with refused("NotFound"):
        files.Stat(f"{other.folder}/missing")
    with refused("OutsideStorage"):
        files.Stat(f"{user.folder}/../..")
    with refused("InvalidName"):
        files.Stat(f"{user.folder}//x")


def test_unknown_and_mistyped_options_are_refused(files, user):
    with refused("InvalidArgument", containing="colour"):
        files.Stat(user.folder, colour="blue")
    with refused("InvalidArgument", containing="limit"):
        files.List(user.folder, limit=GLib.Variant("s", "10"))
    with refused("InvalidArgument", containing="parents"):
        files.CreateFolder(f"{user.folder}/x", parents=GLib.Variant("u", 1))


def test_list_shows_folders_first_and_names_without_case(files, user):
    for name in ("b", "A", "C"):
        files.upload(f"{user.folder}/{name}", name.encode() * (ord(name) % 7 + 1))
    files.CreateFolder(f"{user.folder}/zoo")
    assert files.names(user.folder) == ["zoo", "A", "b", "C"]
    assert files.names(user.folder, order="desc") == ["zoo", "C", "b", "A"]
    sizes = [entry[2] for entry in files.List(user.folder, sort="size")[0]]
    assert sizes == sorted(sizes)
    times = [entry[3] for entry in files.List(user.folder, sort="modified", order="desc")[0][1:]]
    assert times == sorted(times, reverse=True)
    entries, cursor, total, _version = files.List(user.folder)
    assert (cursor, total) == ("", 4)
    name, kind, size, modified, owner, etag, writable = entries[1]
    assert (name, kind, size, owner, writable) == ("A", "file", 3, user.id, True)
    stat_entry = files.Stat(f"{user.folder}/A")
    assert (etag, modified) == (stat_entry["etag"], stat_entry["modified_usec"])


def test_list_goes_on_from_page_to_page(files, user):
    names = [f"{i:03}" for i in range(25)]
    for name in names:
        files.upload(f"{user.folder}/{name}", b"")
    found, cursor = [], ""
    while True:
        entries, cursor, total, _version = files.List(user.folder, limit=7, cursor=cursor)
        assert total == 25
        found += [entry[0] for entry in entries]
        if not cursor:
            break
    assert found == names


def test_list_leaves_out_what_may_not_be_viewed(files, other, admin, user):
    listed = files.names("", limit=5000)
    assert user.folder in listed
    assert other.folder not in listed
    assert ".baluhost" not in listed
    assert {user.folder, other.folder} <= set(admin.names("", limit=5000))
    assert ".baluhost" not in admin.names("", limit=5000)
    assert files.List("")[2] < admin.List("")[2]


def test_list_refuses(files, other, user):
    files.upload(f"{user.folder}/file")
    with refused("NotFound"):
        files.List(f"{user.folder}/missing")
    with refused("NotPermitted"):
        files.List(other.folder)
    with refused("NotDirectory"):
        files.List(f"{user.folder}/file")
    with refused("OutsideStorage"):
        files.List("..")
    for options in ({"limit": 0}, {"limit": 5001}, {"cursor": "x"}, {"sort": "colour"}, {"order": "up"}):
        with refused("InvalidArgument"):
            files.List(user.folder, **options)


def test_open_gives_a_descriptor_that_only_reads(files, user):
    files.upload(f"{user.folder}/file", b"0123456789")
    descriptor, entry = files.Open(f"{user.folder}/file")
    try:
        assert entry["size"] == 10
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == 0
        assert os.pread(descriptor, 4, 3) == b"3456"
        with pytest.raises(OSError):
            os.write(descriptor, b"x")
        with pytest.raises(OSError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def test_open_descriptors_share_nothing(files, user):
    files.upload(f"{user.folder}/file", b"0123456789")
    first, second = (files.Open(f"{user.folder}/file", audit=False)[0] for _ in range(2))
    try:
        assert os.read(first, 5) == b"01234"
        assert os.read(second, 5) == b"01234"
    finally:
        os.close(first)
        os.close(second)


def test_open_keeps_the_version_that_was_opened(files, user):
    path = f"{user.folder}/file"
    files.upload(path, b"old")
    descriptor, entry = files.Open(path)
    try:
        files.upload(path, b"newer", overwrite=True)
        assert os.read(descriptor, 10) == b"old"
        assert files.Stat(path)["etag"] != entry["etag"]
    finally:
        os.close(descriptor)


def test_open_refuses(files, other, user):
    other.upload(f"{other.folder}/secret")
    with refused("IsDirectory"):
        files.Open(user.folder)
    with refused("NotFound"):
        files.Open(f"{user.folder}/missing")
    with refused("NotFound"):
        files.Open(f"{other.folder}/secret")
    with refused("OutsideStorage"):
        files.Open("../../etc/passwd")


def test_create_folder(files, user):
    entry = files.CreateFolder(f"{user.folder}/a")
    assert (entry["path"], entry["type"], entry["owner_id"]) == (f"{user.folder}/a", "directory", user.id)
    with refused("Exists"):
        files.CreateFolder(f"{user.folder}/a")
    with refused("NotFound"):
        files.CreateFolder(f"{user.folder}/b/c/d")
    assert files.CreateFolder(f"{user.folder}/b/c/d", parents=True)["name"] == "d"
    assert files.CreateFolder(f"{user.folder}/b/c/d", parents=True)["name"] == "d"


def test_create_folder_refuses(files, other, admin, user):
    files.upload(f"{user.folder}/file")
    admin.CreateFolder(f"{user.folder}-of-admin")
    with refused("Exists"):
        files.CreateFolder(f"{user.folder}/file", parents=True)
    with refused("NotFound"):
        files.CreateFolder(f"{other.folder}/mine")
    with refused("NotPermitted"):
        files.CreateFolder("Demo/mine")
    with refused("InvalidName"):
        files.CreateFolder(f"{user.folder}/{'x' * 256}")
    with refused("InvalidName"):
        files.CreateFolder(".baluhost")
    with refused("OutsideStorage"):
        files.CreateFolder(f"{user.folder}/../../x")


def test_rename(files, user):
    files.upload(f"{user.folder}/a", b"a")
    assert files.Rename(f"{user.folder}/a", "b") == f"{user.folder}/b"
    assert files.read(f"{user.folder}/b") == b"a"
    assert files.names(user.folder) == ["b"]


def test_rename_refuses(files, other, user):
    files.upload(f"{user.folder}/a")
    files.upload(f"{user.folder}/b")
    with refused("Exists"):
        files.Rename(f"{user.folder}/a", "b")
    with refused("NotFound"):
        files.Rename(f"{user.folder}/missing", "c")
    with refused("NotPermitted"):
        files.Rename("Notes.txt", "Mine.txt")
    with refused("NotPermitted"):
        files.Rename(other.folder, "mine")
    for name in ("", ".", "x/y", "a\nb", "x" * 256):
        with refused("InvalidName"):
            files.Rename(f"{user.folder}/a", name)
    with refused("InvalidName"):
        files.Rename(user.folder, ".baluhost")
    with refused("OutsideStorage"):
        files.Rename(f"{user.folder}/a", "..")


def test_move(files, user):
    files.CreateFolder(f"{user.folder}/d")
    files.upload(f"{user.folder}/a", b"a")
    assert files.Move(f"{user.folder}/a", f"{user.folder}/d") == f"{user.folder}/d/a"
    assert files.Move(f"{user.folder}/d/a", f"{user.folder}/e") == f"{user.folder}/e"
    assert files.read(f"{user.folder}/e") == b"a"


def test_move_keeps_owners(files, admin, other, user):
    files.upload(f"{user.folder}/a", b"a")
    admin.Move(f"{user.folder}/a", other.folder)
    assert admin.Stat(f"{other.folder}/a")["owner_id"] == user.id
    with refused("NotPermitted"):  # it is in other's folder, and not other's
        other.Stat(f"{other.folder}/a")


def test_move_refuses(files, other, user):
    files.CreateFolder(f"{user.folder}/d")
    files.upload(f"{user.folder}/a")
    files.upload(f"{user.folder}/d/a")
    with refused("Exists"):
        files.Move(f"{user.folder}/a", f"{user.folder}/d")
    with refused("Exists"):
        files.Move(f"{user.folder}/a", f"{user.folder}/d/a")
    with refused("NotFound"):
        files.Move(f"{user.folder}/missing", f"{user.folder}/d")
    with refused("NotFound"):
        files.Move(f"{user.folder}/a", f"{user.folder}/missing/a")
    with refused("NotPermitted"):
        files.Move(f"{user.folder}/a", "Demo")
    with refused("NotPermitted"):
        files.Move(f"{user.folder}/a", other.folder)
    with refused("InvalidArgument"):
        files.Move(f"{user.folder}/d", f"{user.folder}/d/e")
    with refused("InvalidArgument"):
        files.Move("", f"{user.folder}/d")
    with refused("InvalidName"):
        files.Move(f"{user.folder}/a", f"{user.folder}/\x7f")
    with refused("OutsideStorage"):
        files.Move(f"{user.folder}/a", "../a")


def test_explain_access(files, other, admin, user):
    files.upload(f"{user.folder}/a")
    assert files.ExplainAccess(0, f"{user.folder}/a")[:4] == (True, True, False, "owner")
    assert files.ExplainAccess(user.id, user.folder)[:4] == (True, True, True, "owner")
    assert files.ExplainAccess(0, "")[:4] == (True, False, True, "root-folder")
    assert files.ExplainAccess(0, "Notes.txt")[:4] == (True, False, False, "no-owner")
    assert files.ExplainAccess(0, other.folder)[:4] == (False, False, False, "other-owner")
    assert files.ExplainAccess(0, f"{other.folder}/x")[3] == "hidden-by-folder"
    assert files.ExplainAccess(0, f"{user.folder}/missing")[3] == "not-found"
    assert admin.ExplainAccess(0, other.folder)[:4] == (True, True, True, "administrator")
    allowed = admin.ExplainAccess(user.id, other.folder)
    assert allowed[3] == "other-owner" and user.username in allowed[4]


def test_explain_access_refuses(files, other, admin, user):
    with refused("AdminRequired"):
        files.ExplainAccess(other.id, user.folder)
    with refused("NotFound"):
        admin.ExplainAccess(2**40, user.folder)
    with refused("OutsideStorage"):
        files.ExplainAccess(0, "../x")


def test_explain_access_of_a_disabled_user(bus, admin, other, admin_token):
    bus.Users.Update(other.id, {"is_active": False}, token=admin_token)
    assert admin.ExplainAccess(other.id, other.folder)[3] == "user-disabled"


def test_published_files_are_not_for_every_unix_user(files, user, sandbox):
    files.upload(f"{user.folder}/a")
    mode = (sandbox.storage_dir / user.folder / "a").stat().st_mode
    assert not mode & stat.S_IRWXO


def test_copy(files, user, bus):
    files.CreateFolder(f"{user.folder}/d")
    files.upload(f"{user.folder}/d/a", b"x" * 100_000, modified_usec=1_500_000_000_000_000)
    job = files.Copy(f"{user.folder}/d", f"{user.folder}/e")
    assert wait_for(bus, job, user.token) == ("succeeded", f"{user.folder}/e", "", "")
    assert files.read(f"{user.folder}/e/a") == b"x" * 100_000
    assert files.Stat(f"{user.folder}/e/a")["modified_usec"] == 1_500_000_000_000_000


def test_copy_becomes_the_callers(files, user, bus):
    job = files.Copy("Notes.txt", user.folder)
    assert wait_for(bus, job, user.token)[1] == f"{user.folder}/Notes.txt"
    assert files.Stat(f"{user.folder}/Notes.txt")["owner_id"] == user.id


def test_copy_keeps_both(files, user, bus):
    files.upload(f"{user.folder}/a.txt")
    with refused("Exists"):
        files.Copy(f"{user.folder}/a.txt", user.folder)
    job = files.Copy(f"{user.folder}/a.txt", user.folder, keep_both=True)
    assert wait_for(bus, job, user.token)[1] == f"{user.folder}/a (2).txt"


def test_copy_refuses(files, other, user):
    files.CreateFolder(f"{user.folder}/d")
    other.upload(f"{other.folder}/secret")
    with refused("NotFound"):
        files.Copy(f"{user.folder}/missing", f"{user.folder}/x")
    with refused("NotFound"):
        files.Copy(f"{other.folder}/secret", user.folder)
    with refused("NotPermitted"):
        files.Copy(f"{user.folder}/d", "Demo")
    with refused("InvalidArgument"):
        files.Copy(f"{user.folder}/d", f"{user.folder}/d/e")
    with refused("InvalidName"):
        files.Copy(f"{user.folder}/d", f"{user.folder}/x//y")
    with refused("OutsideStorage"):
        files.Copy(f"{user.folder}/d", "../d")


def test_strangers_are_refused(sandbox, needs_root):
    from support.sandbox import STRANGER_UID

    with sandbox.bus(STRANGER_UID) as stranger:
        for call in (
            lambda: stranger.Files.List(""),
            lambda: stranger.Files.Stat("Notes.txt"),
            lambda: stranger.Files.Open("Notes.txt"),
            lambda: stranger.Files.CreateFolder("x"),
            lambda: stranger.Files.Rename("Notes.txt", "x"),
            lambda: stranger.Files.Move("Notes.txt", "x"),
            lambda: stranger.Files.Copy("Notes.txt", "x"),
            lambda: stranger.Files.Delete("Notes.txt"),
            lambda: stranger.Files.ListTrash(),
            lambda: stranger.Files.RestoreTrash("0" * 32),
            lambda: stranger.Files.PurgeTrash(""),
            lambda: stranger.Files.BeginUpload("x", 1),
            lambda: stranger.Files.ExplainAccess(0, ""),
            lambda: stranger.Files.GetUsage(),
        ):
            with pytest.raises(Exception) as caught:
                call()
            assert caught.value.name in ("NotPermitted", "NotLinked"), caught.value


def test_without_storage_the_service_says_so(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, service_config={"storage": {"root": "/nonexistent/storage"}})
    token = sandbox.token("alex", "demo123")
    with sandbox.bus() as bus:
        health = bus.Manager.GetHealth()
        assert health["status"] == "degraded"
        assert "/nonexistent/storage" in health["storage"]
        for call in (
            lambda: bus.Files.List("", token=token),
            lambda: bus.Files.Open("a", token=token),
            lambda: bus.Files.CreateFolder("a", token=token),
            lambda: bus.Files.Delete("a", token=token),
            lambda: bus.Files.ListTrash(token=token),
            lambda: bus.Files.BeginUpload("a", 1, token=token),
            lambda: bus.Files.GetUsage(token=token),
        ):
            with refused("NotAvailable"):
                call()


def test_bad_tokens_are_refused(bus):
    with refused("InvalidToken"):
        bus.Files.List("", token="not.a.token")


def wait_for(bus, job, token):
    """The result of a job that has ended. The signal may have been sent before anybody listened, so the state is asked for too."""
    context = GLib.MainContext.new()
    context.push_thread_default()
    loop = GLib.MainLoop.new(context, False)
    subscription = bus.connection.signal_subscribe(
        NAME, f"{NAME}.Job", "Completed", job, None, Gio.DBusSignalFlags.NONE, lambda *_: loop.quit()
    )
    timeout = GLib.timeout_source_new_seconds(60)
    timeout.set_callback(lambda *_: loop.quit())
    timeout.attach(context)
    try:
        if bus.get_property(job, "Job", "State") == "running":
            loop.run()
        return bus.at(job, "Job").GetResult(token=token)
    finally:
        timeout.destroy()
        bus.connection.signal_unsubscribe(subscription)
        context.pop_thread_default()


def test_a_list_says_whether_it_is_still_the_one_that_was_read(bus, user, sandbox):
    folder = bus.Files.List(user.folder, if_version="", token=user.token)
    assert folder[3] and folder[0] == []
    bus.upload(f"{user.folder}/a", b"1", token=user.token)

    entries, _cursor, total, version = bus.Files.List(user.folder, if_version=folder[3], token=user.token)
    assert [entry[0] for entry in entries] == ["a"] and version != folder[3]
    assert bus.Files.List(user.folder, if_version=version, token=user.token) == ([], "", total, version)
    assert bus.Files.List(user.folder, token=user.token)[3] == version

    # By another program, and then another page.
    path = sandbox.storage_dir / user.folder / "a"
    path.write_bytes(b"22")
    entries, _cursor, _total, changed = bus.Files.List(user.folder, if_version=version, token=user.token)
    assert entries[0][2] == 2 and changed != version
    assert bus.Files.List(user.folder, if_version=changed, order="desc", token=user.token)[0] != []
