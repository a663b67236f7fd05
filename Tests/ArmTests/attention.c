// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Attention and its gradient: few and many queries, shared key heads, windows, biases, masks,
// weights that are dropped, and operands in bfloat16.

#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct form {
  int64_t batch, heads, shared, queries, keys, width, value_width, window;
  bool causal, half, has_bias, has_mask, drops, has_draws;
} form;

typedef struct problem {
  bp_attention_args args;
  float *result;            // y, logs, dq, dk, dv
  size_t y, logs, dq, dk, dv;
} problem;

static void run(void *context, int level, size_t threads) {
  problem *p = context;
  bp_attention_args a = p->args;
  float *const y = p->result, *const logs = y + p->y;
  a.y = y, a.logs = logs;
  a.dq.data = logs + p->logs, a.dk.data = a.dq.data + p->dq, a.dv.data = a.dk.data + p->dk;
  size_t tasks = bp_attention_tasks(&a, threads);
  void *scratch = room((bp_attention_scratch(&a) + 63) / 64 * 64);
  for (size_t task = tasks; task-- > 0;) bp_attention_run(&a, level, task, tasks, scratch);
  // Both ways of sharing out the gradient, by turns.
  const int joint = threads % 2 == 1;
  tasks = bp_attention_gradient_tasks(&a, joint);
  scratch = room((bp_attention_gradient_scratch(&a) + 63) / 64 * 64);
  for (size_t task = tasks; task-- > 0;) bp_attention_gradient_run(&a, level, joint, task, scratch);
}

/// Rows [batch, places, heads, width] of numbers; *values gets them as floats.
static bp_attention_rows rows(
  int64_t batch, int64_t places, int64_t heads, int64_t width, bool half, float **values
) {
  const size_t count = (size_t)(batch * places * heads * width);
  const void *data = half ? (const void *)halves(count, values) : (*values = numbers(count));
  return (bp_attention_rows){
    .data = data, .type = half ? BP_BF16 : BP_F32, .batch = places * heads * width, .head = width,
    .place = heads * width,
  };
}

static float draw_of(const bp_attention_args *a, int64_t b, int64_t h, int64_t t, int64_t s) {
  if (a->draws) {
    return a->draws[b * a->draw_steps[0] + h * a->draw_steps[1] + t * a->draw_steps[2] + s];
  }
  const uint64_t place = (uint64_t)(((b * a->heads + h) * a->queries + t) * a->keys + s);
  const uint32_t counter[4] = {(uint32_t)(place / 4), (uint32_t)(place / 4 >> 32), 0, 0};
  uint32_t words[4];
  bp_philox(counter, a->draw_key, words);
  return (float)(words[place % 4] >> 8) * 0x1p-24f;
}

static double dot(const float *x, const float *y, int64_t count) {
  double sum = 0.0;
  for (int64_t i = 0; i < count; i++) sum += (double)x[i] * y[i];
  return sum;
}

/// By the definition, query by query.
static void plain(
  const problem *p, double *want, const float *q, const float *k, const float *v, const float *dy
) {
  const bp_attention_args *a = &p->args;
  const int64_t D = a->width, E = a->value_width, group_size = a->heads / a->shared;
  double *y = want, *logs = y + p->y, *dq = logs + p->logs, *dk = dq + p->dq, *dv = dk + p->dk;
  double *weight = doubles((size_t)a->keys), *d = doubles((size_t)a->keys);
  for (int64_t at = 0; at < a->batch * a->heads * a->queries; at++) {
    const int64_t t = at % a->queries, h = at / a->queries % a->heads;
    const int64_t b = at / (a->queries * a->heads), shared = h / group_size;
    const float *query = q + ((b * a->queries + t) * a->heads + h) * D;
    const float *cotangent = dy + ((b * a->queries + t) * a->heads + h) * E;
    double *result = y + ((b * a->queries + t) * a->heads + h) * E;
    double *dquery = dq + ((b * a->queries + t) * a->heads + h) * D;
    double most = -INFINITY, sum = 0.0;
    for (int64_t s = 0; s < a->keys; s++) {
      const int64_t ahead = s - (t + a->keys - a->queries);
      const bool near = a->window == 0 || llabs((long long)ahead) < a->window;
      const bool sees = near && !(a->causal && ahead > 0)
        && !(a->mask && !a->mask[b * a->mask_steps[0] + h * a->mask_steps[1]
          + t * a->mask_steps[2] + s * a->mask_steps[3]]);
      double score = a->scale * dot(query, k + ((b * a->keys + s) * a->shared + shared) * D, D);
      if (a->bias) {
        score += a->bias[b * a->bias_steps[0] + h * a->bias_steps[1] + t * a->bias_steps[2]
          + s * a->bias_steps[3]];
      }
      weight[s] = sees ? score : -INFINITY;
      if (weight[s] > most) most = weight[s];
      d[s] = a->keep == 1.0f ? 1.0 : draw_of(a, b, h, t, s) < a->keep ? 1.0 / a->keep : 0.0;
    }
    logs[at] = INFINITY;
    if (most == -INFINITY) continue;
    for (int64_t s = 0; s < a->keys; s++) sum += exp(weight[s] - most);
    logs[at] = most + log(sum);
    double delta = 0.0;
    for (int64_t s = 0; s < a->keys; s++) {
      weight[s] = exp(weight[s] - logs[at]);
      const float *value = v + ((b * a->keys + s) * a->shared + shared) * E;
      for (int64_t e = 0; e < E; e++) result[e] += d[s] * weight[s] * value[e];
    }
    for (int64_t e = 0; e < E; e++) delta += cotangent[e] * result[e];
    for (int64_t s = 0; s < a->keys; s++) {
      const int64_t row = (b * a->keys + s) * a->shared + shared;
      const double back = d[s] * dot(cotangent, v + row * E, E);
      const double ds = weight[s] * (back - delta) * a->scale;
      for (int64_t i = 0; i < D; i++) dquery[i] += ds * k[row * D + i];
      for (int64_t i = 0; i < D; i++) dk[row * D + i] += ds * query[i];
      for (int64_t e = 0; e < E; e++) dv[row * E + e] += d[s] * weight[s] * cotangent[e];
    }
  }
}

