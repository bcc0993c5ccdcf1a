# SPDX-License-Identifier: MIT
"""Hostile paths and names through every route that takes one: none gets out, none crashes. The table is in support/hostile.py."""

import http.client
import json
import os
import re

import pytest

from support import hostile


class Wire:
    """HTTP without a client library that would tidy up what it is given."""

    def __init__(self, sandbox, user):
        host, port = re.match(r"http://([^:]+):(\d+)", sandbox.url).groups()
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        self.user = user

    def send(self, verb, path, body=None, content_type="application/json", **fields):
        """(status, body as bytes)"""
        headers = {"Authorization": f"Bearer {self.user.token}", **fields}
        if body is not None:
            headers["Content-Type"] = content_type
        self.connection.putrequest(verb, path, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if body is not None:
            self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body)
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.getheader("Connection") == "close":
            self.connection.close()
        return reply.status, text


def encode_all(raw):
    return "".join(f"%{byte:02X}" for byte in raw)


def encode_little(raw):
    """Only what an address cannot hold as it is."""
    return "".join(chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "-._~/!$&'()*,;:@=") else f"%{byte:02x}" for byte in raw)


@pytest.fixture
def wire(sandbox, user):
    return Wire(sandbox, user)


# These three a form cannot say: browsers write them for what a quoted text cannot hold.
FORM_ESCAPES = re.compile(rb"%(22|0a|0d)", re.IGNORECASE)


def form(name):
    quoted = name.replace(b'"', b"%22").replace(b"\r", b"%0D").replace(b"\n", b"%0A").replace(b"\\", b"\\\\")
    return b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + quoted + b'"\r\n\r\nx\r\n--b--\r\n'


def by_address(wire, encoded):
    """Every route that takes a path in its address."""
    yield "download", wire.send("GET", f"/api/files/download/{encoded}")
    yield "head", wire.send("HEAD", f"/api/files/download/{encoded}")
    yield "download?path", wire.send("GET", f"/api/files/download?path={encoded}")
    yield "stat", wire.send("GET", f"/api/files/stat?path={encoded}")
    yield "access", wire.send("GET", f"/api/files/access?path={encoded}")
    yield "content", wire.send("PUT", f"/api/files/content/{encoded}", b"x", "application/octet-stream")
    yield "content with all", wire.send("PUT", f"/api/files/content/{encoded}?parents=true&overwrite=true", b"x", "application/octet-stream")
    yield "delete", wire.send("DELETE", f"/api/files/{encoded}")
    yield "delete?path", wire.send("DELETE", f"/api/files/delete?path={encoded}")


def by_body(wire, text, source):
    """Every route that takes a path in its body."""

    def send(verb, route, **body):
        return wire.send(verb, "/api/files/" + route, json.dumps(body).encode())

    yield "folder", send("POST", "folder", path=text, name="new")
    yield "rename", send("PUT", "rename", old_path=text, new_name="new")
    yield "move from", send("PUT", "move", source_path=text, target_path=f"{wire.user.folder}/moved")
    yield "move to", send("PUT", "move", source_path=source, target_path=text)
    yield "copy from", send("POST", "copy", source_path=text, target_path=f"{wire.user.folder}/copied")
    yield "copy to", send("POST", "copy", source_path=source, target_path=text)


@pytest.mark.parametrize("fate", [hostile.OUTSIDE, hostile.INVALID, hostile.BROKEN])
@pytest.mark.parametrize("encode", [encode_all, encode_little])
def test_hostile_paths_in_addresses_are_refused(wire, sandbox, fate, encode):
    before = hostile.snapshot(sandbox.state_dir / "config") if (sandbox.state_dir / "config").exists() else None
    wrong = []
    for path in hostile.BY_FATE[fate]:
        for where, (status, text) in by_address(wire, encode(path.raw)):
            if not 400 <= status < 500 or b"root:" in text:
                wrong.append(f"{where} of {path}: {status} {text[:80]!r}")
    assert not wrong
    if before is not None:
        assert hostile.snapshot(sandbox.state_dir / "config") == before


