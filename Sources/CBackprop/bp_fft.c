// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fourier transforms of any length, in one of three ways that the length alone decides:
//
// - Short: sixteen rows at a time, one in each lane (bp_fft_level.h).
// - Long, n = n1 · n2: transforms of n1 numbers down the columns, a product with roots of unity,
//   transforms of n2 numbers along the rows (D. Bailey, "FFTs in external or hierarchical memory",
//   1990). Sixteen columns or rows fill the lanes, so one long row keeps them busy.
// - With a large prime factor: as a convolution with a chirp, by transforms of a length m >= 2n − 1
//   that has none (L. Bluestein, 1970).

#include "bp_fft_internal.h"

#include <stdlib.h>
#include <string.h>

/// Beyond this the cells of sixteen rows, twice, leave the first caches and splitting is faster.
enum { BP_FFT_SHORT = 480 };

struct bp_fft {
  int64_t n;
  const bp_fft_kernels *kernels;
  bp_fft_lanes columns;     // short: the whole; long: n1
  bp_fft_lanes rows;        // long: n2
  bp_fft_cell *between;     // long: exp(−2πi j k/n) for column j and k < n1, sixteen columns a block
  bp_fft *inner;            // of m numbers
  float *chirp;             // exp(−πi j²/n)
  float *filter;            // the transform of the chirp's conjugate, divided by m
};

const bp_fft_kernels *bp_fft_kernels_of(int level) {
  if (!bp_level_available(level)) return &bp_fft_portable;
  switch (level) {
#if defined(__aarch64__)
    case BP_NEON: return &bp_fft_neon;
#endif
#if defined(__x86_64__)
    case BP_AVX2: return &bp_fft_avx2;
    case BP_AVX512: return &bp_fft_avx512;
#endif
    default: return &bp_fft_portable;
  }
}

void bp_fft_root(int64_t k, int64_t n, double *re, double *im) {
#pragma clang fp contract(off)
  // 8k = octant · n + rest: within an eighth of a turn the series are short.
  const __int128 eight = (__int128)(k % n) * 8;
  const int octant = (int)(eight / n);
  const int64_t rest = (int64_t)(eight % n);
  const bool odd = octant & 1;
  // The angle from the nearer axis, at most π/4.
  const double angle = 0.78539816339744830962 * ((double)(odd ? n - rest : rest) / (double)n);
  double cosine = 1, sine = angle, c = 1, s = angle;
  for (int i = 1; i <= 10; i++) {
    c *= -angle * angle / (double)((2 * i - 1) * (2 * i));
    s *= -angle * angle / (double)((2 * i) * (2 * i + 1));
    cosine += c;
    sine += s;
  }
  // cos and sin of the whole angle, quarter by quarter.
  const double x = odd ? sine : cosine, y = odd ? cosine : sine;
  switch (octant / 2) {
    case 0: *re = x, *im = -y; break;
    case 1: *re = -y, *im = -x; break;
    case 2: *re = -x, *im = y; break;
    default: *re = y, *im = x; break;
  }
}

static void put_root(float *to, int64_t k, int64_t n) {
  double re, im;
  bp_fft_root(k, n, &re, &im);
  to[0] = (float)re;
  to[1] = (float)im;
}

bool bp_fft_lanes_factor(bp_fft_lanes *lanes, int64_t n) {
  static const int radices[] = { 4, 2, 3, 5, 7, 11, 13 };
  lanes->n = n;
  lanes->passes = 0;
  for (size_t i = 0; i < sizeof radices / sizeof *radices; i++) {
    for (; n % radices[i] == 0; n /= radices[i]) lanes->radix[lanes->passes++] = radices[i];
  }
  return n == 1;
}

void bp_fft_lanes_release(bp_fft_lanes *lanes) {
  free(lanes->roots);
  free(lanes->odd);
}

bool bp_fft_lanes_prepare(bp_fft_lanes *lanes) {
  size_t count = 0, odd = 0;
  int64_t length = lanes->n;
  for (int pass = 0; pass < lanes->passes; pass++) {
    const int radix = lanes->radix[pass];
    length /= radix;
    count += 2 * (size_t)(radix - 1) * (size_t)length;
    if (radix > 5) odd += 2 * (size_t)radix;
  }
  lanes->roots = malloc(sizeof(float) * (count + 1));
  lanes->odd = malloc(sizeof(float) * (odd + 1));
  if (!lanes->roots || !lanes->odd) return false;
  float *to = lanes->roots, *next = lanes->odd;
  length = lanes->n;
  for (int pass = 0; pass < lanes->passes; pass++) {
    const int radix = lanes->radix[pass];
    for (int64_t p = 0; p < length / radix; p++) {
      for (int j = 1; j < radix; j++, to += 2) put_root(to, p * j, length);
    }
    if (radix > 5) for (int j = 0; j < radix; j++, next += 2) put_root(next, j, radix);
    length /= radix;
  }
  return true;
}

