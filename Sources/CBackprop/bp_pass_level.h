// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The steps of a pass, written once over 16-lane vectors and compiled per SIMD level: the including
// file sets the target attribute, defines BP_LEVEL (the table's name) and BP_SPEED. Every step works
// on whole vectors; what lies beyond a tile's edge is computed and never stored.

#include "bp_math.h"
#include "bp_pass_internal.h"
#include "bp_philox.h"

#include <string.h>

typedef uint32_t BP_WORD __attribute__((may_alias));
typedef F BP_MEMORY_F __attribute__((aligned(4), may_alias));
typedef I BP_MEMORY_I __attribute__((aligned(4), may_alias));

// Reading 16 lanes, or one value repeated, as the type a formula wants.
#define BP_VECTOR_F(p, i) (*(const BP_MEMORY_F *)((p) + (i)))
#define BP_VECTOR_I(p, i) (*(const BP_MEMORY_I *)((p) + (i)))
#define BP_SPLAT_F(p) ((F)(*(const float __attribute__((may_alias)) *)(p)))
#define BP_SPLAT_I(p) ((I)(*(const int32_t __attribute__((may_alias)) *)(p)))
#define BP_STORE_F(p, i, v) (*(BP_MEMORY_F *)((p) + (i)) = (v))
#define BP_STORE_I(p, i, v) (*(BP_MEMORY_I *)((p) + (i)) = (v))

#define BP_KERNEL static void
#ifndef BP_UNROLL
#define BP_UNROLL _Pragma("clang loop unroll_count(2)")
#endif

// Rows that follow each other without gaps are one long row. A splat operand must not change then.
#define BP_BEGIN(joined)                                                            \
  int64_t n = frame->n, rows = frame->rows;                                         \
  BP_WORD *d = frame->place[step->d];                                               \
  const int64_t d_stride = frame->stride[step->d];                                  \
  const BP_WORD *a = frame->place[step->a];                                         \
  const int64_t a_stride = frame->stride[step->a];                                  \
  if (rows > 1 && d_stride == n && (joined)) {                                      \
    n *= rows;                                                                      \
    rows = 1;                                                                       \
  }
#define BP_OPERAND(p)                                                               \
  const BP_WORD *p = frame->place[step->p];                                         \
  const int64_t p##_stride = frame->stride[step->p];

// A kernel per operation and per choice of splat operands (1: x, 2: y, 4: z).
#define BP_GET_0(T, p) BP_VECTOR_##T(p, i)
#define BP_GET_1(T, p) p##_splat
#define BP_SET_0(T, p)
#define BP_SET_1(T, p) const T p##_splat = BP_SPLAT_##T(p);
#define BP_JOIN_0(p) p##_stride == n
#define BP_JOIN_1(p) p##_stride == 0

#define BP_KERNEL1(name, suffix, R, X, sx, formula)                                 \
  BP_KERNEL bp_##name##_##suffix(const bp_step *step, const bp_frame *frame) {      \
    BP_BEGIN(BP_JOIN_##sx(a))                                                       \
    for (; rows > 0; rows--, d += d_stride, a += a_stride) {                        \
      BP_SET_##sx(X, a)                                                             \
      BP_UNROLL for (int64_t i = 0; i < n; i += BP_LANES) {                         \
        const X x = BP_GET_##sx(X, a);                                              \
        BP_STORE_##R(d, i, formula);                                                \
      }                                                                             \
    }                                                                               \
  }

