"""The shared detection engine: mail -> signals -> detectors -> decision. Pure: no database, no network, no Prefect."""

import os
import sys

# numpy's sort by AVX-512 takes four times as long as its sort by AVX2 on processors that store compressed registers in
# microcode (AMD Zen 4: 69 against 17 ns a value), and sorting is half of building and replaying baselines. Without
# AVX-512 a processor that has it also computes the same bits as one that does not. numpy looks at this when it is
# imported, so it has to be said before; where somebody imported numpy first, things are slower and nothing else.
_WIDE = "X86_V4 AVX512_ICL AVX512_SPR"
if "numpy" not in sys.modules and "NPY_ENABLE_CPU_FEATURES" not in os.environ:
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", _WIDE)
