// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What this processor could do at most, to measure the products against.

#define _POSIX_C_SOURCE 199309L

#include "bp_gemm_internal.h"

#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double best_rate(double (*rounds)(size_t), double seconds) {
  const double start = now();
  double best = 0.0;
  do {
    const double before = now();
    const double done = rounds(100 * 1000);
    const double rate = done / (now() - before);
    if (rate > best) best = rate;
  } while (now() - start < seconds);
  return best;
}

double bp_peak_flops(int level, double seconds) {
  return best_rate(bp_gemm_kernels_of(level, 0)->peak, seconds);
}

double bp_peak_bf16(int level, double seconds) {
  return best_rate(bp_gemm_kernels_of(level, 1)->peak, seconds);
}

double bp_copy_bandwidth(void *to, const void *from, size_t bytes, double seconds) {
  const double start = now();
  double best = 0.0;
  do {
    const double before = now();
    memcpy(to, from, bytes);
    const double rate = 2.0 * (double)bytes / (now() - before);
    if (rate > best) best = rate;
  } while (now() - start < seconds);
  return best;
}

typedef uint64_t bp_words __attribute__((ext_vector_type(8)));

uint64_t bp_read(const void *from, size_t bytes) {
  const bp_words *words = from;
  bp_words sum[4] = {0};
  for (size_t i = 0; i < bytes / sizeof *words; i += 4) {
    for (int j = 0; j < 4; j++) sum[j] += words[i + (size_t)j];
  }
  bp_words all = sum[0] + sum[1] + sum[2] + sum[3];
  return all[0] + all[1] + all[2] + all[3] + all[4] + all[5] + all[6] + all[7];
}
