# SPDX-License-Identifier: MIT
"""The commands for shells, which need no display."""

import hashlib
import os
import subprocess

import pytest

from support.sandbox import STRANGER_UID


@pytest.fixture
def baluhost(program, sandbox, tmp_path):
    """Runs a command: baluhost("ls", …) → CompletedProcess with bytes."""

    def run(*arguments, stdin=b"", **environment):
        env = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
        env |= {"DBUS_SYSTEM_BUS_ADDRESS": sandbox.bus_address, **environment}
        return subprocess.run([str(program), *map(str, arguments)], input=stdin, capture_output=True, env=env, cwd=tmp_path, timeout=120, check=False)

    return run


def test_put_and_get_bring_back_every_byte(baluhost, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(20_000_003))
    assert baluhost("put", source, "copy.bin").returncode == 0
    assert baluhost("get", "copy.bin", tmp_path / "back").returncode == 0
    assert hashlib.sha256((tmp_path / "back").read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()
    assert (tmp_path / "back").stat().st_mtime == pytest.approx(source.stat().st_mtime, abs=1e-3)


def test_content_goes_through_pipes(baluhost):
    assert baluhost("put", "-", "piped", stdin=b"through a pipe").returncode == 0
    assert baluhost("get", "piped", "-").stdout == b"through a pipe"


def test_empty_files_are_files(baluhost, tmp_path):
    (tmp_path / "empty").touch()
    assert baluhost("put", "empty", "").returncode == 0
    assert baluhost("get", "empty", "-").stdout == b""


def test_ls_tells_type_size_time_and_name(baluhost):
    baluhost("put", "-", "Demo/sized", stdin=b"12345")
    lines = [line.split("\t") for line in baluhost("ls", "Demo").stdout.decode().splitlines()]
    assert [(kind, size, name) for kind, size, _time, name in lines] == [("d", "0", "Documents"), ("d", "0", "Media"), ("-", "5", "sized")]
    assert all(time.endswith("Z") for _kind, _size, time, _name in lines)


def test_put_into_a_folder_keeps_the_name(baluhost, bus, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear")
    assert baluhost("put", "letter.txt", "Demo").returncode == 0
    assert bus.Files.Stat("Demo/letter.txt")["size"] == 4


def test_put_replaces_only_by_force(baluhost):
    baluhost("put", "-", "a", stdin=b"first")
    refused = baluhost("put", "-", "a", stdin=b"second")
    assert refused.returncode == 1
    assert b"baluhost: -: " in refused.stderr
    assert baluhost("get", "a", "-").stdout == b"first"
    assert baluhost("put", "--force", "-", "a", stdin=b"second").returncode == 0
    assert baluhost("get", "a", "-").stdout == b"second"


def test_a_failed_get_leaves_what_was_there(baluhost, tmp_path):
    target = tmp_path / "target"
    target.write_text("mine")
    assert baluhost("get", "no-such-file", target).returncode == 1
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".baluhost")] == []


def test_a_token_makes_the_caller_another_user(baluhost, sandbox):
    token = sandbox.token("alex", "demo123")
    assert baluhost("put", "-", "of-alex", stdin=b"x", BALUHOST_TOKEN=token).returncode == 0
    assert baluhost("put", "--force", "-", "Notes.txt", stdin=b"x", BALUHOST_TOKEN=token).returncode == 1
    bad = baluhost("ls", BALUHOST_TOKEN="not.a.token")
    assert bad.returncode == 1
    assert bad.stdout == b""


def test_a_stranger_sees_nothing(sandbox, program, needs_root):
    result = sandbox.run([program, "ls"], uid=STRANGER_UID)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("baluhost: /: ")


def test_says_that_nobody_is_there(baluhost, sandbox):
    sandbox.stop_service()
    result = baluhost("ls")
    assert result.returncode == 1
    assert b"baluhost: ls: " in result.stderr


@pytest.mark.parametrize("arguments", [("get",), ("put", "only-one"), ("ls", "a", "b"), ("get", "a", "b", "c")])
def test_a_wrong_command_line_is_explained(baluhost, arguments):
    result = baluhost(*arguments)
    assert result.returncode == 2
    assert b"baluhost " + arguments[0].encode() in result.stderr


def test_knows_its_version(baluhost):
    result = baluhost("--version")
    assert result.returncode == 0
    assert result.stdout.startswith(b"baluhost ")
