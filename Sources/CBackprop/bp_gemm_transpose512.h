// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Sixteen rows of sixteen 32-bit elements, transposed in registers: 64 shuffles for 256 elements.
// Included by the AVX-512 levels within their target attribute.

#include <immintrin.h>
#include <stddef.h>

/// to[p * width + i] = from[i * stride + p] for i, p < 16; both in elements of 4 bytes.
static inline __attribute__((always_inline)) void bp_transpose16(
  float *to, size_t width, const float *from, ptrdiff_t stride
) {
  __m512 r[16], t[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_ps(from + i * stride);
  // Within each quarter: pairs of rows, then fours.
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += 4) {
    __m512d a = _mm512_castps_pd(t[i]), b = _mm512_castps_pd(t[i + 1]);
    __m512d c = _mm512_castps_pd(t[i + 2]), d = _mm512_castps_pd(t[i + 3]);
    r[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    r[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    r[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    r[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
  // Quarters: r[4g + c] holds column c, c + 4, c + 8, c + 12 of rows 4g ..< 4g + 4.
#pragma clang loop unroll(full)
  for (int c = 0; c < 4; c++) {
    __m512 low = _mm512_shuffle_f32x4(r[c], r[4 + c], 0x88);
    __m512 high = _mm512_shuffle_f32x4(r[c], r[4 + c], 0xdd);
    __m512 low2 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0x88);
    __m512 high2 = _mm512_shuffle_f32x4(r[8 + c], r[12 + c], 0xdd);
    _mm512_storeu_ps(to + (size_t)c * width, _mm512_shuffle_f32x4(low, low2, 0x88));
    _mm512_storeu_ps(to + (size_t)(c + 8) * width, _mm512_shuffle_f32x4(low, low2, 0xdd));
    _mm512_storeu_ps(to + (size_t)(c + 4) * width, _mm512_shuffle_f32x4(high, high2, 0x88));
    _mm512_storeu_ps(to + (size_t)(c + 12) * width, _mm512_shuffle_f32x4(high, high2, 0xdd));
  }
}
