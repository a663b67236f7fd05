// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Attention forwards: block after block of keys, each query keeping the greatest score and the sum
// of weights so far.

#include "bp_attention_internal.h"

#include <math.h>
#include <string.h>

/// Keys of a block, and queries that share its packed form.
enum { KEYS = 256, CHUNK = 264, FEW_KEYS = 128, SCORES = KEYS + 16 };

const bp_attention_kernels *bp_attention_kernels_of(int level) {
  if (!bp_level_available(level)) return &bp_attention_portable;
  switch (level) {
#if defined(__x86_64__)
    case BP_AVX2: return &bp_attention_avx2;
    case BP_AVX512: return &bp_attention_avx512;
#endif
    default: return &bp_attention_portable;
  }
}

bp_attention_range bp_attention_sees(const bp_attention_args *args, int64_t query) {
  const int64_t place = query + args->keys - args->queries;
  bp_attention_range range = {0, args->keys};
  if (args->window > 0) {
    range.begin = bp_most(0, place - args->window + 1);
    range.end = bp_least(range.end, place + args->window);
  }
  if (args->causal) range.end = bp_least(range.end, place + 1);
  range.end = bp_most(range.end, 0);
  range.begin = bp_least(range.begin, range.end);
  return range;
}

void bp_attention_multiply(const bp_gemm_kernels *kernels, const bp_attention_product *p) {
  const size_t lanes = (size_t)kernels->lanes;
  for (size_t j = 0; j < p->columns; j += 2 * lanes) {
    const size_t left = p->columns - j, vectors = left > lanes ? 2 : 1;
    const size_t valid = bp_smaller(left, vectors * lanes);
    const int mode = p->masked && valid < vectors * lanes ? BP_TILE_MASKED : BP_TILE_STRIDED;
    const size_t most = (size_t)kernels->rows[mode][vectors];
    const size_t count = bp_parts(p->rows, most), height = p->rows / count;
    const size_t taller = p->rows % count;
    bp_tile tile = {
      .k = p->depth, .a = p->a, .a_row = p->a_row, .a_col = p->a_col,
      .b = p->b + (ptrdiff_t)(j / (2 * lanes)) * p->b_next, .b_row = p->b_row,
      .c = p->c + j, .c_row = p->c_row, .more = p->more,
      .lanes = (int)(valid - (vectors - 1) * lanes),
    };
    for (size_t i = 0; i < count; i++) {
      const size_t rows = height + (i < taller);
      kernels->tile[mode][vectors][rows](&tile);
      tile.a += (ptrdiff_t)rows * p->a_row;
      tile.c += (ptrdiff_t)rows * p->c_row;
    }
  }
}

static const void *row_of(
  const bp_attention_rows *rows, int64_t batch, int64_t head, int64_t place
) {
  const ptrdiff_t at = batch * rows->batch + head * rows->head + place * rows->place;
  return (const char *)rows->data + at * (rows->type == BP_BF16 ? 2 : 4);
}

void bp_attention_copy(
  const bp_gemm_kernels *gemm, const bp_attention_kernels *kernels, float *to, int64_t padded,
  const bp_attention_rows *from, int64_t batch, int64_t head, int64_t place, int64_t rows,
  int64_t width, float factor
) {
  const void *data = row_of(from, batch, head, place);
  if (from->type == BP_BF16) {
    gemm->pack_bf16(to, (size_t)padded, (size_t)width, (size_t)rows, data, 1, from->place);
    if (factor != 1.0f) kernels->scale(to, to, factor, rows * padded);
    return;
  }
  const size_t rest = (size_t)(padded - width) * sizeof(float);
  for (int64_t i = 0; i < rows; i++) {
    kernels->scale(to, (const float *)data + i * from->place, factor, width);
    if (rest > 0) memset(to + width, 0, rest);
    to += padded;
  }
}

void bp_attention_panels(
  const bp_gemm_kernels *gemm, float *to, const bp_attention_rows *from, int64_t batch,
  int64_t head, int64_t place, int64_t rows, int64_t width
) {
  bp_pack_fn *pack = from->type == BP_BF16 ? gemm->pack_bf16 : gemm->pack_f32;
  const int64_t panel = 2 * gemm->lanes;
  for (int64_t j = 0; j < rows; j += panel) {
    pack(
      to + j * width, (size_t)panel, (size_t)bp_least(panel, rows - j), (size_t)width,
      row_of(from, batch, head, place + j), from->place, 1);
  }
}

