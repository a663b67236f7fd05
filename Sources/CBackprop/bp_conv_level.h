// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The table of one SIMD level's kernels of convolution. A level's file defines what
// bp_conv_tile.h asks for and BP_LEVEL, and includes this inside its target attribute.

#include "bp_conv_tile.h"
#include "bp_conv_winograd_level.h"

#define BP_CHAIN_NAME(mode, rows, vectors) bp_chain_##mode##_##rows##x##vectors

#define BP_DEFINE_CHAIN(mode, rows, vectors) \
  static void BP_CHAIN_NAME(mode, rows, vectors)(const bp_chain *chain) { \
    bp_chain_body(rows, vectors, BP_CHAIN_##mode, chain); \
  }

#define BP_DEFINE(rows, vectors) \
  BP_DEFINE_CHAIN(APART, rows, vectors) \
  BP_DEFINE_CHAIN(ADJACENT, rows, vectors)

#define BP_ENTRY(rows, vectors) \
  [BP_CHAIN_APART][vectors][rows] = BP_CHAIN_NAME(APART, rows, vectors), \
  [BP_CHAIN_ADJACENT][vectors][rows] = BP_CHAIN_NAME(ADJACENT, rows, vectors),

#define BP_ROWS_UP_TO_4(X, n) X(1, n) X(2, n) X(3, n) X(4, n)
#define BP_ROWS_UP_TO_6(X, n) BP_ROWS_UP_TO_4(X, n) X(5, n) X(6, n)
#define BP_ROWS_UP_TO_12(X, n) \
  BP_ROWS_UP_TO_6(X, n) X(7, n) X(8, n) X(9, n) X(10, n) X(11, n) X(12, n)
#define BP_ROWS_UP_TO_13(X, n) BP_ROWS_UP_TO_12(X, n) X(13, n)
#define BP_EACH_ROW_(limit, X, n) BP_ROWS_UP_TO_##limit(X, n)
#define BP_EACH_ROW(limit, X, n) BP_EACH_ROW_(limit, X, n)

BP_EACH_ROW(BP_CHAIN_ROWS, BP_DEFINE, 1)
BP_EACH_ROW(BP_CHAIN_ROWS, BP_DEFINE, 2)

const bp_conv_kernels BP_LEVEL = {
  .lanes = BP_LANES,
  .rows = BP_CHAIN_ROWS,
  .chain = {
    BP_EACH_ROW(BP_CHAIN_ROWS, BP_ENTRY, 1)
    BP_EACH_ROW(BP_CHAIN_ROWS, BP_ENTRY, 2)
  },
  .channels = bp_channels_body,
  .window = {
    .sum = bp_window_sum_body,
    .max = bp_window_max_body,
    .greatest = bp_window_greatest_body,
    .scatter = bp_window_scatter_body,
    .gather = bp_window_gather_body,
  },
  .winograd = {
    .inputs = bp_winograd_inputs,
    .outputs = bp_winograd_outputs,
    .cotangents = bp_winograd_cotangents,
    .kernel = bp_winograd_kernel,
    .gradient = bp_winograd_gradient,
  },
};
