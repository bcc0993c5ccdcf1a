# SPDX-License-Identifier: MIT
"""Deleting into the trash, and back."""

from support.process import wait_until
from support.refusals import refused


def trash(bus, token, **options):
    return {item[0]: item for item in bus.Files.ListTrash(token=token, **options)}


def test_deleted_folder_comes_back(bus, user):
    bus.Files.CreateFolder(f"{user.folder}/d/e", parents=True, token=user.token)
    bus.upload(f"{user.folder}/d/e/a", b"12345", token=user.token)
    trash_id = bus.Files.Delete(f"{user.folder}/d", token=user.token)
    with refused("NotFound"):
        bus.Files.Stat(f"{user.folder}/d", token=user.token)
    item = trash(bus, user.token)[trash_id]
    assert item[1:4] == (f"{user.folder}/d", "directory", 5)
    assert item[5] - item[4] == 30 * 86400 * 1_000_000
    assert item[6] == user.id
    assert bus.Files.RestoreTrash(trash_id, token=user.token) == f"{user.folder}/d"
    assert bus.read(f"{user.folder}/d/e/a", token=user.token) == b"12345"
    assert trash(bus, user.token) == {}


def test_missing_is_an_error_unless_said_otherwise(bus, user):
    with refused("NotFound"):
        bus.Files.Delete(f"{user.folder}/missing", token=user.token)
    assert bus.Files.Delete(f"{user.folder}/missing", missing_ok=True, token=user.token) == ""


def test_delete_refuses(bus, user, new_user, admin_token):
    other = new_user()
    for missing_ok in (False, True):
        with refused("InvalidArgument"):
            bus.Files.Delete("", missing_ok=missing_ok, token=admin_token)
        with refused("NotPermitted"):
            bus.Files.Delete("Notes.txt", missing_ok=missing_ok, token=user.token)
        with refused("NotPermitted"):
            bus.Files.Delete(other.folder, missing_ok=missing_ok, token=user.token)
        with refused("OutsideStorage"):
            bus.Files.Delete("../x", missing_ok=missing_ok, token=user.token)


def test_nothing_is_deleted_if_any_part_may_not_be(bus, user, new_user, admin_token):
    other = new_user()
    bus.Files.CreateFolder(f"{user.folder}/d", token=user.token)
    bus.upload(f"{user.folder}/d/mine", b"1", token=user.token)
    bus.upload(f"{other.folder}/theirs", b"1", token=other.token)
    bus.Files.Move(f"{other.folder}/theirs", f"{user.folder}/d", token=admin_token)
    with refused("NotPermitted"):
        bus.Files.Delete(f"{user.folder}/d", token=user.token)
    assert bus.Files.Stat(f"{user.folder}/d/mine", token=user.token)


def test_taken_name(bus, user):
    path = f"{user.folder}/photo.jpg"
    bus.upload(path, b"old", token=user.token)
    trash_id = bus.Files.Delete(path, token=user.token)
    bus.upload(path, b"new", token=user.token)
    with refused("Exists"):
        bus.Files.RestoreTrash(trash_id, token=user.token)
    assert bus.Files.RestoreTrash(trash_id, keep_both=True, token=user.token) == f"{user.folder}/photo (2).jpg"


def test_lost_folder(bus, user):
    bus.Files.CreateFolder(f"{user.folder}/d", token=user.token)
    bus.upload(f"{user.folder}/d/a", b"1", token=user.token)
    trash_id = bus.Files.Delete(f"{user.folder}/d/a", token=user.token)
    bus.Files.Delete(f"{user.folder}/d", token=user.token)
    with refused("NotFound"):
        bus.Files.RestoreTrash(trash_id, token=user.token)
    assert bus.Files.RestoreTrash(trash_id, parents=True, token=user.token) == f"{user.folder}/d/a"


