"""The head of a log, signed for keeping outside: what makes tampering by the owner visible.

Whoever can write the database can also recompute its whole chain. A sealed head kept elsewhere
shows that, since no other log leads to the same chain value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from engine.errors import StoreUnavailable
from engine.log.durable import PRIVATE, replace_file
from engine.log.findings import Finding
from engine.log.store.protocol import CommitStore

# Keeps a signature over a head from being taken for a signature over anything else.
_CONTEXT = b"tongpin sealed head 1\n"


@dataclass(frozen=True, slots=True)
class Seal:
    """A signed head. Byte values are hex digits.

    Attributes:
        book_id, seq, chain: the head of the log.
        sealed_at_us: clock of the machine that signed, microseconds since 1970-01-01 UTC.
        public_key: Ed25519 key that `signature` verifies under.
    """

    book_id: str
    seq: int
    chain: str
    sealed_at_us: int
    public_key: str
    signature: str

    def to_json(self) -> str:
        """The seal as kept outside."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


def load_seal_key(path: Path) -> Ed25519PrivateKey:
    """Reads the signing key, or makes one that only the file's owner can read.

    Raises:
        StoreUnavailable: the file cannot be used.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = Ed25519PrivateKey.generate()
            pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            replace_file(path, [pem])
        if path.stat().st_mode & 0o077:
            raise StoreUnavailable(
                f"the seal key {path} can be read by others; set its mode to {PRIVATE:o}"
            )
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise StoreUnavailable(f"cannot use the seal key {path}: {error.strerror}") from error
    except ValueError as error:
        raise StoreUnavailable(f"{path} is no seal key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreUnavailable(f"{path} is no Ed25519 key")
    return key


def seal_head(store: CommitStore, key: Ed25519PrivateKey, *, sealed_at_us: int) -> Seal:
    """Signs the head of the log as it is now."""
    seq, chain = store.head()
    public_key = key.public_key().public_bytes_raw().hex()
    unsigned = Seal(store.book_id, seq, chain.hex(), sealed_at_us, public_key, "")
    signature = key.sign(_signed_bytes(unsigned)).hex()
    return Seal(store.book_id, seq, chain.hex(), sealed_at_us, public_key, signature)


def check_seal(
    seal_json: str, store: CommitStore, *, public_key: str | None = None
) -> Finding | None:
    """Compares a log with a head that was sealed earlier and kept outside.

    The chain value in the store is taken as it stands: `check_log` verifies that the commits lead
    to it.

    Args:
        seal_json: what `Seal.to_json` wrote.
        store: the log.
        public_key: hex digits of the key that must have signed; without it, any key may have, and
            the seal proves only that its own fields belong together.

    Returns:
        What differs, or None.
    """
    try:
        seal = _parse(json.loads(seal_json))
        signature = bytes.fromhex(seal.signature)
        signer = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal.public_key))
    except ValueError as error:
        return Finding("SEAL_UNREADABLE", store.book_id, 0, "a sealed head", str(error))
    if public_key is not None and public_key.lower() != seal.public_key:
        return Finding("SEAL_KEY_DIFFERS", store.book_id, seal.seq, public_key, seal.public_key)
    try:
        signer.verify(signature, _signed_bytes(seal))
    except InvalidSignature:
        expected = f"a signature by {seal.public_key}"
        return Finding("SEAL_FORGED", store.book_id, seal.seq, expected, seal.signature)
    if seal.book_id != store.book_id:
        return Finding("SEAL_OF_OTHER_BOOK", store.book_id, seal.seq, store.book_id, seal.book_id)
    if seal.seq == 0:
        return None
    commit = store.read_one(seal.seq)
    if commit is None:
        head_seq, _ = store.head()
        return Finding("COMMIT_MISSING", store.book_id, seal.seq, str(seal.seq), f"head {head_seq}")
    if commit.chain.hex() != seal.chain:
        found = commit.chain.hex()
        return Finding("SEALED_HEAD_DIFFERS", store.book_id, seal.seq, seal.chain, found)
    return None


def _signed_bytes(seal: Seal) -> bytes:
    fields = {name: value for name, value in asdict(seal).items() if name != "signature"}
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return _CONTEXT + text.encode("utf-8")


def _parse(value: object) -> Seal:
    kinds = {
        "book_id": str,
        "seq": int,
        "chain": str,
        "sealed_at_us": int,
        "public_key": str,
        "signature": str,
    }
    if not isinstance(value, Mapping) or value.keys() != kinds.keys():
        raise ValueError(f"expected the fields {sorted(kinds)}")
    for name, kind in kinds.items():
        if type(value[name]) is not kind:
            raise ValueError(f"{name} should be {kind.__name__}, found {value[name]!r}")
    return Seal(**value)
