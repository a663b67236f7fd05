// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Times matrix products against the multiply-add peak measured in the same minute. From the root:
//   clang -O2 -std=c2x -ISources/CBackprop/include Benchmarks/Workshop/gemm.c \
//     Sources/CBackprop/bp_gemm*.c Sources/CBackprop/bp_features.c -lpthread -lm -o /tmp/gemm
//   /tmp/gemm [threads] [level] [bf16] [part of a shape's name]

#define _GNU_SOURCE

#include "bp_gemm.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct shape {
  const char *name;
  size_t m, k, n, batch;
  int a_transposed, b_transposed;
} shape;

static const shape shapes[] = {
  {"tiny in", 32, 2, 16, 1, 0, 0},
  {"tiny hidden", 32, 16, 16, 1, 0, 0},
  {"tiny out", 32, 16, 1, 1, 0, 0},
  {"tiny hidden dW", 16, 32, 16, 1, 1, 0},
  {"tiny hidden dX", 32, 16, 16, 1, 0, 1},
  {"tiny out dW", 16, 32, 1, 1, 1, 0},
  {"tiny out dX", 32, 1, 16, 1, 0, 1},
  {"tiny in dW", 2, 32, 16, 1, 1, 0},
  {"64 cubed", 64, 64, 64, 1, 0, 0},
  {"256 cubed", 256, 256, 256, 1, 0, 0},
  {"1024 cubed", 1024, 1024, 1024, 1, 0, 0},
  {"1024 cubed, A transposed", 1024, 1024, 1024, 1, 1, 0},
  {"1024 cubed, B transposed", 1024, 1024, 1024, 1, 0, 1},
  {"2048 cubed", 2048, 2048, 2048, 1, 0, 0},
  {"mlp 1", 128, 784, 512, 1, 0, 0},
  {"mlp 2", 128, 512, 256, 1, 0, 0},
  {"mlp 3", 128, 256, 10, 1, 0, 0},
  {"mlp 1 dW", 784, 128, 512, 1, 1, 0},
  {"mlp 2 dW", 512, 128, 256, 1, 1, 0},
  {"mlp 3 dW", 256, 128, 10, 1, 1, 0},
  {"mlp 2 dX", 128, 256, 512, 1, 0, 1},
  {"mlp 3 dX", 128, 10, 256, 1, 0, 1},
  {"vector 1", 1, 768, 3072, 1, 0, 1},
  {"vector 2", 1, 3072, 768, 1, 0, 1},
  {"vector 3", 1, 768, 50257, 1, 0, 1},
  {"vector 4", 50257, 768, 1, 1, 0, 0},
  {"vector 5", 4, 768, 50257, 1, 0, 1},
  {"wide 1", 256, 1024, 4096, 1, 0, 0},
  {"wide 2", 256, 4096, 4096, 1, 0, 0},
  {"wide 3", 256, 4096, 1024, 1, 0, 0},
  {"wide 1 dW", 1024, 256, 4096, 1, 1, 0},
  {"wide 2 dW", 4096, 256, 4096, 1, 1, 0},
  {"wide 3 dW", 4096, 256, 1024, 1, 1, 0},
  {"wide 2 dX", 256, 4096, 4096, 1, 0, 1},
  {"wide 3 dX", 256, 1024, 4096, 1, 0, 1},
  {"attention scores", 256, 64, 256, 48, 0, 1},
  {"attention values", 256, 256, 64, 48, 0, 0},
  {"attention dV", 256, 256, 64, 48, 1, 0},
  {"matrix vector", 4096, 1024, 1, 1, 0, 0},
  {"matrix vector, A transposed", 4096, 1024, 1, 1, 1, 0},
  {"vector matrix", 1, 1024, 4096, 1, 0, 0},
  {"vector matrix, B transposed", 1, 1024, 4096, 1, 0, 1},
  {"4 rows", 4, 1024, 4096, 1, 0, 0},
  {"16 rows", 16, 1024, 4096, 1, 0, 0},
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// A second thread that spins for work: the pool's cost is not what is measured here.
static struct {
  const bp_gemm_args *args;
  size_t threads, tasks;
  int level;
  void *scratch[64];
  atomic_size_t next;
  atomic_int round, busy;
} pool;

static void work(size_t thread) {
  while (1) {
    size_t task = atomic_fetch_add(&pool.next, 1);
    if (task >= pool.tasks) return;
    bp_gemm_run(
      pool.args, pool.threads, pool.level, task, pool.tasks, pool.scratch[thread], NULL);
  }
}

static void *helper(void *argument) {
  size_t thread = (size_t)argument;
  for (int seen = 0;; seen++) {
    while (atomic_load(&pool.round) == seen) {}
    work(thread);
    atomic_fetch_sub(&pool.busy, 1);
  }
  return NULL;
}

static void run(const bp_gemm_args *args) {
  if (pool.tasks == 1) {
    bp_gemm_run(args, pool.threads, pool.level, 0, 1, pool.scratch[0], NULL);
    return;
  }
  atomic_store(&pool.next, 0);
  atomic_store(&pool.busy, (int)pool.threads - 1);
  atomic_fetch_add(&pool.round, 1);
  work(0);
  while (atomic_load(&pool.busy) > 0) {}
}

static void naive(const bp_gemm_args *g) {
  const float *a = g->a, *b = g->b;
  float *c = g->c;
  for (size_t i = 0; i < g->m; i++) {
    for (size_t j = 0; j < g->n; j++) {
      float sum = 0;
      for (size_t p = 0; p < g->k; p++) {
        sum += a[(ptrdiff_t)i * g->a_row + (ptrdiff_t)p * g->a_col]
          * b[(ptrdiff_t)p * g->b_row + (ptrdiff_t)j * g->b_col];
      }
      c[(ptrdiff_t)i * g->c_row + (ptrdiff_t)j] = sum;
    }
  }
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void *filled(size_t count, int type) {
  size_t width = type == BP_BF16 ? 2 : 4;
  char *bytes = aligned_alloc(64, (count * width + 127) / 64 * 64);
  uint32_t state = 1;
  for (size_t i = 0; i < count; i++) {
    state = state * 1664525 + 1013904223;
    float value = (float)(state >> 8) / 16777216.0f - 0.5f;
    uint32_t bits = __builtin_bit_cast(uint32_t, value);
    if (type == BP_BF16) ((uint16_t *)bytes)[i] = (uint16_t)(bits >> 16);
    else ((float *)bytes)[i] = value;
  }
  return bytes;
}

int main(int count, char **words) {
  pool.threads = count > 1 ? (size_t)atoi(words[1]) : 1;
  pool.level = count > 2 ? atoi(words[2]) : -1;
  if (pool.level < 0) pool.level = bp_level_best();
  const int type = count > 3 && atoi(words[3]) ? BP_BF16 : BP_F32;
  const char *part = count > 4 ? words[4] : "";
  double (*peak_of)(int, double) = type == BP_BF16 ? bp_peak_bf16 : bp_peak_flops;
  for (size_t thread = 1; thread < pool.threads; thread++) {
    pthread_t id;
    pthread_create(&id, NULL, helper, (void *)thread);
  }
  printf(
    "%s, %zu threads, peak of one %.1f GFLOP/s\n", bp_level_name(pool.level), pool.threads,
    peak_of(pool.level, 0.3) * 1e-9);
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    const shape s = shapes[i];
    if (!strstr(s.name, part)) continue;
    bp_gemm_args args = {
      .m = s.m, .n = s.n, .k = s.k, .batch = s.batch,
      .a = filled(s.m * s.k * s.batch, type), .b = filled(s.k * s.n * s.batch, type),
      .c = filled(s.m * s.n * s.batch, type),
      .a_row = s.a_transposed ? 1 : (ptrdiff_t)s.k, .a_col = s.a_transposed ? (ptrdiff_t)s.m : 1,
      .b_row = s.b_transposed ? 1 : (ptrdiff_t)s.n, .b_col = s.b_transposed ? (ptrdiff_t)s.k : 1,
      .c_row = (ptrdiff_t)s.n, .a_batch = (ptrdiff_t)(s.m * s.k),
      .b_batch = (ptrdiff_t)(s.k * s.n), .c_batch = (ptrdiff_t)(s.m * s.n),
      .a_type = type, .b_type = type, .c_type = type,
    };
    pool.args = &args;
    pool.tasks = bp_gemm_tasks(&args, pool.threads, pool.level);
    const size_t bytes = bp_gemm_scratch(&args, pool.level, pool.tasks);
    for (size_t thread = 0; thread < pool.threads; thread++) {
      pool.scratch[thread] = aligned_alloc(64, bytes + 64);
      memset(pool.scratch[thread], 0, bytes + 64);
    }
    const double flops = 2.0 * (double)s.m * (double)s.n * (double)s.k * (double)s.batch;
    enum { rounds = 15 };
    double times[rounds], peak = 0, slowest = 0;
    size_t repeats = (size_t)(3e8 / (flops + 1e4)) + 1;
    run(&args);
    for (int round = 0; round < rounds; round++) {
      double here = peak_of(pool.level, 0.002);
      if (here > peak) peak = here;
      double start = now();
      for (size_t repeat = 0; repeat < repeats; repeat++) run(&args);
      times[round] = (now() - start) / (double)repeats;
    }
    if (type == BP_F32 && s.batch == 1 && flops < 3e8) {
      double start = now();
      naive(&args);
      slowest = now() - start;
    }
    qsort(times, rounds, sizeof *times, ascending);
    const double best = times[0], middle = times[rounds / 2];
    printf(
      "%-28s %5zu x %4zu x %4zu %2zu tasks %12.3f us  %6.1f GFLOP/s %5.1f %% (median %5.1f %%)",
      s.name, s.m, s.k, s.n, pool.tasks, best * 1e6, flops / best * 1e-9,
      100 * flops / best / peak / (double)pool.threads,
      100 * flops / middle / peak / (double)pool.threads);
    if (slowest > 0) printf("  naive x%.0f", slowest / best);
    printf("\n");
    for (size_t thread = 0; thread < pool.threads; thread++) free(pool.scratch[thread]);
    free((void *)args.a), free((void *)args.b), free(args.c);
  }
  return 0;
}
