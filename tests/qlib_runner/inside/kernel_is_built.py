"""Run in the runner's environment: is the kernel of this source compiled in it?"""

from qlib_runner.kernel import path

print(path().exists())