void bp_attention_terms(
  const bp_attention_args *args, bp_attention_row *row, int64_t batch, int64_t head, int64_t query,
  int64_t key
) {
  row->bias = NULL, row->mask = NULL;
  if (args->bias) {
    const ptrdiff_t *steps = args->bias_steps;
    row->bias =
      args->bias + batch * steps[0] + head * steps[1] + query * steps[2] + key * steps[3];
    row->bias_step = steps[3];
  }
  if (args->mask) {
    const ptrdiff_t *steps = args->mask_steps;
    row->mask =
      args->mask + batch * steps[0] + head * steps[1] + query * steps[2] + key * steps[3];
    row->mask_step = steps[3];
  }
}

void bp_attention_draw(
  const bp_attention_args *args, const bp_attention_kernels *kernels, bp_attention_row *row,
  float *to, int64_t batch, int64_t head, int64_t query, int64_t key
) {
  row->draws = NULL;
  if (args->keep == 1.0f || row->begin >= row->end) return;
  row->keep = args->keep, row->factor = 1.0f / args->keep;
  const int64_t first = row->begin / 16 * 16, count = row->end - first;
  if (args->draws) {
    const ptrdiff_t *steps = args->draw_steps;
    memcpy(
      to + first,
      args->draws + batch * steps[0] + head * steps[1] + query * steps[2] + key + first,
      (size_t)count * sizeof(float));
    row->draws = to;
    return;
  }
  const int64_t place =
    ((batch * args->heads + head) * args->queries + query) * args->keys + key + first;
  kernels->draw(to + first, (uint64_t)place / 4, place % 4 + count, args->draw_key);
  row->draws = to + place % 4;
}

/// What a task has to hand: arguments, kernels, and its scratch.
typedef struct work {
  const bp_attention_args *args;
  const bp_gemm_kernels *gemm;
  const bp_attention_kernels *kernels;
  int64_t batch, head;             // the query head
  int64_t width, value_width;      // padded to whole vectors
  float *keys;                     // panels
  float *values;                   // rows
  float *queries;                  // rows, scaled
  float *scores;                   // SCORES apart
  float *draws;                    // of one row
  float *sums;                     // the rows of y before they are divided
  float *max, *sum;                // of each query
} work;

/// The rows of y, and the logarithms, of `rows` queries.
static void finish(const work *w, int64_t head, int64_t query, int64_t rows, const float *sums,
                   const float *max, const float *sum) {
  const bp_attention_args *args = w->args;
  const int64_t E = args->value_width;
  for (int64_t i = 0; i < rows; i++) {
    const int64_t t = query + i;
    const float total = sum[i];
    w->kernels->scale(
      args->y + ((w->batch * args->queries + t) * args->heads + head) * E,
      sums + i * w->value_width, total == 0.0f ? 0.0f : 1.0f / args->keep / total, E);
    args->logs[(w->batch * args->heads + head) * args->queries + t] =
      total == 0.0f ? INFINITY : max[i] + w->kernels->log(total);
  }
}

/// Scores, weights and their part of y for a few queries (`first` is the chunk's) and the keys
/// [key, key + count) of a block.
static void run_rows(
  const work *w, int64_t first, int64_t query, int64_t rows, int64_t key, int64_t count
) {
  const bp_attention_args *args = w->args;
  const int64_t D = args->width, panel = 2 * w->gemm->lanes;
  const int64_t begin = bp_most(bp_attention_sees(args, query).begin, key) - key;
  const int64_t end =
    bp_least(bp_attention_sees(args, query + rows - 1).end, key + count) - key;
  if (begin >= end) return;
  bp_attention_copy(
    w->gemm, w->kernels, w->queries, w->width, &args->q, w->batch, w->head, query, rows, D,
    args->scale);
  const int64_t from = begin / panel * panel;
  bp_attention_multiply(w->gemm, &(bp_attention_product){
    .rows = (size_t)rows, .columns = (size_t)(bp_pieces(end, panel) * panel - from),
    .depth = (size_t)D, .a = w->queries, .a_row = w->width, .a_col = 1, .b = w->keys + from * D,
    .b_row = panel, .b_next = panel * D, .c = w->scores + from, .c_row = SCORES,
  });
  float *sums = w->sums + (query - first) * w->value_width;
  for (int64_t i = 0; i < rows; i++) {
    const bp_attention_range sees = bp_attention_sees(args, query + i);
    const int64_t place = query - first + i;
    bp_attention_row row = {
      .s = w->scores + i * SCORES, .first = begin / 16 * 16, .last = bp_padded(end),
      .begin = bp_most(sees.begin - key, begin), .end = bp_least(sees.end - key, end),
    };
    bp_attention_terms(args, &row, w->batch, w->head, query + i, key);
    bp_attention_draw(args, w->kernels, &row, w->draws, w->batch, w->head, query + i, key);
    const float factor = w->kernels->weigh(&row, &w->max[place], &w->sum[place]);
    if (factor != 1.0f) {
      float *line = sums + i * w->value_width;
      w->kernels->scale(line, line, factor, w->value_width);
    }
  }
  bp_attention_multiply(w->gemm, &(bp_attention_product){
    .rows = (size_t)rows, .columns = (size_t)w->value_width, .depth = (size_t)(end - begin),
    .a = w->scores + begin, .a_row = SCORES, .a_col = 1,
    .b = w->values + begin * w->value_width, .b_row = w->value_width,
    .b_next = 2 * w->gemm->lanes, .c = sums, .c_row = w->value_width, .more = 1,
  });
}

