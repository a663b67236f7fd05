// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The gradient of attention: weights are made again, block by block, from the logarithms that were
// kept, and so are the draws of those that were dropped. With delta = sum of dy y over a query's
// features, and d as in bp_attention.h,
//
//   ds = p (d dy v' - delta);  dq = scale ds k;  dk = ds' (scale q);  dv = (d p)' dy
//
// Elements of dq go through the blocks of keys in order, those of dk and dv through the heads that
// share a key head, then through the blocks of queries.

#include "bp_attention_internal.h"

#include <string.h>

/// Keys and queries of a block; queries that a task of dq alone has.
enum { KEYS = 128, QUERIES = 72, CHUNK = 288, SCORES = KEYS + 16 };

typedef struct work {
  const bp_attention_args *args;
  const bp_gemm_kernels *gemm;
  const bp_attention_kernels *kernels;
  int makes_queries, makes_keys;   // which cotangents
  int64_t batch, key_head;
  int64_t width, value_width;      // padded to whole vectors
  float *keys, *values;            // panels of a block
  float *key_rows;                 // the block's keys again, as rows
  float *dk, *dv;                  // rows of the block
  float *queries, *dy;             // rows of a block of queries
  float *p, *ds;                   // [QUERIES][SCORES]; p is d p
  float *draws;                    // of one row
} work;

static float *target(const bp_attention_target *to, int64_t batch, int64_t head, int64_t place) {
  return to->data + batch * to->batch + head * to->head + place * to->place;
}

/// Weights and the cotangents of scores of a block, in `p` and `ds`: all that a query does not see
/// of the columns [first, last) is 0.
static void make_weights(
  const work *w, int64_t head, int64_t query, int64_t rows, int64_t key, int64_t first,
  int64_t last
) {
  const bp_attention_args *args = w->args;
  const int64_t D = args->width, E = args->value_width, panel = 2 * w->gemm->lanes;
  const int64_t groups = bp_pieces(rows, BP_ATTENTION_ROWS);
  for (int64_t i = 0; i < groups; i++) {
    const int64_t from = rows * i / groups, to = rows * (i + 1) / groups;
    const int64_t begin = bp_most(bp_attention_sees(args, query + from).begin - key, first);
    const int64_t end = bp_least(bp_attention_sees(args, query + to - 1).end - key, last);
    if (begin < end) {
      const int64_t column = begin / panel * panel;
      bp_attention_product product = {
        .rows = (size_t)(to - from), .columns = (size_t)(bp_pieces(end, panel) * panel - column),
        .depth = (size_t)D, .a = w->queries + from * w->width, .a_row = w->width, .a_col = 1,
        .b = w->keys + column * D, .b_row = panel, .b_next = panel * D,
        .c = w->p + from * SCORES + column, .c_row = SCORES,
      };
      bp_attention_multiply(w->gemm, &product);
      product.depth = (size_t)E;
      product.a = w->dy + from * w->value_width, product.a_row = w->value_width;
      product.b = w->values + column * E, product.b_next = panel * E;
      product.c = w->ds + from * SCORES + column;
      bp_attention_multiply(w->gemm, &product);
    }
    for (int64_t r = from; r < to; r++) {
      const int64_t t = query + r;
      const bp_attention_range sees = bp_attention_sees(args, t);
      bp_attention_row row = {
        .s = w->p + r * SCORES, .first = first / 16 * 16, .last = bp_padded(last),
        .begin = bp_most(sees.begin - key, first), .end = bp_least(sees.end - key, last),
      };
      bp_attention_terms(args, &row, w->batch, head, t, key);
      bp_attention_draw(args, w->kernels, &row, w->draws, w->batch, head, t, key);
      float delta;
      w->kernels->dots(
        &delta, w->dy + r * w->value_width,
        args->y + ((w->batch * args->queries + t) * args->heads + head) * E, 0, 1, E);
      const float log = args->logs[(w->batch * args->heads + head) * args->queries + t];
      w->kernels->unweigh(&row, w->ds + r * SCORES, log, delta);
    }
  }
}

