# SPDX-License-Identifier: MIT
"""Plans and arrays by HTTP, and as clients of BaluHost 0.1 ask for them."""

import pytest

from support.schema import reply_errors
from support.web import Web
from test_web_api import refusal
from test_web_storage import Nas as Storage

MB = 10**6
SLOW, FAST = 1 * MB, 10_000 * MB


class Nas(Storage):
    def paths(self, names):
        return [self.disk(name)["path"] for name in names.split()]

    def at(self, verb, name="md0"):
        return f"storage/arrays/{self.array(name)['id']}/{verb}"

    def fail(self, name="sdb"):
        self.disks.Fail(name)
        return self.until(lambda: (array := self.array())["state"] == "degraded" and array, "the array to be degraded")

    def plan(self, kind, **body):
        """(token, plan), as described."""
        reply = self.web.post(f"storage/plans/{kind}", json=body)
        assert reply.status_code == 200, reply.text
        assert not reply_errors(self.document, "post", f"/api/storage/plans/{kind}", reply)
        return reply.json()["token"], reply.json()["plan"]

    def apply(self, token):
        """The id of the job."""
        reply = self.web.post("storage/apply", json={"token": token})
        assert reply.status_code == 202, reply.text
        job = reply.json()["job_id"]
        assert reply.headers["Location"] == f"/api/jobs/{job}"
        return job

    def has_data(self, name):
        self.disks.format(name)
        self.until(lambda: self.disk(name)["usage"] == "data", "the filesystem")


@pytest.fixture
def nas(make_sandbox):
    sandbox = make_sandbox()
    with sandbox.disks() as disks:
        disks.SetFormatDuration(0)
        disks.SetSpeed(FAST)
        nas = Nas(sandbox, disks)
        nas.until(lambda: nas.array(), "the disks")
        yield nas


def invalid(reply, *where):
    assert reply.status_code == 422, reply.text
    assert list(where) in [problem["loc"] for problem in reply.json()["detail"]], reply.text


# What can be known beforehand


def test_levels_are_compared_for_the_chosen_disks(nas):
    reply = nas.web.post("storage/compare-levels", json={"disks": nas.paths("sdc sdd sde")})
    assert not reply_errors(nas.document, "post", "/api/storage/compare-levels", reply)
    levels = {level["level"]: level for level in reply.json()["levels"]}
    assert [levels[name]["possible"] for name in ("raid0", "raid1", "raid5", "raid6", "raid10")] == [True, True, True, False, False]
    assert "at least 4" in levels["raid6"]["reason"] and levels["raid5"]["survives"] == 1 and levels["raid5"]["sync_seconds"] > 0
    spare = {level["level"]: level for level in nas.post("storage/compare-levels", disks=nas.paths("sdc sdd sde"), spares=1)["levels"]}
    assert not spare["raid5"]["possible"] and spare["raid1"]["possible"]


def test_what_would_be_lost_is_told_to_everybody_and_nothing_happens(nas):
    reply = nas.user.post("storage/simulate-failure", json={"disks": nas.paths("sda")})
    assert not reply_errors(nas.document, "post", "/api/storage/simulate-failure", reply)
    (effect,) = [effect for effect in reply.json()["effects"] if effect["name"] == "md0"]
    assert (effect["effect"], effect["kind"], effect["path"]) == ("degraded", "array", nas.array()["path"])
    assert [effect["effect"] for effect in nas.post("storage/simulate-failure", disks=nas.paths("sda sdb"))["effects"] if effect["name"] == "md0"] == ["lost"]
    assert nas.array()["state"] == "optimal"


@pytest.mark.parametrize("disks", [None, "disks/x", ["sda", 3], {"a": 1}, [" "], ["../x"]])
@pytest.mark.parametrize("path", ["storage/compare-levels", "storage/simulate-failure"])
def test_disks_that_are_no_objects_are_refused(nas, path, disks):
    invalid(nas.web.post(path, json={} if disks is None else {"disks": disks}), "body", "disks")


