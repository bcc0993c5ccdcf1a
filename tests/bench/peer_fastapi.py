# SPDX-License-Identifier: MIT
"""The peer that a Python programmer would write in an afternoon: the same routes with the same meaning on FastAPI, one uvicorn worker.

Like BaluHost it checks an HS256 token on each call, reads an entry's owner from its extended attribute and publishes an upload by renaming it;
unlike BaluHost it has no sessions to revoke, no quota, no audit trail, and does not wait until an upload is on the disk.
"""

import os
import stat
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import jwt
from fastapi import Depends, FastAPI, File, Form, Header, HTTPException, UploadFile
from fastapi.responses import FileResponse

ROOT = Path(os.environ["PEER_ROOT"])
KEY = os.environ["PEER_KEY"]

app = FastAPI()


def caller(authorization: str = Header("")):
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer":
        raise HTTPException(401, "Not authenticated")
    try:
        return jwt.decode(token, KEY, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(401, "Could not validate credentials") from None


def resolve(path: str) -> Path:
    full = (ROOT / path).resolve()
    if full != ROOT and ROOT not in full.parents:
        raise HTTPException(403, "Path is outside of the NAS storage boundary")
    return full


def owner_of(path):
    try:
        return os.getxattr(path, "user.baluhost.owner").decode()
    except OSError:
        return None


@app.get("/api/health")
def health():
    return {"status": "ok"}


@app.get("/api/auth/me")
def me(user=Depends(caller)):
    return {"id": user["sub"], "username": user["username"], "role": user["role"], "is_active": True}


@app.get("/api/files/list")
def list_files(path: str = "", user=Depends(caller)):
    files = []
    for entry in os.scandir(resolve(path)):
        status = entry.stat(follow_symlinks=False)
        is_directory = stat.S_ISDIR(status.st_mode)
        modified = datetime.fromtimestamp(status.st_mtime, timezone.utc).isoformat()
        files.append(
            {
                "id": f"{status.st_dev}-{status.st_ino}",
                "name": entry.name,
                "path": f"{path}/{entry.name}".lstrip("/"),
                "size": 0 if is_directory else status.st_size,
                "type": "directory" if is_directory else "file",
                "is_directory": is_directory,
                "modified_at": modified,
                "modified": modified,
                "owner_id": owner_of(entry.path),
                "etag": f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}",
                "is_writable": True,
            }
        )
    files.sort(key=lambda file: (not file["is_directory"], file["name"].casefold()))
    return {"files": files, "next_cursor": None, "total": len(files)}


@app.get("/api/files/download/{path:path}")
def download(path: str, user=Depends(caller)):
    full = resolve(path)
    if not full.is_file():
        raise HTTPException(404, "File not found")
    return FileResponse(full, filename=full.name)


@app.post("/api/files/upload")
async def upload(path: str = Form(""), file: UploadFile = File(...), user=Depends(caller)):
    directory = resolve(path)
    descriptor, temporary = tempfile.mkstemp(dir=directory)
    size = 0
    with os.fdopen(descriptor, "wb") as target:
        while chunk := await file.read(1024 * 1024):
            target.write(chunk)
            size += len(chunk)
    os.setxattr(temporary, "user.baluhost.owner", user["sub"].encode())
    os.rename(temporary, directory / Path(file.filename).name)
    return {"message": "Files uploaded", "uploaded": 1, "file": {"name": file.filename, "size": size}}


def issue_token():
    now = int(time.time())
    return jwt.encode({"sub": "1", "username": "admin", "role": "admin", "iat": now, "exp": now + 43200}, KEY, algorithm="HS256")
