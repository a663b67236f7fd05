// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The table of one SIMD level's kernels: each size of tile, in each mode, as a function of its own.
// A level's file defines what bp_gemm_tile.h asks for and BP_LEVEL, BP_DEPTH, BP_BLOCK,
// BP_PANELS, and includes this inside its target attribute.
//
// With as many sums as the tiles hold and 16 registers, a mask is one register too many: hence
// BP_ROWS_2_MASKED.

#include "bp_gemm_tile.h"
#include "bp_gemm_pack.h"
#if !defined(BP_DOT)
#include "bp_gemm_vector.h"
#endif

#if !defined(BP_ROWS_2_MASKED)
#define BP_ROWS_2_MASKED BP_ROWS_2
#endif

#define BP_TILE_NAME(mode, rows, vectors) bp_tile_##mode##_##rows##x##vectors

#define BP_DEFINE_TILE(mode, rows, vectors) \
  static void BP_TILE_NAME(mode, rows, vectors)(const bp_tile *tile) { \
    bp_tile_body(rows, vectors, BP_TILE_##mode, tile); \
  }

#if defined(BP_DOT)
#define BP_DEFINE(rows, vectors) BP_DEFINE_TILE(PACKED, rows, vectors)
#else
#define BP_DEFINE(rows, vectors) \
  BP_DEFINE_TILE(PACKED, rows, vectors) \
  BP_DEFINE_TILE(STRIDED, rows, vectors) \
  BP_DEFINE_TILE(MASKED, rows, vectors)
#endif

#define BP_ROWS_UP_TO_2(X, n) X(1, n) X(2, n)
#define BP_ROWS_UP_TO_3(X, n) BP_ROWS_UP_TO_2(X, n) X(3, n)
#define BP_ROWS_UP_TO_4(X, n) BP_ROWS_UP_TO_3(X, n) X(4, n)
#define BP_ROWS_UP_TO_6(X, n) BP_ROWS_UP_TO_4(X, n) X(5, n) X(6, n)
#define BP_ROWS_UP_TO_8(X, n) BP_ROWS_UP_TO_6(X, n) X(7, n) X(8, n)
#define BP_ROWS_UP_TO_12(X, n) BP_ROWS_UP_TO_8(X, n) X(9, n) X(10, n) X(11, n) X(12, n)
#define BP_ROWS_UP_TO_14(X, n) BP_ROWS_UP_TO_12(X, n) X(13, n) X(14, n)
#define BP_EACH_ROW_(limit, X, n) BP_ROWS_UP_TO_##limit(X, n)
#define BP_EACH_ROW(limit, X, n) BP_EACH_ROW_(limit, X, n)

BP_EACH_ROW(BP_ROWS_1, BP_DEFINE, 1)
BP_EACH_ROW(BP_ROWS_2, BP_DEFINE, 2)
#if !defined(BP_DOT)
BP_EACH_ROW(BP_ROWS_4, BP_DEFINE, 4)
#endif

/// Hides from the compiler that a value stays the same.
#if defined(__aarch64__)
#define BP_KEEP_IN_REGISTER(value) __asm__ volatile("" : "+w"(value))
#elif defined(__x86_64__)
#define BP_KEEP_IN_REGISTER(value) __asm__ volatile("" : "+x"(value))
#else
#define BP_KEEP_IN_REGISTER(value) __asm__ volatile("" : "+m"(value))
#endif

/// Enough independent sums that no multiply-add waits for another.
static double bp_peak_rounds(size_t rounds) {
  bp_vector sum[12], left = 1e-3f, right = 1e-3f;
  BP_UNROLL for (int i = 0; i < 12; i++) sum[i] = (float)i;
  for (size_t round = 0; round < rounds; round++) {
    BP_UNROLL for (int i = 0; i < 12; i++) sum[i] = BP_FUSE(left, right, sum[i]);
    BP_KEEP_IN_REGISTER(left);
  }
  BP_UNROLL for (int i = 1; i < 12; i++) sum[0] += sum[i];
  volatile float keep = sum[0][0];
  (void)keep;
#if defined(BP_DOT)
  return 2.0 * 2.0 * 12.0 * BP_LANES * (double)rounds;
#else
  return 2.0 * 12.0 * BP_LANES * (double)rounds;
#endif
}

#define BP_PACKED_ENTRY(rows, vectors) \
  [BP_TILE_PACKED][vectors][rows] = BP_TILE_NAME(PACKED, rows, vectors),
#if defined(BP_DOT)
#define BP_ENTRY BP_PACKED_ENTRY
#else
#define BP_ENTRY(rows, vectors) \
  BP_PACKED_ENTRY(rows, vectors) \
  [BP_TILE_STRIDED][vectors][rows] = BP_TILE_NAME(STRIDED, rows, vectors), \
  [BP_TILE_MASKED][vectors][rows] = BP_TILE_NAME(MASKED, rows, vectors),
#endif

const bp_gemm_kernels BP_LEVEL = {
  .lanes = BP_LANES,
  .tile = {
    BP_EACH_ROW(BP_ROWS_1, BP_ENTRY, 1)
    BP_EACH_ROW(BP_ROWS_2, BP_ENTRY, 2)
#if !defined(BP_DOT)
    BP_EACH_ROW(BP_ROWS_4, BP_ENTRY, 4)
#endif
  },
#if defined(BP_DOT)
  .rows = {[BP_TILE_PACKED] = {0, BP_ROWS_1, BP_ROWS_2}},
  .pairs = 1,
#else
  .rows = {
    [BP_TILE_PACKED] = {0, BP_ROWS_1, BP_ROWS_2, 0, BP_ROWS_4},
    [BP_TILE_STRIDED] = {0, BP_ROWS_1, BP_ROWS_2, 0, BP_ROWS_4},
    [BP_TILE_MASKED] = {0, BP_ROWS_1, BP_ROWS_2_MASKED, 0, BP_ROWS_4},
  },
#endif
#if !defined(BP_DOT)
  .dots_f32 = bp_dots_floats,
  .dots_bf16 = bp_dots_halves,
#endif
  .pack_f32 = bp_pack_floats,
  .pack_bf16 = bp_pack_halves,
  .round_bf16 = bp_round_halves,
  .peak = bp_peak_rounds,
  .depth = BP_DEPTH,
  .block = BP_BLOCK,
  .panels = BP_PANELS,
};
