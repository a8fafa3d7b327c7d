"""Compares SSH keys: by their fingerprints, as CI systems and GitHub's users see them."""

from __future__ import annotations

import base64
import re

_MD5 = re.compile(r"(?:MD5:)?((?:[0-9a-f]{2}:){15}[0-9a-f]{2})", re.IGNORECASE)
_SHA256 = re.compile(r"SHA256:([A-Za-z0-9+/]{43})=?")
LONGEST_KEY = 20_000
"""Characters of a public key that are looked at; one of RSA 16384 has 2,800."""


def fingerprints(public_key: str) -> tuple[str, ...]:
    """Return the fingerprints of an OpenSSH public key, MD5 and SHA256; none for what is no key."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (of the extra)
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    line = public_key.strip()[:LONGEST_KEY].encode("utf-8", "replace")
    try:
        key = serialization.load_ssh_public_key(line)
    except (ValueError, UnsupportedAlgorithm):
        return ()
    digest = serialization.ssh_key_fingerprint
    md5 = digest(key, hashes.MD5()).hex()  # noqa: S303 (a name, no protection)  # nosec B303
    sha256 = base64.b64encode(digest(key, hashes.SHA256())).decode().rstrip("=")
    return (":".join(md5[at : at + 2] for at in range(0, len(md5), 2)), f"SHA256:{sha256}")


def fingerprint_in(words: str) -> str:
    """Return the fingerprint that a text names, as `fingerprints` writes it; "" for none."""
    if found := _SHA256.search(words):
        return f"SHA256:{found[1]}"
    if found := _MD5.search(words):
        return found[1].lower()
    return ""
