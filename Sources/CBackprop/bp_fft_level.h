// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The kernels of Fourier transforms for one SIMD level. A level's file defines BP_LEVEL and includes
// this inside its target attribute. Vectors have sixteen lanes at every level, and a multiply-add is
// one where it is written, so that all levels give the same bits.

#include "bp_fft_internal.h"

#pragma clang fp contract(off)
// All functions that take or return a vector are inlined: no call has an ABI.
#pragma clang diagnostic ignored "-Wpsabi"

#define BP_INLINE static inline __attribute__((always_inline))
#define BP_UNROLL _Pragma("clang loop unroll(full)")

typedef float bp_wide __attribute__((ext_vector_type(16)));
typedef float bp_wide_unaligned __attribute__((ext_vector_type(16), aligned(4)));

/// One complex number of each lane.
typedef struct bp_complex {
  bp_wide re, im;
} bp_complex;

#define BP_FMA(x, y, z) __builtin_elementwise_fma(x, y, z)
#define BP_ALL(x) ((bp_wide)(float)(x))

BP_INLINE bp_wide bp_wide_load(const float *from) { return *(const bp_wide_unaligned *)from; }
BP_INLINE void bp_wide_store(float *to, bp_wide v) { *(bp_wide_unaligned *)to = v; }

BP_INLINE bp_complex bp_get(const bp_fft_cell *cell) {
  return (bp_complex){ bp_wide_load(cell->part[0]), bp_wide_load(cell->part[1]) };
}

BP_INLINE void bp_put(bp_fft_cell *cell, bp_complex v) {
  bp_wide_store(cell->part[0], v.re);
  bp_wide_store(cell->part[1], v.im);
}

BP_INLINE bp_complex bp_plus(bp_complex a, bp_complex b) {
  return (bp_complex){ a.re + b.re, a.im + b.im };
}

BP_INLINE bp_complex bp_minus(bp_complex a, bp_complex b) {
  return (bp_complex){ a.re - b.re, a.im - b.im };
}

/// a · b
BP_INLINE bp_complex bp_times(bp_complex a, bp_complex b) {
  return (bp_complex){
    BP_FMA(a.re, b.re, -(a.im * b.im)), BP_FMA(a.re, b.im, a.im * b.re)
  };
}

/// −i a
BP_INLINE bp_complex bp_turned(bp_complex a) { return (bp_complex){ a.im, -a.re }; }

/// s a + b for a real s
BP_INLINE bp_complex bp_fused(float s, bp_complex a, bp_complex b) {
  return (bp_complex){ BP_FMA(BP_ALL(s), a.re, b.re), BP_FMA(BP_ALL(s), a.im, b.im) };
}

BP_INLINE bp_complex bp_scaled(float s, bp_complex a) {
  return (bp_complex){ BP_ALL(s) * a.re, BP_ALL(s) * a.im };
}

BP_INLINE bp_complex bp_root_at(const float *w) {
  return (bp_complex){ BP_ALL(w[0]), BP_ALL(w[1]) };
}

/// x[k] becomes the sum over j of x[j] exp(−2πi jk/radix).
BP_INLINE void bp_butterfly(const int radix, bp_complex *x) {
  if (radix == 2) {
    const bp_complex a = x[0], b = x[1];
    x[0] = bp_plus(a, b);
    x[1] = bp_minus(a, b);
  } else if (radix == 3) {
    const bp_complex sum = bp_plus(x[1], x[2]);
    const bp_complex turn = bp_turned(bp_scaled(0.86602540378443864676f, bp_minus(x[1], x[2])));
    const bp_complex middle = bp_fused(-0.5f, sum, x[0]);
    x[0] = bp_plus(x[0], sum);
    x[1] = bp_plus(middle, turn);
    x[2] = bp_minus(middle, turn);
  } else if (radix == 4) {
    const bp_complex a = bp_plus(x[0], x[2]), b = bp_minus(x[0], x[2]);
    const bp_complex c = bp_plus(x[1], x[3]), d = bp_turned(bp_minus(x[1], x[3]));
    x[0] = bp_plus(a, c);
    x[1] = bp_plus(b, d);
    x[2] = bp_minus(a, c);
    x[3] = bp_minus(b, d);
  } else if (radix == 5) {
    // cos and sin of 2π/5 and 4π/5.
    const float c1 = 0.30901699437494742410f, c2 = -0.80901699437494742410f;
    const float s1 = 0.95105651629515357212f, s2 = 0.58778525229247312917f;
    const bp_complex p = bp_plus(x[1], x[4]), q = bp_plus(x[2], x[3]);
    const bp_complex r = bp_minus(x[1], x[4]), s = bp_minus(x[2], x[3]);
    const bp_complex a = bp_fused(c2, q, bp_fused(c1, p, x[0]));
    const bp_complex b = bp_fused(c1, q, bp_fused(c2, p, x[0]));
    const bp_complex c = bp_turned(bp_fused(s2, s, bp_scaled(s1, r)));
    const bp_complex d = bp_turned(bp_fused(-s1, s, bp_scaled(s2, r)));
    x[0] = bp_plus(x[0], bp_plus(p, q));
    x[1] = bp_plus(a, c);
    x[4] = bp_minus(a, c);
    x[2] = bp_plus(b, d);
    x[3] = bp_minus(b, d);
  }
}