@pytest.mark.parametrize("fate", [hostile.OUTSIDE, hostile.INVALID])
def test_hostile_paths_in_bodies_are_refused(wire, user, fate):
    web = user.web()
    assert web.upload(f"{user.folder}/source", b"x").status_code == 201
    wrong = []
    for path in hostile.BY_FATE[fate]:
        for where, (status, text) in by_body(wire, path.text, f"{user.folder}/source"):
            if not 400 <= status < 500:
                wrong.append(f"{where} of {path}: {status} {text[:80]!r}")
    assert not wrong
    assert web.download(f"{user.folder}/source").content == b"x"


def test_hostile_names_in_forms_are_refused(wire, user):
    wrong = []
    for path in [path for fate in (hostile.OUTSIDE, hostile.INVALID, hostile.BROKEN) for path in hostile.BY_FATE[fate]]:
        status, text = wire.send("POST", "/api/files/upload?path=" + user.folder, form(path.raw), "multipart/form-data; boundary=b")
        # Below a folder of one's own "..", and no more of them, leads to a place that exists; all others lead nowhere.
        if not 400 <= status < 500:
            wrong.append(f"{path}: {status} {text[:80]!r}")
    assert not wrong


def test_literal_names_are_taken_letter_by_letter(wire, sandbox, user):
    """Through an address, a body and a form, encoded as much or as little as possible."""
    directory = os.fsencode(sandbox.storage_dir / user.folder)
    wrong = []
    for number, path in enumerate(hostile.BY_FATE[hostile.LITERAL]):
        encode = (encode_all, encode_little)[number % 2]
        address = encode(f"{user.folder}/".encode() + path.raw)
        status, text = wire.send("PUT", f"/api/files/content/{address}", b"mine", "application/octet-stream")
        if status != 201 or os.listdir(directory) != [path.raw]:
            wrong.append(f"content of {path}: {status} {os.listdir(directory)}")
        if wire.send("GET", f"/api/files/download/{address}") != (200, b"mine"):
            wrong.append(f"download of {path}")
        status, text = wire.send("GET", f"/api/files/list?path={user.folder}")
        if [item["name"] for item in json.loads(text)["files"]] != [path.text]:
            wrong.append(f"list of {path}: {text[:80]!r}")
        body = json.dumps({"path": f"{user.folder}/{path.text}", "new_name": "plain"}).encode()
        if wire.send("PUT", "/api/files/rename", body)[0] != 200:
            wrong.append(f"rename of {path}")
        wire.send("DELETE", f"/api/files/{user.folder}%2Fplain")
        if not FORM_ESCAPES.search(path.raw):
            wire.send("DELETE", f"/api/files/{address}")
            status, text = wire.send("POST", f"/api/files/upload?path={user.folder}", form(path.raw), "multipart/form-data; boundary=b")
        else:
            status, text = wire.send("PUT", f"/api/files/content/{address}", b"mine", "application/octet-stream")
            status = 200 if status == 201 else status
        if status != 200 or os.listdir(directory) != [path.raw]:
            wrong.append(f"form of {path}: {status} {os.listdir(directory)} {text[:80]!r}")
        if wire.send("DELETE", f"/api/files/{address}")[0] != 200 or os.listdir(directory):
            wrong.append(f"delete of {path}: {os.listdir(directory)}")
            for name in os.listdir(directory):
                os.unlink(os.path.join(directory, name))
    assert not wrong


def test_links_lead_nowhere(wire, sandbox, user):
    outside = sandbox.state_dir / f"outside-{user.folder}"
    fates = hostile.plant(sandbox.storage_dir / user.folder, outside)
    before = hostile.snapshot(outside)
    wrong = []
    for path in fates:
        for where, (status, text) in by_address(wire, encode_all(f"{user.folder}/{path}".encode())):
            missing_is_fine = where.startswith("delete") and status == 200 and json.loads(text)["trash_id"] is None
            told = where == "access" and status == 200 and not json.loads(text)["may_view"]
            if not (400 <= status < 500 or missing_is_fine or told) or hostile.SECRET in text:
                wrong.append(f"{where} of {path}: {status} {text[:80]!r}")
    assert not wrong
    assert hostile.snapshot(outside) == before
