"""Personal data as ciphertext under a key of its subject, so that deleting the key forgets it.

Accounting law keeps the log for decades, data protection law wants a person forgotten: what the
log holds of a person stays as it is and becomes unreadable with the key.
"""

from __future__ import annotations

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


def seal_personal(keys: SubjectKeys, subject: str, plaintext: bytes) -> bytes:
    """Encrypts a value under its subject's key, made on first use."""
    key = keys.find_subject_key(subject)
    if key is None:
        key = keys.add_subject_key(subject, secrets.token_bytes(KEY_BYTES))
    nonce = secrets.token_bytes(NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, subject.encode("utf-8"))


def open_personal(keys: SubjectKeys, subject: str, ciphertext: bytes) -> bytes | None:
    """Decrypts a value; None if the subject was forgotten.

    Raises:
        StoreCorrupt: the ciphertext was altered or is another subject's.
    """
    key = keys.find_subject_key(subject)
    if key is None:
        return None
    head = len(_VERSION) + NONCE_BYTES
    if not ciphertext.startswith(_VERSION) or len(ciphertext) < head:
        raise StoreCorrupt(f"personal data of subject {subject} has an unknown form")
    nonce, sealed = ciphertext[len(_VERSION) : head], ciphertext[head:]
    try:
        return AESGCM(key).decrypt(nonce, sealed, subject.encode("utf-8"))
    except InvalidTag as error:
        raise StoreCorrupt(
            f"personal data of subject {subject} does not decrypt: it was altered, or it was "
            "written before the subject was forgotten and came back under a new key"
        ) from error


def forget_subject(keys: SubjectKeys, subject: str) -> bool:
    """Deletes the subject's key for good; whether there was one."""
    return keys.forget_subject(subject)