#define BP_KERNEL2(name, suffix, R, X, Y, sx, sy, formula)                          \
  BP_KERNEL bp_##name##_##suffix(const bp_step *step, const bp_frame *frame) {      \
    BP_OPERAND(b)                                                                   \
    BP_BEGIN((BP_JOIN_##sx(a)) && (BP_JOIN_##sy(b)))                                \
    for (; rows > 0; rows--, d += d_stride, a += a_stride, b += b_stride) {         \
      BP_SET_##sx(X, a) BP_SET_##sy(Y, b)                                           \
      BP_UNROLL for (int64_t i = 0; i < n; i += BP_LANES) {                         \
        const X x = BP_GET_##sx(X, a);                                              \
        const Y y = BP_GET_##sy(Y, b);                                              \
        BP_STORE_##R(d, i, formula);                                                \
      }                                                                             \
    }                                                                               \
  }

#define BP_KERNEL3(name, suffix, R, X, Y, Z, sx, sy, sz, formula)                   \
  BP_KERNEL bp_##name##_##suffix(const bp_step *step, const bp_frame *frame) {      \
    BP_OPERAND(b)                                                                   \
    BP_OPERAND(c)                                                                   \
    BP_BEGIN((BP_JOIN_##sx(a)) && (BP_JOIN_##sy(b)) && (BP_JOIN_##sz(c)))           \
    for (; rows > 0;                                                                \
         rows--, d += d_stride, a += a_stride, b += b_stride, c += c_stride) {      \
      BP_SET_##sx(X, a) BP_SET_##sy(Y, b) BP_SET_##sz(Z, c)                         \
      BP_UNROLL for (int64_t i = 0; i < n; i += BP_LANES) {                         \
        const X x = BP_GET_##sx(X, a);                                              \
        const Y y = BP_GET_##sy(Y, b);                                              \
        const Z z = BP_GET_##sz(Z, c);                                              \
        BP_STORE_##R(d, i, formula);                                                \
      }                                                                             \
    }                                                                               \
  }

#define BP_OP1(NAME, name, R, X, cost, formula) BP_KERNEL1(name, v, R, X, 0, formula)
#define BP_OP2(NAME, name, R, X, Y, cost, formula)                                  \
  BP_KERNEL2(name, vv, R, X, Y, 0, 0, formula)                                      \
  BP_KERNEL2(name, sv, R, X, Y, 1, 0, formula)                                      \
  BP_KERNEL2(name, vs, R, X, Y, 0, 1, formula)
#define BP_OP3(NAME, name, R, X, Y, Z, cost, formula)                               \
  BP_KERNEL3(name, vvv, R, X, Y, Z, 0, 0, 0, formula)                               \
  BP_KERNEL3(name, svv, R, X, Y, Z, 1, 0, 0, formula)                               \
  BP_KERNEL3(name, vsv, R, X, Y, Z, 0, 1, 0, formula)                               \
  BP_KERNEL3(name, ssv, R, X, Y, Z, 1, 1, 0, formula)                               \
  BP_KERNEL3(name, vvs, R, X, Y, Z, 0, 0, 1, formula)                               \
  BP_KERNEL3(name, svs, R, X, Y, Z, 1, 0, 1, formula)                               \
  BP_KERNEL3(name, vss, R, X, Y, Z, 0, 1, 1, formula)
#include "elementwise.def"
#undef BP_OP1
#undef BP_OP2
#undef BP_OP3
BP_KERNEL1(move, v, I, I, 0, x)
BP_KERNEL1(move, s, I, I, 1, x)

// Reductions of a row: 32 lanes that take every 32nd element, then a fixed tree.

BP_FN F bp_plus(F x, F y) { return x + y; }
BP_FN I bp_plus_i(I x, I y) { return bp_add_i(x, y); }
BP_FN I bp_max_i(I x, I y) { return bp_select_i(x > y, x, y); }
BP_FN I bp_min_i(I x, I y) { return bp_select_i(x < y, x, y); }

static const int32_t bp_lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

#define BP_FOLD(T, combine, v, k)                                                   \
  v = combine(v, __builtin_shufflevector(v, v, (0 + k) & 15, (1 + k) & 15, (2 + k) & 15, \
      (3 + k) & 15, (4 + k) & 15, (5 + k) & 15, (6 + k) & 15, (7 + k) & 15, (8 + k) & 15, \
      (9 + k) & 15, (10 + k) & 15, (11 + k) & 15, (12 + k) & 15, (13 + k) & 15,     \
      (14 + k) & 15, (15 + k) & 15));

#define BP_REDUCE(name, T, identity, combine)                                       \
  BP_FN T bp_reduce_##name(const BP_WORD *a, int64_t count) {                       \
    T even = identity, odd = identity;                                              \
    int64_t i = 0;                                                                  \
    for (; i + 32 <= count; i += 32) {                                              \
      even = combine(even, BP_VECTOR_##T(a, i));                                    \
      odd = combine(odd, BP_VECTOR_##T(a, i + 16));                                 \
    }                                                                               \
    if (i + 16 <= count) {                                                          \
      even = combine(even, BP_VECTOR_##T(a, i));                                    \
      i += 16;                                                                      \
      if (i < count) {                                                              \
        const I inside = BP_VECTOR_I(bp_lane_numbers, 0) < (int32_t)(count - i);    \
        odd = combine(odd, inside ? BP_VECTOR_##T(a, i) : identity);                \
      }                                                                             \
    } else if (i < count) {                                                         \
      const I inside = BP_VECTOR_I(bp_lane_numbers, 0) < (int32_t)(count - i);      \
      even = combine(even, inside ? BP_VECTOR_##T(a, i) : identity);                \
    }                                                                               \
    even = combine(even, odd);                                                      \
    BP_FOLD(T, combine, even, 8)                                                    \
    BP_FOLD(T, combine, even, 4)                                                    \
    BP_FOLD(T, combine, even, 2)                                                    \
    BP_FOLD(T, combine, even, 1)                                                    \
    return even;                                                                    \
  }                                                                                 \
  BP_KERNEL bp_row_##name(const bp_step *step, const bp_frame *frame) {             \
    BP_WORD *d = frame->place[step->d];                                             \
    const BP_WORD *a = frame->place[step->a];                                       \
    const int64_t stride = frame->stride[step->a], count = frame->tile_cols;        \
    for (int64_t r = 0; r < frame->tile_rows; r++, a += stride) {                   \
      const T v = bp_reduce_##name(a, count);                                       \
      memcpy(&d[r], &v, 4);                                                         \
    }                                                                               \
  }

BP_REDUCE(sum, F, bp_f(0.0f), bp_plus)
BP_REDUCE(max, F, -BP_INFINITY, bp_max)
BP_REDUCE(min, F, BP_INFINITY, bp_min)
BP_REDUCE(sum_i, I, bp_i(0), bp_plus_i)
BP_REDUCE(max_i, I, bp_i(-2147483647 - 1), bp_max_i)
BP_REDUCE(min_i, I, bp_i(2147483647), bp_min_i)

/// A reduction of contiguous memory, whose last vector is read through a copy.
#define BP_REDUCE_CASE(name, T)                                                     \
  {                                                                                 \
    const T v = bp_reduce_##name(x, n);                                             \
    memcpy(&result, &v, 4);                                                         \
    return result;                                                                  \
  }
static uint32_t bp_reduce_block(int reduction, int is_int, const uint32_t *memory, int64_t n) {
  BP_WORD copy[4096 + 16];
  const BP_WORD *x = memory;
  if (n % BP_LANES != 0) {
    memcpy(copy, memory, (size_t)n * 4);
    memset(copy + n, 0, 64);
    x = copy;
  }
  uint32_t result;
  switch (reduction * 2 + (is_int != 0)) {
    case 0: BP_REDUCE_CASE(sum, F)
    case 1: BP_REDUCE_CASE(sum_i, I)
    case 2: BP_REDUCE_CASE(max, F)
    case 3: BP_REDUCE_CASE(max_i, I)
    case 4: BP_REDUCE_CASE(min, F)
    default: BP_REDUCE_CASE(min_i, I)
  }
}

// Reductions of columns: the tile's rows, in order, onto the values so far.
#define BP_COLUMN(name, T, combine)                                                 \
  BP_KERNEL bp_column_##name(const bp_step *step, const bp_frame *frame) {          \
    BP_WORD *d = frame->place[step->d];                                             \
    const BP_WORD *a = frame->place[step->a];                                       \
    const int64_t stride = frame->stride[step->a], rows = frame->rows;              \
    for (int64_t i = 0; i < frame->n; i += BP_LANES) {                              \
      T v = BP_VECTOR_##T(d, i);                                                    \
      const BP_WORD *p = a + i;                                                     \
      for (int64_t r = 0; r < rows; r++, p += stride) v = combine(v, BP_VECTOR_##T(p, 0)); \
      BP_STORE_##T(d, i, v);                                                        \
    }                                                                               \
  }
BP_COLUMN(sum, F, bp_plus)
BP_COLUMN(max, F, bp_max)
BP_COLUMN(sum_i, I, bp_plus_i)
BP_COLUMN(max_i, I, bp_max_i)

#include "bp_pass_generate.h"
#include "bp_pass_memory.h"

#define BP_OP1(NAME, name, R, X, cost, formula) [BP_OP_##NAME] = {[0] = bp_##name##_v},
#define BP_OP2(NAME, name, R, X, Y, cost, formula)                                  \
  [BP_OP_##NAME] = {bp_##name##_vv, bp_##name##_sv, bp_##name##_vs},
#define BP_OP3(NAME, name, R, X, Y, Z, cost, formula)                               \
  [BP_OP_##NAME] = {bp_##name##_vvv, bp_##name##_svv, bp_##name##_vsv, bp_##name##_ssv, \
                    bp_##name##_vvs, bp_##name##_svs, bp_##name##_vss},

const bp_level_table BP_LEVEL = {
  .op = {
#include "elementwise.def"
    [BP_OP_MOVE] = {bp_move_v, bp_move_s},
    [BP_OP_ROW_SUM] = {bp_row_sum},
    [BP_OP_ROW_MAX] = {bp_row_max},
    [BP_OP_ROW_MIN] = {bp_row_min},
    [BP_OP_ROW_SUM_I] = {bp_row_sum_i},
    [BP_OP_ROW_MAX_I] = {bp_row_max_i},
    [BP_OP_ROW_MIN_I] = {bp_row_min_i},
    [BP_OP_INDEX] = {bp_index},
    [BP_OP_INDEX_DIM] = {bp_index_dim},
    [BP_OP_RANDOM_BITS] = {bp_random_bits},
  },
  .load = bp_load,
  .load_row = bp_load_row,
  .store = bp_store,
  .store_row = bp_store_row,
  .column_sum = bp_column_sum,
  .column_max = bp_column_max,
  .column_sum_i = bp_column_sum_i,
  .column_max_i = bp_column_max_i,
  .copy_in = bp_copy_in,
  .copy_out = bp_copy_out,
  .reduce = bp_reduce_block,
  .speed = BP_SPEED,
};
#undef BP_OP1
#undef BP_OP2
#undef BP_OP3
