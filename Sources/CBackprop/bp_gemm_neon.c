// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The matrix product for arm64: every such processor has NEON.

#if defined(__aarch64__)

#define BP_LEVEL bp_gemm_neon
#define BP_LANES 4
#define BP_ROWS_1 12
#define BP_ROWS_2 12
#define BP_ROWS_4 6
#define BP_DEPTH 512
#define BP_BLOCK (256 * 1024)
#define BP_PANELS (3 * 1024 * 1024)

#include "bp_gemm_level.h"

#endif
