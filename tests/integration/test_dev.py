# SPDX-License-Identifier: MIT
"""./dev as people use it."""

import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

import pytest
import requests

from support.process import start_time, wait_until
from support.sandbox import ADMIN, STRANGER_UID, closed_directory, read_description
from support.web import Web

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".baluhost"


@pytest.fixture(scope="module", autouse=True)
def own_build(build_dir):
    """./dev up builds in .baluhost/build: these tests are about that build, and would make another one under any other."""
    if build_dir != (STATE / "build").resolve():
        pytest.skip("only ./dev test, without instrumentation, runs what is in .baluhost/build")


def dev(*arguments, check=True, timeout=120):
    reply = subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, timeout=timeout, check=False, cwd="/")
    assert not check or reply.returncode == 0, reply.stdout + reply.stderr
    return reply


@pytest.fixture
def name():
    """Names a sandbox that is gone after the test."""
    name = f"test-{secrets.token_hex(4)}"
    yield name
    dev("reset", "--name", name)


def description(name):
    return read_description(STATE / "sandboxes" / name / "running.json")


def url_of(name):
    return description(name)["url"]


def test_up_says_where_it_is_and_how_to_sign_in(name):
    printed = dev("up", "--detach", "--name", name).stdout
    url = url_of(name)
    assert url in printed
    assert all(word in printed for word in ADMIN)
    assert requests.get(url + "/api/health", timeout=20).json()["status"] == "ok"
    assert Web(url).login(*ADMIN).get("auth/me").json()["role"] == "admin"


def test_disks_of_a_running_sandbox_fail_vanish_and_return_when_they_are_told_to(name):
    def state_of(disk):
        line = next(line for line in dev("disk", "--name", name, "list").stdout.splitlines() if line.startswith(disk))
        return line.split()[-1], "md0" in line

    dev("up", "--detach", "--name", name)
    assert state_of("sdb") == ("well", True)
    dev("disk", "--name", name, "pull", "sdb")
    assert state_of("sdb") == ("pulled", False)
    dev("disk", "--name", name, "return", "sdb")
    assert state_of("sdb") == ("well", False)
    dev("disk", "--name", name, "fail", "BALU-DEV-10GB-A")
    assert state_of("sdc") == ("failed", False)
    assert dev("disk", "--name", name, "add", "20G").stdout.strip() == "sdh"
    assert state_of("sdh") == ("well", False)
    for wrong, message in ((["pull", "sdz"], "there is no disk sdz"), (["add", "much"], "not a size"), (["explode"], "./dev disk help"), (["pull"], "usage: ")):
        reply = dev("disk", "--name", name, *wrong, check=False)
        assert reply.returncode == 1 and message in reply.stderr
    dev("disk", "--name", name, "reset")
    assert state_of("sdb") == ("well", True)


def test_second_up_takes_seconds(name):
    dev("up", "--detach", "--name", name)
    dev("down", "--name", name)
    started = time.monotonic()
    dev("up", "--detach", "--name", name)
    assert time.monotonic() - started < 5
    # And up on one that runs leaves it alone.
    before = description(name)
    dev("up", "--detach", "--name", name)
    assert description(name) == before


def test_env_is_for_a_shell_to_evaluate(name):
    dev("up", "--detach", "--name", name)
    script = (
        f'eval "$({ROOT}/dev env --name {name})" && '
        'curl -sf --noproxy "*" "$BALUHOST_URL/api/health" && '
        "busctl call org.baluhost.NAS1 /org/baluhost/NAS1 org.baluhost.NAS1.Sessions WhoAmI 'a{sv}' 0"
    )
    reply = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert reply.returncode == 0, reply.stderr
    assert '"status"' in reply.stdout
    # The Unix user who ran ./dev up is the account admin.
    assert '"username" s "admin"' in reply.stdout


def test_busctl_goes_to_the_sandbox(name):
    dev("up", "--detach", "--name", name)
    assert "org.baluhost.NAS1.Files" in dev("busctl", "--name", name, "introspect", "org.baluhost.NAS1", "/org/baluhost/NAS1").stdout
    assert dev("busctl", "--name", name, "call", "org.baluhost.NAS1", "/nowhere", "a.b", "C", check=False).returncode != 0


def test_two_sandboxes_run_side_by_side(name):
    other = name + "-b"
    try:
        dev("up", "--detach", "--name", name)
        dev("up", "--detach", "--name", other)
        assert url_of(name) != url_of(other)
        assert description(name)["bus_address"] != description(other)["bus_address"]
        status = dev("status").stdout
        assert url_of(name) in status and url_of(other) in status
        Web(url_of(name)).login(*ADMIN).upload("only-here.txt", b"one").raise_for_status()
        names = [file["name"] for file in Web(url_of(other)).login(*ADMIN).get("files/list", params={"path": ""}).json()["files"]]
        assert "only-here.txt" not in names and "Demo" in names
        dev("down", "--name", name)
        assert requests.get(url_of(other) + "/api/health", timeout=20).ok
    finally:
        dev("reset", "--name", other)


