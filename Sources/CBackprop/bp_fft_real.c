// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Fourier transforms of real numbers, of an even length 2h: the even and odd elements are the real and
// imaginary parts of h complex numbers, which are what is transformed.

#include "bp_fft_internal.h"

#include <stdlib.h>

/// Up to here the complex numbers are transformed where they stand, one row in each lane.
enum { BP_FFT_REAL_SHORT = 1024 };

struct bp_fft_real {
  int64_t half;
  const bp_fft_kernels *kernels;
  bp_fft_lanes lanes;       // short
  bp_fft *inner;            // else
  float *roots;             // exp(−2πi k/2h) for k <= h/2
};

bp_fft_real *bp_fft_real_create(int64_t n, int level) {
  bp_fft_real *fft = calloc(1, sizeof *fft);
  if (!fft) return NULL;
  const int64_t half = fft->half = n / 2;
  fft->kernels = bp_fft_kernels_of(level);
  fft->roots = malloc(sizeof(float) * 2 * (size_t)(half / 2 + 1));
  bool done = fft->roots != NULL;
  if (bp_fft_lanes_factor(&fft->lanes, half) && half <= BP_FFT_REAL_SHORT) {
    done = done && bp_fft_lanes_prepare(&fft->lanes);
  } else {
    fft->inner = bp_fft_create(half, level);
    done = done && fft->inner;
  }
  if (!done) {
    bp_fft_real_destroy(fft);
    return NULL;
  }
  for (int64_t k = 0; k <= half / 2; k++) {
    double re, im;
    bp_fft_root(k, n, &re, &im);
    fft->roots[2 * k] = (float)re;
    fft->roots[2 * k + 1] = (float)im;
  }
  return fft;
}

void bp_fft_real_destroy(bp_fft_real *fft) {
  if (!fft) return;
  bp_fft_lanes_release(&fft->lanes);
  bp_fft_destroy(fft->inner);
  free(fft->roots);
  free(fft);
}

int64_t bp_fft_real_group(const bp_fft_real *fft) {
  (void)fft;
  return BP_FFT_LANES;
}

size_t bp_fft_real_scratch(const bp_fft_real *fft) {
  const size_t cells = sizeof(bp_fft_cell) * (size_t)(fft->half + 1);
  return 2 * cells + (fft->inner ? bp_fft_scratch(fft->inner) : 0);
}

/// A group of at most sixteen rows.
static void forward(
  const bp_fft_real *fft, float *y, const float *x, int rows, bp_fft_cell *a, bp_fft_cell *b
) {
  const bp_fft_kernels *k = fft->kernels;
  const int64_t h = fft->half;
  bp_fft_cell *done;
  if (fft->inner) {
    // The rows of complex numbers lie in b until they are in the lanes of a.
    float *const turned = (float *)b;
    bp_fft_run(fft->inner, turned, x, 0, 0, rows, b + h + 1);
    k->load_rows(a, turned, 2 * h, rows, h, 0);
    done = a;
  } else {
    k->load_rows(a, x, 2 * h, rows, h, 0);
    done = k->transform(&fft->lanes, a, b);
  }
  k->split(done, h, fft->roots);
  k->store_rows(y, 2 * (h + 1), done, rows, h + 1, 0);
}

static void backward(
  const bp_fft_real *fft, float *y, const float *x, int rows, bp_fft_cell *a, bp_fft_cell *b
) {
  const bp_fft_kernels *k = fft->kernels;
  const int64_t h = fft->half;
  k->load_rows(a, x, 2 * (h + 1), rows, h + 1, 0);
  k->join(a, h, fft->roots);
  if (fft->inner) {
    float *const turned = (float *)b;
    k->store_rows(turned, 2 * h, a, rows, h, 1);
    bp_fft_run(fft->inner, y, turned, 1, 0, rows, b + h + 1);
  } else {
    k->store_rows(y, 2 * h, k->transform(&fft->lanes, a, b), rows, h, 1);
  }
}

void bp_fft_real_run(
    const bp_fft_real *fft, float *y, const float *x, int inverse, int64_t begin, int64_t end,
    void *scratch
) {
  const int64_t n = 2 * fft->half, m = n + 2;
  bp_fft_cell *a = scratch, *b = a + fft->half + 1;
  for (int64_t i = begin; i < end; i += BP_FFT_LANES) {
    const int rows = end - i < BP_FFT_LANES ? (int)(end - i) : BP_FFT_LANES;
    if (inverse) backward(fft, y + i * n, x + i * m, rows, a, b);
    else forward(fft, y + i * m, x + i * n, rows, a, b);
  }
}
