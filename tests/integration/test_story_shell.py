# SPDX-License-Identifier: MIT
"""The story of the first files, told in a shell: everything that the web UI and the desktop app can do, with busctl.

Content goes through descriptors, which busctl cannot pass on: "baluhost put" and "baluhost get" are there for that. In a build without the desktop app
the client library of the tests stands in for them.
"""

import json
import os
import secrets
import tempfile
from pathlib import Path

import pytest

from support.sandbox import ADMIN, STRANGER_UID
from support.shell import plain

NAME = "org.baluhost.NAS1"
ROOT = "/org/baluhost/NAS1"


class Shell:
    """busctl as one Unix user, with the token of an account if one is given."""

    def __init__(self, sandbox, *, uid=None, token=None):
        self.sandbox = sandbox
        self.uid = uid
        self.token = token
        self.options = ["auth.token", "s", token] if token else []
        self.client = sandbox.build_dir / "gtk-client" / "baluhost"

    def run(self, interface, method, signature="", *arguments, options=(), path=ROOT):
        """The call itself. options: key, type, value, key, …"""
        options = [*self.options, *options]
        words = [*arguments, str(len(options) // 3), *options]
        return self.sandbox.run(
            ["busctl", "--system", "--json=short", "--", "call", NAME, path, f"{NAME}.{interface}", method, signature + "a{sv}", *words], uid=self.uid
        )

    def __call__(self, *args, **kwargs):
        """The values of the reply."""
        reply = self.run(*args, **kwargs)
        assert reply.returncode == 0, reply.stderr
        return plain(json.loads(reply.stdout)["data"]) if reply.stdout.strip() else None

    def refuses(self, *args, **kwargs):
        """The error that came instead of a reply, as busctl prints it."""
        reply = self.run(*args, **kwargs)
        assert reply.returncode != 0, reply.stdout
        return reply.stderr.strip()

    def baluhost(self, *arguments, **kwargs):
        """A command of the desktop app's program."""
        reply = self.sandbox.run([self.client, *arguments], uid=self.uid, env={"BALUHOST_TOKEN": self.token} if self.token else None, **kwargs)
        assert reply.returncode == 0, reply.stderr
        return reply.stdout

    def put(self, path, data, tmp_path):
        if not self.client.exists():
            with self.sandbox.bus(self.uid) as bus:
                bus.upload(path, data, token=self.token)
            return
        local = tmp_path / "put"
        local.write_bytes(data)
        with open(local, "rb") as file:
            self.baluhost("put", "-", path, stdin=file)

    def get(self, path, tmp_path):
        if not self.client.exists():
            with self.sandbox.bus(self.uid) as bus:
                return bus.read(path, token=self.token)
        local = tmp_path / "get"
        local.unlink(missing_ok=True)
        self.baluhost("get", path, local)
        return local.read_bytes()

    def names(self, path):
        return [entry[0] for entry in self("Files", "List", "s", path)[0]]


def tell(shell, folder, tmp_path):
    """Somebody signs in, puts a folder of files on the NAS, looks at it, and tidies up."""
    # A place for the holiday, with a folder in it, and the files.
    shell("Files", "CreateFolder", "s", f"{folder}/Holiday/Raw", options=["parents", "b", "true"])
    content = {f"{folder}/Holiday/Raw/{i:03}.jpg": os.urandom(1000 + i) for i in range(12)}
    for path, data in content.items():
        shell.put(path, data, tmp_path)
    shell.put(f"{folder}/Holiday/Diary.txt", "Grüße vom Meer\n".encode(), tmp_path)

    # They are there: folders first, then names; in pages too.
    assert shell.names(f"{folder}/Holiday") == ["Raw", "Diary.txt"]
    entries, cursor, total, *_ = shell("Files", "List", "s", f"{folder}/Holiday/Raw", options=["limit", "u", "5"])
    assert ([entry[0] for entry in entries], total) == ([f"{i:03}.jpg" for i in range(5)], 12)
    entries, cursor, total, *_ = shell("Files", "List", "s", f"{folder}/Holiday/Raw", options=["limit", "u", "50", "cursor", "s", cursor])
    assert ([entry[0] for entry in entries], cursor) == ([f"{i:03}.jpg" for i in range(5, 12)], "")

    # One is opened, and is what was put there, byte for byte.
    (entry,) = shell("Files", "Stat", "s", f"{folder}/Holiday/Raw/003.jpg")
    assert (entry["size"], entry["type"], entry["is_writable"]) == (1003, "file", True)
    for path, data in content.items():
        assert shell.get(path, tmp_path) == data

    # It gets a better name, and moves; a name that is taken is not replaced.
    (path,) = shell("Files", "Rename", "ss", f"{folder}/Holiday/Raw/003.jpg", "sunset.jpg")
    assert path == f"{folder}/Holiday/Raw/sunset.jpg"
    (path,) = shell("Files", "Move", "ss", path, f"{folder}/Holiday")
    assert path == f"{folder}/Holiday/sunset.jpg"
    assert "xists" in shell.refuses("Files", "Rename", "ss", path, "Diary.txt")
    assert shell.get(path, tmp_path) == content[f"{folder}/Holiday/Raw/003.jpg"]

    # The rest is not worth keeping. It takes its room in the trash until that is emptied.
    before = shell("Files", "GetUsage")[0]
    (trash_id,) = shell("Files", "Delete", "s", f"{folder}/Holiday/Raw")
    assert shell.names(f"{folder}/Holiday") == ["Diary.txt", "sunset.jpg"]
    after = shell("Files", "GetUsage")[0]
    assert after["used_bytes"] == before["used_bytes"]
    assert after["trash_bytes"] == before["trash_bytes"] + sum(map(len, content.values())) - 1003

    # Or is it? Undo; then for good.
    assert shell("Files", "RestoreTrash", "s", trash_id) == [f"{folder}/Holiday/Raw"]
    assert len(shell.names(f"{folder}/Holiday/Raw")) == 11
    (trash_id,) = shell("Files", "Delete", "s", f"{folder}/Holiday/Raw")
    (freed,) = shell("Files", "PurgeTrash", "s", trash_id)
    assert freed == sum(map(len, content.values())) - 1003
    assert shell.refuses("Files", "RestoreTrash", "s", trash_id)
    assert trash_id not in [item[0] for item in shell("Files", "ListTrash")[0]]

    # Why it was allowed.
    may_view, may_change, may_add, rule, sentence = shell("Files", "ExplainAccess", "ts", "0", f"{folder}/Holiday")
    assert (may_view, may_change, may_add, rule) == (True, True, True, "owner")
    assert sentence


@pytest.fixture
def shared_tmp_path():
    """A directory that every Unix user may write to."""
    with tempfile.TemporaryDirectory(prefix="baluhost-test-") as path:
        os.chmod(path, 0o777)
        yield Path(path)


def test_story_with_a_token(sandbox, user, tmp_path):
    tell(Shell(sandbox, token=user.token), user.folder, tmp_path)


def test_story_of_a_unix_user_who_is_linked_to_an_account(make_sandbox, needs_root, shared_tmp_path):
    """No token anywhere: the bus says who calls."""
    sandbox = make_sandbox()
    root = Shell(sandbox)
    (account,) = root("Users", "Create", "ss", "erna", "a password of erna", options=["uid", "x", str(STRANGER_UID)])
    assert (account["username"], account["uid"]) == ("erna", STRANGER_UID)
    erna = Shell(sandbox, uid=STRANGER_UID)
    assert erna("Sessions", "WhoAmI")[0]["username"] == "erna"
    erna("Files", "CreateFolder", "s", "Erna")
    tell(erna, "Erna", shared_tmp_path)

    # She administers nothing, and when the link is gone she is nobody.
    assert "authenticate as an administrator" in erna.refuses("Users", "List")
    root("Users", "Update", "ta{sv}", str(account["id"]), "1", "uid", "x", "-1")
    assert erna.refuses("Files", "List", "s", "Erna")


def test_a_wrong_token_is_no_token(sandbox):
    shell = Shell(sandbox, token="e30.e30." + secrets.token_urlsafe(32))
    assert "Could not validate credentials" in shell.refuses("Files", "List", "s", "")


def test_a_password_signs_in(sandbox):
    token, refresh, lifetime, user = Shell(sandbox)("Sessions", "Login", "ss", *ADMIN)
    assert token.count(".") == 2
    assert (refresh, user["role"]) == ("", "admin")
    assert lifetime > 0
    assert Shell(sandbox, token=token)("Sessions", "WhoAmI")[0]["username"] == "admin"
    assert "Invalid credentials" in Shell(sandbox).refuses("Sessions", "Login", "ss", ADMIN[0], "not the password")


@pytest.mark.parametrize("path", ["..", "Demo/../..", "/etc/passwd", "Demo/../../etc/passwd"])
def test_no_way_out_of_the_storage(sandbox, user, path):
    shell = Shell(sandbox, token=user.token)
    assert "outside of the NAS storage boundary" in shell.refuses("Files", "Stat", "s", path)
