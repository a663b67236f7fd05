// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The register tiles of convolution, for one SIMD level. A level's file defines BP_LANES and
// BP_CHAIN_ROWS and includes bp_conv_level.h, which includes this.

#include "bp_gemm_tile.h"

#include "bp_conv_internal.h"

/// One tile. `rows`, `vectors` and `mode` are constants at each use.
BP_INLINE void bp_chain_body(
  const int rows, const int vectors, const int mode, const bp_chain *t
) {
  bp_vector sum[BP_CHAIN_MAX_ROWS][2];
  const ptrdiff_t c_row = t->c_row, a_row = t->a_row, a_col = t->a_col, b_row = t->b_row;
  const int lanes = t->lanes, last = vectors - 1;
  float *const c = t->c;
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
      __builtin_prefetch(c + i * c_row, 1);
      BP_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = 0.0f;
    }
  }
  for (size_t s = 0; s < t->count; s++) {
    const float *a = t->a + t->segments[s].a, *b = t->b + t->segments[s].b;
    const size_t k = t->segments[s].k;
    if (mode == BP_CHAIN_APART) {
      const float *a5 = a + 5 * a_row, *a10 = a5 + 5 * a_row;
#pragma clang loop unroll_count(4)
      for (size_t p = 0; p < k; p++) {
        bp_vector right[2];
        BP_UNROLL for (int j = 0; j < vectors; j++) right[j] = bp_load(b + j * BP_LANES);
        __builtin_prefetch(b + 16 * vectors * BP_LANES);
        BP_UNROLL for (int i = 0; i < rows; i++) {
          const float *base = i < 5 ? a : i < 10 ? a5 : a10;
          const bp_vector left = (bp_vector)base[(i % 5) * a_row];
          BP_UNROLL for (int j = 0; j < vectors; j++) {
            sum[i][j] = BP_FUSE(left, right[j], sum[i][j]);
          }
        }
        a++, a5++, a10++;
        b += b_row;
      }
    } else {
#pragma clang loop unroll_count(2)
      for (size_t p = 0; p < k; p++) {
        bp_vector right[2];
        BP_UNROLL for (int j = 0; j < vectors; j++) right[j] = bp_load(b + j * BP_LANES);
        BP_UNROLL for (int i = 0; i < rows; i++) {
          const bp_vector left = (bp_vector)a[i];
          BP_UNROLL for (int j = 0; j < vectors; j++) {
            sum[i][j] = BP_FUSE(left, right[j], sum[i][j]);
          }
        }
        a += a_col;
        b += b_row;
      }
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

/// See bp_lanes_fn.
static void bp_channels_body(
  float *y, const float *a, const float *b, const bp_segment *at, size_t count, size_t channels,
  int more
) {
  size_t j = 0;
  for (; j + BP_LANES <= channels; j += BP_LANES) {
    bp_vector sum = more ? bp_load(y + j) : (bp_vector)0.0f;
    for (size_t i = 0; i < count; i++) {
      sum = BP_FUSE(bp_load(a + at[i].a + j), bp_load(b + at[i].b + j), sum);
    }
    bp_store(y + j, sum);
  }
  if (j == channels) return;
  const int lanes = (int)(channels - j);
  bp_vector sum = more ? bp_load_part(y + j, lanes) : (bp_vector)0.0f;
  for (size_t i = 0; i < count; i++) {
    const bp_vector left = bp_load_part(a + at[i].a + j, lanes);
    sum = BP_FUSE(left, bp_load_part(b + at[i].b + j, lanes), sum);
  }
  bp_store_part(y + j, sum, lanes);
}

// Windows. Comparisons are written so that the first of equals stays and the first NaN wins.

static void bp_window_sum_body(
  float *y, const float *x, const int64_t *at, int64_t count, int64_t width
) {
  for (int64_t i = 0; i < count; i++) {
    const float *from = x + at[i];
#pragma clang loop vectorize(assume_safety)
    for (int64_t j = 0; j < width; j++) y[j] += from[j];
  }
}

static void bp_window_max_body(
  float *y, const float *x, const int64_t *at, int64_t count, int64_t width
) {
  for (int64_t i = 0; i < count; i++) {
    const float *from = x + at[i];
#pragma clang loop vectorize(assume_safety)
    for (int64_t j = 0; j < width; j++) {
      const float v = from[j], best = y[j];
      y[j] = v > best || v != v ? v : best;
    }
  }
}

static void bp_window_greatest_body(
  float *best, int32_t *place, const float *x, const int64_t *at, int64_t count, int64_t first,
  int64_t width
) {
  for (int64_t i = 0; i < count; i++) {
    const float *from = x + at[i];
    const int32_t number = (int32_t)(first + i);
#pragma clang loop vectorize(assume_safety)
    for (int64_t j = 0; j < width; j++) {
      const float v = from[j], b = best[j];
      const int beyond = (v > b) | ((v != v) & (b == b));
      best[j] = beyond ? v : b;
      place[j] = beyond ? number : place[j];
    }
  }
}

static void bp_window_scatter_body(
  float *dx, const float *dy, const int32_t *place, const int64_t *at, int64_t count,
  int64_t first, int64_t width
) {
  for (int64_t i = 0; i < count; i++) {
    float *to = dx + at[i];
    const int32_t number = (int32_t)(first + i);
#pragma clang loop vectorize(assume_safety)
    for (int64_t j = 0; j < width; j++) to[j] = place[j] == number ? to[j] + dy[j] : to[j];
  }
}

static void bp_window_gather_body(
  float *y, const float *v, const int32_t *place, const int64_t *at, int64_t count,
  int64_t first, int64_t width
) {
  for (int64_t i = 0; i < count; i++) {
    const float *from = v + at[i];
    const int32_t number = (int32_t)(first + i);
#pragma clang loop vectorize(assume_safety)
    for (int64_t j = 0; j < width; j++) y[j] = place[j] == number ? from[j] : y[j];
  }
}