def test_disks_that_are_not_there_are_not_found(nas):
    refusal(nas.web.post("storage/compare-levels", json={"disks": ["disks/none"]}), 404)
    refusal(nas.web.post("storage/simulate-failure", json={"disks": ["disks/none"]}), 404)


# Plans and what becomes of them


def test_an_array_is_planned_applied_and_deleted(nas):
    nas.has_data("sdd")
    token, plan = nas.plan("array", name="data", level="raid1", disks=nas.paths("sdc sdd"), spares=nas.paths("sde"))
    assert plan["kind"] == "array-create" and plan["name"] == "data" and plan["survives"] == 1
    assert {loss["name"]: loss["destroys"] for loss in plan["losses"]} == {"sdc": False, "sdd": True, "sde": False}
    assert nas.array("data") is None
    ended = nas.end_of(nas.apply(token))
    assert ended["result"] == nas.array("data")["path"]
    refusal(nas.web.post("storage/apply", json={"token": token}), 404)
    token, plan = nas.plan("delete", target=nas.array("data")["path"])
    assert plan["kind"] == "array-delete"
    nas.end_of(nas.apply(token))
    assert nas.array("data") is None and nas.disk("sdd")["usage"] == "free"


def test_a_plan_is_stale_when_a_disk_has_changed(nas):
    token, _plan = nas.plan("array", name="data", level="raid1", disks=nas.paths("sdc sdd"))
    nas.disks.Pull("sdd")
    nas.until(lambda: not (disk := nas.disk("sdd")) or not disk["present"], "the disk to be gone")
    refusal(nas.web.post("storage/apply", json={"token": token}), 412)
    assert nas.array("data") is None


def test_what_must_not_be_destroyed_is_refused_by_name(nas):
    reply = nas.web.post("storage/plans/array", json={"name": "data", "level": "raid1", "disks": nas.paths("sdc vda")})
    assert "VirtIO" in refusal(reply, 409) or "vda" in reply.json()["detail"]
    assert "sda" in nas.web.post("storage/plans/array", json={"name": "data", "level": "raid1", "disks": nas.paths("sdc sda")}).json()["detail"]


@pytest.mark.parametrize(
    "body, where",
    [
        ({"level": "raid1", "disks": []}, "name"),
        ({"name": "data", "disks": []}, "level"),
        ({"name": "data", "level": "raid1"}, "disks"),
        ({"name": "data", "level": "raid1", "disks": [], "chunk_size": "large"}, "chunk_size"),
        ({"name": "data", "level": "raid1", "disks": [], "bitmap": "yes"}, "bitmap"),
        ({"name": "data", "level": "raid1", "disks": [], "spares": "disks/x"}, "spares"),
    ],
)
def test_what_is_missing_or_wrong_is_named(nas, body, where):
    invalid(nas.web.post("storage/plans/array", json=body), "body", where)


@pytest.mark.parametrize("name", ["", "-x", "md 0", "x" * 33])
def test_a_name_that_is_none_is_refused(nas, name):
    reply = nas.web.post("storage/plans/array", json={"name": name, "level": "raid1", "disks": nas.paths("sdc sdd")})
    assert reply.status_code == 422, reply.text


def test_names_and_levels_are_looked_at(nas):
    refusal(nas.web.post("storage/plans/array", json={"name": "md0", "level": "raid1", "disks": nas.paths("sdc sdd")}), 409)
    assert nas.web.post("storage/plans/array", json={"name": "data", "level": "raid7", "disks": nas.paths("sdc sdd")}).status_code == 422
    refusal(nas.web.post("storage/plans/delete", json={"target": "arrays/none"}), 404)
    refusal(nas.web.post("storage/plans/repair", json={"array": nas.array()["path"]}), 409)
    refusal(nas.web.post("storage/apply", json={"token": "0" * 32}), 404)


# Members