/// dq += ds k for a block.
static void add_queries(
  const work *w, int64_t head, int64_t query, int64_t rows, int64_t key, int64_t first,
  int64_t last
) {
  const bp_attention_args *args = w->args;
  const int64_t groups = bp_pieces(rows, BP_ATTENTION_ROWS);
  for (int64_t i = 0; i < groups; i++) {
    const int64_t from = rows * i / groups, to = rows * (i + 1) / groups;
    const int64_t begin = bp_most(bp_attention_sees(args, query + from).begin - key, first);
    const int64_t end = bp_least(bp_attention_sees(args, query + to - 1).end - key, last);
    if (begin >= end) continue;
    bp_attention_multiply(w->gemm, &(bp_attention_product){
      .rows = (size_t)(to - from), .columns = (size_t)args->width,
      .depth = (size_t)(end - begin), .a = w->ds + from * SCORES + begin, .a_row = SCORES,
      .a_col = 1, .b = w->key_rows + begin * w->width, .b_row = w->width,
      .b_next = 2 * w->gemm->lanes, .c = target(&args->dq, w->batch, head, query + from),
      .c_row = args->dq.place, .more = 1,
    });
  }
}

/// dv += (d p)' dy and dk += ds' q for a block: a few keys at a time, over the queries that may see one
/// of them.
static void add_keys(
  const work *w, int64_t query, int64_t rows, int64_t key, int64_t first, int64_t last
) {
  const bp_attention_args *args = w->args;
  const int64_t groups = bp_pieces(last - first, BP_ATTENTION_ROWS);
  for (int64_t i = 0; i < groups; i++) {
    const int64_t from = first + (last - first) * i / groups;
    const int64_t to = first + (last - first) * (i + 1) / groups;
    int64_t begin = 0, end = rows;
    while (begin < end && bp_attention_sees(args, query + begin).end <= key + from) begin++;
    while (begin < end && bp_attention_sees(args, query + end - 1).begin >= key + to) end--;
    if (begin >= end) continue;
    bp_attention_product product = {
      .rows = (size_t)(to - from), .columns = (size_t)w->value_width,
      .depth = (size_t)(end - begin), .a = w->p + begin * SCORES + from, .a_row = 1,
      .a_col = SCORES, .b = w->dy + begin * w->value_width, .b_row = w->value_width,
      .b_next = 2 * w->gemm->lanes, .c = w->dv + from * w->value_width,
      .c_row = w->value_width, .more = 1,
    };
    bp_attention_multiply(w->gemm, &product);
    product.columns = (size_t)w->width;
    product.a = w->ds + begin * SCORES + from;
    product.b = w->queries + begin * w->width, product.b_row = w->width;
    product.c = w->dk + from * w->width, product.c_row = w->width;
    bp_attention_multiply(w->gemm, &product);
  }
}

/// The blocks of one query head, of the queries [query, last) that a block of keys is seen by.
static void run_head(
  const work *w, int64_t head, int64_t query, int64_t last, int64_t key, int64_t count
) {
  const bp_attention_args *args = w->args;
  for (int64_t t = query; t < last; t += QUERIES) {
    const int64_t rows = bp_least(QUERIES, last - t);
    const int64_t begin = bp_most(bp_attention_sees(args, t).begin - key, 0);
    const int64_t end = bp_least(bp_attention_sees(args, t + rows - 1).end - key, count);
    if (begin >= end) continue;
    bp_attention_copy(
      w->gemm, w->kernels, w->queries, w->width, &args->q, w->batch, head, t, rows, args->width,
      args->scale);
    bp_attention_copy(
      w->gemm, w->kernels, w->dy, w->value_width, &args->dy, w->batch, head, t, rows,
      args->value_width, 1.0f);
    make_weights(w, head, t, rows, key, begin, end);
    if (w->makes_queries) add_queries(w, head, t, rows, key, begin, end);
    if (w->makes_keys) add_keys(w, t, rows, key, begin, end);
  }
}

/// Blocks of keys from `key` on, before `key_end`, with the queries [query, query_end) of the heads
/// [head, head_end).
static void run_blocks(
  const work *w, int64_t head, int64_t head_end, int64_t query, int64_t query_end, int64_t key,
  int64_t key_end
) {
  const bp_attention_args *args = w->args;
  if (w->makes_queries) {
    for (int64_t h = head; h < head_end; h++) {
      for (int64_t t = query; t < query_end; t++) {
        memset(
          target(&args->dq, w->batch, h, t), 0, (size_t)args->width * sizeof(float));
      }
    }
  }
  for (; key < key_end; key += KEYS) {
    const int64_t count = bp_least(KEYS, key_end - key);
    bp_attention_panels(
      w->gemm, w->keys, &args->k, w->batch, w->key_head, key, count, args->width);
    bp_attention_panels(
      w->gemm, w->values, &args->v, w->batch, w->key_head, key, count, args->value_width);
    if (w->makes_queries) {
      bp_attention_copy(
        w->gemm, w->kernels, w->key_rows, w->width, &args->k, w->batch, w->key_head, key, count,
        args->width, 1.0f);
    }
    if (w->makes_keys) {
      memset(w->dk, 0, (size_t)(count * w->width) * sizeof(float));
      memset(w->dv, 0, (size_t)(count * w->value_width) * sizeof(float));
    }
    for (int64_t h = head; h < head_end; h++) run_head(w, h, query, query_end, key, count);
    if (!w->makes_keys) continue;
    for (int64_t i = 0; i < count; i++) {
      memcpy(
        target(&args->dk, w->batch, w->key_head, key + i), w->dk + i * w->width,
        (size_t)args->width * sizeof(float));
      memcpy(
        target(&args->dv, w->batch, w->key_head, key + i), w->dv + i * w->value_width,
        (size_t)args->value_width * sizeof(float));
    }
  }
  if (!w->makes_queries) return;
  for (int64_t h = head; h < head_end; h++) {
    for (int64_t t = query; t < query_end; t++) {
      float *row = target(&args->dq, w->batch, h, t);
      w->kernels->scale(row, row, args->scale, args->width);
    }
  }
}