def test_others_trash_is_out_of_reach(bus, user, new_user, admin_token):
    other = new_user()
    bus.upload(f"{user.folder}/a", b"123", token=user.token)
    trash_id = bus.Files.Delete(f"{user.folder}/a", token=user.token)
    assert trash_id not in trash(bus, other.token)
    assert trash_id not in trash(bus, admin_token)
    assert trash_id in trash(bus, admin_token, all=True)
    with refused("AdminRequired"):
        bus.Files.ListTrash(all=True, token=other.token)
    with refused("NotPermitted"):
        bus.Files.RestoreTrash(trash_id, token=other.token)
    with refused("NotPermitted"):
        bus.Files.PurgeTrash(trash_id, token=other.token)
    assert bus.Files.PurgeTrash("", token=other.token) == 0
    assert bus.Files.RestoreTrash(trash_id, token=admin_token) == f"{user.folder}/a"
    assert bus.Files.Stat(f"{user.folder}/a", token=user.token)["owner_id"] == user.id


def test_purge(bus, user):
    for name in ("a", "b", "c"):
        bus.upload(f"{user.folder}/{name}", b"123", token=user.token)
    ids = [bus.Files.Delete(f"{user.folder}/{name}", token=user.token) for name in ("a", "b", "c")]
    assert bus.Files.GetUsage(token=user.token)["trash_bytes"] == 9
    assert bus.Files.PurgeTrash(ids[0], token=user.token) == 3
    with refused("NotFound"):
        bus.Files.PurgeTrash(ids[0], token=user.token)
    with refused("NotFound"):
        bus.Files.RestoreTrash(ids[0], token=user.token)
    assert bus.Files.PurgeTrash("", token=user.token) == 6
    usage = bus.Files.GetUsage(token=user.token)
    assert (usage["used_bytes"], usage["trash_bytes"]) == (0, 0)


def test_ids_that_are_none(bus, user, admin_token):
    for trash_id in ("x", "..", "../staging", "0" * 32, "0" * 31 + "/"):
        with refused("NotFound"):
            bus.Files.RestoreTrash(trash_id, token=admin_token)
        with refused("NotFound"):
            bus.Files.PurgeTrash(trash_id, token=admin_token)


def test_trash_survives_a_restart_and_the_loss_of_the_database(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    token = sandbox.token("alex", "demo123")
    with sandbox.bus() as bus:
        bus.upload("a", b"12345", token=token)
        trash_id = bus.Files.Delete("a", token=token)
        sandbox.restart_service()
        assert trash_id in trash(bus, token)
        sandbox.stop_service()
        for path in sandbox.service_state_dir.glob("baluhost.db*"):
            path.unlink()
        sandbox.start_service()
        admin = sandbox.token("admin", "changeme")
        items = trash(bus, admin, all=True)
        assert items[trash_id][1] == "a"
        assert bus.Files.RestoreTrash(trash_id, token=admin) == "a"
        assert bus.read("a", token=admin) == b"12345"


def test_nothing_expires_without_trash_days(make_sandbox):
    sandbox = make_sandbox(with_bridge=False, service_config={"storage": {"trash-days": 0}})
    token = sandbox.token("alex", "demo123")
    with sandbox.bus() as bus:
        bus.upload("a", b"1", token=token)
        trash_id = bus.Files.Delete("a", token=token)
        assert trash(bus, token)[trash_id][5] == 0


def test_large_trees_are_gone_at_once_and_removed_in_the_background(bus, user, sandbox):
    directory = sandbox.storage_dir / user.folder / "d"
    bus.Files.CreateFolder(f"{user.folder}/d", token=user.token)
    for number in range(3000):
        (directory / str(number)).touch()
    trash_id = bus.Files.Delete(f"{user.folder}/d", token=user.token)
    bus.Files.PurgeTrash(trash_id, token=user.token)
    assert trash_id not in trash(bus, user.token)
    reserved = sandbox.storage_dir / ".baluhost"
    assert not (reserved / "trash" / trash_id).exists()
    wait_until(lambda: not (reserved / "staging" / trash_id).exists(), "the tree to be removed")
