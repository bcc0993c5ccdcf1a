# SPDX-License-Identifier: MIT
"""Accounts and sessions over HTTP, the shapes of errors, and the OpenAPI document that describes all of it."""

import re

import pytest

from support.schema import schema_errors
from support.web import Web

PASSWORD = "correct horse battery"
CLIENT = {"X-BaluHost-Client": "web"}


@pytest.fixture
def anonymous(sandbox):
    return Web(sandbox.url)


@pytest.fixture
def admin(sandbox):
    return sandbox.web("admin", "changeme")


def refusal(reply, status, detail=None):
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert body["status"] == status and body["title"] and body["type"] and body["detail"]
    if detail is not None:
        assert body["detail"] == detail
    return body


def problems(reply):
    assert reply.status_code == 422, reply.text
    return {".".join(problem["loc"]): problem["type"] for problem in reply.json()["detail"]}


# --- signing in ---


def test_login_tells_token_and_user(anonymous):
    reply = anonymous.post("auth/login", json={"username": "alex", "password": "demo123"})
    body = reply.json()
    assert reply.status_code == 200 and body["access_token"] == body["token"] and body["token_type"] == "bearer" and body["expires_in"] > 0
    assert set(body["user"]) >= {"id", "username", "email", "role", "is_active", "created_at"}
    assert body["user"]["username"] == "alex" and body["user"]["id"].isdecimal() and body["user"]["quota_bytes"] is None
    assert "Set-Cookie" not in reply.headers, "cookies only for those who ask for a refresh token"
    assert "refresh_token" not in body


@pytest.mark.parametrize("credentials", [("alex", "wrong"), ("nobody", "demo123"), ("alex", ""), ("", "")])
def test_wrong_credentials_look_all_alike(anonymous, credentials):
    reply = anonymous.post("auth/login", json={"username": credentials[0], "password": credentials[1]})
    refusal(reply, 401, "Invalid credentials")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"body.username": "missing", "body.password": "missing"}),
        ({"username": "a"}, {"body.password": "missing"}),
        ({"username": 1, "password": ["x"]}, {"body.username": "type_error", "body.password": "type_error"}),
        ({"username": "a", "password": "b", "refresh": "yes"}, {"body.refresh": "type_error"}),
        ({"username": None, "password": "b"}, {"body.username": "missing"}),
    ],
)
def test_what_is_missing_or_wrong_is_listed(anonymous, body, expected):
    assert problems(anonymous.post("auth/login", json=body)) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"1",
        b"{",
        b'{"username": "a" "b"}',
        b"\xff",
        b'{"username": "a\\u0000b", "password": "x"}',
        b'{"username": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"username": 123456789012345678901234567890}',
        b"{} trailing",
    ],
)
def test_body_that_is_no_sound_json_is_refused(anonymous, text):
    assert anonymous.post("auth/login", data=text, headers={"Content-Type": "application/json"}).status_code == 422


def test_form_is_no_json(anonymous):
    refusal(anonymous.post("auth/login", data={"username": "alex", "password": "demo123"}), 415)


def test_body_beyond_a_mebibyte_is_refused(anonymous):
    refusal(anonymous.post("auth/login", json={"username": "x" * (1 << 20), "password": "x"}), 413)


def test_too_many_attempts_are_told_when_to_come_back(make_sandbox):
    sandbox = make_sandbox(service_config={"limits": {"login-attempts-per-account": 3}})
    anonymous = Web(sandbox.url)
    replies = [anonymous.post("auth/login", json={"username": "maria", "password": "wrong"}) for _ in range(5)]
    refusal(replies[-1], 429)
    assert int(replies[-1].headers["Retry-After"]) > 0


# --- who is asking ---


GUARDED = [("get", "auth/me"), ("post", "auth/logout"), ("get", "files/list"), ("get", "users"), ("delete", "files/x"), ("get", "files/download/x"), ("put", "files/content/x"), ("post", "files/upload"), ("get", "jobs/1")]