/// Some queries of a head.
static void run_chunk(work *w, int64_t query, int64_t rows) {
  const bp_attention_args *args = w->args;
  const int64_t key_head = w->head / (args->heads / args->shared);
  const int64_t begin = bp_attention_sees(args, query).begin;
  const int64_t end = bp_attention_sees(args, query + rows - 1).end;
  memset(w->sums, 0, (size_t)(rows * w->value_width) * sizeof(float));
  for (int64_t i = 0; i < rows; i++) w->max[i] = -INFINITY, w->sum[i] = 0.0f;
  for (int64_t key = begin / KEYS * KEYS; key < end; key += KEYS) {
    const int64_t count = bp_least(KEYS, end - key);
    bp_attention_panels(
      w->gemm, w->keys, &args->k, w->batch, key_head, key, count, args->width);
    bp_attention_copy(
      w->gemm, w->kernels, w->values, w->value_width, &args->v, w->batch, key_head, key, count,
      args->value_width, 1.0f);
    const int64_t groups = bp_pieces(rows, BP_ATTENTION_ROWS);
    for (int64_t i = 0; i < groups; i++) {
      const int64_t from = rows * i / groups, to = rows * (i + 1) / groups;
      run_rows(w, query, query + from, to - from, key, count);
    }
  }
  finish(w, w->head, query, rows, w->sums, w->max, w->sum);
}

/// All queries, which are few, of the heads that share a key head: keys and values are read where
/// they lie, once, if they are float32.
static void run_few(work *w, int64_t key_head) {
  const bp_attention_args *args = w->args;
  const int64_t D = args->width, E = args->value_width, T = args->queries;
  const int64_t group = args->heads / args->shared, rows = group * T;
  const int64_t begin = bp_attention_sees(args, 0).begin;
  const int64_t end = bp_attention_sees(args, T - 1).end;
  memset(w->sums, 0, (size_t)(rows * w->value_width) * sizeof(float));
  for (int64_t i = 0; i < rows; i++) {
    w->max[i] = -INFINITY, w->sum[i] = 0.0f;
    bp_attention_copy(
      w->gemm, w->kernels, w->queries + i * w->width, w->width, &args->q, w->batch,
      key_head * group + i / T, i % T, 1, D, args->scale);
  }
  for (int64_t key = begin / FEW_KEYS * FEW_KEYS; key < end; key += FEW_KEYS) {
    const int64_t from = bp_most(begin, key) - key, to = bp_least(FEW_KEYS, end - key);
    const float *k = row_of(&args->k, w->batch, key_head, key + from);
    const float *v = row_of(&args->v, w->batch, key_head, key + from);
    ptrdiff_t k_step = args->k.place, v_step = args->v.place;
    if (args->k.type == BP_BF16) {
      bp_attention_copy(
        w->gemm, w->kernels, w->keys, w->width, &args->k, w->batch, key_head, key + from,
        to - from, D, 1.0f);
      k = w->keys, k_step = w->width;
    }
    if (args->v.type == BP_BF16) {
      bp_attention_copy(
        w->gemm, w->kernels, w->values, w->value_width, &args->v, w->batch, key_head, key + from,
        to - from, E, 1.0f);
      v = w->values, v_step = w->value_width;
    }
    for (int64_t i = 0; i < rows; i++) {
      float *s = w->scores + i * SCORES;
      const int64_t head = key_head * group + i / T, t = i % T;
      const bp_attention_range sees = bp_attention_sees(args, t);
      w->kernels->dots(s + from, w->queries + i * w->width, k, k_step, to - from, D);
      bp_attention_row row = {
        .s = s, .first = from / 16 * 16, .last = bp_padded(to),
        .begin = bp_most(sees.begin - key, from), .end = bp_least(sees.end - key, to),
      };
      bp_attention_terms(args, &row, w->batch, head, t, key);
      bp_attention_draw(args, w->kernels, &row, w->draws, w->batch, head, t, key);
      const float factor = w->kernels->weigh(&row, &w->max[i], &w->sum[i]);
      if (factor == 1.0f) continue;
      float *line = w->sums + i * w->value_width;
      w->kernels->scale(line, line, factor, w->value_width);
    }
    bp_attention_multiply(w->gemm, &(bp_attention_product){
      .rows = (size_t)rows, .columns = (size_t)E, .depth = (size_t)(to - from),
      .a = w->scores + from, .a_row = SCORES, .a_col = 1, .b = v, .b_row = v_step,
      .b_next = 2 * w->gemm->lanes, .c = w->sums, .c_row = w->value_width, .more = 1,
      .masked = 1,
    });
  }
  for (int64_t i = 0; i < group; i++) {
    finish(
      w, key_head * group + i, 0, T, w->sums + i * T * w->value_width, w->max + i * T,
      w->sum + i * T);
  }
}

