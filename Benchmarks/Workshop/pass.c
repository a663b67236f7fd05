// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Times fused passes against hand-written loops, on one core:
//   clang -O2 -std=c2x -I Sources/CBackprop/include Benchmarks/Workshop/pass.c \
//     Sources/CBackprop/bp_pass*.c -lm -o /tmp/pass && /tmp/pass
// Prints nanoseconds per element, best of many runs, and the greatest difference of the results.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bp_pass.h"

#define RUN __attribute__((target("avx2,fma"))) static void

static double now(void) {
  struct timespec t;
  timespec_get(&t, TIME_UTC);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { SLOTS = 8, SCALARS = 8 };
static float *slots[SLOTS], *wanted[SLOTS];
static uint32_t scalars[SCALARS];
static void *scratch;

typedef struct program {
  bp_pass_desc desc;
  bp_operand inputs[8], outputs[8];
  bp_insn insns[32];
  uint16_t scalar_registers[8];
} program;

static void shape(program *p, bp_mode mode, int64_t rows, int64_t cols) {
  memset(p, 0, sizeof(*p));
  p->desc = (bp_pass_desc){.mode = mode, .rank = 2, .dims = {rows, cols}, .n_registers = 40};
  p->desc.inputs = p->inputs;
  p->desc.outputs = p->outputs;
  p->desc.insns = p->insns;
  p->desc.scalar_registers = p->scalar_registers;
}

static bp_operand operand(const program *p, uint32_t slot, uint32_t reg) {
  return (bp_operand){.slot = slot, .reg = reg, .strides = {p->desc.dims[1], 1}};
}
static void in(program *p, uint32_t slot, uint32_t reg) {
  p->inputs[p->desc.n_inputs++] = operand(p, slot, reg);
}
static void in_row_vector(program *p, uint32_t slot, uint32_t reg) {
  in(p, slot, reg);
  p->inputs[p->desc.n_inputs - 1].strides[0] = 0;
}
static void out(program *p, uint32_t slot, uint32_t reg) {
  p->outputs[p->desc.n_outputs++] = operand(p, slot, reg);
}
static void op(program *p, int op, int d, int a, int b, int c) {
  p->insns[p->desc.n_insns++] =
      (bp_insn){(uint16_t)op, (uint16_t)d, (uint16_t)a, (uint16_t)b, (uint16_t)c};
}
static void scalar(program *p, int reg, float value) {
  memcpy(&scalars[p->desc.n_scalars], &value, 4);
  p->scalar_registers[p->desc.n_scalars++] = (uint16_t)reg;
}

static double time_pass(const program *p, int level, double elements) {
  const char *error = NULL;
  bp_pass *pass = bp_pass_create(&p->desc, level, &error);
  if (!pass) {
    printf("%s\n", error);
    exit(1);
  }
  const int64_t units = bp_pass_units(pass);
  double best = 1e30;
  const int times = (int)(2e7 / elements) + 5;
  for (int i = 0; i < times; i++) {
    const double start = now();
    bp_pass_run(pass, (void *const *)slots, scalars, 0, units, scratch);
    const double t = now() - start;
    if (t < best) best = t;
  }
  bp_pass_destroy(pass);
  return best / elements;
}

static void fill(int64_t n) {
  uint32_t seed = 1;
  for (int s = 0; s < SLOTS; s++) {
    for (int64_t i = 0; i < n; i++) {
      seed = seed * 1664525u + 1013904223u;
      slots[s][i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
      if (s == 2) slots[s][i] = fabsf(slots[s][i]) * 1e-3f;
      wanted[s][i] = slots[s][i];
    }
  }
}

static double difference(int slot, int64_t n) {
  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    const double d = fabs((double)slots[slot][i] - wanted[slot][i]) / (1 + fabs(wanted[slot][i]));
    if (!(d <= most)) most = d;
  }
  return most;
}

// The hand-written loops.

RUN hand_adamw(int64_t n) {
  float *g = wanted[0], *m = wanted[1], *v = wanted[2], *p = wanted[3];
  for (int64_t i = 0; i < n; i++) {
    const float a = 0.9f * m[i] + 0.1f * g[i];
    const float b = 0.999f * v[i] + 0.001f * g[i] * g[i];
    m[i] = a;
    v[i] = b;
    p[i] = p[i] * 0.9999f - 1e-3f * (a / (__builtin_elementwise_sqrt(b) + 1e-8f));
  }
}
RUN hand_chain(int64_t n) {
  const float *a = wanted[0], *b = wanted[1], *c = wanted[2];
  float *d = wanted[4];
  for (int64_t i = 0; i < n; i++) {
    const float x = a[i] * b[i] + c[i];
    d[i] = x > 0 ? x : 0;
  }
}
RUN hand_softmax(int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++) {
    const float *x = wanted[0] + r * cols;
    float *y = wanted[4] + r * cols, m = x[0], s = 0;
    for (int64_t i = 1; i < cols; i++) m = x[i] > m ? x[i] : m;
    for (int64_t i = 0; i < cols; i++) s += y[i] = expf(x[i] - m);
    for (int64_t i = 0; i < cols; i++) y[i] *= 1 / s;
  }
}
RUN hand_layer_norm(int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++) {
    const float *x = wanted[0] + r * cols;
    float *y = wanted[4] + r * cols, sum[16] = {0}, squares[16] = {0}, s = 0, q = 0;
    for (int64_t i = 0; i < cols; i += 16) for (int k = 0; k < 16; k++) sum[k] += x[i + k];
    for (int k = 0; k < 16; k++) s += sum[k];
    s /= (float)cols;
    for (int64_t i = 0; i < cols; i += 16) {
      for (int k = 0; k < 16; k++) squares[k] += (x[i + k] - s) * (x[i + k] - s);
    }
    for (int k = 0; k < 16; k++) q += squares[k];
    q = 1 / sqrtf(q / (float)cols + 1e-5f);
    for (int64_t i = 0; i < cols; i++) y[i] = (x[i] - s) * q * wanted[1][i] + wanted[2][i];
  }
}
RUN hand_gelu(int64_t rows, int64_t cols) {
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t i = 0; i < cols; i++) {
      const float x = wanted[0][r * cols + i] + wanted[1][i];
      wanted[4][r * cols + i] = 0.5f * x * (1 + erff(x * 0.70710678f));
    }
  }
}
RUN hand_relu_gradient_sum(int64_t rows, int64_t cols) {
  memset(wanted[4], 0, (size_t)cols * 4);
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t i = 0; i < cols; i++) {
      wanted[4][i] += wanted[0][r * cols + i] > 0 ? wanted[1][r * cols + i] : 0;
    }
  }
}

