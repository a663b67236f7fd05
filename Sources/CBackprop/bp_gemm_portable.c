// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The matrix product for any processor.

#define BP_LEVEL bp_gemm_portable
#define BP_LANES 4
#define BP_ROWS_1 6
#define BP_ROWS_2 4
#define BP_ROWS_4 3
#define BP_DEPTH 256
#define BP_BLOCK (128 * 1024)
#define BP_PANELS (3 * 1024 * 1024)

#include "bp_gemm_level.h"
