// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// How a matrix product will be computed: which operands are packed, the sizes of its blocks, and
// how it is cut into tasks.

#ifndef BP_GEMM_PLAN_H
#define BP_GEMM_PLAN_H

#include "bp_gemm_internal.h"

#include <stdbool.h>

/// A product as the tiles see it.
typedef struct bp_product {
  bp_gemm_args g;                  // perhaps transposed: then C is a row or a column
  const bp_gemm_kernels *kernels;
  bool transposed;                 // the epilogue is told rows for columns
  bool dots;                       // a vector times a matrix with contiguous columns
  bool pack_a, pack_b;             // pack_a only together with pack_b
  bool rounds;                     // C is bfloat16: its sums stay in scratch until k is done
  bool passes;                     // C is for the epilogue only, and never leaves the scratch
} bp_product;

/// Part of a product: some batch entries, some rows, some columns.
typedef struct bp_region {
  size_t batch0, batch1, m0, m1, n0, n1;
} bp_region;

/// The sizes of blocks, and of the scratch they need, in floats.
typedef struct bp_blocks {
  size_t kc;                       // depth of a panel
  size_t mc;                       // rows of A that are packed at a time
  size_t nc;                       // columns of B that are packed before the next rows
  size_t rows;                     // rows that are finished before the next; mc or many
  size_t columns;                  // columns of a finished block, for the epilogue
  bool keeps_a;                    // all of `rows` times k is packed, once for all columns
  size_t a_floats, b_floats, c_floats;
  bool keeps_blocks;               // the scratch for C holds one finished block, not rows times nc
  size_t c_row;                    // from row to row of the scratch for C
} bp_blocks;

bp_product bp_product_of(const bp_gemm_args *args, int level);

bp_blocks bp_blocks_of(const bp_product *product, size_t m, size_t n);

/// The part of the product that a task computes; an empty one where there are tasks to spare.
bp_region bp_region_of(const bp_product *product, size_t task, size_t tasks);

static inline size_t bp_smaller(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t bp_larger(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t bp_parts(size_t whole, size_t part) { return (whole + part - 1) / part; }
static inline size_t bp_round_up(size_t value, size_t unit) {
  return bp_parts(value, unit) * unit;
}

#endif
