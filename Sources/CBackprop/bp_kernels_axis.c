// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Along one axis: greatest and least positions, running sums; reductions of very long rows.

#include <math.h>
#include <string.h>

#include "bp_kernels.h"
#include "bp_pass_internal.h"

enum { COLUMN_BLOCK = 256, LONG_BLOCK = 4096 };

int64_t bp_axis_units(int64_t outer, int64_t inner) {
  return outer * ((inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK);
}

// Whether v comes before the best so far: beyond it, or the first NaN.
#define BEYOND_f32(v, best) (least ? (v) < (best) : (v) > (best)) | (((v) != (v)) & ((best) == (best)))
#define BEYOND_i32(v, best) (least ? (v) < (best) : (v) > (best))

#define ARG_EXTREME(T, name)                                                        \
  static void arg_##name(                                                           \
      int32_t *out, const T *x, int least, int64_t n, int64_t inner, int64_t width) { \
    T best[COLUMN_BLOCK];                                                           \
    memcpy(best, x, (size_t)width * sizeof(T));                                     \
    memset(out, 0, (size_t)width * 4);                                              \
    if (inner == 1) {                                                               \
      T top = x[0];                                                                 \
      int32_t at = 0;                                                               \
      for (int64_t k = 1; k < n; k++) {                                             \
        if (BEYOND_##name(x[k], top)) {                                             \
          top = x[k];                                                               \
          at = (int32_t)k;                                                          \
        }                                                                           \
      }                                                                             \
      out[0] = at;                                                                  \
      return;                                                                       \
    }                                                                               \
    for (int64_t k = 1; k < n; k++) {                                               \
      const T *row = x + k * inner;                                                 \
      for (int64_t c = 0; c < width; c++) {                                         \
        const T v = row[c], b = best[c];                                            \
        const int beyond = BEYOND_##name(v, b);                                     \
        best[c] = beyond ? v : b;                                                   \
        out[c] = beyond ? (int32_t)k : out[c];                                      \
      }                                                                             \
    }                                                                               \
  }
ARG_EXTREME(float, f32)
ARG_EXTREME(int32_t, i32)

void bp_arg_extreme(
    int32_t *out, const void *x, int is_int, int least, int64_t outer, int64_t n, int64_t inner,
    int64_t begin, int64_t end) {
  (void)outer;
  const int64_t blocks = (inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t o = unit / blocks, first = unit % blocks * COLUMN_BLOCK;
    const int64_t width = bp_least(inner - first, COLUMN_BLOCK), at = o * n * inner + first;
    int32_t *to = out + o * inner + first;
    if (is_int) arg_i32(to, (const int32_t *)x + at, least, n, inner, width);
    else arg_f32(to, (const float *)x + at, least, n, inner, width);
  }
}

#define CUMULATIVE(T, Sum, name)                                                    \
  static void cumulative_##name(                                                    \
      T *out, const T *x, int flags, int64_t n, int64_t inner, int64_t width) {     \
    Sum sums[COLUMN_BLOCK] = {0};                                                   \
    for (int64_t i = 0; i < n; i++) {                                               \
      const int64_t k = (flags & BP_REVERSE ? n - 1 - i : i) * inner;               \
      for (int64_t c = 0; c < width; c++) {                                         \
        const Sum before = sums[c], after = before + (Sum)x[k + c];                 \
        sums[c] = after;                                                            \
        out[k + c] = (T)(flags & BP_EXCLUSIVE ? before : after);                    \
      }                                                                             \
    }                                                                               \
  }
CUMULATIVE(float, float, f32)
CUMULATIVE(int32_t, uint32_t, i32)

void bp_cumulative_sum(
    void *out, const void *x, int is_int, int flags, int64_t outer, int64_t n, int64_t inner,
    int64_t begin, int64_t end) {
  (void)outer;
  const int64_t blocks = (inner + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t o = unit / blocks, first = unit % blocks * COLUMN_BLOCK;
    const int64_t width = bp_least(inner - first, COLUMN_BLOCK), at = o * n * inner + first;
    if (is_int) cumulative_i32((int32_t *)out + at, (const int32_t *)x + at, flags, n, inner, width);
    else cumulative_f32((float *)out + at, (const float *)x + at, flags, n, inner, width);
  }
}

static int64_t long_blocks(int64_t n) { return bp_greatest((n + LONG_BLOCK - 1) / LONG_BLOCK, 1); }

int64_t bp_reduce_long_units(int64_t outer, int64_t n) { return outer * long_blocks(n); }

void bp_reduce_long_blocks(
    int level, void *partial, const void *x, int is_int, int reduction, int64_t outer, int64_t n,
    int64_t begin, int64_t end) {
  (void)outer;
  const bp_level_table *table = bp_level_code(level);
  const int64_t blocks = long_blocks(n);
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t o = unit / blocks, first = unit % blocks * LONG_BLOCK;
    ((uint32_t *)partial)[unit] = table->reduce(
        reduction, is_int, (const uint32_t *)x + o * n + first, bp_least(LONG_BLOCK, n - first));
  }
}

static float combine_f32(int reduction, float a, float b) {
  if (reduction == BP_REDUCE_SUM) return a + b;
  if (reduction == BP_REDUCE_MAX) return a > b || a != a ? a : b;
  return a < b || a != a ? a : b;
}

static int32_t combine_i32(int reduction, int32_t a, int32_t b) {
  if (reduction == BP_REDUCE_SUM) return (int32_t)((uint32_t)a + (uint32_t)b);
  return reduction == BP_REDUCE_MAX ? (a > b ? a : b) : (a < b ? a : b);
}

void bp_reduce_long_finish(
    void *out, void *partial, int is_int, int reduction, int64_t outer, int64_t n) {
  const int64_t blocks = long_blocks(n);
  for (int64_t o = 0; o < outer; o++) {
    // Neighbours in pairs, again and again; an odd one out waits for the next round.
    for (int64_t left = blocks; left > 1; left = (left + 1) / 2) {
      if (is_int) {
        int32_t *p = (int32_t *)partial + o * blocks;
        for (int64_t i = 0; i < left / 2; i++) p[i] = combine_i32(reduction, p[2 * i], p[2 * i + 1]);
        if (left % 2) p[left / 2] = p[left - 1];
      } else {
        float *p = (float *)partial + o * blocks;
        for (int64_t i = 0; i < left / 2; i++) p[i] = combine_f32(reduction, p[2 * i], p[2 * i + 1]);
        if (left % 2) p[left / 2] = p[left - 1];
      }
    }
    memcpy((uint32_t *)out + o, (uint32_t *)partial + o * blocks, 4);
  }
}