// The same as passes.

static void adamw(program *p, int64_t n) {
  shape(p, BP_FLAT, 1, n);
  in(p, 0, 0);
  in(p, 1, 1);
  in(p, 2, 2);
  in(p, 3, 3);
  scalar(p, 4, 0.9f);
  scalar(p, 5, 0.1f);
  scalar(p, 6, 0.999f);
  scalar(p, 7, 0.001f);
  scalar(p, 8, 0.9999f);
  scalar(p, 9, -1e-3f);
  scalar(p, 10, 1e-8f);
  op(p, BP_OP_MUL, 11, 0, 5, 0);
  op(p, BP_OP_FMA, 12, 1, 4, 11);
  op(p, BP_OP_MUL, 13, 0, 7, 0);
  op(p, BP_OP_MUL, 14, 13, 0, 0);
  op(p, BP_OP_FMA, 15, 2, 6, 14);
  op(p, BP_OP_SQRT, 16, 15, 0, 0);
  op(p, BP_OP_ADD, 17, 16, 10, 0);
  op(p, BP_OP_DIV, 18, 12, 17, 0);
  op(p, BP_OP_MUL, 19, 18, 9, 0);
  op(p, BP_OP_FMA, 20, 3, 8, 19);
  out(p, 1, 12);
  out(p, 2, 15);
  out(p, 3, 20);
}
static void chain(program *p, int64_t n) {
  shape(p, BP_FLAT, 1, n);
  in(p, 0, 0);
  in(p, 1, 1);
  in(p, 2, 2);
  op(p, BP_OP_MUL, 3, 0, 1, 0);
  op(p, BP_OP_ADD, 4, 3, 2, 0);
  op(p, BP_OP_RELU, 5, 4, 0, 0);
  out(p, 4, 5);
}
static void softmax(program *p, int64_t rows, int64_t cols) {
  shape(p, BP_ROWS, rows, cols);
  in(p, 0, 0);
  op(p, BP_OP_ROW_MAX, 1, 0, 0, 0);
  op(p, BP_OP_SUB, 2, 0, 1, 0);
  op(p, BP_OP_EXP, 3, 2, 0, 0);
  op(p, BP_OP_ROW_SUM, 4, 3, 0, 0);
  op(p, BP_OP_RECIPROCAL, 5, 4, 0, 0);
  op(p, BP_OP_MUL, 6, 3, 5, 0);
  out(p, 4, 6);
}
static void layer_norm(program *p, int64_t rows, int64_t cols) {
  shape(p, BP_ROWS, rows, cols);
  in(p, 0, 0);
  in_row_vector(p, 1, 1);
  in_row_vector(p, 2, 2);
  scalar(p, 3, 1 / (float)cols);
  scalar(p, 4, 1e-5f);
  op(p, BP_OP_ROW_SUM, 5, 0, 0, 0);
  op(p, BP_OP_MUL, 6, 5, 3, 0);
  op(p, BP_OP_SUB, 7, 0, 6, 0);
  op(p, BP_OP_SQUARE, 8, 7, 0, 0);
  op(p, BP_OP_ROW_SUM, 9, 8, 0, 0);
  op(p, BP_OP_FMA, 10, 9, 3, 4);
  op(p, BP_OP_RSQRT, 11, 10, 0, 0);
  op(p, BP_OP_MUL, 12, 7, 11, 0);
  op(p, BP_OP_FMA, 13, 12, 1, 2);
  out(p, 4, 13);
}
static void gelu(program *p, int64_t rows, int64_t cols) {
  shape(p, BP_FLAT, rows, cols);
  in(p, 0, 0);
  in_row_vector(p, 1, 1);
  scalar(p, 2, 0.70710678f);
  scalar(p, 3, 0.5f);
  op(p, BP_OP_ADD, 4, 0, 1, 0);
  op(p, BP_OP_MUL, 5, 4, 2, 0);
  op(p, BP_OP_ERF, 6, 5, 0, 0);
  op(p, BP_OP_MUL, 7, 4, 3, 0);
  op(p, BP_OP_FMA, 8, 7, 6, 7);
  out(p, 4, 8);
}
static void relu_gradient_sum(program *p, int64_t rows, int64_t cols) {
  shape(p, BP_COLUMNS, rows, cols);
  p->desc.rank = 3;
  p->desc.dims[0] = 1;
  p->desc.dims[1] = rows;
  p->desc.dims[2] = cols;
  for (uint32_t i = 0; i < 2; i++) {
    p->inputs[i] = (bp_operand){.slot = i, .reg = i, .strides = {0, cols, 1}};
  }
  p->desc.n_inputs = 2;
  op(p, BP_OP_RELU_GRAD, 2, 0, 1, 0);
  p->outputs[0] = (bp_operand){.slot = 4, .reg = 2, .kind = BP_COLUMN_SUM, .strides = {0, 0, 1}};
  p->desc.n_outputs = 1;
}

