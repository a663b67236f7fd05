// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What the driver of the matrix product (bp_gemm.c) and the kernels of one SIMD level
// (bp_gemm_avx2.c and its siblings) know of each other.

#ifndef BP_GEMM_INTERNAL_H
#define BP_GEMM_INTERNAL_H

#include "bp_gemm.h"

#include <stdint.h>

/// The largest register tile of any level, in rows and in vectors.
enum { BP_TILE_MAX_ROWS = 14, BP_TILE_MAX_VECTORS = 4 };

/// One register tile of C: some rows times some vectors of columns, over k steps.
typedef struct bp_tile {
  size_t k;
  const float *a;           // a[i * a_row + p * a_col]; where A is packed a[p * rows + i]
  ptrdiff_t a_row, a_col;
  const float *b;           // b[p * b_row + j]
  ptrdiff_t b_row;
  float *c;                 // c[i * c_row + j]
  ptrdiff_t c_row;
  int more;                 // continue the sums that C holds, rather than start from zero
  int lanes;                // how many lanes of the last vector are columns of C
} bp_tile;

typedef void bp_tile_fn(const bp_tile *tile);

/// How a tile reads its operands. PACKED: both in panels, whole vectors of B. STRIDED: where they
/// lie. MASKED: the same, and of the last vector of B only the lanes that are there.
enum { BP_TILE_PACKED, BP_TILE_STRIDED, BP_TILE_MASKED, BP_TILE_MODES };

/// Copies a panel: to[p * width + i] = from[i * stride + p * step] for i < valid, 0.0f up to width.
/// Where the kernels multiply pairs, an element is two bfloat16, of k 2p and 2p + 1.
typedef void bp_pack_fn(
  float *to, size_t width, size_t valid, size_t k, const void *from, ptrdiff_t stride,
  ptrdiff_t step);

/// c[j] = sum over p < k, ascending, of a[p] b[j * stride + p], for j < n. `more` columns of b
/// behind these will be asked for next.
typedef void bp_dots_fn(
  float *c, size_t n, size_t more, const void *b, ptrdiff_t stride, const float *a, size_t k);

/// The kernels of a level.
typedef struct bp_gemm_kernels {
  int lanes;                // floats in a vector
  /// The highest tile in each mode, by how many vectors wide it is (1, 2 or 4).
  int rows[BP_TILE_MODES][BP_TILE_MAX_VECTORS + 1];
  bp_tile_fn *tile[BP_TILE_MODES][BP_TILE_MAX_VECTORS + 1][BP_TILE_MAX_ROWS + 1];
  bp_pack_fn *pack_f32, *pack_bf16;
  bp_dots_fn *dots_f32, *dots_bf16;
  /// to[i] = from[i], rounded to the nearest bfloat16, ties to even.
  void (*round_bf16)(uint16_t *to, const float *from, size_t count);
  /// Runs so many rounds of independent multiply-adds; returns the operations done.
  double (*peak)(size_t rounds);
  int pairs;                // 1: both operands bfloat16, multiplied in pairs of neighbouring k
  size_t depth;             // at most so many elements of a packed panel along k
  size_t block;             // bytes of a block of A, which stays in the second-level cache
  size_t panels;            // bytes of panels of B, which stay in the third
} bp_gemm_kernels;

extern const bp_gemm_kernels bp_gemm_portable;
#if defined(__aarch64__)
extern const bp_gemm_kernels bp_gemm_neon;
#endif
#if defined(__x86_64__)
extern const bp_gemm_kernels bp_gemm_avx2, bp_gemm_avx512, bp_gemm_avx512_bf16;
#endif

/// The kernels of a level, or the portable ones where it can't be run; `both_halves` says that both
/// operands are bfloat16.
const bp_gemm_kernels *bp_gemm_kernels_of(int level, int both_halves);

#endif
