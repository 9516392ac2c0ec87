"""
Alpha158's compiled kernel: built once at install time, loaded by ctypes.

`python -m qlib_runner.kernel` compiles alpha158.c into the running environment with the compiler of
compiler.lock (a wheel, so no machine needs one installed and every machine has the same). Compiler,
target and flags are fixed, so the low bits of a feature do not depend on the CPU. The file name holds the
hash of source and flags: a kernel of other source is never loaded.
"""

import ctypes
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

FIELDS = ("open", "high", "low", "close", "vwap", "volume")
# In the order of Qlib's Alpha158DL.get_feature_config.
FEATURES = (
    "KMID", "KLEN", "KMID2", "KUP", "KUP2", "KLOW", "KLOW2", "KSFT", "KSFT2",
    "OPEN0", "HIGH0", "LOW0", "VWAP0",
    *(
        f"{name}{sessions}"
        for name in (
            "ROC", "MA", "STD", "BETA", "RSQR", "RESI", "MAX", "MIN", "QTLU", "QTLD", "RANK", "RSV", "IMAX",
            "IMIN", "IMXD", "CORR", "CORD", "CNTP", "CNTN", "CNTD", "SUMP", "SUMN", "SUMD", "VMA", "VSTD",
            "WVMA", "VSUMP", "VSUMN", "VSUMD",
        )
        for sessions in (5, 10, 20, 30, 60)
    ),
)  # fmt: skip
# The longest window reaches 59 sessions back, and a change needs the session before.
LOOKBACK_SESSIONS = 60
SOURCE = Path(__file__).with_name("alpha158.c")
# Without contraction there is no fused multiply-add, and without -march=native no wider one either.
_CPU = {"x86_64": "x86_64_v2", "aarch64": "generic"}
_FLAGS = (
    "-O3",
    "-ffp-contract=off",
    # No square root sets errno, so that several are taken at once; the numbers are the same.
    "-fno-math-errno",
    "-fno-sanitize=all",
    "-shared",
    "-fPIC",
    "-s",
    "-Wall",
    "-Werror",
)


def main() -> None:
    """Compile the kernel into the environment, unless it is there; print where it is."""
    target = path()
    if not target.exists():
        compile_kernel(target)
    print(target)


def path() -> Path:
    """Return where the environment holds the kernel of this source."""
    recipe = "\n".join(_command()).encode() + SOURCE.read_bytes()
    name = f"alpha158-{hashlib.sha256(recipe).hexdigest()[:16]}.so"
    return Path(sys.prefix) / "lib" / "qlib_runner" / name


def compile_kernel(target: Path) -> None:
    """Write the shared library; raises CalledProcessError if the compiler is missing or refuses."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        caches = {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
        built = Path(folder) / target.name
        command = [sys.executable, "-m", "ziglang", *_command(), "-o", str(built), str(SOURCE)]
        subprocess.run(command, check=True, env={**os.environ, **caches})
        built.chmod(0o755)
        built.rename(target)


def fill(bars: np.ndarray, places: np.ndarray, rows: np.ndarray, first_column: int = 0) -> None:
    """
    Write the 158 features of one symbol's days into rows[place, first_column:first_column + 158].

    bars is (field, day) in the order of FIELDS, 32-bit, NaN where a day has no bar; places holds each day's
    row, -1 for a day that is only looked back on. The first day must be the first of the series, or 60 days
    before the first with a place. Raises FileNotFoundError in an environment without the kernel.
    """
    length = places.size
    if not (
        bars.dtype == rows.dtype == np.float32
        and bars.shape == (len(FIELDS), length)
        and bars.flags.c_contiguous
        and rows.flags.c_contiguous
        and 0 <= first_column <= rows.shape[1] - len(FEATURES)
        and places.max(initial=-1) < len(rows)
    ):
        raise ValueError("bars, places and rows do not fit together")
    asked = np.flatnonzero(places >= 0)
    if asked.size == 0:
        return
    volume = bars[FIELDS.index("volume")]
    with np.errstate(all="ignore"):
        log_volume = np.log(volume + np.float32(1))
        ratio = np.full_like(volume, np.nan)
        ratio[1:] = volume[1:] / volume[:-1]
        log_ratio = np.log(ratio + np.float32(1))
    # After a day without volume the ratio is infinite, which pandas' windows take as missing.
    log_ratio[np.isinf(log_ratio)] = np.nan
    # Named, because the kernel gets addresses, which do not keep an array alive.
    days = np.ascontiguousarray(places, np.int64)
    failed = _load()(
        *[series.ctypes.data for series in (*bars, log_volume, log_ratio)],
        length,
        int(asked[0]),
        days.ctypes.data,
        int(rows.ctypes.data + rows.itemsize * first_column),
        rows.shape[1],
    )
    if failed:
        raise MemoryError("the kernel got no memory")


@cache
def _load() -> ctypes._CFuncPtr:
    if not path().exists():
        raise FileNotFoundError(f"no compiled kernel at {path()}: run `make setup-qlib`")
    function = ctypes.CDLL(str(path())).alpha158
    pointers, size = [ctypes.c_void_p] * (len(FIELDS) + 2), ctypes.c_int64
    function.argtypes = [*pointers, size, size, ctypes.c_void_p, ctypes.c_void_p, size]
    function.restype = ctypes.c_int
    return function


def _command() -> list[str]:
    machine = platform.machine()
    # An old C library as target, so that a kernel built here also loads in an older image.
    return ["cc", "-target", f"{machine}-linux-gnu.2.28", f"-mcpu={_CPU[machine]}", *_FLAGS]


if __name__ == "__main__":
    main()
