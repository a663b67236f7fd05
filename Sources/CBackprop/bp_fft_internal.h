// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What the driver of Fourier transforms (bp_fft.c) and the kernels of one SIMD level
// (bp_fft_level.h) know of each other.
//
// Sixteen transforms run side by side, one in each lane: no number meets another lane's, so every
// step is plain arithmetic on vectors, whatever the length.

#ifndef BP_FFT_INTERNAL_H
#define BP_FFT_INTERNAL_H

#include "bp_fft.h"
#include "bp_gemm_internal.h"

#include <stdbool.h>

enum { BP_FFT_LANES = 16, BP_FFT_MAX_PASSES = 40, BP_FFT_MAX_RADIX = 13 };

/// One complex number of each lane: sixteen real parts, sixteen imaginary ones.
typedef struct bp_fft_cell {
  float part[2][BP_FFT_LANES];
} bp_fft_cell;

/// A transform of n numbers in each lane, by passes of Stockham's form, whose factors are 4, 2, 3,
/// 5 and odd primes up to BP_FFT_MAX_RADIX.
typedef struct bp_fft_lanes {
  int64_t n;
  int passes;
  int radix[BP_FFT_MAX_PASSES];
  float *roots;             // for each pass and p: the powers 1 ... radix − 1 of exp(−2πi p/length)
  float *odd;               // exp(−2πi j/radix) for each pass of a general radix
} bp_fft_lanes;

typedef struct bp_fft_kernels {
  /// Lane l of cell j is number j of row l, for `lanes` rows `row` floats apart; the rest is zero.
  /// `swap` exchanges real and imaginary parts.
  void (*load_rows)(
      bp_fft_cell *to, const float *from, ptrdiff_t row, int lanes, int64_t n, int swap);
  void (*store_rows)(
      float *to, ptrdiff_t row, const bp_fft_cell *from, int lanes, int64_t n, int swap);
  /// Lane l of cell j is number l of the row j, for `lanes` numbers of each of n rows.
  void (*load_columns)(
      bp_fft_cell *to, const float *from, ptrdiff_t row, int lanes, int64_t n, int swap);
  void (*store_columns)(
      float *to, ptrdiff_t row, const bp_fft_cell *from, int lanes, int64_t n, int swap);
  /// Multiplies n cells by others, lane by lane.
  void (*multiply)(bp_fft_cell *to, const bp_fft_cell *by, int64_t n);
  /// Between the transform of h complex numbers and the spectrum of 2h real ones, h + 1 cells.
  void (*split)(bp_fft_cell *z, int64_t h, const float *roots);
  void (*join)(bp_fft_cell *z, int64_t h, const float *roots);
  /// Transforms what stands in `a`, with `b` of the same size; returns the one with the result.
  bp_fft_cell *(*transform)(const bp_fft_lanes *lanes, bp_fft_cell *a, bp_fft_cell *b);
  /// y[j] = x[j] w[j], numbers one after the other; `conjugate` takes the conjugate of x first.
  void (*product)(float *y, const float *x, const float *w, int64_t n, int conjugate);
} bp_fft_kernels;

/// The factors of n, largest steps first; false if a prime is too large.
bool bp_fft_lanes_factor(bp_fft_lanes *lanes, int64_t n);
/// The roots of unity of all passes; false if no memory is left.
bool bp_fft_lanes_prepare(bp_fft_lanes *lanes);
void bp_fft_lanes_release(bp_fft_lanes *lanes);
const bp_fft_kernels *bp_fft_kernels_of(int level);

extern const bp_fft_kernels bp_fft_portable;
#if defined(__aarch64__)
extern const bp_fft_kernels bp_fft_neon;
#endif
#if defined(__x86_64__)
extern const bp_fft_kernels bp_fft_avx2, bp_fft_avx512;
#endif

#endif
