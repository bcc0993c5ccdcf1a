# SPDX-License-Identifier: MIT
"""The first hour of a NAS on which BaluHost has just been installed, with systemd as PID 1, the real bus, polkit and UDisks2."""

import os
import time

import pytest

from nas import ADMIN, NAME, STRANGER, Refused

CONTENT = {"welcome.txt": b"hello", "Photos/2026/\u00e4rger & co.bin": os.urandom(3_000_000), "empty": b""}


@pytest.fixture(scope="module")
def nas(make_nas):
    return make_nas()


def test_a_new_installation_has_its_users_directories_and_nothing_running(nas):
    assert nas.output("getent passwd baluhost baluhost-web | cut -d: -f1,7").splitlines() == ["baluhost:/usr/sbin/nologin", "baluhost-web:/usr/sbin/nologin"]
    assert nas.output("stat -c '%n %U %a' /srv/baluhost /srv/baluhost-pools /etc/baluhost/baluhost.conf").splitlines() == [
        "/srv/baluhost baluhost 700",
        "/srv/baluhost-pools root 755",
        "/etc/baluhost/baluhost.conf root 644",
    ]
    assert nas.run("systemctl is-active baluhostd baluhost-web", check=False).stdout.split() == ["inactive", "inactive"]
    # Not compared with an empty string: on an emulated processor something of Debian's own may be late.
    assert "baluhost" not in nas.output("systemctl --failed --no-legend")


def test_the_first_call_of_an_ordinary_user_starts_the_service(nas):
    started = time.monotonic()
    health = nas.call("Manager", "GetHealth", user=STRANGER)
    print(f"the first call took {time.monotonic() - started:.1f} s")
    assert health
    assert nas.output("systemctl is-active baluhostd") == "active"


def test_the_service_may_do_nothing_as_a_process(nas):
    pid = nas.output("systemctl show -P MainPID baluhostd")
    status = dict(line.split(":\t", 1) for line in nas.output(["cat", f"/proc/{pid}/status"]).splitlines() if ":\t" in line)
    assert status["Uid"].split()[0] == nas.output("id -u baluhost")
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def test_nobody_can_take_the_name_of_the_service_on_the_bus(nas):
    # Not even root: the bus's policy gives it to one user.
    bus = "org.freedesktop.DBus"
    reply = nas.run(["busctl", "call", bus, "/org/freedesktop/DBus", bus, "RequestName", "su", NAME, "2"], check=False)
    assert reply.status != 0 and "Access denied" in reply.stderr


def test_root_makes_the_first_administrator_and_only_one(nas):
    assert nas.make_first_admin()[0]["role"] == "admin"
    with pytest.raises(Refused, match="already"):
        nas.call("Users", "CreateFirstAdmin", "sss", "mallory", "another long password", "")


def test_files_go_in_and_out_through_the_bridge(nas):
    nas.run("systemctl enable --now baluhost-web baluhostd")
    web = nas.web().login(*ADMIN)
    for path, content in CONTENT.items():
        assert web.upload(path, content, parents="true").status_code == 201
    for path, content in CONTENT.items():
        assert web.download(path).content == content
    # The same from inside, as somebody at the machine's own shell would.
    token = web.token
    assert nas.run(["curl", "-sf", "-H", f"Authorization: Bearer {token}", "http://127.0.0.1:8080/api/files/download/welcome.txt"]).data == b"hello"
    assert nas.output("getfattr --only-values -n user.baluhost.owner /srv/baluhost/welcome.txt")


def test_the_journal_says_in_fields_who_was_refused_what(nas):
    assert nas.web().post("auth/login", json={"username": ADMIN[0], "password": "a guess"}).status_code == 401
    refused = [entry for entry in nas.journal() if entry.get("BALUHOST_ACTION") == "login"]
    assert len(refused) == 1
    expected = {
        "BALUHOST_TARGET": ADMIN[0],
        "BALUHOST_PEER_UID": nas.output("id -u baluhost-web"),
        "BALUHOST_PEER_UNIT": "baluhost-web.service",
        "BALUHOST_CLIENT_ADDRESS": "10.0.2.2",
        "_SYSTEMD_UNIT": "baluhostd.service",
    }
    assert {key: refused[0].get(key) for key in expected} == expected
    assert refused[0]["BALUHOST_RESULT"] != "0"


def test_the_bridge_cannot_read_what_it_serves(nas):
    for path in ("/srv/baluhost/welcome.txt", "/var/lib/baluhost/jwt.key", "/var/lib/baluhost/baluhost.db"):
        reply = nas.run(["setpriv", "--reuid", "baluhost-web", "--regid", "baluhost-web", "--clear-groups", "cat", path], check=False)
        assert reply.status != 0 and "Permission denied" in reply.stderr


def test_everything_is_there_after_a_reboot(nas):
    nas.machine.reboot()
    web = nas.web().login(*ADMIN)
    for path, content in CONTENT.items():
        assert web.download(path).content == content
    assert nas.output("systemctl show -P NRestarts baluhostd baluhost-web").split() == ["0", "0"]
