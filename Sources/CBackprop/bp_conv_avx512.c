// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Convolution for x86-64 with AVX-512: tiles of 13 rows and 32 columns.

#if defined(__x86_64__)

#include <immintrin.h>

#define BP_LEVEL bp_conv_avx512
#define BP_LANES 16
#define BP_CHAIN_ROWS 13

#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
  apply_to = function)

#define BP_LOAD_PART(from, lanes) _mm512_maskz_loadu_ps((__mmask16)((1u << (lanes)) - 1), from)
#define BP_STORE_PART(to, value, lanes) \
  _mm512_mask_storeu_ps(to, (__mmask16)((1u << (lanes)) - 1), value)
#include "bp_conv_level.h"

#pragma clang attribute pop

#endif
