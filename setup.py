"""Build the byte kernels of ``kernels/`` as ``minilm_unsup._native.<name>``.

Everything else about the package stands in ``pyproject.toml``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = Path(__file__).resolve().parent / "kernels"


def extensions() -> list[Extension]:
    sources = sorted(KERNELS.glob("*.pyx"))
    if not sources:
        # An sdist packed without kernels/ would otherwise become a wheel that
        # installs cleanly and fails at the first call.
        sys.exit("setup.py: found no kernels/*.pyx beside it; this source tree is not complete")
    optimise = ["/O2"] if sys.platform == "win32" else ["-O3", "-g0", "-fno-math-errno"]
    link: list[str] = []
    if sanitized:
        if sys.platform == "win32":
            sys.exit("setup.py: MINILM_SANITIZE=1 needs gcc or clang, which Windows builds do not use; unset it")
        link = ["-fsanitize=address,undefined"]
        optimise = [*link, "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-O1", "-g"]
    return [
        Extension(
            f"minilm_unsup._native.{source.stem}",
            [f"kernels/{source.name}"],
            include_dirs=["kernels"],
            extra_compile_args=optimise,
            extra_link_args=link,
        )
        for source in sources
    ]


# MINILM_BOUNDSCHECK=1 builds the kernels with every index checked (used by .ci/run).
checked = os.environ.get("MINILM_BOUNDSCHECK") == "1"
# MINILM_SANITIZE=1 builds them with AddressSanitizer and UndefinedBehaviorSanitizer, in a clone of its own: see
# CONTRIBUTING.md for how to run what is built.
sanitized = os.environ.get("MINILM_SANITIZE") == "1"

setup(
    ext_modules=cythonize(
        extensions(),
        build_dir="build/cython",
        force=checked or sanitized,
        compiler_directives={
            "language_level": 3,
            "boundscheck": checked,
            "wraparound": False,
            "cdivision": True,
            "initializedcheck": checked,
            "embedsignature": True,
        },
    ),
)