/// A butterfly of an odd prime radix: pairs of opposite terms share their products.
static void bp_odd_butterfly(int radix, bp_complex *x, const float *roots) {
  const int half = radix / 2;
  bp_complex sum[BP_FFT_MAX_RADIX / 2 + 1], difference[BP_FFT_MAX_RADIX / 2 + 1];
  bp_complex first = x[0];
  for (int j = 1; j <= half; j++) {
    sum[j] = bp_plus(x[j], x[radix - j]);
    difference[j] = bp_minus(x[j], x[radix - j]);
    first = bp_plus(first, sum[j]);
  }
  for (int k = 1; k <= half; k++) {
    bp_complex a = x[0], b = { BP_ALL(0), BP_ALL(0) };
    for (int j = 1; j <= half; j++) {
      const float *w = roots + 2 * (j * k % radix);
      a = bp_fused(w[0], sum[j], a);
      b = bp_fused(-w[1], difference[j], b);
    }
    const bp_complex turn = bp_turned(b);
    x[k] = bp_plus(a, turn);
    x[radix - k] = bp_minus(a, turn);
  }
  // Only now: every k reads x[0].
  x[0] = first;
}

/// One pass: m butterflies of numbers m · stride apart, for each of `stride` transforms.
BP_INLINE void bp_pass_of(
  const int radix, bp_fft_cell *y, const bp_fft_cell *x, int64_t m, int64_t stride,
  const float *roots, const float *odd
) {
  const int64_t apart = m * stride;
  for (int64_t p = 0; p < m; p++, roots += 2 * (radix - 1)) {
    const bp_fft_cell *from = x + stride * p;
    bp_fft_cell *to = y + stride * radix * p;
    for (int64_t q = 0; q < stride; q++) {
      bp_complex v[BP_FFT_MAX_RADIX];
      BP_UNROLL for (int j = 0; j < radix; j++) v[j] = bp_get(from + q + apart * j);
      if (radix > 5) bp_odd_butterfly(radix, v, odd); else bp_butterfly(radix, v);
      bp_put(to + q, v[0]);
      if (p == 0) {
        BP_UNROLL for (int j = 1; j < radix; j++) bp_put(to + q + stride * j, v[j]);
      } else {
        BP_UNROLL for (int j = 1; j < radix; j++) {
          bp_put(to + q + stride * j, bp_times(v[j], bp_root_at(roots + 2 * (j - 1))));
        }
      }
    }
  }
}

static bp_fft_cell *bp_fft_transform(const bp_fft_lanes *t, bp_fft_cell *a, bp_fft_cell *b) {
  const float *roots = t->roots, *odd = t->odd;
  int64_t length = t->n, stride = 1;
  for (int pass = 0; pass < t->passes; pass++) {
    const int radix = t->radix[pass];
    const int64_t m = length / radix;
    switch (radix) {
      case 2: bp_pass_of(2, b, a, m, stride, roots, odd); break;
      case 3: bp_pass_of(3, b, a, m, stride, roots, odd); break;
      case 4: bp_pass_of(4, b, a, m, stride, roots, odd); break;
      case 5: bp_pass_of(5, b, a, m, stride, roots, odd); break;
      case 7: bp_pass_of(7, b, a, m, stride, roots, odd); break;
      case 11: bp_pass_of(11, b, a, m, stride, roots, odd); break;
      default: bp_pass_of(13, b, a, m, stride, roots, odd); break;
    }
    if (radix > 5) odd += 2 * radix;
    roots += 2 * (radix - 1) * m;
    length = m;
    stride *= radix;
    bp_fft_cell *const swap = a;
    a = b;
    b = swap;
  }
  return a;
}

