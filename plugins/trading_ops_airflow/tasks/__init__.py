"""Task bodies: each one call into the library on one connection."""
