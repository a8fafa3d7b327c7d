"""SSH keys of the demo: real public keys, invented from names, with nobody's private half kept."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from auditor.errors import MissingExtra


@lru_cache(maxsize=4096)
def public_key(*names: str) -> str:
    """Return the OpenSSH public key that has these names. MissingExtra without cryptography."""
    try:
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415
    except ImportError as missing:
        raise MissingExtra("the demo", "demo") from missing
    seed = hashlib.sha256("\0".join(("ssh key", *names)).encode()).digest()
    public = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()
    encoding, shape = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return public.public_bytes(encoding, shape).decode()


def fingerprint(*names: str) -> str:
    """Return the SHA256 fingerprint of that key, as OpenSSH and CircleCI write it."""
    key = base64.b64decode(public_key(*names).split()[1])
    return f"SHA256:{base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip('=')}"