static bp_attention_target target(const bp_attention_rows *like) {
  return (bp_attention_target){.batch = like->batch, .head = like->head, .place = like->place};
}

static void check_form(form f) {
  describe(
    "batch %lld, heads %lld of %lld, %lld queries, %lld keys, widths %lld and %lld, window %lld, "
    "causal %d, bfloat16 %d, bias %d, mask %d, drops %d by draws %d", (long long)f.batch,
    (long long)f.heads, (long long)f.shared, (long long)f.queries, (long long)f.keys,
    (long long)f.width, (long long)f.value_width, (long long)f.window, f.causal, f.half,
    f.has_bias, f.has_mask, f.drops, f.has_draws);
  seed((uint32_t)(f.queries * 3 + f.keys + f.width));
  float *q, *k, *v, *dy;
  problem p = {.args = {
    .batch = f.batch, .heads = f.heads, .shared = f.shared, .queries = f.queries, .keys = f.keys,
    .width = f.width, .value_width = f.value_width, .window = f.window, .causal = f.causal,
    .scale = 1.5f, .keep = f.drops ? 0.75f : 1.0f, .draw_key = {12345, 678},
    .q = rows(f.batch, f.queries, f.heads, f.width, f.half, &q),
    .k = rows(f.batch, f.keys, f.shared, f.width, f.half, &k),
    .v = rows(f.batch, f.keys, f.shared, f.value_width, f.half, &v),
    .dy = rows(f.batch, f.queries, f.heads, f.value_width, false, &dy),
  }};
  bp_attention_args *a = &p.args;
  const size_t scores = (size_t)(f.batch * f.heads * f.queries * f.keys);
  const ptrdiff_t steps[4] = {f.heads * f.queries * f.keys, f.queries * f.keys, f.keys, 1};
  if (f.has_bias) a->bias = numbers(scores), memcpy(a->bias_steps, steps, sizeof steps);
  if (f.has_mask) {
    // One row of the mask for all heads and queries, every other byte of it.
    uint8_t *mask = room((size_t)(f.batch * f.keys * 2));
    for (int64_t i = 0; i < f.batch * f.keys * 2; i++) mask[i] = word() % 4 > 0;
    a->mask = mask, a->mask_steps[0] = 2 * f.keys, a->mask_steps[3] = 2;
  }
  if (f.has_draws) {
    float *draws = numbers(scores);
    for (size_t i = 0; i < scores; i++) draws[i] = fabsf(draws[i]);
    a->draws = draws, memcpy(a->draw_steps, steps, sizeof a->draw_steps);
  }
  p.y = (size_t)(f.batch * f.queries * f.heads * f.value_width);
  p.logs = (size_t)(f.batch * f.heads * f.queries);
  p.dq = (size_t)(f.batch * f.queries * f.heads * f.width);
  p.dk = (size_t)(f.batch * f.keys * f.shared * f.width);
  p.dv = (size_t)(f.batch * f.keys * f.shared * f.value_width);
  a->dq = target(&a->q), a->dk = target(&a->k), a->dv = target(&a->v);
  const size_t count = p.y + p.logs + p.dq + p.dk + p.dv;
  p.result = floats(count);
  double *want = doubles(count), *slack = doubles(count);
  plain(&p, want, q, k, v, dy);
  for (size_t i = 0; i < count; i++) slack[i] = 2e-5 * (1.0 + (double)f.queries / 32.0);
  check(&(trial){
    .run = run, .context = &p, .result = p.result, .count = count, .want = want, .slack = slack,
  });
  release();
}

void check_attention(void) {
  const form base = {
    .batch = 1, .heads = 2, .shared = 2, .queries = 30, .keys = 30, .width = 16, .value_width = 16,
  };
  for (int causal = 0; causal < 2; causal++) {
    group(causal ? "attention, causal" : "attention");
    form f = base;
    f.causal = causal;
    static const int64_t widths[] = {1, 3, 8, 15, 17, 32, 40};
    for (int i = 0; i < 7; i++) {
      f.width = widths[i], f.value_width = widths[6 - i];
      check_form(f);
    }
    f = base, f.causal = causal, f.heads = 4, f.batch = 2, f.queries = 17, f.keys = 45;
    check_form(f);
    f.half = true, f.has_bias = true, f.width = 13;
    check_form(f);
    f.has_mask = true, f.drops = true;
    check_form(f);
    f.has_draws = true, f.half = false, f.window = 9;
    check_form(f);
    f = base, f.causal = causal, f.queries = 300, f.keys = 300, f.drops = true;
    check_form(f);
    f.window = 40, f.has_mask = true;
    check_form(f);
  }
  group("attention, few queries");
  for (int64_t queries = 1; queries <= 4; queries++) {
    form f = base;
    f.queries = queries, f.keys = 150, f.heads = 4, f.width = 19, f.value_width = 21;
    check_form(f);
    f.causal = true, f.half = queries % 2, f.window = 100;
    check_form(f);
    f.drops = true, f.has_bias = true, f.has_mask = true, f.keys = 33;
    check_form(f);
  }
}
