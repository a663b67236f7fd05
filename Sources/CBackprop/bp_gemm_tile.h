// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The register tiles of one SIMD level. A level's file defines BP_LANES, BP_ROWS_1, BP_ROWS_2 and
// BP_ROWS_4 (the highest tile one, two and four vectors wide), perhaps BP_DOT, and includes this.

#include "bp_gemm_internal.h"

#pragma clang fp contract(off)

#define BP_INLINE static inline __attribute__((always_inline))
#define BP_UNROLL _Pragma("clang loop unroll(full)")

typedef float bp_vector __attribute__((ext_vector_type(BP_LANES)));
typedef float bp_vector_in_memory
  __attribute__((ext_vector_type(BP_LANES), aligned(4), may_alias));

BP_INLINE bp_vector bp_load(const float *from) { return *(const bp_vector_in_memory *)from; }

BP_INLINE void bp_store(float *to, bp_vector value) { *(bp_vector_in_memory *)to = value; }

#if defined(BP_FUSE)
// The level's file says what a step of a sum is.
#elif defined(__x86_64__) && BP_LANES == 4
#define BP_FUSE bp_fuse_in_double
typedef double bp_wide __attribute__((ext_vector_type(BP_LANES)));
typedef int64_t bp_wide_bits __attribute__((ext_vector_type(BP_LANES)));

/// A fused multiply-add for processors without one. The product of two floats is exact in double;
/// the sum is rounded to odd there, so that rounding it once more, to float, gives the right bits.
BP_INLINE bp_vector bp_fuse_in_double(bp_vector a, bp_vector b, bp_vector c) {
  bp_wide product = __builtin_convertvector(a, bp_wide) * __builtin_convertvector(b, bp_wide);
  bp_wide addend = __builtin_convertvector(c, bp_wide);
  bp_wide sum = product + addend;
  bp_wide part = sum - product;
  bp_wide lost = (product - (sum - part)) + (addend - part);
  bp_wide_bits bits = (bp_wide_bits)sum;
  bp_wide_bits inexact = (lost < 0.0) | (lost > 0.0);
  bp_wide_bits away = (lost > 0.0) == (sum > 0.0);   // -1 where the true sum is farther from zero
  bp_wide_bits odd = bits + (inexact & ~-(bits & 1) & (1 | ~away));
  return __builtin_convertvector((bp_wide)odd, bp_vector);
}
#else
#define BP_FUSE __builtin_elementwise_fma
#endif

/// The first `lanes` floats at `from`, the rest zero. Reads nothing beyond them.
BP_INLINE bp_vector bp_load_part(const float *from, int lanes) {
#if defined(BP_LOAD_PART)
  return BP_LOAD_PART(from, lanes);
#else
  bp_vector value = 0.0f;
  BP_UNROLL for (int i = 0; i < BP_LANES; i++) {
    if (i < lanes) value[i] = from[i];
  }
  return value;
#endif
}

/// Stores the first `lanes` lanes and writes nothing beyond them.
BP_INLINE void bp_store_part(float *to, bp_vector value, int lanes) {
#if defined(BP_STORE_PART)
  BP_STORE_PART(to, value, lanes);
#else
  BP_UNROLL for (int i = 0; i < BP_LANES; i++) {
    if (i < lanes) to[i] = value[i];
  }
#endif
}

/// One tile. `rows`, `vectors` and `mode` are constants at each use, so that the sums live in
/// registers and every loop but the one over k unrolls.
BP_INLINE void bp_tile_body(const int rows, const int vectors, const int mode, const bp_tile *t) {
  bp_vector sum[BP_TILE_MAX_ROWS][BP_TILE_MAX_VECTORS];
  const ptrdiff_t c_row = t->c_row;
  const int lanes = t->lanes, last = vectors - 1;
  float *const c = t->c;
  BP_UNROLL for (int i = 0; i < rows; i++) {
    __builtin_prefetch(c + i * c_row, 1);
    if (vectors * BP_LANES > 16) __builtin_prefetch(c + i * c_row + vectors * BP_LANES - 1, 1);
  }
  if (t->more) {
    BP_UNROLL for (int i = 0; i < rows; i++) {
      BP_UNROLL for (int j = 0; j < vectors; j++) {
        const float *from = c + i * c_row + j * BP_LANES;
        if (j < last || lanes == BP_LANES) sum[i][j] = bp_load(from);
        else sum[i][j] = bp_load_part(from, lanes);
      }
    }
  } else {
    BP_UNROLL for (int i = 0; i < rows; i++) {
      BP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = 0.0f;
    }
  }
  const size_t k = t->k;
  const float *a = t->a, *b = t->b;
  if (mode == BP_TILE_PACKED) {
#pragma clang loop unroll_count(4)
    for (size_t p = 0; p < k; p++) {
      bp_vector right[BP_TILE_MAX_VECTORS];
      BP_UNROLL for (int j = 0; j < vectors; j++) right[j] = bp_load(b + j * BP_LANES);
      BP_UNROLL for (int i = 0; i < rows; i++) {
        bp_vector left = (bp_vector)a[i];
        BP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = BP_FUSE(left, right[j], sum[i][j]);
      }
      a += rows;
      b += vectors * BP_LANES;
    }
  } else {
    const ptrdiff_t a_row = t->a_row, a_col = t->a_col, b_row = t->b_row;
    const float *a3 = a + 3 * a_row, *a6 = a3 + 3 * a_row, *a9 = a6 + 3 * a_row,
                *a12 = a9 + 3 * a_row;
#pragma clang loop unroll_count(2)
    for (size_t p = 0; p < k; p++) {
      bp_vector right[BP_TILE_MAX_VECTORS];
      BP_UNROLL for (int j = 0; j < vectors; j++) {
        if (mode == BP_TILE_MASKED && j == last) right[j] = bp_load_part(b + j * BP_LANES, lanes);
        else right[j] = bp_load(b + j * BP_LANES);
      }
      BP_UNROLL for (int i = 0; i < rows; i++) {
        const float *base = i < 3 ? a : i < 6 ? a3 : i < 9 ? a6 : i < 12 ? a9 : a12;
        bp_vector left = (bp_vector)base[(i % 3) * a_row];
        BP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = BP_FUSE(left, right[j], sum[i][j]);
      }
      a += a_col, a3 += a_col, a6 += a_col, a9 += a_col, a12 += a_col;
      b += b_row;
    }
  }
  BP_UNROLL for (int i = 0; i < rows; i++) {
    BP_UNROLL for (int j = 0; j < vectors; j++) {
      float *to = c + i * c_row + j * BP_LANES;
      if (j < last || lanes == BP_LANES) bp_store(to, sum[i][j]);
      else bp_store_part(to, sum[i][j], lanes);
    }
  }
}
