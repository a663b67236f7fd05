// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What the drivers of convolution (bp_conv.c and its siblings) and the kernels of one SIMD level
// (bp_conv_level.h) know of each other.

#ifndef BP_CONV_INTERNAL_H
#define BP_CONV_INTERNAL_H

#include "bp_conv.h"
#include "bp_gemm_internal.h"

#include <stdbool.h>

enum { BP_CHAIN_MAX_ROWS = 13 };

/// A stretch of a chain: so many steps from these places on.
typedef struct bp_segment {
  ptrdiff_t a, b;
  size_t k;
} bp_segment;

/// One register tile of sums, C[i][j] += A[i][p] * B[p][j], over the steps p of all segments.
typedef struct bp_chain {
  const float *a;           // APART: a[i * a_row + p]; ADJACENT: a[i + p * a_col]
  ptrdiff_t a_row, a_col;
  const float *b;           // b[p * b_row + j], whole vectors
  ptrdiff_t b_row;
  float *c;                 // c[i * c_row + j]
  ptrdiff_t c_row;
  const bp_segment *segments;
  size_t count;
  int more;                 // continue the sums that C holds, rather than start from zero
  int lanes;                // how many lanes of the last vector are columns of C
} bp_chain;

typedef void bp_chain_fn(const bp_chain *chain);

/// How the rows of A lie: APART, each with its steps adjacent, or ADJACENT, one step after another.
enum { BP_CHAIN_APART, BP_CHAIN_ADJACENT, BP_CHAIN_MODES };

/// One output of a depthwise convolution, or one tap of its kernel's gradient: for each channel j,
/// y[j] = sum over i of a[at[i].a + j] * b[at[i].b + j].
typedef void bp_lanes_fn(
  float *y, const float *a, const float *b, const bp_segment *at, size_t count, size_t channels,
  int more);

/// So many channels of a window are looked at together.
enum { BP_WINDOW_BLOCK = 64 };

/// Takes the elements at these offsets from `x` into y, for `width` channels.
typedef void bp_window_reduce_fn(
  float *y, const float *x, const int64_t *at, int64_t count, int64_t width);
/// Moves between an output and the inputs at these offsets, for the channels whose greatest element
/// is the one at offset i, number first + i of its window.
typedef void bp_window_move_fn(
  float *to, const float *from, const int32_t *place, const int64_t *at, int64_t count,
  int64_t first, int64_t width);

typedef struct bp_window_kernels {
  bp_window_reduce_fn *sum, *max;
  /// The greatest so far of each channel, and its number in the window.
  void (*greatest)(
    float *best, int32_t *place, const float *x, const int64_t *at, int64_t count, int64_t first,
    int64_t width);
  bp_window_move_fn *scatter;  // dx[at[i]] += dy
  bp_window_move_fn *gather;   // y = v[at[i]]
} bp_window_kernels;

/// Which elements of a tile are there: rows [y0, y1), columns [x0, x1), counted from its own first.
typedef struct bp_winograd_part {
  int64_t y0, y1, x0, x1;
} bp_winograd_part;

/// Winograd's transforms of one tile, for a multiple of 16 channels; what is not there is zero.
/// Its 36 terms are `term` floats apart.
typedef struct bp_winograd_kernels {
  /// 6x6 inputs to their terms.
  void (*inputs)(
    float *v, ptrdiff_t term, const float *x, ptrdiff_t row, ptrdiff_t column,
    bp_winograd_part part, int64_t channels);
  /// Terms to 4x4 outputs.
  void (*outputs)(
    float *y, ptrdiff_t row, ptrdiff_t column, bp_winograd_part part, const float *m,
    ptrdiff_t term, int64_t channels);
  /// 4x4 cotangents of outputs to their terms.
  void (*cotangents)(
    float *e, ptrdiff_t term, const float *dy, ptrdiff_t row, ptrdiff_t column,
    bp_winograd_part part, int64_t channels);
  /// 3x3 taps, `tap` floats apart, to their terms.
  void (*kernel)(float *u, ptrdiff_t term, const float *w, ptrdiff_t tap, int64_t channels);
  /// Terms, in parts that are added up first, to the cotangents of taps.
  void (*gradient)(
    float *w, ptrdiff_t tap, const float *u, ptrdiff_t term, ptrdiff_t part, int64_t parts,
    int64_t channels);
} bp_winograd_kernels;

