// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The matrix product for x86-64 with AVX2 and FMA: tiles of 6 rows and 16 columns.

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdint.h>

#define BP_LEVEL bp_gemm_avx2
#define BP_LANES 8
#define BP_ROWS_1 8
#define BP_ROWS_2 6
#define BP_ROWS_2_MASKED 5
#define BP_ROWS_4 2
#define BP_DEPTH 384
#define BP_BLOCK (256 * 1024)
#define BP_PANELS (3 * 1024 * 1024)

static const int32_t bp_lane_masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

static inline __attribute__((always_inline)) __m256 bp_avx2_load_part(
  const float *from, int lanes
) {
  __m256i mask = _mm256_loadu_si256((const __m256i *)(bp_lane_masks + 8 - lanes));
  return _mm256_maskload_ps(from, mask);
}

/// Masked stores are slow on some processors; halves of halves are not.
static inline __attribute__((always_inline)) void bp_avx2_store_part(
  float *to, __m256 value, int lanes
) {
  __m128 half = _mm256_castps256_ps128(value);
  if (lanes & 8) {
    _mm256_storeu_ps(to, value);
    return;
  }
  if (lanes & 4) {
    _mm_storeu_ps(to, half);
    half = _mm256_extractf128_ps(value, 1);
    to += 4;
  }
  if (lanes & 2) {
    _mm_storel_pi((__m64 *)to, half);
    half = _mm_movehl_ps(half, half);
    to += 2;
  }
  if (lanes & 1) _mm_store_ss(to, half);
}

#define BP_LOAD_PART bp_avx2_load_part
#define BP_STORE_PART bp_avx2_store_part
#include "bp_gemm_level.h"

#pragma clang attribute pop

#endif