/// The divisor of n nearest to its root from below, whose quotient is as good.
static int64_t middle(int64_t n) {
  int64_t best = 1;
  for (int64_t d = 2; d * d <= n; d++) if (n % d == 0) best = d;
  return best;
}

static bool prepare_long(bp_fft *fft) {
  const int64_t n1 = middle(fft->n), n2 = fft->n / n1;
  bp_fft_lanes_factor(&fft->columns, n1);
  bp_fft_lanes_factor(&fft->rows, n2);
  const int64_t blocks = (n2 + BP_FFT_LANES - 1) / BP_FFT_LANES;
  fft->between = aligned_alloc(64, sizeof(bp_fft_cell) * (size_t)(blocks * n1));
  if (!fft->between || !bp_fft_lanes_prepare(&fft->columns) || !bp_fft_lanes_prepare(&fft->rows)) return false;
  for (int64_t j = 0; j < blocks * BP_FFT_LANES; j++) {
    bp_fft_cell *to = fft->between + j / BP_FFT_LANES * n1;
    for (int64_t k = 0; k < n1; k++) {
      float root[2];
      put_root(root, j < n2 ? j * k : 0, fft->n);
      to[k].part[0][j % BP_FFT_LANES] = root[0];
      to[k].part[1][j % BP_FFT_LANES] = root[1];
    }
  }
  return true;
}

static bool prepare_chirp(bp_fft *fft, int level) {
  const int64_t n = fft->n;
  // The least m >= 2n − 1 of the form 2^a 3^b 5^c with the cheap factor 4 in front.
  int64_t m = 0;
  for (int64_t five = 1; five <= 25; five *= 5) {
    for (int64_t three = 1; three <= 9; three *= 3) {
      int64_t candidate = 4 * five * three;
      while (candidate < 2 * n - 1) candidate *= 2;
      if (m == 0 || candidate < m) m = candidate;
    }
  }
  fft->inner = bp_fft_create(m, level);
  fft->chirp = malloc(sizeof(float) * 2 * (size_t)n);
  fft->filter = malloc(sizeof(float) * 2 * (size_t)m);
  if (!fft->inner || !fft->chirp || !fft->filter) return false;
  memset(fft->filter, 0, sizeof(float) * 2 * (size_t)m);
  for (int64_t j = 0; j < n; j++) {
    float *c = fft->chirp + 2 * j, *f = fft->filter;
    put_root(c, (int64_t)((__int128)j * j % (2 * n)), 2 * n);
    const int64_t back = j == 0 ? 0 : m - j;
    f[2 * j] = f[2 * back] = c[0] / (float)m;
    f[2 * j + 1] = f[2 * back + 1] = -c[1] / (float)m;
  }
  void *scratch = aligned_alloc(64, bp_fft_scratch(fft->inner));
  if (!scratch) return false;
  bp_fft_run(fft->inner, fft->filter, fft->filter, 0, 0, 1, scratch);
  free(scratch);
  return true;
}

bp_fft *bp_fft_create(int64_t n, int level) {
  bp_fft *fft = calloc(1, sizeof *fft);
  if (!fft) return NULL;
  fft->n = n;
  fft->kernels = bp_fft_kernels_of(level);
  bool done;
  if (!bp_fft_lanes_factor(&fft->columns, n)) done = prepare_chirp(fft, level);
  else if (n > BP_FFT_SHORT) done = prepare_long(fft);
  else done = bp_fft_lanes_prepare(&fft->columns);
  if (done) return fft;
  bp_fft_destroy(fft);
  return NULL;
}

void bp_fft_destroy(bp_fft *fft) {
  if (!fft) return;
  bp_fft_destroy(fft->inner);
  bp_fft_lanes_release(&fft->columns);
  bp_fft_lanes_release(&fft->rows);
  free(fft->between);
  free(fft->chirp);
  free(fft->filter);
  free(fft);
}

/// Rows of the inner transform that are in work at a time.
static int64_t inner_rows(const bp_fft *fft) { return bp_fft_group(fft->inner); }

int64_t bp_fft_group(const bp_fft *fft) {
  if (fft->inner) return inner_rows(fft);
  return fft->between ? 1 : BP_FFT_LANES;
}