static int level = BP_AVX2;

static void report(
    const char *name, const program *p, void (*hand)(int64_t, int64_t), void (*hand_flat)(int64_t),
    int64_t rows, int64_t cols, int slot, int64_t results) {
  const int64_t n = rows * cols;
  fill(n);
  const char *error;
  bp_pass *pass = bp_pass_create(&p->desc, level, &error);
  if (!pass) {
    printf("%s: %s\n", name, error);
    return;
  }
  bp_pass_run(pass, (void *const *)slots, scalars, 0, bp_pass_units(pass), scratch);
  const double cost = bp_pass_unit_cost(pass) * (double)bp_pass_units(pass) / (double)n;
  bp_pass_destroy(pass);
  if (hand) hand(rows, cols);
  else hand_flat(n);
  const double far = difference(slot, results);
  double best = 1e30;
  for (int i = 0; i < (int)(2e7 / (double)n) + 5; i++) {
    const double start = now();
    if (hand) hand(rows, cols);
    else hand_flat(n);
    const double t = now() - start;
    if (t < best) best = t;
  }
  const double t = time_pass(p, level, (double)n);
  printf("%-24s %8lld x %-8lld pass %6.3f  hand %6.3f  ratio %5.2f  estimate %6.3f  differ %.1e\n",
         name, (long long)rows, (long long)cols, t, best / (double)n, t / (best / (double)n), cost,
         far);
}

int main(int argc, char **argv) {
  if (argc > 1) level = atoi(argv[1]);
  const size_t most = (size_t)1 << 24;
  for (int s = 0; s < SLOTS; s++) {
    slots[s] = aligned_alloc(64, most * 4);
    wanted[s] = aligned_alloc(64, most * 4);
  }
  scratch = aligned_alloc(64, (size_t)1 << 22);
  program p;
  const int64_t sizes[] = {1024, 65536, 1 << 20, 1 << 24};
  for (int i = 0; i < 4; i++) {
    adamw(&p, sizes[i]);
    report("AdamW", &p, NULL, hand_adamw, 1, sizes[i], 3, sizes[i]);
  }
  for (int i = 0; i < 4; i++) {
    chain(&p, sizes[i]);
    report("mul add relu", &p, NULL, hand_chain, 1, sizes[i], 4, sizes[i]);
  }
  const int64_t widths[] = {10, 20, 33, 65, 384, 1000, 1024, 16384};
  for (int i = 0; i < 8; i++) {
    const int64_t rows = 262144 / widths[i];
    softmax(&p, rows, widths[i]);
    report("softmax", &p, hand_softmax, NULL, rows, widths[i], 4, rows * widths[i]);
  }
  for (int64_t rows = 4; rows <= 65536; rows *= 16) {
    if (rows * 384 > (int64_t)most) break;
    layer_norm(&p, rows, 384);
    report("layer norm", &p, hand_layer_norm, NULL, rows, 384, 4, rows * 384);
  }
  const int64_t gelus[] = {10, 33, 384, 1000, 3072};
  for (int i = 0; i < 5; i++) {
    const int64_t rows = 262144 / gelus[i];
    gelu(&p, rows, gelus[i]);
    report("bias gelu", &p, hand_gelu, NULL, rows, gelus[i], 4, rows * gelus[i]);
  }
  const int64_t columns[] = {10, 65, 384, 1024};
  for (int i = 0; i < 4; i++) {
    const int64_t rows = 262144 / columns[i];
    relu_gradient_sum(&p, rows, columns[i]);
    report("relu gradient, sums", &p, hand_relu_gradient_sum, NULL, rows, columns[i], 4, columns[i]);
  }
  return 0;
}
