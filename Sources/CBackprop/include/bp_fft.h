// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Discrete Fourier transforms of rows of complex numbers, of any length.

#ifndef BP_FFT_H
#define BP_FFT_H

#include <stddef.h>
#include <stdint.h>

/// A transform of one length, prepared: its factors and the roots of unity that it multiplies by.
typedef struct bp_fft bp_fft;

/// Prepares transforms of n >= 1 numbers. Allocates; NULL if no memory is left.
bp_fft *bp_fft_create(int64_t n, int level);
void bp_fft_destroy(bp_fft *fft);

/// How many rows are best transformed in one call: a multiple of this, but for the last.
int64_t bp_fft_group(const bp_fft *fft);
/// Bytes of scratch memory that bp_fft_run needs, aligned to 64.
size_t bp_fft_scratch(const bp_fft *fft);
/// y[k] = sum over j of x[j] exp(∓2πi jk/n) for the rows [begin, end) of [rows, n, 2]: forward −,
/// inverse +, neither of them scaled. y may be x. The bits of a row depend on the row alone.
void bp_fft_run(
    const bp_fft *fft, float *y, const float *x, int inverse, int64_t begin, int64_t end,
    void *scratch);

/// A transform of an even number of real numbers, prepared.
typedef struct bp_fft_real bp_fft_real;

/// Prepares transforms of n >= 2 real numbers, n even. Allocates; NULL if no memory is left.
bp_fft_real *bp_fft_real_create(int64_t n, int level);
void bp_fft_real_destroy(bp_fft_real *fft);
/// How many rows are best transformed in one call.
int64_t bp_fft_real_group(const bp_fft_real *fft);
/// Bytes of scratch memory, aligned to 64: some 256 for each number of a row.
size_t bp_fft_real_scratch(const bp_fft_real *fft);
/// Forward: the numbers 0 ... n/2 of the transform, [rows, n] -> [rows, n/2 + 1, 2]. Inverse: n times
/// the real numbers that have this transform, [rows, n/2 + 1, 2] -> [rows, n]; the imaginary parts of
/// the first and the last are not looked at. Rows [begin, end); y is not x.
void bp_fft_real_run(
    const bp_fft_real *fft, float *y, const float *x, int inverse, int64_t begin, int64_t end,
    void *scratch);

/// exp(−2πi k/n), in double, by the same arithmetic on every machine.
void bp_fft_root(int64_t k, int64_t n, double *re, double *im);

#endif
