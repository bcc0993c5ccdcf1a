# SPDX-License-Identifier: MIT
"""Files over HTTP: up, down, by ranges, and every refusal on the way."""

import contextlib
import email.parser
import email.policy
import hashlib
import http.client
import os
import re
import socket
import sqlite3
import time
from urllib.parse import quote

import pytest


@pytest.fixture
def web(user):
    return user.web()


def put(web, path, content=b"hello", **params):
    reply = web.upload(path, content, **params)
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def refusal(reply, status, detail=None):
    """The reply is an error of that status in the one shape that errors have."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert body["status"] == status and body["title"] and body["type"]
    if detail is not None:
        assert body["detail"] == detail
    assert body["detail"]
    return body


# --- raw upload ---


def test_uploaded_file_comes_back_byte_for_byte(web, user):
    content = os.urandom(3_000_001)
    path = f"{user.folder}/ä 100%.bin"
    item = put(web, path, content)
    assert item["path"] == path and item["size"] == len(content) and item["type"] == "file" and item["is_directory"] is False
    assert item["owner_id"] == str(user.id) and item["modified_at"] == item["modified"] and item["is_writable"] is True
    reply = web.download(path)
    assert reply.content == content
    assert reply.headers["ETag"] == f'"{item["etag"]}"'


def test_large_file_survives_the_round_trip(web, user, tmp_path):
    source = tmp_path / "large"
    digest = hashlib.sha256()
    with source.open("wb") as file:
        for _ in range(130):
            block = os.urandom(1 << 20)
            digest.update(block)
            file.write(block)
        file.write(b"odd")
        digest.update(b"odd")
    with source.open("rb") as file:
        assert web.upload(f"{user.folder}/large", file).status_code == 201
    received = hashlib.sha256()
    with web.download(f"{user.folder}/large", stream=True) as reply:
        for block in reply.iter_content(1 << 20):
            received.update(block)
    assert received.digest() == digest.digest()
    assert web.get("auth/me").status_code == 200, "the connection goes on"


@pytest.mark.parametrize("size", [0, 1, 8191, 8192, 262143, 262144, 262145, 1 << 20])
def test_upload_of_any_size_is_stored_whole(web, user, size):
    content = os.urandom(size)
    assert put(web, f"{user.folder}/s{size}", content)["size"] == size
    assert web.download(f"{user.folder}/s{size}").content == content


def test_chunked_upload_is_stored_whole(web, user):
    blocks = [os.urandom(50_000) for _ in range(40)]
    assert put(web, f"{user.folder}/chunked", iter(blocks))["size"] == 2_000_000
    assert web.download(f"{user.folder}/chunked").content == b"".join(blocks)


def test_existing_file_is_replaced_only_when_asked(web, user):
    path = f"{user.folder}/once"
    assert web.upload(path, b"one").status_code == 201
    refusal(web.upload(path, b"two"), 409)
    assert web.download(path).content == b"one"
    assert web.upload(path, b"three", overwrite="true").status_code == 200
    assert web.download(path).content == b"three"


def test_if_match_replaces_only_that_version(web, user):
    path = f"{user.folder}/versioned"
    first = put(web, path, b"one")
    address = "files/content/" + quote(path, safe="")
    reply = web.put(address, data=b"two", headers={"If-Match": f'"{first["etag"]}"'})
    assert reply.status_code == 200
    refusal(web.put(address, data=b"three", headers={"If-Match": f'"{first["etag"]}"'}), 412)
    refusal(web.put(address, data=b"three", headers={"If-Match": "nonsense"}), 412)
    assert web.download(path).content == b"two"


def test_missing_folders_are_created_only_when_asked(web, user):
    refusal(web.upload(f"{user.folder}/a/b/c", b"x"), 404)
    assert web.upload(f"{user.folder}/a/b/c", b"x", parents="true").status_code == 201


def test_modification_time_can_be_given(web, user):
    item = put(web, f"{user.folder}/old", b"x", modified_usec="1767323045678000")
    assert item["modified_at"] == "2026-01-02T03:04:05.678Z"
    refusal_list = web.upload(f"{user.folder}/old2", b"x", modified_usec="yesterday")
    assert refusal_list.status_code == 422 and refusal_list.json()["detail"][0]["loc"] == ["query", "modified_usec"]


def test_upload_into_a_strangers_folder_is_refused(web, new_user):
    stranger = new_user()
    assert web.upload(f"{stranger.folder}/x", b"x").status_code in (403, 404), "404: not even whether it exists is told"


def raw_connection(sandbox):
    host, port = re.match(r"http://([^:]+):(\d+)", sandbox.url).groups()
    return socket.create_connection((host, int(port)), timeout=20)


def read_all(connection):
    received = b""
    while block := connection.recv(65536):
        received += block
    return received


def head(method, path, token, **fields):
    lines = [f"{method} {path} HTTP/1.1", "Host: nas", f"Authorization: Bearer {token}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.parametrize("expect", [False, True])
def test_upload_beyond_the_quota_is_refused_before_its_body(sandbox, new_user, expect):
    user = new_user(quota_bytes=1_000_000)
    fields = {"Content_Length": 50_000_000}
    if expect:
        fields["Expect"] = "100-continue"
    with raw_connection(sandbox) as connection:
        connection.sendall(head("PUT", f"/api/files/content/{user.folder}%2Fbig", user.token, **fields))
        reply = read_all(connection)
    assert reply.startswith(b"HTTP/1.1 507 "), reply[:200]
    assert b"Connection: close" in reply


def test_client_that_waits_for_continue_gets_it(sandbox, user):
    with raw_connection(sandbox) as connection:
        for size in (10, 500_000):
            connection.sendall(head("PUT", f"/api/files/content/{user.folder}%2Fe{size}", user.token, Content_Length=size, Expect="100-continue"))
            assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"x" * size)
            reply = http.client.HTTPResponse(connection)
            reply.begin()
            assert reply.status == 201 and reply.read()


@pytest.mark.parametrize("size", [100_000, 10_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_client_that_hangs_up_leaves_nothing_behind(sandbox, user, bus, size, chunked):
    name = f"{user.folder}/gone-{size}-{chunked}"
    before = bus.Files.GetUsage(token=user.token)
    with raw_connection(sandbox) as connection:
        fields = {"Transfer_Encoding": "chunked"} if chunked else {"Content_Length": size}
        connection.sendall(head("PUT", "/api/files/content/" + quote(name, safe=""), user.token, **fields))
        connection.sendall((b"%x\r\n" % size if chunked else b"") + b"x" * (size // 2))
        time.sleep(0.2)  # so that the upload has begun; nothing below depends on it
    deadline = time.monotonic() + 10
    while (usage := bus.Files.GetUsage(token=user.token)) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert usage["used_bytes"] == before["used_bytes"] and usage["reserved_bytes"] == 0
    assert user.web().get("files/stat", params={"path": name}).status_code == 404


# --- forms ---


def test_form_with_many_files_and_folders_is_stored(web, user):
    files = [("files", (f"dir{i % 3}/sub/f{i}.txt", f"content {i}".encode())) for i in range(30)]
    reply = web.post("files/upload", data={"path": user.folder}, files=files)
    assert reply.status_code == 200, reply.text
    body = reply.json()
    assert body["message"] == "Files uploaded" and body["uploaded"] == 30 and len(body["files"]) == 30
    assert body["file"] == body["files"][0] and body["file"]["owner_id"] == str(user.id)
    for i in range(30):
        assert web.download(f"{user.folder}/dir{i % 3}/sub/f{i}.txt").content == f"content {i}".encode()


def test_large_file_in_a_form_is_stored_whole(web, user):
    content = os.urandom(5_000_000)
    reply = web.post("files/upload", data={"path": user.folder}, files={"file": ("large.bin", content)})
    assert reply.status_code == 200, reply.text
    assert web.download(f"{user.folder}/large.bin").content == content


def test_refused_file_of_a_form_does_not_keep_the_others_out(web, user):
    put(web, f"{user.folder}/taken", b"old")
    files = [("files", ("a", b"a")), ("files", ("taken", b"new")), ("files", ("..", b"x")), ("files", ("z", b"z"))]
    reply = web.post("files/upload", data={"path": user.folder}, files=files)
    body = refusal(reply, 409)
    assert body["uploaded"] == 2 and [item["name"] for item in body["files"]] == ["a", "z"]
    assert [(error["path"], error["status"]) for error in body["errors"]] == [(f"{user.folder}/taken", 409), (f"{user.folder}/..", 403)]
    assert web.download(f"{user.folder}/taken").content == b"old"
    reply = web.post("files/upload", data={"path": user.folder, "overwrite": "true"}, files=[("files", ("taken", b"new"))])
    assert reply.status_code == 200 and web.download(f"{user.folder}/taken").content == b"new"


def test_form_names_may_hold_quotes_and_other_scripts(web, user):
    for name in ('a "quoted" name.txt', "Ünïcödé.txt", "日本語.txt", "semi;colon.txt", "back\\slash.txt"):
        reply = web.post("files/upload", data={"path": user.folder}, files={"files": (name, b"x")})
        assert reply.status_code == 200, (name, reply.text)
        assert reply.json()["file"]["name"] == name


FORM = "multipart/form-data; boundary=b"


def form(*parts, end=b"--b--\r\n"):
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


FILE_A = b'Content-Disposition: form-data; name="files"; filename="a"\r\n\r\nA'


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (415, "text/plain", form(FILE_A)),
        (415, "multipart/form-data", form(FILE_A)),
        (415, "multipart/form-data; boundary=" + "x" * 71, form(FILE_A)),
        (422, FORM, b""),
        (422, FORM, form()),
        (422, FORM, form(FILE_A, end=b"")),
        (422, FORM, form(b"\r\nno disposition")),
        (422, FORM, form(b'Content-Disposition: form-data; name="other"; filename="a"\r\n\r\nA')),
        (422, FORM, form(b'Content-Disposition: form-data; name="path"\r\n\r\n' + b"x" * 9000)),
        (422, FORM, form(b'Content-Disposition: form-data; name="path"\r\n\r\n\xff')),
        (422, FORM, form(b"X: " + b"y" * 9000 + b"\r\n\r\n")),
        (422, FORM, b"preamble" * 1000),
        (422, FORM, b"--b garbage\r\n"),
    ],
)
def test_malformed_form_is_refused(web, status, kind, body):
    reply = web.post("files/upload", data=body, headers={"Content-Type": kind})
    assert reply.status_code == status, reply.text
    assert reply.json()["detail"]


def test_folder_named_after_the_files_is_refused(web, user):
    path = b'Content-Disposition: form-data; name="path"\r\n\r\n' + user.folder.encode()
    reply = web.post("files/upload", data=form(FILE_A.replace(b'"a"', b'"%s-late"' % user.folder.encode()), path), headers={"Content-Type": FORM})
    assert "before the files" in refusal(reply, 422)["detail"]


# --- download ---


TEXT = bytes(range(256)) * 40  # 10240 bytes


@pytest.fixture
def text(web, user):
    item = put(web, f"{user.folder}/range.bin", TEXT)
    return f"{user.folder}/range.bin", f'"{item["etag"]}"'


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, 10239),
        ("bytes=-100", 10140, 10239),
        ("bytes=-99999", 0, 10239),
        ("bytes=10239-", 10239, 10239),
        ("bytes=5-99999999999999999999999", 5, 10239),
        ("bytes=0-4,5-9", 0, 9),
        ("bytes=0-4,2-9,", 0, 9),
        ("BYTES=1-2", 1, 2),
    ],
)
def test_single_range(web, text, header, first, last):
    reply = web.download(text[0], headers={"Range": header})
    assert reply.status_code == 206 and reply.content == TEXT[first : last + 1]
    assert reply.headers["Content-Range"] == f"bytes {first}-{last}/10240"
    assert reply.headers["Accept-Ranges"] == "bytes" and reply.headers["ETag"] == text[1]


@pytest.mark.parametrize("header", ["bytes=a-b", "bytes=5-4", "bytes=", "bytes=1", "lines=1-2", "bytes=1-2;3", "bytes=--1", "bytes=0-1," * 70, "bytes=" + ",".join(f"{i * 10}-{i * 10}" for i in range(9))])
def test_range_that_is_not_understood_is_ignored(web, text, header):
    reply = web.download(text[0], headers={"Range": header})
    assert reply.status_code == 200 and reply.content == TEXT


@pytest.mark.parametrize("header", ["bytes=10240-", "bytes=99999-100000", "bytes=-0", "bytes=20000-,30000-"])
def test_range_outside_of_the_file_is_refused(web, text, header):
    reply = web.download(text[0], headers={"Range": header})
    refusal(reply, 416)
    assert reply.headers["Content-Range"] == "bytes */10240"


def test_empty_file_has_no_ranges(web, user):
    put(web, f"{user.folder}/empty", b"")
    assert web.download(f"{user.folder}/empty").content == b""
    assert web.download(f"{user.folder}/empty", headers={"Range": "bytes=0-"}).status_code == 416


def parts_of(reply):
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + reply.headers["Content-Type"].encode() + b"\r\n\r\n" + reply.content
    )
    return [(part["Content-Range"], part["Content-Type"], part.get_payload(decode=True)) for part in message.iter_parts()]


def test_several_ranges_come_as_parts(web, text):
    reply = web.download(text[0], headers={"Range": "bytes=2000-2999, 0-9,-5,5000-5000"})
    assert reply.status_code == 206 and "Content-Range" not in reply.headers
    assert len(reply.content) == int(reply.headers["Content-Length"])
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", reply.headers["Content-Type"]).group(1).encode()
    pieces = reply.content.split(b"--" + boundary)
    assert pieces[0] == b"" and pieces[-1] == b"--\r\n"
    bodies = [piece.split(b"\r\n\r\n", 1)[1][:-2] for piece in pieces[1:-1]]
    assert bodies == [TEXT[0:10], TEXT[2000:3000], TEXT[5000:5001], TEXT[-5:]]
    assert [part[0] for part in parts_of(reply)] == [f"bytes {r}/10240" for r in ("0-9", "2000-2999", "5000-5000", "10235-10239")]


def test_several_ranges_of_a_large_file(web, user):
    content = os.urandom(2_000_000)
    put(web, f"{user.folder}/large", content)
    reply = web.download(f"{user.folder}/large", headers={"Range": "bytes=100-700000,900000-1999999"})
    boundary = reply.headers["Content-Type"].split("boundary=")[1].encode()
    pieces = reply.content.split(b"\r\n--" + boundary)
    assert pieces[0].split(b"\r\n\r\n", 1)[1] == content[100:700001] and pieces[1].split(b"\r\n\r\n", 1)[1] == content[900000:]


def test_condition_that_holds_sends_nothing(web, text):
    path, etag = text
    for header in (etag, f'"x", {etag}', "*", f"W/{etag}"):
        reply = web.download(path, headers={"If-None-Match": header})
        assert reply.status_code == 304 and reply.content == b"" and reply.headers["ETag"] == etag
    assert web.download(path, headers={"If-None-Match": '"other"'}).status_code == 200
    modified = web.download(path).headers["Last-Modified"]
    assert web.download(path, headers={"If-Modified-Since": modified}).status_code == 304
    assert web.download(path, headers={"If-Modified-Since": modified, "If-None-Match": '"other"'}).status_code == 200
    assert web.download(path, headers={"If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}).status_code == 200


def test_ranges_of_an_older_version_are_not_mixed_in(web, text):
    path, etag = text
    assert web.download(path, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    for other in ('"other"', f"W/{etag}", "Thu, 01 Jan 1970 00:00:00 GMT"):
        reply = web.download(path, headers={"Range": "bytes=0-1", "If-Range": other})
        assert reply.status_code == 200 and reply.content == TEXT


def audited_downloads(sandbox, user, expected):
    """How many rows there are, once there are as many as expected: those of reading are written soon, and not before the answer."""
    deadline = time.monotonic() + 10
    with contextlib.closing(sqlite3.connect(f"file:{sandbox.service_state_dir}/baluhost.db?mode=ro", uri=True)) as database:
        while True:
            count = database.execute("SELECT count(*) FROM audit WHERE action = 'download' AND username = ?", [user.username]).fetchone()[0]
            if count >= expected or time.monotonic() > deadline:
                return count
            time.sleep(0.05)


def test_film_that_is_watched_in_pieces_is_audited_once(web, user, sandbox, text):
    for start in (0, 1000, 2000, 0, 9000):
        assert web.download(text[0], headers={"Range": f"bytes={start}-{start + 99}"}).status_code == 206
    web.download(text[0])
    assert audited_downloads(sandbox, user, 2) == 2
    user.web().download(text[0], headers={"Range": "bytes=1-"})
    assert audited_downloads(sandbox, user, 3) == 3, "another session is another download"


def test_head_says_what_get_would(web, text):
    path, etag = text
    reply = web.head("files/download/" + quote(path, safe=""))
    assert reply.status_code == 200 and reply.content == b""
    assert reply.headers["Content-Length"] == "10240" and reply.headers["ETag"] == etag and reply.headers["Accept-Ranges"] == "bytes"


def test_download_by_query_is_the_same(web, text):
    assert web.get("files/download", params={"path": text[0]}).content == TEXT


def test_missing_file_and_folder_are_refused(web, user):
    refusal(web.download(f"{user.folder}/missing"), 404, "File not found")
    refusal(web.download(user.folder), 409)
    assert web.head("files/download/" + user.folder).status_code == 409
    refusal(web.get("files/stat", params={"path": f"{user.folder}/missing"}), 404, "File not found")


def test_strangers_file_is_refused(web, new_user):
    stranger = new_user()
    put(stranger.web(), f"{stranger.folder}/secret", b"secret")
    assert web.download(f"{stranger.folder}/secret").status_code in (403, 404)


@pytest.mark.parametrize(
    ("name", "content", "inline", "kind", "shown"),
    [
        ("a.html", b"<script>alert(1)</script>", True, "text/plain; charset=utf-8", True),
        ("a.html", b"<script>alert(1)</script>", False, "text/html", False),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>', True, "image/svg+xml", False),
        ("a.png", b"\x89PNG\r\n\x1a\n", True, "image/png", True),
        ("a.txt", b"hello", True, "text/plain; charset=utf-8", True),
        ("a.pdf", b"%PDF-1.4", True, "application/pdf", True),
        ("a.xhtml", b"<html/>", True, None, False),
        ("a.bin", b"\0\1\2", True, None, False),
    ],
)
def test_user_content_is_never_active(web, user, name, content, inline, kind, shown):
    path = f"{user.folder}/{inline}-{name}"
    put(web, path, content)
    headers = web.download(path, params={"inline": "true"} if inline else {}).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("inline" if shown else "attachment")
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    if name != "a.pdf":
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    if kind:
        assert headers["Content-Type"] == kind
    assert "text/html" not in headers["Content-Type"] or not shown


def test_name_is_sent_for_every_client(web, user):
    put(web, f'{user.folder}/Größe "5%".txt', b"x")
    header = web.download(f'{user.folder}/Größe "5%".txt').headers["Content-Disposition"]
    assert header == "attachment; filename=\"Gr__e _5__.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%225%25%22.txt"


# --- the rest ---


def test_percent_encoding_is_decoded_once(web, user):
    put(web, f"{user.folder}/%2F", b"literal")
    reply = web.get(f"files/download/{user.folder}%2F%252F")
    assert reply.content == b"literal"
    put(web, f"{user.folder}/+ and space", b"plus")
    assert web.get(f"files/download/{user.folder}/+%20and%20space").content == b"plus"
    assert web.get(f"files/download?path={user.folder}/%2B+and+space").content == b"plus"


@pytest.mark.parametrize("path", ["%ff", "a/%80", "%c3%28", "%ed%a0%80"])
def test_malformed_encoding_is_refused(web, path):
    for reply in (web.get(f"files/download/{path}"), web.get(f"files/download?path={path}"), web.delete(f"files/{path}")):
        assert reply.status_code in (400, 422), reply.text
        if reply.status_code == 422:
            assert reply.json()["detail"][0]["loc"][-1] == "path"


def test_list_has_pages_and_order(web, user):
    for name in ("b", "A", "c"):
        put(web, f"{user.folder}/{name}", name.encode() * 3)
    assert web.post("files/folder", json={"path": user.folder, "name": "dir"}).json()["folder"]["type"] == "directory"
    first = web.get("files/list", params={"path": user.folder, "limit": 2}).json()
    assert [item["name"] for item in first["files"]] == ["dir", "A"] and first["total"] == 4 and first["next_cursor"]
    second = web.get("files/list", params={"path": user.folder, "limit": 2, "cursor": first["next_cursor"]}).json()
    assert [item["name"] for item in second["files"]] == ["b", "c"] and second["next_cursor"] is None
    item = second["files"][0]
    assert item["id"] == item["path"] == f"{user.folder}/b" and item["is_directory"] is False and item["size"] == 3
    assert first["files"][0]["is_directory"] is True and first["files"][0]["etag"] is None and first["files"][0]["size"] == 0
    backwards = web.get("files/list", params={"path": user.folder, "sort": "name", "order": "desc"}).json()["files"]
    assert [entry["name"] for entry in backwards] == ["dir", "c", "b", "A"]


def test_list_that_is_shown_again_is_what_it_is_now(web, new_user, user, sandbox):
    """Nothing that was put together before is sent after a change, whoever made it, and never to somebody else."""
    folder = sandbox.storage_dir / user.folder
    before = None

    def listed(client=web, etag=None, status=200):
        headers = {"If-None-Match": etag} if etag else {}
        reply = client.get("files/list", params={"path": user.folder}, headers=headers)
        assert reply.status_code == status, reply.text
        if status == 304:
            assert reply.content == b"" and reply.headers["ETag"] == etag
            return etag
        if status != 200:
            return None
        assert {"private", "no-cache"} == set(reply.headers["Cache-Control"].split(", ")) and "Authorization" in reply.headers["Vary"]
        sizes = {item["name"]: item["size"] for item in reply.json()["files"]}
        assert sizes == {path.name: path.stat().st_size for path in folder.iterdir()}
        return reply.headers["ETag"]

    put(web, f"{user.folder}/a", b"1")
    for change in (
        lambda: None,
        lambda: put(web, f"{user.folder}/a", b"22", overwrite="true"),
        lambda: (folder / "a").write_bytes(b"333"),
        lambda: (folder / "b").write_bytes(b"1"),
        lambda: (folder / "b").rename(folder / "c"),
        lambda: (folder / "c").unlink(),
    ):
        change()
        etag = listed()
        assert etag != before
        before = etag
        assert listed() == etag
        listed(etag=etag, status=304)
    listed(new_user().web(), etag=etag, status=403)
    assert listed(sandbox.web("admin", "changeme"), etag=etag) != etag

    os.setxattr(folder, "user.baluhost.owner", b"00000000-0000-4000-8000-000000000000")
    listed(etag=etag, status=403)
    os.removexattr(folder, "user.baluhost.owner")
    web.post("auth/logout").raise_for_status()
    listed(etag=etag, status=401)
    listed(status=401)


def test_missing_folder_lists_as_empty(web, user):
    assert web.get("files/list", params={"path": f"{user.folder}/missing"}).json() == {"files": [], "next_cursor": None, "total": 0}
    assert web.get("files/list", params={"path": user.folder, "limit": "many"}).status_code == 422
    assert web.get("files/list", params={"path": user.folder, "sort": "colour"}).status_code == 422
    refusal(web.get("files/list", params={"path": ".."}), 403, "Path is outside of the NAS storage boundary")


@pytest.mark.parametrize("route", ["folder", "create-folder", "mkdir"])
def test_folder_is_created(web, user, route):
    reply = web.post(f"files/{route}", json={"path": user.folder, "name": "new"})
    assert reply.status_code == 200 and reply.json()["message"] == "Folder created"
    refusal(web.post(f"files/{route}", json={"path": user.folder, "name": "new"}), 409)
    refusal(web.post(f"files/{route}", json={"path": user.folder}), 400, "Folder name required")
    refusal(web.post(f"files/{route}", json={"path": user.folder, "name": ""}), 400, "Folder name required")
    assert web.post(f"files/{route}", json={"path": user.folder, "name": "a/b"}).status_code == 422
    assert web.post(f"files/{route}", json={"path": 5, "name": "a"}).status_code == 422


@pytest.mark.parametrize("verb", ["put", "post"])
@pytest.mark.parametrize("names", [("old_path", "new_name"), ("path", "new_name")])
def test_file_is_renamed(web, user, verb, names):
    put(web, f"{user.folder}/old")
    put(web, f"{user.folder}/taken")
    send = getattr(web, verb)
    assert send("files/rename", json={names[0]: f"{user.folder}/old", names[1]: "new"}).json() == {"message": "Renamed", "path": f"{user.folder}/new"}
    refusal(send("files/rename", json={names[0]: f"{user.folder}/old", names[1]: "other"}), 404)
    refusal(send("files/rename", json={names[0]: f"{user.folder}/new", names[1]: "taken"}), 409)
    assert send("files/rename", json={names[0]: f"{user.folder}/new"}).status_code == 422


@pytest.mark.parametrize("verb", ["put", "post"])
@pytest.mark.parametrize("names", [("source_path", "target_path"), ("source", "destination")])
def test_file_is_moved_into_a_folder(web, user, verb, names):
    put(web, f"{user.folder}/file")
    web.post("files/folder", json={"path": user.folder, "name": "dir"})
    send = getattr(web, verb)
    reply = send("files/move", json={names[0]: f"{user.folder}/file", names[1]: f"{user.folder}/dir"})
    assert reply.json() == {"message": "Moved", "path": f"{user.folder}/dir/file"}
    refusal(send("files/move", json={names[0]: f"{user.folder}/file", names[1]: f"{user.folder}/dir"}), 404)


def test_deleted_file_can_be_restored_or_purged(web, user):
    put(web, f"{user.folder}/file", b"12345")
    reply = web.delete("files/" + quote(f"{user.folder}/file", safe="")).json()
    assert reply["message"] == "Deleted" and reply["trash_id"]
    items = web.get("files/trash").json()["items"]
    assert [(item["trash_id"], item["path"], item["size"]) for item in items] == [(reply["trash_id"], f"{user.folder}/file", 5)]
    assert items[0]["deleted_at"].endswith("Z") and items[0]["owner_id"] == str(user.id)
    assert web.post(f"files/trash/{reply['trash_id']}/restore").json() == {"message": "Restored", "path": f"{user.folder}/file"}
    assert web.delete("files/delete", params={"path": f"{user.folder}/missing"}).json() == {"message": "Deleted", "trash_id": None}
    trash_id = web.delete("files/delete", params={"path": f"{user.folder}/file"}).json()["trash_id"]
    assert web.delete(f"files/trash/{trash_id}").json() == {"freed_bytes": 5}
    refusal(web.post(f"files/trash/{trash_id}/restore"), 404)
    put(web, f"{user.folder}/file", b"123")
    web.delete("files/delete", params={"path": f"{user.folder}/file"})
    assert web.delete("files/trash").json()["freed_bytes"] == 3


def test_root_cannot_be_deleted(web):
    assert web.delete("files/").status_code == 400
    assert web.delete("files/delete", params={"path": ""}).status_code == 400
    assert web.delete("files/delete").status_code == 422


def test_trash_is_not_emptied_when_a_file_of_that_name_may_be_meant(make_sandbox):
    sandbox = make_sandbox()
    web = sandbox.web("alex", "demo123")
    put(web, "keep", b"precious")
    web.delete("files/keep")
    put(web, "trash", b"a file")
    refusal(web.delete("files/trash"), 409)
    assert len(web.get("files/trash").json()["items"]) == 1
    assert web.delete("files/delete", params={"path": "trash"}).status_code == 200


def test_copy_is_a_job(web, user):
    put(web, f"{user.folder}/file", b"content")
    reply = web.post("files/copy", json={"source_path": f"{user.folder}/file", "target_path": f"{user.folder}/copy"})
    assert reply.status_code == 202
    job = reply.json()["job_id"]
    assert reply.headers["Location"] == f"/api/jobs/{job}"
    deadline = time.monotonic() + 10
    while (state := web.get(f"jobs/{job}").json())["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert state["state"] == "succeeded" and state["result"] == f"{user.folder}/copy" and state["error"] is None
    assert state["operation"] == "copy" and state["id"] == job
    assert web.download(f"{user.folder}/copy").content == b"content"
    refusal(web.delete(f"jobs/{job}"), 409)


@pytest.mark.parametrize("job", ["999999", "x%2Fy", "..", "a-b", "%C3%A4"])
def test_unknown_job_is_refused(web, job):
    assert web.get(f"jobs/{job}").status_code == 404
    assert web.delete(f"jobs/{job}").status_code == 404


def test_job_of_another_is_not_told(web, user, new_user):
    put(web, f"{user.folder}/file", b"content")
    job = web.post("files/copy", json={"source_path": f"{user.folder}/file", "target_path": f"{user.folder}/copy"}).json()["job_id"]
    refusal(new_user().web().get(f"jobs/{job}"), 403)


def test_space_is_told(web, new_user):
    user = new_user(quota_bytes=1000)
    limited = user.web()
    put(limited, f"{user.folder}/file", b"x" * 100)
    assert limited.get("files/storage/available").json() == {"available_bytes": 900, "used_bytes": 100, "quota_bytes": 1000}
    usage = limited.get("files/usage").json()
    assert usage["used_bytes"] == 100 and usage["quota_bytes"] == 1000
    assert web.get("files/usage").json()["quota_bytes"] is None


def test_access_is_explained(web, user, new_user):
    other = new_user()
    mine = web.get("files/access", params={"path": user.folder}).json()
    assert mine["may_view"] and mine["may_change"] and mine["may_add"] and mine["rule"] == "owner" and mine["explanation"]
    assert web.get("files/access", params={"path": other.folder}).json()["may_change"] is False
    refusal(web.get("files/access", params={"path": user.folder, "user_id": str(other.id)}), 403)
