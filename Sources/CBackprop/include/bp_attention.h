// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Attention whose scores are never all in memory, and its gradient (T. Dao, "FlashAttention-2",
// 2023).

#ifndef BP_ATTENTION_H
#define BP_ATTENTION_H

#include "bp_pass.h"

#include <stddef.h>
#include <stdint.h>

/// Rows of features: steps from one batch entry, head and place to the next, in elements; the
/// features of a place are adjacent.
typedef struct bp_attention_rows {
  const void *data;
  int type;                       // BP_F32 or BP_BF16
  ptrdiff_t batch, head, place;
} bp_attention_rows;

/// Rows that are written, in float32.
typedef struct bp_attention_target {
  float *data;
  ptrdiff_t batch, head, place;
} bp_attention_target;

/// What attends to what.
///
///   s = scale q k' + bias;  p = softmax of s over the keys that a query sees;  y = d p v
///
/// d is 1; where weights are dropped (N. Srivastava et al., 2014) it is 1/keep for those whose draw,
/// a number in [0, 1), is less than `keep`, and 0 for the others.
///
/// A query t stands at place t + keys - queries. It sees keys up to its place if `causal`, and keys
/// less than `window` places away if that is not 0, in both directions unless `causal`; and of those
/// the ones whose mask is not 0. A query that sees no key, or whose scores are all -infinity, has
/// the result 0.
///
/// A score is one chain of fused multiply-adds over the features of (scale q) k; with at most
/// BP_ATTENTION_FEW queries it is a sum by 32 lanes. Weights are summed by 32 lanes within a block
/// of keys; blocks begin at multiples of a fixed size, and each element of a result goes through
/// them in order. So bits depend neither on the level nor on the tasks.
typedef struct bp_attention_args {
  int64_t batch, heads, shared;   // query heads, key heads; shared divides heads
  int64_t queries, keys, width, value_width;
  int64_t window;                 // 0: all keys
  int causal;
  float scale;
  bp_attention_rows q, k, v;
  const float *bias;              // NULL: none; steps of batch, head, query, key may be 0
  ptrdiff_t bias_steps[4];
  const uint8_t *mask;            // NULL: none
  ptrdiff_t mask_steps[4];
  float keep;                     // the share of weights that is not dropped; 1: no draws
  uint32_t draw_key[2];           // draws are the uniform numbers of a Philox key by the place of a
                                  // weight in [batch, heads, queries, keys],
  const float *draws;             // or lie here, those of a query adjacent; NULL: by the key
  ptrdiff_t draw_steps[3];
  float *y;                       // dense [batch, queries, heads, value_width]
  float *logs;                    // dense [batch, heads, queries]: log of the sum of e^s; or infinity
  bp_attention_rows dy;           // [.., value_width], for the gradient
  bp_attention_target dq, dk, dv;
} bp_attention_args;

enum { BP_ATTENTION_FEW = 4 };

/// Into how many tasks to cut the work for so many threads; bytes of scratch, aligned to 64, that
/// any one of them needs; and one task of them, which writes its own part of y and logs.
size_t bp_attention_tasks(const bp_attention_args *args, size_t threads);
size_t bp_attention_scratch(const bp_attention_args *args);
void bp_attention_run(
  const bp_attention_args *args, int level, size_t task, size_t tasks, void *scratch);

/// The same for the gradient: dq, dk and dv from q, k, v, y, logs and dy. `joint`, what
/// bp_attention_gradient_is_joint says, is whether a task makes all three, which takes fewer
/// operations, but gives no more than batch * shared tasks. It changes no bit.
int bp_attention_gradient_is_joint(const bp_attention_args *args, size_t threads);
size_t bp_attention_gradient_tasks(const bp_attention_args *args, int joint);
size_t bp_attention_gradient_scratch(const bp_attention_args *args);
void bp_attention_gradient_run(
  const bp_attention_args *args, int level, int joint, size_t task, void *scratch);

#endif