@pytest.mark.parametrize(("verb", "path"), GUARDED)
def test_nothing_is_done_without_a_token(anonymous, verb, path):
    reply = getattr(anonymous, verb)(path)
    refusal(reply, 401, "Not authenticated")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer x.y.z", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "bearer " + "x" * 5000])
def test_bad_token_is_refused(anonymous, header):
    refusal(anonymous.get("auth/me", headers={"Authorization": header}), 401, "Could not validate credentials")


def test_ordinary_user_does_not_administer(sandbox):
    alex = sandbox.web("alex", "demo123")
    for reply in (alex.get("users"), alex.post("users", json={"username": "u", "password": PASSWORD}), alex.delete("users/1"), alex.post("users/bulk-delete", json=["1"])):
        refusal(reply, 403, "Admin access required")


def test_deleted_user_is_gone(sandbox, new_user, admin):
    user = new_user()
    web = user.web()
    assert admin.delete(f"users/{user.id}").status_code == 204
    assert web.get("auth/me").status_code == 401


# --- sessions by cookie ---


@pytest.fixture
def browser(anonymous, new_user):
    """Signed in as the web UI is."""
    user = new_user()
    reply = anonymous.post("auth/login", json={"username": user.username, "password": user.password, "refresh": True}, headers=CLIENT)
    assert reply.status_code == 200
    anonymous.user = user
    anonymous.access = reply.json()["access_token"]
    anonymous.set_cookie = reply.raw.headers.getlist("Set-Cookie")
    return anonymous


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(browser):
    cookies = {cookie.split("=")[0]: cookie for cookie in browser.set_cookie}
    assert set(cookies) == {"baluhost_refresh", "baluhost_media"}
    for cookie in cookies.values():
        assert "; HttpOnly" in cookie and "; SameSite=Strict" in cookie and "Secure" not in cookie
    assert "; Path=/api/auth;" in cookies["baluhost_refresh"] and "; Path=/api/files/download;" in cookies["baluhost_media"]