static int is_few(const bp_attention_args *args) { return args->queries <= BP_ATTENTION_FEW; }

static int64_t units_of(const bp_attention_args *args) {
  if (is_few(args)) return args->batch * args->shared;
  return args->batch * args->heads * bp_pieces(args->queries, CHUNK);
}

size_t bp_attention_tasks(const bp_attention_args *args, size_t threads) {
  const int64_t units = units_of(args);
  return threads <= 1 ? 1 : (size_t)bp_least(units, (int64_t)threads * 16);
}

/// Where each part of the scratch begins, in floats; the last is the size of all.
static void place(const bp_attention_args *args, int64_t at[9]) {
  const int64_t D = bp_padded(args->width), E = bp_padded(args->value_width);
  const int64_t rows =
    is_few(args) ? args->heads / args->shared * args->queries : CHUNK;
  const int64_t lines = is_few(args) ? rows : BP_ATTENTION_ROWS;
  const int64_t sizes[8] = {
    KEYS * D, KEYS * E, lines * D, lines * SCORES, rows * E, bp_padded(rows), bp_padded(rows),
    SCORES + BP_ATTENTION_DRAWS,
  };
  at[0] = 0;
  for (int i = 0; i < 8; i++) at[i + 1] = at[i] + sizes[i];
}

size_t bp_attention_scratch(const bp_attention_args *args) {
  int64_t at[9];
  place(args, at);
  return (size_t)at[8] * sizeof(float);
}

void bp_attention_run(
  const bp_attention_args *args, int level, size_t task, size_t tasks, void *scratch
) {
  int64_t at[9];
  place(args, at);
  float *base = scratch;
  work w = {
    .args = args, .gemm = bp_gemm_kernels_of(level, 0),
    .kernels = bp_attention_kernels_of(level), .width = bp_padded(args->width),
    .value_width = bp_padded(args->value_width), .keys = base + at[0], .values = base + at[1],
    .queries = base + at[2], .scores = base + at[3], .sums = base + at[4], .max = base + at[5],
    .sum = base + at[6], .draws = base + at[7],
  };
  const int64_t units = units_of(args), chunks = bp_pieces(args->queries, CHUNK);
  const int64_t last = units * (int64_t)(task + 1) / (int64_t)tasks;
  for (int64_t unit = units * (int64_t)task / (int64_t)tasks; unit < last; unit++) {
    if (is_few(args)) {
      w.batch = unit / args->shared;
      run_few(&w, unit % args->shared);
      continue;
    }
    w.batch = unit / chunks / args->heads, w.head = unit / chunks % args->heads;
    const int64_t chunk = unit % chunks;
    const int64_t from = args->queries * chunk / chunks;
    run_chunk(&w, from, args->queries * (chunk + 1) / chunks - from);
  }
}
