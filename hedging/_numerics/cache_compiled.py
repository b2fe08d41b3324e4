"""Machine code that is kept on disk, beside the file of its loop or in the user's cache.

Where neither can be written to, every process compiles anew. Imported only where numba is installed.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable
from functools import partial
from types import ModuleType

from numba import njit

from hedging._numerics.formulas import Function


def cached(*sources: ModuleType) -> Callable[[Function], Function]:
    """Return the decorator of loops that are made of these modules, their own apart.

    numba compiles anew what has changed in the file of a loop, and sees no other: so the other texts are put into
    the name that it files the code under.
    """
    text = zlib.crc32("".join(map(inspect.getsource, sources)).encode())

    def decorate(loop: Function) -> Function:
        loop.__qualname__ = f"{loop.__qualname__}_{text:08x}"
        jit = partial(njit, fastmath={"contract"}, error_model="numpy", nogil=True)
        try:
            compiled: Function = jit(cache=True)(loop)
        except RuntimeError:  # neither this directory nor the user's own can be written to
            compiled = jit()(loop)
        return compiled

    return decorate
