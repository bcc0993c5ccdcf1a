# SPDX-License-Identifier: MIT
"""One story that goes through every door: what is done in one is seen, and ruled the same, in the others."""

import hashlib
import os

import pytest

from support.bus import BusError


@pytest.fixture(autouse=True)
def needs_bridge(sandbox):
    if not sandbox.with_bridge:
        pytest.skip("this build has no web bridge")


def rest_names(web, path):
    reply = web.get("files/list", params={"path": path})
    assert reply.status_code == 200, reply.text
    return [file["name"] for file in reply.json()["files"]]


def bus_names(bus, path, token):
    return [entry[0] for entry in bus.Files.List(path, token=token)[0]]


def client(sandbox, token, *arguments, **kwargs):
    """The commands of the desktop app's program; skips in a build without it."""
    program = sandbox.build_dir / "gtk-client" / "baluhost"
    if not program.exists():
        pytest.skip("this build has no desktop app")
    return sandbox.run([program, *arguments], env={"BALUHOST_TOKEN": token}, **kwargs)


def test_folder_goes_from_browser_to_bus_to_desktop_and_back(sandbox, bus, user, tmp_path):
    web = user.web()
    home = user.folder
    files = {f"{home}/Trip/day{d}/{i}.bin": os.urandom(5000 * d + i) for d in (1, 2) for i in range(5)}

    # A folder is dropped into the browser.
    for path, content in files.items():
        reply = web.upload(path, content, parents="true")
        assert reply.status_code == 201, reply.text
        assert reply.json()["size"] == len(content)

    # The bus has it, byte for byte, with the same version.
    assert bus_names(bus, f"{home}/Trip", user.token) == ["day1", "day2"] == rest_names(web, f"{home}/Trip")
    for path, content in files.items():
        assert bus.read(path, token=user.token) == content
        entry = bus.Files.Stat(path, token=user.token)
        item = web.get("files/stat", params={"path": path}).json()
        assert (item["etag"], item["size"], int(item["owner_id"])) == (entry["etag"], entry["size"], entry["owner_id"])
        assert entry["owner_id"] == user.id

    # The desktop reads one and adds another, which the browser plays from the middle.
    path = f"{home}/Trip/day2/3.bin"
    local = tmp_path / "3.bin"
    assert client(sandbox, user.token, "get", path, local).returncode == 0
    assert local.read_bytes() == files[path]
    film = os.urandom(300_000)
    (tmp_path / "film.mp4").write_bytes(film)
    reply = client(sandbox, user.token, "put", tmp_path / "film.mp4", f"{home}/Trip/film.mp4")
    assert reply.returncode == 0, reply.stderr
    part = web.download(f"{home}/Trip/film.mp4", headers={"Range": "bytes=100000-199999"})
    assert (part.status_code, part.content) == (206, film[100_000:200_000])
    assert web.download(f"{home}/Trip/film.mp4", headers={"If-None-Match": part.headers["ETag"]}).status_code == 304

    # Renamed on the bus, moved in the browser, seen by the desktop.
    assert bus.Files.Rename(f"{home}/Trip/film.mp4", "Trip.mp4", token=user.token) == f"{home}/Trip/Trip.mp4"
    assert web.download(f"{home}/Trip/film.mp4").status_code == 404
    reply = web.put("files/move", json={"source_path": f"{home}/Trip/Trip.mp4", "target_path": home})
    assert reply.status_code == 200, reply.text
    listing = client(sandbox, user.token, "ls", home).stdout
    assert "\tTrip.mp4\n" in listing
    content = client(sandbox, user.token, "get", f"{home}/Trip.mp4", "-", text=False)
    assert (content.returncode, content.stdout) == (0, film)

    # A name that is taken is refused at each door alike, and nothing is lost by it.
    bus.upload(f"{home}/Trip/Trip.mp4", b"another film", token=user.token)
    with pytest.raises(BusError) as caught:
        bus.Files.Move(f"{home}/Trip/Trip.mp4", home, token=user.token)
    assert caught.value.name == "Exists"
    assert web.put("files/move", json={"source_path": f"{home}/Trip/Trip.mp4", "target_path": home}).status_code == 409
    assert web.upload(f"{home}/Trip.mp4", b"x").status_code == 409
    assert client(sandbox, user.token, "put", tmp_path / "3.bin", f"{home}/Trip.mp4").returncode == 1
    assert hashlib.sha256(bus.read(f"{home}/Trip.mp4", token=user.token)).digest() == hashlib.sha256(film).digest()

    # Deleted in the browser, found in the trash by the bus, and restored in the browser.
    trash_id = web.delete(f"files/{home}%2FTrip").json()["trash_id"]
    assert bus_names(bus, home, user.token) == ["Trip.mp4"]
    item = next(item for item in bus.Files.ListTrash(token=user.token) if item[0] == trash_id)
    assert (item[1], item[2]) == (f"{home}/Trip", "directory")
    assert item[3] == sum(map(len, files.values())) + len(b"another film")
    assert web.post(f"files/trash/{trash_id}/restore", json={}).json()["path"] == f"{home}/Trip"
    assert bus.read(path, token=user.token) == files[path]

    # Usage is one number, whoever asks.
    usage = bus.Files.GetUsage(token=user.token)
    assert web.get("files/usage").json()["used_bytes"] == usage["used_bytes"] == sum(map(len, files.values())) + len(film) + len(b"another film")


