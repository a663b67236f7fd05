// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What the drivers of attention (bp_attention.c, bp_attention_gradient.c) and the kernels of one
// SIMD level (bp_attention_level.h) know of each other. Products go by the tiles of bp_gemm.

#ifndef BP_ATTENTION_INTERNAL_H
#define BP_ATTENTION_INTERNAL_H

#include "bp_attention.h"
#include "bp_gemm_plan.h"

/// Queries whose scores are made together; the same on every level, so that every level adds the
/// same terms, zeros included.
enum { BP_ATTENTION_ROWS = 12 };

/// By how much the draws of a row may be longer: up to 3 before it, then whole vectors.
enum { BP_ATTENTION_DRAWS = 48 };

/// A row of scores of a block of keys. Vectors of 16 are whole in memory.
typedef struct bp_attention_row {
  float *s;                  // scores; becomes weights
  int64_t first, last;       // columns that are written, multiples of 16
  int64_t begin, end;        // columns of keys that are seen but for the mask; 0 elsewhere
  const float *bias;
  ptrdiff_t bias_step;
  const uint8_t *mask;
  ptrdiff_t mask_step;
  const float *draws;        // NULL: nothing is dropped
  float keep;                // weights with draws below it are kept,
  float factor;              // times this
} bp_attention_row;

typedef struct bp_attention_kernels {
  /// Weights e^(s - max) of one more block of keys, and 0 for what is dropped. `max` and `sum`, which
  /// has the dropped ones too, are those of the blocks before, then of all. Returns what earlier
  /// weights are to be multiplied by.
  float (*weigh)(const bp_attention_row *row, float *max, float *sum);
  /// Weights d p, with p = e^(s - log), and in `ds`, which holds their cotangents, p (d ds - delta).
  void (*unweigh)(const bp_attention_row *row, float *ds, float log, float delta);
  /// The uniform numbers of a key's stream from block `block` on, four a block; `count` of them, and
  /// what is missing to a multiple of 32.
  void (*draw)(float *to, uint64_t block, int64_t count, const uint32_t key[2]);
  /// s[j] = sum of q[i] k[j * step + i], by 32 lanes.
  void (*dots)(
    float *s, const float *q, const float *k, ptrdiff_t step, int64_t keys, int64_t width);
  /// to[i] = factor from[i].
  void (*scale)(float *to, const float *from, float factor, int64_t count);
  /// log x.
  float (*log)(float x);
} bp_attention_kernels;

extern const bp_attention_kernels bp_attention_portable;
#if defined(__x86_64__)
extern const bp_attention_kernels bp_attention_avx2, bp_attention_avx512;
#endif

/// The kernels of a level, or the portable ones, which on arm64 are those of NEON.
const bp_attention_kernels *bp_attention_kernels_of(int level);

/// The keys [begin, end) that a query may see by its place.
typedef struct bp_attention_range {
  int64_t begin, end;
} bp_attention_range;

bp_attention_range bp_attention_sees(const bp_attention_args *args, int64_t query);

/// A matrix product of a few rows, C += A B with `more`, else C = A B.
typedef struct bp_attention_product {
  size_t rows, columns, depth;
  const float *a;
  ptrdiff_t a_row, a_col;
  const float *b;            // rows of whole vectors
  ptrdiff_t b_row;
  ptrdiff_t b_next;          // from the first column of two vectors to that of the next two
  float *c;
  ptrdiff_t c_row;
  int more;
  int masked;                // the last vector of B is not whole
} bp_attention_product;

void bp_attention_multiply(const bp_gemm_kernels *kernels, const bp_attention_product *product);

/// Rows of features, each times `factor`, one after another in float32 with zeros up to `padded`.
void bp_attention_copy(
  const bp_gemm_kernels *gemm, const bp_attention_kernels *kernels, float *to, int64_t padded,
  const bp_attention_rows *from, int64_t batch, int64_t head, int64_t place, int64_t rows,
  int64_t width, float factor);

/// Panels of two vectors of places each, feature by feature.
void bp_attention_panels(
  const bp_gemm_kernels *gemm, float *to, const bp_attention_rows *from, int64_t batch,
  int64_t head, int64_t place, int64_t rows, int64_t width);

/// The bias and mask of one query from a key on.
void bp_attention_terms(
  const bp_attention_args *args, bp_attention_row *row, int64_t batch, int64_t head, int64_t query,
  int64_t key);

/// The draws of a row, for its columns of keys that are seen: made in `to`, which is
/// BP_ATTENTION_DRAWS longer than a row, if anything is dropped.
void bp_attention_draw(
  const bp_attention_args *args, const bp_attention_kernels *kernels, bp_attention_row *row,
  float *to, int64_t batch, int64_t head, int64_t query, int64_t key);

static inline int64_t bp_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t bp_most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t bp_pieces(int64_t whole, int64_t part) { return (whole + part - 1) / part; }
static inline int64_t bp_padded(int64_t value) { return bp_pieces(value, 16) * 16; }

#endif
