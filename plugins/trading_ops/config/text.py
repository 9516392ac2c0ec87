"""
What a file of the desk holds as text.

Pure.
"""


def text_of_file(content: bytes, name: str, error: type[Exception]) -> str:
    """Return a file's bytes as text; raise `error` with the line of the first that is none, not shown."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise error(f"{name}:{line}: no UTF-8 text; accepted: a file saved as UTF-8") from None
