// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution for x86-64 with AVX2 and FMA: tiles of 6 rows and 16 columns.

#if defined(__x86_64__)

#include <immintrin.h>

#define BP_LEVEL bp_conv_avx2
#define BP_LANES 8
#define BP_CHAIN_ROWS 6

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "bp_conv_level.h"

#pragma clang attribute pop

#endif