static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

size_t bp_fft_scratch(const bp_fft *fft) {
  if (fft->inner) {
    return rounded(sizeof(float) * 2 * (size_t)(inner_rows(fft) * fft->inner->n))
      + bp_fft_scratch(fft->inner);
  }
  const int64_t longest = fft->between ? fft->rows.n : fft->n;
  const size_t cells = 2 * sizeof(bp_fft_cell) * (size_t)longest;
  return cells + (fft->between ? rounded(sizeof(float) * 2 * (size_t)fft->n) : 0);
}

static int part(int64_t left) { return left < BP_FFT_LANES ? (int)left : BP_FFT_LANES; }

static void run_long(const bp_fft *fft, float *y, const float *x, int inverse, void *scratch) {
  const bp_fft_kernels *k = fft->kernels;
  const int64_t n1 = fft->columns.n, n2 = fft->rows.n;
  bp_fft_cell *a = scratch, *b = a + n2;
  float *const turned = (float *)(b + n2);
  for (int64_t j = 0; j < n2; j += BP_FFT_LANES) {
    k->load_columns(a, x + 2 * j, 2 * n2, part(n2 - j), n1, inverse);
    bp_fft_cell *done = k->transform(&fft->columns, a, b);
    k->multiply(done, fft->between + j / BP_FFT_LANES * n1, n1);
    k->store_columns(turned + 2 * j, 2 * n2, done, part(n2 - j), n1, 0);
  }
  for (int64_t j = 0; j < n1; j += BP_FFT_LANES) {
    k->load_rows(a, turned + 2 * j * n2, 2 * n2, part(n1 - j), n2, 0);
    bp_fft_cell *done = k->transform(&fft->rows, a, b);
    k->store_columns(y + 2 * j, 2 * n1, done, part(n1 - j), n2, inverse);
  }
}

/// X[k] = c[k] · (x c ∗ conj c)[k]; the inverse is the conjugate of the transform of the conjugate.
static void run_chirp(
  const bp_fft *fft, float *y, const float *x, int inverse, int64_t begin, int64_t end,
  void *scratch
) {
  const bp_fft_kernels *k = fft->kernels;
  const int64_t n = fft->n, m = fft->inner->n, rows = inner_rows(fft);
  float *const work = scratch;
  void *const rest = (char *)scratch + rounded(sizeof(float) * 2 * (size_t)(rows * m));
  for (int64_t from = begin; from < end; from += rows) {
    const int64_t count = end - from < rows ? end - from : rows;
    for (int64_t i = 0; i < count; i++) {
      float *const row = work + 2 * i * m;
      k->product(row, x + 2 * (from + i) * n, fft->chirp, n, inverse);
      memset(row + 2 * n, 0, sizeof(float) * 2 * (size_t)(m - n));
    }
    bp_fft_run(fft->inner, work, work, 0, 0, count, rest);
    for (int64_t i = 0; i < count; i++) {
      k->product(work + 2 * i * m, work + 2 * i * m, fft->filter, m, 0);
    }
    bp_fft_run(fft->inner, work, work, 1, 0, count, rest);
    for (int64_t i = 0; i < count; i++) {
      float *const to = y + 2 * (from + i) * n;
      k->product(to, work + 2 * i * m, fft->chirp, n, 0);
      if (inverse) for (int64_t j = 0; j < n; j++) to[2 * j + 1] = -to[2 * j + 1];
    }
  }
}

void bp_fft_run(
    const bp_fft *fft, float *y, const float *x, int inverse, int64_t begin, int64_t end,
    void *scratch
) {
  const int64_t n = fft->n;
  const int swap = inverse ? 1 : 0;
  if (fft->inner) return run_chirp(fft, y, x, swap, begin, end, scratch);
  if (fft->between) {
    for (int64_t i = begin; i < end; i++) {
      run_long(fft, y + 2 * i * n, x + 2 * i * n, swap, scratch);
    }
    return;
  }
  // With real and imaginary parts exchanged on the way in and out, a transform is its inverse.
  const bp_fft_kernels *k = fft->kernels;
  bp_fft_cell *a = scratch, *b = a + n;
  for (int64_t i = begin; i < end; i += BP_FFT_LANES) {
    k->load_rows(a, x + 2 * i * n, 2 * n, part(end - i), n, swap);
    bp_fft_cell *done = k->transform(&fft->columns, a, b);
    k->store_rows(y + 2 * i * n, 2 * n, done, part(end - i), n, swap);
  }
}
