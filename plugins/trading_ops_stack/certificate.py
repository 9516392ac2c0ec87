"""
Whether the page can speak TLS with a certificate and its key: found before the desk is set up.
"""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


def certificate_objection(path: str) -> str | None:
    """Return why a file is no certificate the page can use now, or None."""
    try:
        certificate = _certificate(path)
    except (OSError, ValueError) as error:
        return f"no certificate (PEM) can be read from {path}: {_reason(error)}"
    now_at = datetime.now(UTC)
    if certificate.not_valid_after_utc <= now_at:
        return f"the certificate ended on {certificate.not_valid_after_utc:%Y-%m-%d}: renew it first"
    if certificate.not_valid_before_utc > now_at:
        return f"the certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d} on"
    return None


def key_objection(path: str, certificate_path: str) -> str | None:
    """Return why a file is not the private key of a certificate, or None."""
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except TypeError:
        return f"the key in {path} asks for a passphrase, which nobody types when the page starts"
    except (OSError, ValueError) as error:
        return f"no private key (PEM) can be read from {path}: {_reason(error)}"
    kept = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*kept) != _certificate(certificate_path).public_key().public_bytes(
        *kept
    ):
        return f"the key in {path} is that of another certificate than {certificate_path}"
    return None


def _certificate(path: str) -> x509.Certificate:
    # The first of the chain is the page's own.
    return x509.load_pem_x509_certificates(Path(path).read_bytes())[0]


def _reason(error: Exception) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "it holds something else"