def test_an_array_is_repaired_by_a_plan(nas):
    nas.fail()
    token, plan = nas.plan("repair", array=nas.array()["path"])
    assert plan["failed"]["serial"] == "BALU-DEV-5GB-B" and plan["replacement"]["name"] == "sdc"
    nas.disks.SetSpeed(SLOW)
    job = nas.apply(token)
    nas.until(lambda: nas.array()["state"] == "rebuilding", "the rebuild")
    assert not reply_errors(nas.document, "get", "/api/storage/arrays", nas.web.get("storage/arrays"))
    assert nas.array()["job"] == f"jobs/{job}"
    nas.disks.SetSpeed(FAST)
    assert nas.end_of(job)["result"] == nas.array()["path"]
    assert nas.array()["state"] == "optimal"


def test_a_repair_in_one_step_takes_nothing_away(nas):
    nas.fail()
    nas.has_data("sdc")
    refusal(nas.web.post(nas.at("repair"), json={"disk": nas.disk("sdc")["path"]}), 409)
    assert nas.disk("sdc")["usage"] == "data"
    nas.end_of(nas.post(nas.at("repair"), 202)["job_id"])
    assert nas.array()["state"] == "optimal"


def test_a_disk_is_added_by_a_plan_and_taken_out_again(nas):
    token, plan = nas.plan("add", array=nas.array()["path"], disk=nas.disk("sdc")["path"])
    assert plan["kind"] == "array-add"
    nas.end_of(nas.apply(token))
    assert {member["name"]: member["state"] for member in nas.array()["members"]}["sdc"] == "spare"
    assert nas.post(nas.at("remove-member"), disk=nas.disk("sdc")["path"], wipe=True) == {"message": "Removed"}
    nas.until(lambda: nas.disk("sdc")["usage"] == "free", "the disk to be free")


def test_the_last_copy_is_not_taken_out(nas):
    nas.fail()
    refusal(nas.web.post(nas.at("remove-member"), json={"disk": nas.disk("sda")["path"]}), 409)
    invalid(nas.web.post(nas.at("remove-member"), json={}), "body", "disk")
    refusal(nas.web.post(nas.at("remove-member"), json={"disk": nas.disk("sdg")["path"]}), 404)


def test_an_array_is_checked(nas):
    nas.disks.SetMismatches("md0", 16)
    ended = nas.end_of(nas.post(nas.at("scrub"), 202, action="check")["job_id"])
    assert ended["operation"] == "array-scrub"
    nas.until(lambda: nas.array()["mismatches_valid"], "the count")
    assert nas.array()["mismatches"] > 0 and nas.array()["last_scrub_at"]
    assert not reply_errors(nas.document, "get", "/api/storage/arrays", nas.web.get("storage/arrays"))
    assert nas.web.post(nas.at("scrub"), json={"action": "polish"}).status_code == 422


def test_a_check_is_cancelled(nas):
    nas.disks.SetSpeed(SLOW)
    job = nas.post(nas.at("scrub"), 202, action="check")["job_id"]
    nas.until(lambda: nas.array()["state"] == "checking", "the check")
    refusal(nas.user.delete(f"jobs/{job}"), 403)
    assert nas.web.delete(f"jobs/{job}").json() == {"message": "Cancelled"}
    nas.end_of(job, "cancelled")
    nas.until(lambda: nas.array()["state"] == "optimal", "the end of the check")


def test_an_array_is_stopped_and_started(nas):
    assert nas.post(nas.at("stop")) == {"message": "Stopped"}
    nas.until(lambda: nas.array()["state"] == "inactive", "the array to stop")
    assert not reply_errors(nas.document, "get", "/api/storage/arrays", nas.web.get("storage/arrays"))
    refusal(nas.web.post(nas.at("scrub"), json={"action": "check"}), 409)
    assert nas.post(nas.at("start")) == {"message": "Started"}
    nas.until(lambda: nas.array()["state"] == "optimal", "the array to start")
    refusal(nas.web.post(nas.at("start"), json={}), 409)


