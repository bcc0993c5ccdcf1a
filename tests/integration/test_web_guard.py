# SPDX-License-Identifier: MIT
"""What the bridge does with clients that do not mean well, or do not mean anything: raw bytes over sockets."""

import contextlib
import http.client
import os
import re
import select
import socket
import ssl
import subprocess
import time

import pytest

from support.web import Web

HOST = b"Host: nas\r\n"


def address(sandbox):
    host, port = re.match(r"https?://([^:/]+):(\d+)", sandbox.url).groups()
    return host, int(port)


def connect(sandbox, timeout=20):
    return socket.create_connection(address(sandbox), timeout=timeout)


def read_all(connection):
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while block := connection.recv(65536):
            received += block
    return received


def exchange(sandbox, data):
    """All that comes back until the bridge closes the connection, and how long that took."""
    begin = time.monotonic()
    with connect(sandbox) as connection:
        connection.sendall(data)
        received = read_all(connection)
    return received, time.monotonic() - begin


def status(reply):
    match = re.match(rb"HTTP/1\.1 (\d+) [^\r\n]+\r\n", reply)
    return int(match[1]) if match else None


AMBIGUOUS = {
    "two hosts": (400, b"GET /api/health HTTP/1.1\r\n" + HOST + b"Host: other\r\n\r\n"),
    "no host": (400, b"GET /api/health HTTP/1.1\r\n\r\n"),
    "two lengths": (400, b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "same length twice": (400, b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
    "list of lengths": (400, b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: 2, 2\r\n\r\n{}"),
    "length and chunks": (400, b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks with a space": (400, b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "gzip and chunks": (501, b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "negative length": (400, b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n"),
    "folded field": (400, b"GET /api/health HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n"),
    "bare line feeds": (400, b"GET /api/health HTTP/1.1\nHost: nas\n\n"),
    "bare carriage return": (400, b"GET /api/health HTTP/1.1\r\nHost: nas\rX: y\r\n\r\n"),
    "NUL in the target": (400, b"GET /api/\0health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "encoded NUL": (400, b"GET /api/files/stat?path=a%00b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "control character": (400, b"GET /api/\x01 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "encoded line end": (400, b"GET /api/files/stat?path=a%0d%0aX:y HTTP/1.1\r\n" + HOST + b"\r\n"),
    "NUL in a field": (400, b"GET /api/health HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n"),
    "overlong target": (414, b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "overlong field": (431, b"GET /api/health HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n"),
    "many fields": (431, b"GET /api/health HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200 + b"\r\n"),
    "endless head": (431, b"GET /api/health HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20000),
    "another protocol": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /api/health\r\n\r\n"),
    "CONNECT": (400, b"CONNECT nas:22 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "credentials in the target": (400, b"GET http://a:b@nas/api/health HTTP/1.1\r\n" + HOST + b"\r\n"),
    "fragment": (400, b"GET /api/health#x HTTP/1.1\r\n" + HOST + b"\r\n"),
    "strange expectation": (417, b"GET /api/health HTTP/1.1\r\n" + HOST + b"Expect: miracles\r\n\r\n"),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_closed(sandbox, name):
    expected, data = AMBIGUOUS[name]
    smuggled = b"GET /api/health HTTP/1.1\r\n" + HOST + b"\r\n"
    reply, _ = exchange(sandbox, data + (b"" if name == "endless head" else smuggled))
    assert status(reply) == expected, reply[:200]
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", reply)) == 1, "nothing behind it is answered"
    assert b"Connection: close" in reply and b"nosniff" in reply and b'"detail"' in reply


@pytest.mark.parametrize("pause", [0, 0.005], ids=["together", "one_by_one"])
def test_empty_lines_and_pieces_make_no_difference(sandbox, pause):
    data = b"\r\n\r\nGET /api/health HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    with connect(sandbox) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            connection.send(bytes([byte]))
            time.sleep(pause)  # so that the bridge sees each byte on its own, or most of them together
        assert status(read_all(connection)) == 200


def test_pipelined_requests_are_answered_in_order(sandbox, user):
    auth = f"Authorization: Bearer {user.token}\r\n".encode()
    name = user.folder.encode()
    body = os.urandom(400_000)
    data = b"PUT /api/files/content/%s%%2Fp HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n" % (name, HOST, auth, len(body)) + body
    data += b"GET /api/files/download/%s%%2Fp HTTP/1.1\r\n%s%s\r\n" % (name, HOST, auth)
    data += b"GET /api/health HTTP/1.1\r\n" + HOST + b"\r\n"
    data += b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}"
    data += b"GET /api/auth/me HTTP/1.1\r\n" + HOST + auth + b"Connection: close\r\n\r\n"
    reply, _ = exchange(sandbox, data)
    assert [int(code) for code in re.findall(rb"HTTP/1\.1 (\d+) [A-Z]", reply.replace(body, b""))] == [201, 200, 200, 422, 200]
    assert reply.count(body) == 1


def test_connection_goes_on_after_any_answer(sandbox, new_user):
    """Unless it says otherwise."""
    user = new_user()
    web = user.web()
    web.upload(f"{user.folder}/f", b"x")
    etag = web.download(f"{user.folder}/f").headers["ETag"]
    session = web.get("auth/sessions").json()["sessions"][0]["session_id"]
    login = Web(sandbox.url).post("auth/login", json={"username": user.username, "password": user.password}).json()["access_token"]
    common = HOST + f"Authorization: Bearer {login}\r\n".encode()
    file = user.folder.encode() + b"%2Ff"
    requests = {
        204: b"DELETE /api/auth/sessions/" + session.encode() + b" HTTP/1.1\r\n" + common,
        304: b"GET /api/files/download/" + file + b" HTTP/1.1\r\nIf-None-Match: " + etag.encode() + b"\r\n" + common,
        404: b"GET /api/nothing HTTP/1.1\r\n" + common,
        409: b"PUT /api/files/content/" + file + b" HTTP/1.1\r\nContent-Length: 0\r\n" + common,
        416: b"GET /api/files/download/" + file + b" HTTP/1.1\r\nRange: bytes=9-\r\n" + common,
        200: b"HEAD /api/files/download/" + file + b" HTTP/1.1\r\n" + common,
    }
    with connect(sandbox) as connection:
        for expected, request in requests.items():
            connection.sendall(request + b"\r\n")
            reply = http.client.HTTPResponse(connection, method=request.split(b" ")[0].decode())
            reply.begin()
            reply.read()
            assert reply.status == expected
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)


@pytest.fixture
def hasty(make_sandbox):
    """With short timers and low caps."""
    return make_sandbox(
        bridge_config={
            "web": {
                "header-timeout": 1,
                "body-timeout": 2,
                "keep-alive-timeout": 2,
                "max-connections": 40,
                "max-connections-per-client": 20,
            }
        }
    )


SLOW = {
    "nothing": b"",
    "part of a head": b"GET /api/hea",
    "part of a body": b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\n{",
    "part of chunks": b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "a request and then nothing": b"GET /api/health HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("name", SLOW)
def test_silent_connection_is_closed(hasty, name):
    reply, seconds = exchange(hasty, SLOW[name])
    assert seconds < 8
    assert status(reply) == (200 if name.startswith("a request") else None) or status(reply) in (400, None)


@pytest.mark.parametrize("begin", [b"GET /api/health HTTP/1.1\r\nX: ", b"POST /api/auth/login HTTP/1.1\r\n" + HOST + b"Content-Length: 10000\r\n\r\n"])
def test_a_byte_now_and_then_does_not_keep_a_connection(hasty, begin):
    started = time.monotonic()
    with connect(hasty) as connection:
        connection.sendall(begin)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 15:
                connection.send(b"a")
                if select.select([connection], [], [], 0.2)[0] and not connection.recv(4096):
                    break
    assert time.monotonic() - started < 10


def test_slow_upload_that_moves_is_let_go_on(hasty):
    web = hasty.web("alex", "demo123")

    def drip():
        for _ in range(10):
            yield b"x" * 8192
            time.sleep(0.5)

    assert web.upload("slow", drip()).status_code == 201


def test_upload_that_stops_is_ended_and_leaves_nothing(hasty):
    web = hasty.web("alex", "demo123")
    head = f"PUT /api/files/content/stops HTTP/1.1\r\nHost: nas\r\nAuthorization: Bearer {web.token}\r\nContent-Length: 1000000\r\n\r\n"
    reply, seconds = exchange(hasty, head.encode() + b"x" * 1000)
    assert status(reply) is None and seconds < 8
    assert web.get("files/stat", params={"path": "stops"}).status_code == 404
    assert web.get("files/usage").json()["reserved_bytes"] == 0


def test_client_that_does_not_read_is_hung_up_on(hasty):
    web = hasty.web("alex", "demo123")
    assert web.upload("big", b"x" * 30_000_000).status_code == 201
    with connect(hasty) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(f"GET /api/files/download/big HTTP/1.1\r\nHost: nas\r\nAuthorization: Bearer {web.token}\r\n\r\n".encode())
        time.sleep(6)
        received = read_all(connection)
    assert len(received) < 30_000_000


def test_connections_are_bounded(hasty):
    connections = []
    try:
        for _ in range(100):
            connections.append(connect(hasty))
        time.sleep(0.3)
        alive = [c for c in connections if not select.select([c], [], [], 0)[0]]
        assert len(alive) <= 20
    finally:
        for connection in connections:
            connection.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):
            assert Web(hasty.url).get("health", timeout=2).status_code == 200
            return
        time.sleep(0.1)
    pytest.fail("the bridge did not recover")


def is_instrumented(pid):
    """A sanitizer's shadow memory is not the bridge's."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        return "libasan" in file.read()


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1]) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_a_thousand_idle_connections_cost_little(make_sandbox):
    sandbox = make_sandbox(bridge_config={"web": {"max-connections": 1000, "max-connections-per-client": 1000, "header-timeout": 60}})
    connections = [connect(sandbox) for _ in range(900)]
    try:
        for connection in connections:
            connection.sendall(b"GET /api/health HTTP/1.1\r\n" + HOST + b"\r\n")
        for connection in connections:
            assert status(connection.recv(4096)) == 200
        assert Web(sandbox.url).get("health").status_code == 200
        assert is_instrumented(sandbox.bridge_pid) or memory(sandbox.bridge_pid) < 64 << 20
    finally:
        for connection in connections:
            connection.close()


def test_nothing_is_left_of_clients_that_hang_up(sandbox, user):
    """However they do it, and whatever the bridge is at."""
    head = f"Host: nas\r\nAuthorization: Bearer {user.token}\r\n".encode()
    web = user.web()
    web.upload(f"{user.folder}/big", b"x" * 5_000_000)
    name = user.folder.encode() + b"%2Fbig"
    stages = [
        b"",
        b"GET",
        b"GET /api/health HTTP/1.1\r\nHost: nas\r\n\r\n",
        b"GET /api/files/list HTTP/1.1\r\n" + head + b"\r\n",
        b"GET /api/files/download/" + name + b" HTTP/1.1\r\n" + head + b"\r\n",
        b"GET /api/files/download/" + name + b" HTTP/1.1\r\nRange: bytes=0-99999\r\n" + head + b"\r\n",
        b"PUT /api/files/content/" + name + b"2 HTTP/1.1\r\n" + head + b"Content-Length: 5000000\r\n\r\nxxx",
        b"PUT /api/files/content/" + name + b"3 HTTP/1.1\r\n" + head + b"Content-Length: 50000\r\n\r\nxxx",
        b"PUT /api/files/content/" + name + b" HTTP/1.1\r\n" + head + b"Content-Length: 5000000\r\n\r\nxxx",
        b"GET / HTTP/1.0\n",
    ]
    Web(sandbox.url).get("health")
    time.sleep(0.5)
    before = descriptors(sandbox.bridge_pid)
    for stage in stages * 8:
        for reset in (False, True):
            with connect(sandbox) as connection:
                if reset:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.sendall(stage)
                if not reset and stage:
                    select.select([connection], [], [], 0.05)
    deadline = time.monotonic() + 15
    while descriptors(sandbox.bridge_pid) > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert descriptors(sandbox.bridge_pid) <= before
    assert web.get("files/usage").json()["reserved_bytes"] == 0


def test_stop_finishes_what_has_begun(make_sandbox):
    sandbox = make_sandbox()
    web = sandbox.web("alex", "demo123")
    with connect(sandbox) as connection, connect(sandbox) as idle:
        head = f"PUT /api/files/content/late HTTP/1.1\r\nHost: nas\r\nAuthorization: Bearer {web.token}\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 100")
        os.kill(sandbox.bridge_pid, 15)
        assert idle.recv(1) == b"", "idle connections are closed at once"
        with pytest.raises(OSError):
            connect(sandbox).recv(1)
        connection.sendall(b"x" * 1000000)
        assert status(read_all(connection)) == 201
    sandbox.stop_bridge()
    sandbox.start_bridge()
    assert sandbox.web("alex", "demo123").get("files/stat", params={"path": "late"}).json()["size"] == 1000000


@pytest.fixture
def certificate(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.getuid() and parent != parent.parent and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)
    (tmp_path / "key.pem").chmod(0o644)
    return tmp_path


def test_tls(make_sandbox, certificate):
    sandbox = make_sandbox(
        bridge_config={"web": {"tls-certificate": certificate / "cert.pem", "tls-key": certificate / "key.pem", "header-timeout": 2}}
    )
    web = Web(sandbox.url)
    web.verify = str(certificate / "cert.pem")
    assert sandbox.url.startswith("https://")
    reply = web.post("auth/login", json={"username": "alex", "password": "demo123", "refresh": True})
    assert reply.headers["Strict-Transport-Security"]
    assert all("; Secure" in cookie for cookie in reply.raw.headers.getlist("Set-Cookie"))
    web.headers["Authorization"] = "Bearer " + reply.json()["access_token"]
    content = os.urandom(3_000_000)
    assert web.upload("tls", content).status_code == 201
    assert web.download("tls").content == content
    assert web.download("tls", headers={"Range": "bytes=5-9,2000000-2000009"}).status_code == 206
    refused, _ = exchange(sandbox, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert b"200" not in refused, "plain HTTP is not served on the same port"
    _, seconds = exchange(sandbox, b"\x16\x03\x01")
    assert seconds < 8, "a handshake that stops is ended"
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    with context.wrap_socket(connect(sandbox), server_hostname="127.0.0.1") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n")
        assert status(connection.recv(4096)) == 400


def test_socket_passed_by_systemd_is_served(make_sandbox):
    sandbox = make_sandbox(with_bridge=False)
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as stack:
        port = listener.getsockname()[1]
        # As systemd does it: descriptor 3, and variables that name the process.
        command = f'exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0"'
        bridge = stack.enter_context(
            subprocess.Popen(
                ["bash", "-c", command, sandbox.build_dir / "web-bridge" / "baluhost-web"],
                env={**os.environ, **sandbox.env()},
                pass_fds=[listener.fileno()],
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        stack.callback(bridge.terminate)
        assert bridge.stdout.readline().strip().endswith(f":{port}")
        assert Web(f"http://127.0.0.1:{port}").get("health").status_code == 200
        bridge.terminate()
        assert bridge.wait(20) == 0


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("[web]\nport=99999\n", "port"),
        ("[web]\nprot=80\n", "prot"),
        ("[web]\ntrusted-proxies=nowhere\n", "trusted-proxies"),
        ("[web]\ntls-certificate=/x\n", "tls-key"),
        ("[web]\nlisten=example.org\n", "listen"),
        ("[web]\nport=0\ntls-certificate=/missing\ntls-key=/missing\n", "missing"),
        ("nonsense", "conf"),
    ],
)
def test_wrong_configuration_is_refused_with_a_reason(sandbox, tmp_path, section, said):
    config = tmp_path / "web.conf"
    config.write_text(section)
    done = subprocess.run(
        [sandbox.build_dir / "web-bridge" / "baluhost-web", "--config", config], env={**os.environ, **sandbox.env()}, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1 and said in done.stderr


def test_options_that_ask_for_text_print_it(sandbox):
    program = sandbox.build_dir / "web-bridge" / "baluhost-web"
    assert re.fullmatch(r"baluhost-web \d+\.\d+\.\d+\n", subprocess.check_output([program, "--version"], text=True))
    assert "--config" in subprocess.check_output([program, "--help"], text=True)
    assert '"openapi": "3.1.0"' in subprocess.check_output([program, "--print-openapi"], text=True)
    assert subprocess.run([program, "--nonsense"], capture_output=True, check=False).returncode == 1
