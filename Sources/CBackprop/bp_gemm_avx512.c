// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The matrix product for x86-64 with AVX-512: tiles of 14 rows and 32 columns.

#if defined(__x86_64__)

#include <immintrin.h>

#define BP_LEVEL bp_gemm_avx512
#define BP_LANES 16
#define BP_ROWS_1 14
#define BP_ROWS_2 14
#define BP_ROWS_4 6
#define BP_DEPTH 1024
#define BP_BLOCK (384 * 1024)
#define BP_PANELS (3 * 1024 * 1024)

#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
  apply_to = function)

#define BP_LOAD_PART(from, lanes) _mm512_maskz_loadu_ps((__mmask16)((1u << (lanes)) - 1), from)
#define BP_STORE_PART(to, value, lanes) \
  _mm512_mask_storeu_ps(to, (__mmask16)((1u << (lanes)) - 1), value)
#include "bp_gemm_transpose512.h"
#define BP_TRANSPOSE bp_transpose16
#include "bp_gemm_level.h"

#pragma clang attribute pop

#endif