static int64_t key_tasks(const bp_attention_args *args) {
  return args->batch * args->shared * bp_pieces(args->keys, KEYS);
}

int bp_attention_gradient_is_joint(const bp_attention_args *args, size_t threads) {
  // Apart it takes seven products for five; together some threads may have nothing to do.
  const int64_t units = args->batch * args->shared, rounds = bp_pieces(units, (int64_t)threads);
  return 5 * rounds * (int64_t)threads <= 7 * units;
}

size_t bp_attention_gradient_tasks(const bp_attention_args *args, int joint) {
  if (joint) return (size_t)(args->batch * args->shared);
  return (size_t)(
    key_tasks(args) + args->batch * args->heads * bp_pieces(args->queries, CHUNK));
}

/// Where each part of the scratch begins, in floats; the last is the size of all.
static void place(const bp_attention_args *args, int64_t at[11]) {
  const int64_t D = bp_padded(args->width), E = bp_padded(args->value_width);
  const int64_t sizes[10] = {
    KEYS * D, KEYS * E, KEYS * D, KEYS * D, KEYS * E, QUERIES * D, QUERIES * E,
    QUERIES * SCORES, QUERIES * SCORES, SCORES + BP_ATTENTION_DRAWS,
  };
  at[0] = 0;
  for (int i = 0; i < 10; i++) at[i + 1] = at[i] + sizes[i];
}

size_t bp_attention_gradient_scratch(const bp_attention_args *args) {
  int64_t at[11];
  place(args, at);
  return (size_t)at[10] * sizeof(float);
}

void bp_attention_gradient_run(
  const bp_attention_args *args, int level, int joint, size_t task, void *scratch
) {
  int64_t at[11];
  place(args, at);
  float *base = scratch;
  work w = {
    .args = args, .gemm = bp_gemm_kernels_of(level, 0),
    .kernels = bp_attention_kernels_of(level), .width = bp_padded(args->width),
    .value_width = bp_padded(args->value_width), .keys = base + at[0], .values = base + at[1],
    .key_rows = base + at[2], .dk = base + at[3], .dv = base + at[4], .queries = base + at[5],
    .dy = base + at[6], .p = base + at[7], .ds = base + at[8],
    .draws = base + at[9],
  };
  const int64_t group = args->heads / args->shared;
  const int64_t number = (int64_t)task;
  if (joint) {
    w.makes_queries = w.makes_keys = 1;
    w.batch = number / args->shared, w.key_head = number % args->shared;
    run_blocks(
      &w, w.key_head * group, (w.key_head + 1) * group, 0, args->queries, 0, args->keys);
    return;
  }
  if (number < key_tasks(args)) {
    const int64_t blocks = bp_pieces(args->keys, KEYS), key = number % blocks * KEYS;
    w.makes_keys = 1;
    w.batch = number / blocks / args->shared, w.key_head = number / blocks % args->shared;
    run_blocks(
      &w, w.key_head * group, (w.key_head + 1) * group, 0, args->queries, key,
      bp_least(args->keys, key + KEYS));
    return;
  }
  const int64_t rest = number - key_tasks(args), chunks = bp_pieces(args->queries, CHUNK);
  const int64_t head = rest / chunks % args->heads, query = rest % chunks * CHUNK;
  const int64_t query_end = bp_least(args->queries, query + CHUNK);
  w.makes_queries = 1;
  w.batch = rest / chunks / args->heads, w.key_head = head / group;
  const int64_t begin = bp_attention_sees(args, query).begin / KEYS * KEYS;
  const int64_t end = bp_attention_sees(args, query_end - 1).end;
  run_blocks(&w, head, head + 1, query, query_end, begin, bp_most(begin, end));
}