def test_the_bitmap_goes_and_comes(nas):
    assert nas.post(nas.at("bitmap"), bitmap="none") == {"message": "Changed"}
    nas.until(lambda: nas.array()["bitmap"] == "none", "the bitmap to go")
    assert nas.post(nas.at("bitmap"), bitmap="internal") == {"message": "Changed"}
    nas.until(lambda: nas.array()["bitmap"] == "internal", "the bitmap to come")


def test_growing_is_not_supported_here(nas):
    refusal(nas.web.post(nas.at("grow"), json={"devices": 3}), 501)
    invalid(nas.web.post(nas.at("grow"), json={"devices": "many"}), "body", "devices")


CHANGES = [
    ("storage/compare-levels", {"disks": []}),
    ("storage/plans/array", {"name": "data", "level": "raid1", "disks": []}),
    ("storage/plans/delete", {"target": "{array}"}),
    ("storage/plans/add", {"array": "{array}", "disk": "{disk}"}),
    ("storage/plans/repair", {"array": "{array}"}),
    ("storage/apply", {"token": "0" * 32}),
    ("storage/{array}/repair", {}),
    ("storage/{array}/remove-member", {"disk": "{disk}"}),
    ("storage/{array}/scrub", {"action": "check"}),
    ("storage/{array}/bitmap", {"bitmap": "none"}),
    ("storage/{array}/start", {}),
    ("storage/{array}/stop", {}),
    ("storage/{array}/grow", {"devices": 3}),
    ("system/raid/degrade", {"array": "md0", "device": "sdb1"}),
    ("system/raid/rebuild", {"array": "md0", "device": "sdc"}),
    ("system/raid/options", {"array": "md0", "trigger_scrub": True}),
    ("system/raid/create-array", {"name": "data", "level": "raid1", "devices": ["sdc", "sdd"]}),
    ("system/raid/delete-array", {"array": "md0"}),
]


def test_only_administrators_change_arrays(nas):
    names = {"array": nas.array()["path"], "disk": nas.disk("sda")["path"]}
    before = nas.array()
    for path, body in CHANGES:
        path = path.format(**names)
        body = {key: value.format(**names) if isinstance(value, str) else value for key, value in body.items()}
        refusal(nas.user.post(path, json=body), 403, "Admin access required")
        refusal(Web(nas.sandbox.url).post(path, json=body), 401, "Not authenticated")
    refusal(Web(nas.sandbox.url).post("system/raid/finalize", json={"array": "md0"}), 401, "Not authenticated")
    assert nas.array() == before


def test_without_udisks2_nothing_can_be_planned(make_sandbox):
    web = make_sandbox(udisks=False).web("admin", "changeme")
    refusal(web.post("storage/plans/array", json={"name": "data", "level": "raid1", "disks": []}), 503)


# As BaluHost 0.1 had it


def raid(nas, verb, status=200, **body):
    reply = nas.web.post(f"system/raid/{verb}", json=body)
    assert reply.status_code == status, reply.text
    assert status >= 400 or not reply_errors(nas.document, "post", f"/api/system/raid/{verb}", reply)
    return reply.json()


def status(nas):
    return next(array for array in nas.get("system/raid/status")["arrays"] if array["name"] == "md0")


def test_the_story_of_0_1_degrade_rebuild_finalize(nas):
    assert "sdb1" in raid(nas, "degrade", array="md0", device="sdb1")["message"]
    nas.until(lambda: status(nas)["status"] == "degraded", "the array to be degraded")
    assert "Degraded" in raid(nas, "finalize", 409, array="md0")["detail"]
    nas.disks.SetSpeed(SLOW)
    job = raid(nas, "rebuild", array="md0", device="sdc")["job_id"]
    nas.until(lambda: status(nas)["status"] == "rebuilding", "the rebuild")
    assert 0 <= status(nas)["resync_progress"] <= 100 and status(nas)["sync_action"] == "recover"
    reply = nas.web.post("system/raid/finalize", json={"array": "md0"})
    assert reply.status_code == 202 and reply.json()["job_id"] == job and reply.headers["Location"] == f"/api/jobs/{job}"
    nas.disks.SetSpeed(FAST)
    nas.end_of(job)
    assert raid(nas, "finalize", array="md0") == {"message": "Array md0 is optimal"}