/// Exchanges the blocks of `d` lanes that lie off the diagonal of each pair of rows d apart.
#define BP_EXCHANGE(r, d, low, high) \
  BP_UNROLL for (int i = 0; i < 16; i++) { \
    if (i & d) continue; \
    const bp_wide a = r[i], b = r[i + d]; \
    r[i] = __builtin_shufflevector low; \
    r[i + d] = __builtin_shufflevector high; \
  }

/// Rows become columns.
BP_INLINE void bp_transpose16(bp_wide *r) {
  BP_EXCHANGE(r, 8, (a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    (a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
  BP_EXCHANGE(r, 4, (a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
    (a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
  BP_EXCHANGE(r, 2, (a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
    (a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
  BP_EXCHANGE(r, 1, (a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
    (a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
}

static void bp_fft_load_rows(
  bp_fft_cell *to, const float *from, ptrdiff_t row, int lanes, int64_t n, int swap
) {
  int64_t j = 0;
  if (lanes == BP_FFT_LANES) {
    for (; j + 8 <= n; j += 8) {
      bp_wide r[16];
      BP_UNROLL for (int l = 0; l < 16; l++) r[l] = bp_wide_load(from + l * row + 2 * j);
      bp_transpose16(r);
      BP_UNROLL for (int i = 0; i < 8; i++) {
        bp_wide_store(to[j + i].part[swap], r[2 * i]);
        bp_wide_store(to[j + i].part[1 - swap], r[2 * i + 1]);
      }
    }
  }
  for (; j < n; j++) {
    for (int l = 0; l < BP_FFT_LANES; l++) {
      to[j].part[swap][l] = l < lanes ? from[l * row + 2 * j] : 0.0f;
      to[j].part[1 - swap][l] = l < lanes ? from[l * row + 2 * j + 1] : 0.0f;
    }
  }
}

static void bp_fft_store_rows(
  float *to, ptrdiff_t row, const bp_fft_cell *from, int lanes, int64_t n, int swap
) {
  int64_t j = 0;
  if (lanes == BP_FFT_LANES) {
    for (; j + 8 <= n; j += 8) {
      bp_wide r[16];
      BP_UNROLL for (int i = 0; i < 8; i++) {
        r[2 * i] = bp_wide_load(from[j + i].part[swap]);
        r[2 * i + 1] = bp_wide_load(from[j + i].part[1 - swap]);
      }
      bp_transpose16(r);
      BP_UNROLL for (int l = 0; l < 16; l++) bp_wide_store(to + l * row + 2 * j, r[l]);
    }
  }
  for (; j < n; j++) {
    for (int l = 0; l < lanes; l++) {
      to[l * row + 2 * j] = from[j].part[swap][l];
      to[l * row + 2 * j + 1] = from[j].part[1 - swap][l];
    }
  }
}

static void bp_fft_load_columns(
  bp_fft_cell *to, const float *from, ptrdiff_t row, int lanes, int64_t n, int swap
) {
  for (int64_t j = 0; j < n; j++, from += row) {
    if (lanes == BP_FFT_LANES) {
      const bp_wide a = bp_wide_load(from), b = bp_wide_load(from + 16);
      bp_wide_store(to[j].part[swap], __builtin_shufflevector(
        a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
      bp_wide_store(to[j].part[1 - swap], __builtin_shufflevector(
        a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
      continue;
    }
    for (int l = 0; l < BP_FFT_LANES; l++) {
      to[j].part[swap][l] = l < lanes ? from[2 * l] : 0.0f;
      to[j].part[1 - swap][l] = l < lanes ? from[2 * l + 1] : 0.0f;
    }
  }
}

static void bp_fft_store_columns(
  float *to, ptrdiff_t row, const bp_fft_cell *from, int lanes, int64_t n, int swap
) {
  for (int64_t j = 0; j < n; j++, to += row) {
    if (lanes == BP_FFT_LANES) {
      const bp_wide re = bp_wide_load(from[j].part[swap]);
      const bp_wide im = bp_wide_load(from[j].part[1 - swap]);
      bp_wide_store(to, __builtin_shufflevector(
        re, im, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
      bp_wide_store(to + 16, __builtin_shufflevector(
        re, im, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
      continue;
    }
    for (int l = 0; l < lanes; l++) {
      to[2 * l] = from[j].part[swap][l];
      to[2 * l + 1] = from[j].part[1 - swap][l];
    }
  }
}

static void bp_fft_multiply(bp_fft_cell *to, const bp_fft_cell *by, int64_t n) {
  for (int64_t j = 0; j < n; j++) bp_put(to + j, bp_times(bp_get(to + j), bp_get(by + j)));
}

/// The spectrum of 2h real numbers, h + 1 cells, from the transform of their even and odd elements as
/// the real and imaginary parts of h complex ones, in place. roots: exp(−2πi k/2h) for k <= h/2.
static void bp_fft_split(bp_fft_cell *z, int64_t h, const float *roots) {
  const bp_complex first = bp_get(z);
  const bp_wide none = BP_ALL(0);
  bp_put(z, (bp_complex){ first.re + first.im, none });
  bp_put(z + h, (bp_complex){ first.re - first.im, none });
  for (int64_t k = 1; 2 * k <= h; k++) {
    const bp_complex a = bp_get(z + k), b = bp_get(z + h - k);
    // Twice the transforms of the even elements and, turned back by i, of the odd ones.
    const bp_complex even = { a.re + b.re, a.im - b.im };
    const bp_complex odd = { a.im + b.im, b.re - a.re };
    const bp_complex turned = bp_times(odd, bp_root_at(roots + 2 * k));
    const bp_complex sum = bp_scaled(0.5f, bp_plus(even, turned));
    const bp_complex rest = bp_scaled(0.5f, bp_minus(even, turned));
    bp_put(z + k, sum);
    bp_put(z + h - k, (bp_complex){ rest.re, -rest.im });
  }
}

/// The way back, times 2h: from h + 1 cells to the h whose inverse transform holds even and odd
/// elements. Their real and imaginary parts are exchanged, so that the transform is the inverse.
static void bp_fft_join(bp_fft_cell *z, int64_t h, const float *roots) {
  const bp_complex first = bp_get(z), last = bp_get(z + h);
  bp_put(z, (bp_complex){ first.re - last.re, first.re + last.re });
  for (int64_t k = 1; 2 * k <= h; k++) {
    const bp_complex a = bp_get(z + k), b = bp_get(z + h - k);
    const bp_complex even = { a.re + b.re, a.im - b.im };
    const bp_complex difference = { a.re - b.re, a.im + b.im };
    const float back[2] = { roots[2 * k], -roots[2 * k + 1] };
    // i · odd
    const bp_complex odd = bp_times(difference, bp_root_at(back));
    bp_put(z + k, (bp_complex){ even.im + odd.re, even.re - odd.im });
    bp_put(z + h - k, (bp_complex){ odd.re - even.im, even.re + odd.im });
  }
}

static void bp_fft_product(float *y, const float *x, const float *w, int64_t n, int conjugate) {
  for (int64_t j = 0; j < n; j++) {
    const float a = x[2 * j], b = conjugate ? -x[2 * j + 1] : x[2 * j + 1];
    const float c = w[2 * j], d = w[2 * j + 1];
    y[2 * j] = __builtin_elementwise_fma(a, c, -(b * d));
    y[2 * j + 1] = __builtin_elementwise_fma(a, d, b * c);
  }
}

const bp_fft_kernels BP_LEVEL = {
  .load_rows = bp_fft_load_rows,
  .store_rows = bp_fft_store_rows,
  .load_columns = bp_fft_load_columns,
  .store_columns = bp_fft_store_columns,
  .multiply = bp_fft_multiply,
  .split = bp_fft_split,
  .join = bp_fft_join,
  .transform = bp_fft_transform,
  .product = bp_fft_product,
};
