"""The vendor's object storage: upload policies, uploaded objects, signed links to results.

It needs no Authorization. Source: reference, section 8 (temporary upload) and 7.6 (links live 24 hours).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from services.simulator.engine.clock import Clock
from services.simulator.engine.ledger import Ledger, StoredObject, new_request_id

ACCESS_KEY_ID = "SIMULATORACCESSKEY"
POLICY_SECONDS = 300
MAX_UPLOAD_BYTES = 1024 * 1024 * 1024
OBJECT_LIFE = timedelta(hours=48)
LINK_LIFE = timedelta(hours=24)
UPLOAD_PATH = "/dashscope-file-mgr"
RESULT_PATH = "/dashscope-result"


class StorageRefusal(Exception):
    """A refusal by the storage, in the words of OSS."""

    def __init__(self, http_status: int, code: str, message: str, extra: str = "") -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.message = message
        self.extra = extra


class Storage:
    """Uploads and links. `home` holds the files, the ledger their records."""

    def __init__(self, ledger: Ledger, *, home: Path, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._objects: dict[str, StoredObject] = {}
        self._secret = b""
        self.folder = home / "objects"

    def open(self, objects: Sequence[StoredObject], *, secret: str) -> None:
        """Load the recorded objects and the secret."""
        self._objects = {stored.key: stored for stored in objects}
        self._secret = secret.encode()

    # Uploads

    def grant(self, *, account: str, model: str, origin: str) -> dict[str, object]:
        """Return the reply to getPolicy: credentials to upload below one folder for the next 300 seconds."""
        now = self._clock.now()
        request_id = new_request_id()
        folder = f"{_folder_of(account, model)}/{now:%Y-%m-%d}/{uuid.uuid4()}"
        terms = {
            "expiration": f"{now + timedelta(seconds=POLICY_SECONDS):%Y-%m-%dT%H:%M:%S.%f}Z",
            "conditions": [
                ["content-length-range", 0, MAX_UPLOAD_BYTES],
                ["starts-with", "$key", folder],
                {"x-oss-object-acl": "private"},
                {"x-oss-forbid-overwrite": "true"},
            ],
        }
        policy = base64.b64encode(json.dumps(terms).encode()).decode()
        return {
            "data": {
                "policy": policy,
                "signature": self._sign(policy),
                "upload_dir": folder,
                "upload_host": f"{origin}{UPLOAD_PATH}",
                "expire_in_seconds": POLICY_SECONDS,
                "max_file_size_mb": MAX_UPLOAD_BYTES // (1024 * 1024),
                "capacity_limit_mb": 999999999,
                "oss_access_key_id": ACCESS_KEY_ID,
                "x_oss_object_acl": "private",
                "x_oss_forbid_overwrite": "true",
            },
            "request_id": request_id,
        }

    def admit(self, form: Mapping[str, str]) -> None:
        """Check the form of an upload. Raises StorageRefusal if it is not allowed."""
        policy, key = form.get("policy", ""), form.get("key", "")
        if form.get("OSSAccessKeyId") != ACCESS_KEY_ID:
            raise StorageRefusal(403, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist.")
        if not hmac.compare_digest(self._sign(policy).encode(), form.get("Signature", "").encode("utf-8", "replace")):
            raise StorageRefusal(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            )
        terms = _terms(policy)
        if self._clock.now() > datetime.fromisoformat(str(terms["expiration"])):
            raise StorageRefusal(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        folder = terms["conditions"][1][2]
        if not key.startswith(f"{folder}/") or len(key) <= len(folder) + 1:
            condition = f'["starts-with", "$key", "{folder}"]'
            raise StorageRefusal(
                403, "AccessDenied", f"Invalid according to Policy: Policy Condition failed: {condition}"
            )
        for name, wanted in (("x-oss-object-acl", "private"), ("x-oss-forbid-overwrite", "true")):
            if form.get(name) != wanted:
                condition = f'["eq", "${name}", "{wanted}"]'
                raise StorageRefusal(
                    403, "AccessDenied", f"Invalid according to Policy: Policy Condition failed: {condition}"
                )
        if key in self._objects:
            raise StorageRefusal(
                409, "FileAlreadyExists", "The object you specified already exists and can not be overwritten."
            )

    def place_for(self, key: str) -> Path:
        """Return the path of an object's bytes. The file name is ours, because clients choose the keys."""
        return self.folder / hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()

    async def keep(self, key: str) -> None:
        """Record an object whose bytes are in place."""
        stored = StoredObject(key=key, uploaded_at=self._clock.now(), file=self.place_for(key).name)
        await self._ledger.save_object(stored)
        self._objects[key] = stored

    def find(self, key: str, *, account: str, model: str) -> Path | None:
        """Return the file behind `oss://key`, or None.

        This account must have uploaded it for this model in the last 48 hours.
        """
        stored = self._objects.get(key)
        if stored is None or not key.startswith(f"{_folder_of(account, model)}/") or self._stale(stored):
            return None
        return self.folder / stored.file

    def clear(self) -> list[StoredObject]:
        """Forget the expired objects and return them."""
        stale = [stored for stored in self._objects.values() if self._stale(stored)]
        for stored in stale:
            del self._objects[stored.key]
        return stale

    def _stale(self, stored: StoredObject) -> bool:
        return self._clock.now() >= stored.uploaded_at + OBJECT_LIFE

    # Links

    def link(self, name: str, *, origin: str, ended_at: datetime) -> str:
        """Return a signed link to a result, valid for 24 hours from the task's end."""
        expires = int((ended_at + LINK_LIFE).timestamp())
        path = f"{RESULT_PATH}/{name}"
        signature = self._sign(f"GET\n\n\n{expires}\n{path}")
        query = urlencode({"Expires": expires, "OSSAccessKeyId": ACCESS_KEY_ID, "Signature": signature})
        return f"{origin}{path}?{query}"

    def verify(self, path: str, *, expires: str, key_id: str, signature: str) -> None:
        """Check a link. Raises StorageRefusal if its signature is wrong or it has expired."""
        wanted = self._sign(f"GET\n\n\n{expires}\n{path}")
        if key_id != ACCESS_KEY_ID or not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
            raise StorageRefusal(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and "
                "signing method.",
            )
        if self._clock.now().timestamp() > int(expires):
            raise self.expired(expires)

    def expired(self, expires: str) -> StorageRefusal:
        """Return the refusal of an expired link."""
        moment = datetime.fromtimestamp(int(expires), tz=self._clock.now().tzinfo)
        extra = f"  <Expires>{moment:%Y-%m-%dT%H:%M:%S}.000Z</Expires>\n"
        extra += f"  <ServerTime>{self._clock.now():%Y-%m-%dT%H:%M:%S}.000Z</ServerTime>\n"
        return StorageRefusal(403, "AccessDenied", "Request has expired.", extra)

    def _sign(self, text: str) -> str:
        digest = hmac.new(self._secret, text.encode("utf-8", "replace"), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()


def _folder_of(account: str, model: str) -> str:
    """Return the folder of an account's files for a model. Its name binds an upload to both."""
    return f"dashscope-instant/{hashlib.md5(f'{account} {model}'.encode(), usedforsecurity=False).hexdigest()}"


def _terms(policy: str) -> dict[str, list[list[str]]]:
    try:
        return json.loads(base64.b64decode(policy, validate=True))
    except (binascii.Error, ValueError) as error:
        raise StorageRefusal(403, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.") from error