def test_a_member_that_was_taken_out_is_put_back(nas):
    raid(nas, "degrade", array="md0", device="sdb1")
    nas.until(lambda: status(nas)["status"] == "degraded", "the array to be degraded")
    nas.end_of(raid(nas, "rebuild", array="md0", device="sdb")["job_id"])
    assert {device["name"] for device in status(nas)["devices"]} == {"sda1", "sdb1"}


@pytest.mark.parametrize(
    "verb, body, detail",
    [
        ("degrade", {"array": "md7", "device": "sdb1"}, "There is no array “md7”"),
        ("degrade", {"array": "md0", "device": "sdz"}, "There is no disk “sdz”"),
        ("degrade", {"array": "md0"}, "“device” is missing"),
        ("degrade", {}, "“array” is missing"),
        ("degrade", {"array": 7, "device": "sdb1"}, "There is no array “”"),
        ("rebuild", {"array": "md7"}, "There is no array “md7”"),
        ("rebuild", {"array": "md0", "device": "sdz"}, "There is no disk “sdz”"),
        ("finalize", {"array": "md7"}, "There is no array “md7”"),
        ("options", {"array": "md7", "trigger_scrub": True}, "There is no array “md7”"),
        ("options", {"array": "md0"}, "No option is given"),
        ("options", {"array": "md0", "add_spare": "sdz"}, "There is no disk “sdz”"),
        ("create-array", {"name": "data", "level": "raid1", "devices": ["sdc", "sdz"]}, "There is no disk “sdz”"),
        ("create-array", {"level": "raid1", "devices": ["sdc"]}, "“name” is missing"),
        ("delete-array", {"array": "md7"}, "There is no array “md7”"),
    ],
)
def test_what_0_1_does_not_know_is_400(nas, verb, body, detail):
    assert raid(nas, verb, 400, **body)["detail"] == detail
    assert status(nas)["status"] == "optimal"


def test_options_are_done_one_after_the_other(nas):
    message = raid(nas, "options", array="md0", enable_bitmap=False, add_spare="sdc", trigger_scrub=True)["message"]
    assert message == "Bitmap disabled; Spare sdc added; Scrub started"
    nas.until(lambda: status(nas)["bitmap"] == "none", "the bitmap to go")
    nas.until(lambda: "spare" in [device["state"] for device in status(nas)["devices"]], "the spare")
    assert raid(nas, "options", array="md0", remove_device="sdc")["message"] == "Device sdc removed"


@pytest.mark.parametrize("option", ["write_mostly", "write_mostly_device", "set_speed_limit_min", "set_speed_limit_max"])
def test_options_that_udisks2_does_not_have_are_refused_before_anything_is_done(nas, option):
    assert option in raid(nas, "options", 501, **{"array": "md0", "enable_bitmap": False, option: 1})["detail"]
    assert status(nas)["bitmap"] == "internal"


def test_arrays_are_created_and_deleted_with_the_token_of_the_plan_only(nas):
    wish = {"name": "data", "level": "raid1", "devices": ["sdc", "sdd"], "spare_devices": ["sde"]}
    planned = raid(nas, "create-array", 409, **wish)
    assert planned["plan"]["kind"] == "array-create" and planned["detail"]
    assert nas.array("data") is None
    nas.end_of(raid(nas, "create-array", **wish, token=planned["token"])["job_id"])
    assert nas.array("data")["level"] == "raid1"
    planned = raid(nas, "delete-array", 409, array="data", force=True)
    assert [loss["name"] for loss in planned["plan"]["losses"]] == ["sdc", "sdd", "sde"]
    assert nas.array("data")
    nas.end_of(raid(nas, "delete-array", array="data", token=planned["token"])["job_id"])
    assert nas.array("data") is None