def test_refresh_rotates_the_cookie(browser):
    old = browser.cookies["baluhost_refresh"]
    reply = browser.post("auth/refresh", headers=CLIENT)
    assert reply.status_code == 200 and reply.json()["user"]["username"] == browser.user.username
    assert "new_refresh_token" not in reply.json()
    assert browser.cookies["baluhost_refresh"] != old
    browser.cookies.set("baluhost_refresh", old, path="/api/auth", domain="127.0.0.1")
    refusal(Web(browser.url).post("auth/refresh", headers={**CLIENT, "Cookie": f"baluhost_refresh={old}"}), 401)
    token = reply.json()["access_token"]
    assert Web(browser.url).get("auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401, "a stolen token ended the session"


@pytest.mark.parametrize("headers", [{}, {**CLIENT, "Sec-Fetch-Site": "cross-site"}, {**CLIENT, "Sec-Fetch-Site": "same-site"}])
def test_other_sites_cannot_use_the_cookie(browser, headers):
    refusal(browser.post("auth/refresh", headers=headers), 403)
    assert browser.post("auth/refresh", headers={**CLIENT, "Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_other_sites_cannot_sign_a_browser_in(anonymous):
    body = {"username": "alex", "password": "demo123", "refresh": True}
    refusal(anonymous.post("auth/login", json=body, headers={"Sec-Fetch-Site": "cross-site"}), 403)


def test_refresh_without_a_cookie_is_refused(anonymous):
    assert anonymous.post("auth/refresh", headers=CLIENT).status_code == 401


def test_media_cookie_is_good_for_downloads_only(browser):
    name = browser.user.folder + "/pic.png"
    owner = browser.user.web()
    owner.upload(name, b"\x89PNG\r\n\x1a\n")
    address = "files/download/" + name.replace("/", "%2F")
    assert browser.get(address).status_code == 200
    assert browser.head(address).status_code == 200
    assert browser.get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 401
    media = {"Cookie": f"baluhost_media={browser.access}"}
    other = Web(browser.url)
    assert other.get("auth/me", headers=media).status_code == 401
    assert other.get("files/list", headers=media).status_code == 401
    assert other.delete("files/" + name.replace("/", "%2F"), headers=media).status_code == 401


def test_logout_ends_the_session_and_clears_the_cookies(browser):
    reply = browser.post("auth/logout", headers={"Authorization": f"Bearer {browser.access}"})
    assert reply.json() == {"message": "Logged out"}
    assert all("Max-Age=0" in cookie for cookie in reply.raw.headers.getlist("Set-Cookie"))
    refusal(browser.get("auth/me", headers={"Authorization": f"Bearer {browser.access}"}), 401)
    assert "baluhost_refresh" not in browser.cookies


def test_browser_that_lost_its_token_can_still_sign_out(browser):
    refresh = browser.cookies["baluhost_refresh"]
    assert browser.post("auth/logout", headers=CLIENT).status_code == 200
    assert Web(browser.url).post("auth/refresh", headers={**CLIENT, "Cookie": f"baluhost_refresh={refresh}"}).status_code == 401


def test_sessions_are_listed_and_ended(browser):
    bearer = {"Authorization": f"Bearer {browser.access}", "User-Agent": "Test Browser"}
    sessions = browser.get("auth/sessions", headers=bearer).json()["sessions"]
    current = [session for session in sessions if session["is_current"]]
    assert len(current) == 1 and current[0]["client_address"] == "127.0.0.1" and current[0]["created_at"].endswith("Z")
    other = browser.user.web()
    others = [session for session in other.get("auth/sessions").json()["sessions"] if session["is_current"]]
    assert browser.delete(f"auth/sessions/{others[0]['session_id']}", headers=bearer).status_code == 204
    assert other.get("auth/me").status_code == 401
    assert browser.delete("auth/sessions/nonsense", headers=bearer).status_code == 404


def test_password_is_changed(new_user):
    user = new_user()
    web, other = user.web(), user.web()
    refusal(web.post("auth/change-password", json={"current_password": "wrong", "new_password": PASSWORD + "2"}), 400, "Current password is incorrect")
    refusal(web.post("auth/change-password", json={"current_password": user.password, "new_password": "short"}), 400)
    assert web.post("auth/change-password", json={"current_password": user.password, "new_password": PASSWORD + "2"}).json()["message"]
    assert other.get("auth/me").status_code == 401 and web.get("auth/me").status_code == 200


def test_registration_is_closed(anonymous):
    refusal(anonymous.post("auth/register", json={"username": "new", "email": "", "password": PASSWORD}), 403)


def test_registration_can_be_opened(make_sandbox):
    sandbox = make_sandbox(service_config={"sessions": {"registration": True}})
    anonymous = Web(sandbox.url)
    reply = anonymous.post("auth/register", json={"username": "newcomer", "email": "n@example.org", "password": PASSWORD})
    assert reply.status_code == 200 and reply.json()["user"]["role"] == "user"
    refusal(anonymous.post("auth/register", json={"username": "newcomer", "password": PASSWORD}), 409, "User already exists")
    assert anonymous.get("auth/setup").json() == {"setup_required": False, "registration_open": True, "development_mode": True}


def test_setup_needs_its_token(anonymous):
    body = {"username": "root", "password": PASSWORD}
    assert problems(anonymous.post("auth/setup", json=body)) == {"body.setup_token": "missing"}
    assert anonymous.post("auth/setup", json={**body, "setup_token": "x"}).status_code == 409, "there is an administrator"


# --- users ---


def test_account_lives_from_creation_to_deletion(admin, sandbox):
    body = {"username": "web-made", "email": "w@example.org", "password": PASSWORD, "quota_bytes": 5000}
    reply = admin.post("users", json=body)
    assert reply.status_code == 201
    user = reply.json()
    assert user["quota_bytes"] == 5000 and user["role"] == "user" and user["is_active"] is True and user["uid"] is None
    refusal(admin.post("users/", json=body), 409, "Username already exists")
    address = f"users/{user['id']}"
    assert admin.get(address).json() == user
    assert admin.put(address, json={"email": "x@example.org"}).json()["email"] == "x@example.org"
    assert admin.patch(address, json={"quota_bytes": None, "role": "admin"}).json()["quota_bytes"] is None
    assert admin.patch(f"{address}/toggle-active").json()["is_active"] is False
    assert admin.patch(f"{address}/toggle-active").json()["is_active"] is True
    assert admin.delete(address, params={"files": "keep"}).status_code == 204
    refusal(admin.delete(address), 404, "User not found")
    refusal(admin.get(address), 404, "User not found")
    refusal(admin.patch(address, json={"email": ""}), 404, "User not found")
    refusal(admin.patch(f"{address}/toggle-active"), 404, "User not found")


def test_users_are_listed_with_filters(admin):
    for path in ("users", "users/"):
        body = admin.get(path, params={"search": "ale", "sort_order": "desc"}).json()
        assert [user["username"] for user in body["users"]] == ["alex"]
        assert (body["total"], body["active"], body["inactive"], body["admins"]) == (1, 1, 0, 0)
    assert admin.get("users", params={"is_active": "perhaps"}).status_code == 422


def test_last_administrator_and_oneself_stay(admin):
    me = admin.get("auth/me").json()["id"]
    refusal(admin.delete(f"users/{me}"), 409)
    refusal(admin.patch(f"users/{me}", json={"is_active": False}), 409)


def test_several_users_are_deleted_at_once(admin, new_user):
    one, two = new_user(), new_user()
    reply = admin.post("users/bulk-delete", json=[str(one.id), "999999", str(two.id)])
    assert reply.json() == {"deleted": 2, "failed": 1, "failed_ids": ["999999"]}
    for wrong in ({}, ["x"], [["1"]], ["1"] * 1001, [1]):
        assert admin.post("users/bulk-delete", json=wrong).status_code == 422


@pytest.mark.parametrize("user_id", ["x", "-1", "1.5", "99999999999999999999999"])
def test_id_that_is_no_number_is_refused(admin, user_id):
    for reply in (admin.get(f"users/{user_id}"), admin.delete(f"users/{user_id}"), admin.patch(f"users/{user_id}/toggle-active")):
        assert problems(reply) == {"path.user_id": "type_error"} or reply.json()["detail"][0]["loc"] == ["path", "user_id"]


# --- the whole ---


def test_health(anonymous):
    body = anonymous.get("health").json()
    assert body["status"] == "ok" and re.fullmatch(r"\d+\.\d+\.\d+", body["version"]) and body["uptime_seconds"] >= 0


def test_absent_service_is_503(make_sandbox):
    sandbox = make_sandbox()
    web = sandbox.web("alex", "demo123")
    sandbox.stop_service()
    for reply in (web.get("health"), web.get("files/list"), web.get("files/download/x"), web.upload("x", b"x"), web.post("files/upload", files={"files": ("a", b"a")})):
        assert reply.status_code == 503 and reply.json()["detail"] == "The NAS service is not available"
    sandbox.start_service()
    assert web.get("health").status_code == 200


def test_unknown_address_and_verb(admin):
    refusal(admin.get("nothing"), 404)
    reply = admin.put("users")
    refusal(reply, 405)
    assert reply.headers["Allow"] == "GET, HEAD, POST"
    assert admin.get("/api").status_code == 404


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/auth/me", "/api/nothing", "/docs", "/openapi.json", "/nothing.js", "/some/view"])
def test_every_answer_carries_the_security_headers(anonymous, path):
    headers = anonymous.get(path).headers
    for name, value in HEADERS.items():
        assert headers[name] == value
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "Permissions-Policy" in headers and "Server" not in headers and "Strict-Transport-Security" not in headers
    assert "Access-Control-Allow-Origin" not in headers


def test_cross_origin_calls_only_from_configured_origins(make_sandbox):
    sandbox = make_sandbox(bridge_config={"web": {"cors-origins": "https://app.example"}})
    web = Web(sandbox.url)
    good = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    reply = web.options("health", headers=good)
    assert reply.status_code == 204 and reply.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Credentials" not in reply.headers
    assert web.get("health", headers=good).headers["Access-Control-Allow-Origin"] == "https://app.example"
    bad = {**good, "Origin": "https://evil.example"}
    assert web.options("health", headers=bad).status_code == 405
    assert "Access-Control-Allow-Origin" not in web.get("health", headers=bad).headers


def test_address_behind_a_trusted_proxy_is_believed(make_sandbox):
    sandbox = make_sandbox(bridge_config={"web": {"trusted-proxies": "127.0.0.0/8"}})
    web = Web(sandbox.url)
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 127.0.0.1", "X-Forwarded-Proto": "https"}
    reply = web.post("auth/login", json={"username": "alex", "password": "demo123", "refresh": True}, headers=headers)
    assert all("; Secure" in cookie for cookie in reply.raw.headers.getlist("Set-Cookie"))
    assert "Strict-Transport-Security" in reply.headers
    token = reply.json()["access_token"]
    sessions = web.get("auth/sessions", headers={"Authorization": f"Bearer {token}"}).json()["sessions"]
    assert sessions[0]["client_address"] == "198.51.100.7"


def test_forged_forwarding_is_not_believed(sandbox, new_user):
    user = new_user()
    web = Web(sandbox.url)
    reply = web.post("auth/login", json={"username": user.username, "password": user.password}, headers={"X-Forwarded-For": "203.0.113.9"})
    sessions = web.get("auth/sessions", headers={"Authorization": f"Bearer {reply.json()['access_token']}"}).json()["sessions"]
    assert {session["client_address"] for session in sessions} <= {"127.0.0.1", ""}


def test_document_describes_the_live_replies(admin, user):
    web = user.web()
    document = admin.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    web.upload(f"{user.folder}/file", b"x")
    web.delete(f"files/{user.folder}%2Ffile")
    web.upload(f"{user.folder}/file", b"x")
    job = web.post("files/copy", json={"source_path": f"{user.folder}/file", "target_path": f"{user.folder}/copy"})
    samples = [
        (admin, "get", "/api/users", {}),
        (admin, "get", "/api/users/{user_id}", {"user_id": str(user.id)}),
        (web, "get", "/api/auth/me", {}),
        (web, "get", "/api/auth/setup", {}),
        (web, "get", "/api/auth/sessions", {}),
        (web, "get", "/api/files/list?path=" + user.folder, {}),
        (web, "get", "/api/files/stat?path=" + user.folder, {}),
        (web, "get", "/api/files/trash", {}),
        (web, "get", "/api/files/usage", {}),
        (web, "get", "/api/files/access", {}),
        (web, "get", "/api/files/storage/available", {}),
        (web, "get", "/api/jobs/{job_id}", {"job_id": job.json()["job_id"]}),
        (web, "get", "/api/jobs", {}),
        (web, "get", "/api/alerts", {}),
        (web, "get", "/api/health", {}),
    ]
    errors = []
    for client, verb, path, values in samples:
        reply = getattr(client, verb)(path.format(**values))
        assert reply.status_code == 200, reply.text
        schema = document["paths"][path.split("?")[0]][verb]["responses"]["200"]["content"]["application/json"]["schema"]
        errors += schema_errors(document, schema, reply.json(), f"{verb} {path}")
    for reply in (web.get("files/stat?path=missing"), web.get("nothing")):
        errors += schema_errors(document, {"$ref": "/Error"}, reply.json(), "error")
    errors += schema_errors(document, {"$ref": "/ValidationError"}, admin.get("users/x").json(), "validation")
    assert not errors


def test_documentation_can_be_read_without_scripts(anonymous):
    page = anonymous.get("/docs")
    assert page.status_code == 200 and "<script" not in page.text and "style=" not in page.text and "<style" not in page.text
    document = anonymous.get("/openapi.json").json()
    for path in document["paths"]:
        assert path in page.text
    assert anonymous.get("/docs.css").headers["Content-Type"].startswith("text/css")


def test_addresses_of_the_ui_lead_to_it(anonymous):
    for path in ("/", "/files/some/folder", "/login"):
        reply = anonymous.get(path)
        assert reply.status_code == 200 and reply.headers["Content-Type"] == "text/html; charset=utf-8"
    refusal(anonymous.get("/assets/missing.js"), 404)
    refusal(anonymous.post("/"), 405)
