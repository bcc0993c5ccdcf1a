# SPDX-License-Identifier: MIT
"""Disks, arrays and what is done with them, by HTTP. The simulated NAS behind it is that of development mode."""

import datetime

import pytest

from support.process import wait_until
from support.schema import reply_errors
from support.web import Web
from test_web_api import refusal

USER = ("alex", "demo123")
ADMIN = ("admin", "changeme")


class Nas:
    """A sandbox of one's own: the bridge as administrator, and the machine behind it."""

    def __init__(self, sandbox, disks):
        self.sandbox, self.disks = sandbox, disks
        self.web = sandbox.web(*ADMIN)
        self.user = sandbox.web(*USER)
        self.document = self.web.get("/openapi.json").json()

    def get(self, path, web=None, /, **query):
        reply = (web or self.web).get(path, params=query)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path, status=200, **body):
        reply = self.web.post(path, json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def list(self, kind):
        return self.get(f"storage/{kind}")[kind]

    def find(self, kind, name):
        return next((one for one in self.list(kind) if one["name"] == name), None)

    def disk(self, name):
        return self.find("disks", name)

    def array(self, name="md0"):
        return self.find("arrays", name)

    def until(self, look, what, timeout=30):
        return wait_until(look, what, timeout)

    def end_of(self, job, state="succeeded"):
        """The job, when it has ended so."""
        ended = self.until(lambda: self._ended(job), f"the end of job {job}", 60)
        assert ended["state"] == state, ended
        return ended

    def _ended(self, job):
        now = self.get(f"jobs/{job}")
        return now if now["state"] != "running" else None


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox()
    with sandbox.disks() as disks:
        disks.SetFormatDuration(0)
        nas = Nas(sandbox, disks)
        nas.until(lambda: nas.array(), "the disks")
        yield nas


@pytest.fixture
def without(make_sandbox):
    """A NAS without UDisks2."""
    return make_sandbox(udisks=False).web(*ADMIN)


# What there is


def test_the_state_of_the_storage(nas):
    state = nas.get("storage", nas.user)
    assert state["available"] is True and state["problem"] == "" and "ext4" in state["filesystems"]
    assert not reply_errors(nas.document, "get", "/api/storage", nas.user.get("storage"))


def test_without_udisks2_it_is_said_and_nothing_is_made_up(without):
    state = without.get("storage").json()
    assert state["available"] is False and "UDisks2" in state["problem"]
    assert without.get("storage/disks").json() == {"disks": []}
    assert without.get("storage/arrays").json() == {"arrays": []}
    assert without.get("system/raid/status").json()["arrays"] == []
    assert without.get("system/raid/available-disks").json() == {"disks": []}


def test_disks_are_told_apart_by_model_and_serial(nas):
    disk = nas.disk("sda")
    assert (disk["model"], disk["serial"]) == ("BaluHost Dev Disk 5GB (Mirror A)", "BALU-DEV-5GB-A")
    assert disk["path"] == f"disks/{disk['id']}" and disk["usage"] == "array" and disk["partitions"] == ["sda1"]
    assert disk["array"] == nas.array()["path"]
    assert nas.disk("vda")["usage"] == "system" and nas.disk("sdc")["usage"] == "free"


def test_lists_are_as_described_whatever_state_they_are_in(nas):
    def errors():
        for kind in ("disks", "arrays"):
            yield from reply_errors(nas.document, "get", f"/api/storage/{kind}", nas.user.get(f"storage/{kind}"))

    assert not list(errors())
    nas.disks.Pull("sdb")
    nas.until(lambda: not nas.disk("sdb")["present"], "the disk to be missed")
    assert not list(errors())
    nas.disks.Pull("sda")
    nas.until(lambda: nas.array()["state"] in ("failed", "absent"), "the array to be lost")
    assert not list(errors())


def test_one_object_is_what_the_list_says_of_it(nas):
    array = nas.array()
    assert nas.get(f"storage/arrays/{array['id']}", nas.user) == array
    assert not reply_errors(nas.document, "get", "/api/storage/arrays/{array_id}", nas.web.get(f"storage/arrays/{array['id']}"))
    disk = nas.disk("sdg")
    assert nas.get(f"storage/disks/{disk['id']}")["serial"] == disk["serial"]
    assert not reply_errors(nas.document, "get", "/api/storage/disks/{disk_id}", nas.web.get(f"storage/disks/{disk['id']}"))


@pytest.mark.parametrize("kind, name", [("disks", "Disk"), ("arrays", "Array")])
@pytest.mark.parametrize("identifier", ["none", "0x5000b41000000000%2F1", "%C3%A9"])
def test_what_is_not_there_is_not_found(nas, kind, name, identifier):
    refusal(nas.web.get(f"storage/{kind}/{identifier}"), 404, f"{name} not found")
    refusal(nas.web.post(f"storage/{kind}/{identifier}/forget"), 404, f"{name} not found")


def test_a_member_that_is_gone_is_remembered(nas):
    nas.disks.Pull("sdb")
    array = nas.until(lambda: (array := nas.array())["state"] == "degraded" and array, "the array to be degraded", 5)
    assert "BALU-DEV-5GB-B" in array["state_text"]
    (missing,) = [member for member in array["members"] if not member["present"]]
    assert missing["serial"] == "BALU-DEV-5GB-B" and missing["state"] == "missing" and missing["last_seen_at"]


# Bays and memory


def test_a_bay_gets_a_name(nas):
    disk = nas.disk("sdc")
    assert nas.web.put(f"storage/disks/{disk['id']}/slot", json={"slot": "Bay 3"}).json() == {"message": "Named"}
    assert nas.disk("sdc")["slot"] == "Bay 3"
    too_long = nas.web.put(f"storage/disks/{disk['id']}/slot", json={"slot": "x" * 33})
    assert too_long.status_code == 422, too_long.text
    missing = nas.web.put(f"storage/disks/{disk['id']}/slot", json={})
    assert missing.status_code == 422 and missing.json()["detail"][0]["loc"] == ["body", "slot"]
    assert nas.disk("sdc")["slot"] == "Bay 3"


def test_what_is_there_is_not_forgotten(nas):
    refusal(nas.web.post(f"storage/disks/{nas.disk('sda')['id']}/forget"), 409)
    refusal(nas.web.post(f"storage/arrays/{nas.array()['id']}/forget"), 409)


def test_an_absent_array_is_forgotten(nas):
    nas.disks.do(nas.disks.array("md0"), "MDRaid", "Stop")
    nas.disks.Pull("sda")
    nas.disks.Pull("sdb")
    nas.disks.settle()
    array = nas.until(lambda: (array := nas.array()) and array["state"] == "absent" and array, "the array to be absent")
    assert nas.post(f"storage/arrays/{array['id']}/forget") == {"message": "Forgotten"}
    nas.until(lambda: nas.array() is None, "the array to be forgotten")


# Who may do what

CHANGES = [
    ("PUT", "storage/disks/{disk}/slot", {"slot": "Bay 1"}),
    ("POST", "storage/disks/{disk}/forget", {}),
    ("POST", "storage/disks/{disk}/smart/refresh", {}),
    ("POST", "storage/disks/{disk}/selftest", {"type": "short"}),
    ("DELETE", "storage/disks/{disk}/selftest", None),
    ("POST", "storage/arrays/{array}/forget", {}),
]
LOOKS = ["storage", "storage/disks", "storage/arrays", "storage/disks/x", "storage/disks/x/smart", "storage/disks/x/smart/history?attribute=5", "system/raid/status", "system/raid/available-disks"]


@pytest.mark.parametrize("verb, path, body", CHANGES)
def test_only_administrators_change_the_storage(nas, verb, path, body):
    path = path.format(disk=nas.disk("sda")["id"], array=nas.array()["id"])
    before = nas.list("disks"), nas.list("arrays")
    refusal(nas.user.request(verb, path, json=body), 403, "Admin access required")
    refusal(Web(nas.sandbox.url).request(verb, path, json=body), 401, "Not authenticated")
    assert [one["slot"] for one in nas.list("disks")] == [one["slot"] for one in before[0]]
    assert [one["state"] for one in nas.list("arrays")] == [one["state"] for one in before[1]]


@pytest.mark.parametrize("path", LOOKS)
def test_nothing_is_said_without_a_token(sandbox, path):
    refusal(Web(sandbox.url).get(path), 401, "Not authenticated")


# As BaluHost 0.1 had it


def test_status_of_arrays_has_the_shape_of_0_1(nas):
    assert not reply_errors(nas.document, "get", "/api/system/raid/status", nas.user.get("system/raid/status"))
    reply = nas.get("system/raid/status", nas.user)
    assert set(reply) == {"arrays", "speed_limits"}
    (array,) = reply["arrays"]
    assert set(array) == {"name", "level", "size_bytes", "size_gb", "status", "state", "devices", "resync_progress", "bitmap", "sync_action"}
    assert (array["name"], array["level"], array["status"], array["state"], array["bitmap"]) == ("md0", "raid1", "optimal", "healthy", "internal")
    assert array["resync_progress"] is None and array["sync_action"] == "idle" and array["size_gb"] == round(array["size_bytes"] / 1e9, 2)
    assert [(device["name"], device["state"]) for device in array["devices"]] == [("sda1", "active"), ("sdb1", "active")]
    assert set(array["devices"][0]) == {"name", "state", "model", "serial"}


def test_status_of_a_degraded_array_in_the_words_of_0_1(nas):
    nas.disks.Pull("sdb")
    nas.until(lambda: nas.array()["state"] == "degraded", "the array to be degraded")
    (array,) = nas.get("system/raid/status")["arrays"]
    assert array["status"] == array["state"] == "degraded"
    assert {device["serial"]: device["state"] for device in array["devices"]} == {"BALU-DEV-5GB-A": "active", "BALU-DEV-5GB-B": "removed"}


# Health


def smart(nas, name):
    """Attributes of a disk, by id, once they have been read."""
    path = f"storage/disks/{nas.disk(name)['id']}/smart"
    nas.until(lambda: nas.user.get(path).status_code == 200, "the first reading")
    reply = nas.user.get(path)
    assert not reply_errors(nas.document, "get", "/api/storage/disks/{disk_id}/smart", reply)
    return {attribute["id"]: attribute for attribute in reply.json()["attributes"]}


def test_attributes_are_explained_in_words(nas):
    attributes = smart(nas, "sda")
    assert {5, 9, 187, 188, 194, 197, 198} <= set(attributes)
    assert attributes[5]["name"] == "Reallocated_Sector_Ct" and attributes[5]["title"] and attributes[5]["status"] == "ok"


def test_what_gets_worse_is_seen_after_a_reading(nas):
    smart(nas, "sdc")
    disk = f"storage/disks/{nas.disk('sdc')['id']}"
    updated = datetime.datetime.fromisoformat(nas.disk("sdc")["smart_updated_at"])
    # UDisks2 tells times in seconds: two readings within one are one.
    nas.until(lambda: datetime.datetime.now(datetime.UTC) >= updated + datetime.timedelta(seconds=1), "the next second")
    nas.disks.SetAttribute("sdc", 197, 8)
    assert nas.post(f"{disk}/smart/refresh") == {"message": "Read"}
    assert nas.until(lambda: nas.disk("sdc")["state"] == "warning", "the warning", 5)
    assert smart(nas, "sdc")[197]["raw"] == 8
    nas.until(lambda: nas.get(f"{disk}/smart/history", attribute=197)["samples"][-1]["value"] == 8, "the value in the history")
    history = nas.user.get(f"{disk}/smart/history", params={"attribute": 197})
    assert not reply_errors(nas.document, "get", "/api/storage/disks/{disk_id}/smart/history", history)
    from_the_future = nas.get(f"{disk}/smart/history", attribute=197, from_usec=4_000_000_000_000_000)
    assert from_the_future == {"samples": []}


@pytest.mark.parametrize("query, where", [({}, ["query", "attribute"]), ({"attribute": "x"}, ["query", "attribute"]), ({"attribute": 256}, ["query", "attribute"])])
def test_a_history_needs_an_attribute(nas, query, where):
    reply = nas.web.get(f"storage/disks/{nas.disk('sda')['id']}/smart/history", params=query)
    assert reply.status_code == 422 and reply.json()["detail"][0]["loc"] == where


def test_a_sleeping_disk_is_woken_only_when_that_is_asked_for(nas):
    smart(nas, "sde")
    disk = f"storage/disks/{nas.disk('sde')['id']}"
    nas.disks.Sleep("sde")
    refusal(nas.web.post(f"{disk}/smart/refresh", json={}), 409)
    assert nas.post(f"{disk}/smart/refresh", wake=True) == {"message": "Read"}


def test_a_self_test_is_a_job(nas):
    smart(nas, "sdc")
    disk = f"storage/disks/{nas.disk('sdc')['id']}"
    nas.disks.SetSelftestDuration(600, 600)
    reply = nas.web.post(f"{disk}/selftest", json={"type": "short"})
    assert reply.status_code == 202, reply.text
    job = reply.json()["job_id"]
    assert reply.headers["Location"] == f"/api/jobs/{job}"
    assert nas.get(f"jobs/{job}")["subject"] == nas.disk("sdc")["path"]
    assert not reply_errors(nas.document, "get", "/api/jobs", nas.web.get("jobs"))
    refusal(nas.web.post(f"{disk}/selftest", json={"type": "short"}), 409)
    assert nas.web.delete(f"{disk}/selftest").json() == {"message": "Aborted"}
    nas.until(lambda: nas.get(f"jobs/{job}")["state"] != "running", "the end of the job")
    refusal(nas.web.delete(f"{disk}/selftest"), 409)


def test_a_self_test_of_another_kind_is_refused(nas):
    smart(nas, "sdc")
    reply = nas.web.post(f"storage/disks/{nas.disk('sdc')['id']}/selftest", json={"type": "thorough"})
    assert reply.status_code == 422, reply.text
    assert "short" in str(reply.json()["detail"])


def test_health_that_is_not_reported_is_said(nas):
    refusal(nas.web.get(f"storage/disks/{nas.disk('vda')['id']}/smart"), 501)
def test_available_disks_have_the_shape_of_0_1(nas):
    reply = nas.web.get("system/raid/available-disks")
    assert not reply_errors(nas.document, "get", "/api/system/raid/available-disks", reply)
    disks = {disk["name"]: disk for disk in reply.json()["disks"]}
    assert {"name", "size_bytes", "model", "serial", "is_partitioned", "partitions", "in_raid", "is_os_disk"} <= set(disks["sda"])
    assert disks["sda"]["in_raid"] and disks["sda"]["is_partitioned"] and disks["sda"]["partitions"] == ["sda1"]
    assert not disks["sdc"]["in_raid"] and not disks["sdc"]["is_partitioned"] and disks["sdc"]["partitions"] == []
    assert disks["vda"]["is_os_disk"] and not disks["sdc"]["is_os_disk"]
    refusal(nas.user.get("system/raid/available-disks"), 403, "Admin access required")