def test_somebody_else_is_refused_at_every_door(sandbox, bus, user, new_user):
    other = new_user()
    path = f"{user.folder}/diary.txt"
    bus.upload(path, b"dear diary", token=user.token)

    web = other.web()
    assert web.download(path).status_code in (403, 404)
    assert user.folder not in rest_names(web, "")
    # For whoever may not view the folder there is nothing of that name to delete.
    reply = web.delete(f"files/{user.folder}%2Fdiary.txt")
    assert (reply.status_code, reply.json()["trash_id"]) == (200, None)
    assert web.delete(f"files/{user.folder}").status_code in (200, 403)
    assert web.upload(path, b"mine", overwrite="true").status_code in (403, 404)
    for call in (
        lambda: bus.Files.Open(path, token=other.token),
        lambda: bus.Files.Delete(path, token=other.token),
        lambda: bus.Files.BeginUpload(path, 4, overwrite=True, token=other.token),
        lambda: bus.Files.Move(path, other.folder, token=other.token),
    ):
        with pytest.raises(BusError) as caught:
            call()
        assert caught.value.name in ("NotPermitted", "NotFound")
    assert user.folder not in bus_names(bus, "", other.token)
    assert client(sandbox, other.token, "get", path, "-").returncode == 1

    # And each says why, in the same words.
    explained = bus.Files.ExplainAccess(0, path, token=other.token)
    said = web.get("files/access", params={"path": path}).json()
    assert explained == (said["may_view"], said["may_change"], said["may_add"], said["rule"], said["explanation"])
    assert not explained[0]
    assert bus.read(path, token=user.token) == b"dear diary"


def test_signing_out_in_the_browser_ends_the_token_on_the_bus(bus, user):
    web = user.web()
    assert bus.Sessions.WhoAmI(token=web.token)["username"] == user.username
    assert web.post("auth/logout").status_code == 200
    with pytest.raises(BusError) as caught:
        bus.Sessions.WhoAmI(token=web.token)
    assert caught.value.name == "InvalidToken"
    # The other session goes on.
    assert bus.Sessions.WhoAmI(token=user.token)["username"] == user.username


def test_account_disabled_on_the_bus_is_out_of_the_browser_at_once(bus, user, admin_token):
    web = user.web()
    assert web.get("auth/me").status_code == 200
    bus.Users.Update(user.id, {"is_active": False}, {"auth.token": admin_token})
    assert web.get("auth/me").status_code == 401
    assert web.download(f"{user.folder}/x").status_code == 401


def test_tokens_of_either_door_open_both(sandbox, bus, user):
    from support.web import Web

    web = Web(sandbox.url)
    web.headers["Authorization"] = f"Bearer {user.token}"
    assert web.get("auth/me").json()["id"] == str(user.id)
    assert bus.Sessions.WhoAmI(token=user.web().token)["id"] == user.id