/// The kernels of a level.
typedef struct bp_conv_kernels {
  int lanes;                // floats in a vector
  int rows;                 // the highest tile
  bp_chain_fn *chain[BP_CHAIN_MODES][3][BP_CHAIN_MAX_ROWS + 1];  // by vectors: 1, 2
  bp_lanes_fn *channels;
  bp_window_kernels window;
  bp_winograd_kernels winograd;
} bp_conv_kernels;

extern const bp_conv_kernels bp_conv_portable;
#if defined(__aarch64__)
extern const bp_conv_kernels bp_conv_neon;
#endif
#if defined(__x86_64__)
extern const bp_conv_kernels bp_conv_avx2, bp_conv_avx512;
#endif

const bp_conv_kernels *bp_conv_kernels_of(int level);

/// A tap that a run of outputs has, and the place in the input that it reads for the first of them.
typedef struct bp_tap {
  int64_t k, at;
} bp_tap;

/// Outputs `first + j * step`, j < count, along one axis, that have the same taps.
typedef struct bp_run {
  int64_t first, count, step;
  int64_t taps, tap_count;  // where its taps begin in the axis, and how many there are
} bp_run;

/// The outputs that have a certain tap: first + j * step, which read at + j * advance.
typedef struct bp_reach {
  int64_t first, count, at;
} bp_reach;

/// One axis of a convolution.
typedef struct bp_axis {
  bp_run *runs;
  int64_t run_count;
  bp_tap *taps;
  bp_reach *reach;          // for each position of the kernel
  int64_t step;             // from an output to the next that reads with the same taps
  int64_t advance;          // and by how much further it reads
} bp_axis;

bool bp_axis_prepare(bp_axis *axis, const bp_conv_shape *shape, int index);
void bp_axis_release(bp_axis *axis);

/// The tiles of a convolution that is done by Winograd's transforms.
typedef struct bp_winograd {
  int64_t tiles_y, tiles_x; // of an image
  int64_t rows;             // of tiles, of all images
  int64_t rows_at_once;
  int64_t in_row;           // floats from one tile's channels to the next's
  int64_t parts;            // that the kernel's gradient is summed in
  bool deep;                // few tiles, many channels
} bp_winograd;

struct bp_conv {
  bp_conv_shape s;
  const bp_conv_kernels *kernels;
  bp_pack_fn *pack;
  bp_axis axes[3];
  int64_t taps;             // of the kernel
  int64_t inputs, outputs;  // places in space
  int64_t in_row, out_row;  // channels of all groups
  int64_t width, panels;    // columns of a panel, panels of a group
  bool depthwise;           // one channel to a group
  bool transforms;          // by Winograd's method
  bp_winograd winograd;
};

static inline int64_t bp_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t bp_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t bp_ceil(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Runs tiles of even height, `vectors` wide, over so many rows.
static inline void bp_chains(
  const bp_conv_kernels *kernels, int mode, int vectors, bp_chain *chain, int64_t rows
) {
  const int64_t count = bp_ceil(rows, kernels->rows);
  const ptrdiff_t a_row = mode == BP_CHAIN_APART ? chain->a_row : 1;
  for (int64_t i = 0; i < count; i++) {
    const int64_t height = rows / count + (i < rows % count);
    kernels->chain[mode][vectors][height](chain);
    chain->a += height * a_row;
    chain->c += height * chain->c_row;
  }
}

#endif