def test_down_keeps_files_and_reset_does_not(name):
    dev("up", "--detach", "--name", name)
    Web(url_of(name)).login(*ADMIN).upload("kept.txt", b"content").raise_for_status()
    dev("down", "--name", name)
    assert description(name) is None
    assert dev("env", "--name", name, check=False).returncode == 1
    dev("up", "--detach", "--name", name)
    assert Web(url_of(name)).login(*ADMIN).download("kept.txt").content == b"content"
    dev("reset", "--name", name)
    assert not (STATE / "sandboxes" / name).exists()
    dev("up", "--detach", "--name", name)
    assert Web(url_of(name)).login(*ADMIN).download("kept.txt").status_code == 404


def service_pid(name):
    from support.bus import Bus

    with Bus(description(name)["bus_address"]) as bus:
        return bus.name_pid()


def test_ctrl_c_stops_everything(name):
    process = subprocess.Popen([ROOT / "dev", "up", "--name", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    for line in process.stdout:
        if "Ctrl-C" in line:
            break
    pid = service_pid(name)
    socket_dir = Path(description(name)["bus_address"].removeprefix("unix:path=")).parent
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 0, process.stdout.read()
    process.stdout.close()
    assert start_time(pid) is None
    assert not socket_dir.exists()
    assert description(name) is None


def test_nothing_outlives_a_killed_up(name):
    dev("up", "--detach", "--name", name)
    pid = service_pid(name)
    supervisor = description(name)["pid"]
    socket_dir = Path(description(name)["bus_address"].removeprefix("unix:path=")).parent
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: start_time(pid) is None, "the end of the service")
    assert description(name) is None
    # And the state is fit for another start, which tidies up.
    dev("up", "--detach", "--name", name)
    assert not socket_dir.exists()
    assert requests.get(url_of(name) + "/api/health", timeout=20).ok


def test_the_bus_starts_a_service_that_has_ended(name):
    dev("up", "--detach", "--name", name)
    os.kill(service_pid(name), signal.SIGKILL)

    from support.bus import Bus

    with Bus(description(name)["bus_address"]) as bus:
        wait_until(lambda: bus.name_owner() is None, "the end of the service")
        bus.Manager.GetHealth()
        pid = bus.name_pid()
    dev("down", "--name", name)
    assert start_time(pid) is None


def test_names_that_are_paths_are_refused(tmp_path):
    for hostile in ("../x", "", "a/b", "x" * 33):
        assert dev("up", "--detach", f"--name={hostile}", check=False).returncode == 1


def test_ordinary_user_gets_a_sandbox_too(needs_root, build_dir):
    """Without root everything runs as that user, and a stand-in answers for polkitd: strangers may do nothing, and the user is administrator."""
    if closed_directory(ROOT):
        pytest.skip(f"{closed_directory(ROOT)} is for its owner only: no other user can run what is in it")
    tmp = STATE / "tmp"
    tmp.mkdir(exist_ok=True)
    state = tmp / f"ordinary-{secrets.token_hex(4)}"
    state.mkdir()
    os.chown(state, STRANGER_UID, STRANGER_UID)
    script = f"""
import os
from support.sandbox import *
with Sandbox({str(build_dir)!r}, {str(state)!r} + "/s") as sandbox:
    assert not sandbox.has_real_polkit
    assert sandbox.service_uid == sandbox.bridge_uid == os.getuid() == {STRANGER_UID}
    token = sandbox.token(*ADMIN)
    bus = sandbox.bus()
    try:
        bus.Users.List()
    except BusError as error:
        assert error.name in ("AdminRequired", "NotPermitted", "NotLinked"), error
    else:
        raise AssertionError("a Unix user without an account listed accounts")
    sandbox.link_user(os.getuid(), "admin", token)
    assert bus.Sessions.WhoAmI()["username"] == "admin"
    assert sandbox.web().get("users/").status_code == 401
    assert sandbox.web(*ALEX).get("users/").status_code == 403
print("done")
"""
    try:
        reply = subprocess.run(
            ["setpriv", f"--reuid={STRANGER_UID}", f"--regid={STRANGER_UID}", "--clear-groups", "/usr/bin/python3", "-c", script],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "tests"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd="/",
        )
        assert reply.stdout == "done\n", reply.stdout + reply.stderr
    finally:
        subprocess.run(["rm", "-rf", state], check=True)
