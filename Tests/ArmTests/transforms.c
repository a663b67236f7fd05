// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fourier transforms, complex and real, of lengths that are done in each of the ways there are.

#include "check.h"

#include <math.h>

typedef struct problem {
  int64_t n, rows;
  bool is_real, inverse;
  const float *x;
  float *result;
} problem;

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// The rows of a task: whole groups, but for the last.
static int64_t boundary(const problem *p, int64_t group, size_t task, size_t tasks) {
  const int64_t groups = (p->rows + group - 1) / group;
  return smaller(groups * (int64_t)task / (int64_t)tasks * group, p->rows);
}

static void run(void *context, int level, size_t tasks) {
  const problem *p = context;
  if (p->is_real) {
    bp_fft_real *fft = bp_fft_real_create(p->n, level);
    const int64_t group = bp_fft_real_group(fft);
    void *scratch = room((bp_fft_real_scratch(fft) + 63) / 64 * 64);
    for (size_t task = tasks; task-- > 0;) {
      bp_fft_real_run(
        fft, p->result, p->x, p->inverse, boundary(p, group, task, tasks),
        boundary(p, group, task + 1, tasks), scratch);
    }
    bp_fft_real_destroy(fft);
    return;
  }
  bp_fft *fft = bp_fft_create(p->n, level);
  const int64_t group = bp_fft_group(fft);
  void *scratch = room((bp_fft_scratch(fft) + 63) / 64 * 64);
  for (size_t task = tasks; task-- > 0;) {
    bp_fft_run(
      fft, p->result, p->x, p->inverse, boundary(p, group, task, tasks),
      boundary(p, group, task + 1, tasks), scratch);
  }
  bp_fft_destroy(fft);
}

/// The transform of a row of n complex numbers, by its definition; returns their size.
static double plain(double *y, const double *x, int64_t n, bool inverse, const double *roots) {
  double size = 0.0;
  for (int64_t j = 0; j < n; j++) size += x[2 * j] * x[2 * j] + x[2 * j + 1] * x[2 * j + 1];
  for (int64_t k = 0; k < n; k++) {
    double re = 0.0, im = 0.0;
    for (int64_t j = 0, at = 0; j < n; j++) {
      const double c = roots[2 * at], s = inverse ? -roots[2 * at + 1] : roots[2 * at + 1];
      re += x[2 * j] * c - x[2 * j + 1] * s;
      im += x[2 * j] * s + x[2 * j + 1] * c;
      at += k;
      if (at >= n) at -= n;
    }
    y[2 * k] = re, y[2 * k + 1] = im;
  }
  return sqrt(size);
}

static void check_transform(int64_t n, int64_t rows, bool is_real) {
  double *roots = doubles((size_t)(2 * n));
  for (int64_t k = 0; k < n; k++) {
    const double angle = -2.0 * 3.14159265358979323846 * (double)k / (double)n;
    roots[2 * k] = cos(angle), roots[2 * k + 1] = sin(angle);
    double re, im;
    bp_fft_root(k, n, &re, &im);
    if (fabs(re - roots[2 * k]) + fabs(im - roots[2 * k + 1]) > 1e-14) fail("a root of unity");
  }
  for (int inverse = 0; inverse < 2; inverse++) {
    describe(
      "%lld rows of %lld, real %d, inverse %d", (long long)rows, (long long)n, is_real, inverse);
    seed((uint32_t)(n * 5 + rows));
    // Floats of a row: real numbers, or the first half of a spectrum.
    const int64_t half = n / 2 + 1;
    const int64_t in = !is_real ? 2 * n : inverse ? 2 * half : n;
    const int64_t out = !is_real ? 2 * n : inverse ? n : 2 * half;
    problem p = {.n = n, .rows = rows, .is_real = is_real, .inverse = inverse};
    p.x = numbers((size_t)(rows * in));
    p.result = floats((size_t)(rows * out));
    double *want = doubles((size_t)(rows * out)), *slack = doubles((size_t)(rows * out));
    double *x = doubles((size_t)(2 * n)), *y = doubles((size_t)(2 * n));
    for (int64_t row = 0; row < rows; row++) {
      const float *from = p.x + row * in;
      for (int64_t j = 0; j < n; j++) {
        if (!is_real) {
          x[2 * j] = from[2 * j], x[2 * j + 1] = from[2 * j + 1];
        } else if (!inverse) {
          x[2 * j] = from[j], x[2 * j + 1] = 0.0;
        } else {
          // The other half is its conjugate; the ends are real.
          const int64_t k = j < half ? j : n - j;
          const bool is_end = k == 0 || 2 * k == n;
          x[2 * j] = from[2 * k];
          x[2 * j + 1] = is_end ? 0.0 : j < half ? from[2 * k + 1] : -from[2 * k + 1];
        }
      }
      const double size = plain(y, x, n, inverse, roots);
      for (int64_t j = 0; j < out; j++) {
        want[row * out + j] = is_real && inverse ? y[2 * j] : y[j];
        slack[row * out + j] = 2e-6 * size;
      }
    }
    check(&(trial){
      .run = run, .context = &p, .result = p.result, .count = (size_t)(rows * out), .want = want,
      .slack = slack,
    });
  }
  release();
}

void check_transforms(void) {
  group("Fourier transforms, short");
  for (int64_t n = 1; n <= 30; n++) check_transform(n, 1 + n % 3 * 18, false);
  check_transform(128, 33, false);
  check_transform(455, 3, false);
  group("Fourier transforms, long");
  check_transform(512, 2, false);
  check_transform(1155, 1, false);
  check_transform(1200, 2, false);
  group("Fourier transforms, large primes");
  check_transform(17, 20, false);
  check_transform(97, 3, false);
  check_transform(481, 2, false);
  group("Fourier transforms, real");
  for (int64_t n = 2; n <= 40; n += 2) check_transform(n, 1 + n % 3 * 18, true);
  check_transform(256, 17, true);
  check_transform(990, 2, true);
  check_transform(1034, 2, true);
  check_transform(2100, 1, true);
}
