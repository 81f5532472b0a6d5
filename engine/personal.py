"""Personal data as ciphertext under a key of its subject, so that deleting the key forgets it.

Accounting law keeps the log for decades, data protection law wants a person forgotten: what the
log holds of a person stays as it is and becomes unreadable with the key.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import StoreCorrupt
from engine.log import SubjectKeys

#: AES-256.
KEY_BYTES = 32
#: Random; NIST SP 800-38D allows 2**32 messages under one key, a person has far fewer.
NONCE_BYTES = 12

_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_HEAD_BYTES = len(_VERSION) + _KEY_ID_BYTES + NONCE_BYTES


def seal_personal(keys: SubjectKeys, subject: str, plaintext: bytes) -> bytes:
    """Encrypts a value under its subject's key, made on first use."""
    key = keys.find_subject_key(subject)
    if key is None:
        key = keys.add_subject_key(subject, secrets.token_bytes(KEY_BYTES))
    nonce = secrets.token_bytes(NONCE_BYTES)
    head = _VERSION + _key_id(key) + nonce
    return head + AESGCM(key).encrypt(nonce, plaintext, subject.encode("utf-8"))


def open_personal(keys: SubjectKeys, subject: str, ciphertext: bytes) -> bytes | None:
    """Decrypts a value; None if the subject was forgotten since, also if it came back later.

    Raises:
        StoreCorrupt: the ciphertext was altered.
    """
    if not ciphertext.startswith(_VERSION) or len(ciphertext) < _HEAD_BYTES:
        raise StoreCorrupt(f"personal data of subject {subject} has an unknown form")
    key = keys.find_subject_key(subject)
    key_id = ciphertext[len(_VERSION) : len(_VERSION) + _KEY_ID_BYTES]
    if key is None or key_id != _key_id(key):
        return None
    nonce = ciphertext[_HEAD_BYTES - NONCE_BYTES : _HEAD_BYTES]
    sealed = ciphertext[_HEAD_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, sealed, subject.encode("utf-8"))
    except InvalidTag as error:
        raise StoreCorrupt(f"personal data of subject {subject} was altered") from error


def forget_subject(keys: SubjectKeys, subject: str) -> bool:
    """Deletes the subject's key for good; whether there was one."""
    return keys.forget_subject(subject)


def _key_id(key: bytes) -> bytes:
    # Tells a key that was deleted from the one made when the subject came back.
    return hashlib.sha256(b"tongpin subject key" + key).digest()[:_KEY_ID_BYTES]
