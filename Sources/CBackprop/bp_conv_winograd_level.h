// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The transforms of Winograd's minimal filtering F(4x4, 3x3) with the points 0, 1, -1, 2, -2 and
// infinity (A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", 2015), for one
// SIMD level: channels lie side by side in a vector. Every multiply-add is written as one, so that
// all levels give the same bits. Included by bp_conv_level.h.

enum { BP_WINOGRAD_IN = 6, BP_WINOGRAD_OUT = 4, BP_WINOGRAD_TERMS = 36 };

#define BP_NUMBER(x) ((bp_vector)(x))

/// Bᵀ d: six inputs to six terms.
BP_INLINE void bp_winograd_b(bp_vector *v, const bp_vector *d, const int step) {
  const bp_vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step],
                  d5 = d[5 * step];
  const bp_vector a = BP_FUSE(BP_NUMBER(-4.0f), d2, d4), b = BP_FUSE(BP_NUMBER(-4.0f), d1, d3);
  const bp_vector c = d4 - d2, e = d3 - d1;
  v[0] = BP_FUSE(BP_NUMBER(4.0f), d0, BP_FUSE(BP_NUMBER(-5.0f), d2, d4));
  v[step] = a + b;
  v[2 * step] = a - b;
  v[3 * step] = BP_FUSE(BP_NUMBER(2.0f), e, c);
  v[4 * step] = BP_FUSE(BP_NUMBER(-2.0f), e, c);
  v[5 * step] = BP_FUSE(BP_NUMBER(4.0f), d1, BP_FUSE(BP_NUMBER(-5.0f), d3, d5));
}

/// Aᵀ m: six terms to four outputs.
BP_INLINE void bp_winograd_a(bp_vector *y, const bp_vector *m, const int to, const int from) {
  const bp_vector p = m[from] + m[2 * from], q = m[from] - m[2 * from];
  const bp_vector r = m[3 * from] + m[4 * from], s = m[3 * from] - m[4 * from];
  y[0] = m[0] + p + r;
  y[to] = BP_FUSE(BP_NUMBER(2.0f), s, q);
  y[2 * to] = BP_FUSE(BP_NUMBER(4.0f), r, p);
  y[3 * to] = BP_FUSE(BP_NUMBER(8.0f), s, q) + m[5 * from];
}

/// A e: four outputs' cotangents to six terms.
BP_INLINE void bp_winograd_a_back(bp_vector *r, const bp_vector *e, const int to, const int from) {
  const bp_vector u = e[0] + e[2 * from], v = e[from] + e[3 * from];
  const bp_vector w = BP_FUSE(BP_NUMBER(4.0f), e[2 * from], e[0]);
  const bp_vector z = BP_FUSE(BP_NUMBER(8.0f), e[3 * from], e[from] + e[from]);
  const bp_vector last = e[3 * from];
  r[0] = e[0];
  r[to] = u + v;
  r[2 * to] = u - v;
  r[3 * to] = w + z;
  r[4 * to] = w - z;
  r[5 * to] = last;
}

/// G g: three taps to six terms.
BP_INLINE void bp_winograd_g(bp_vector *r, const bp_vector *g, const int to, const int from) {
  const bp_vector g0 = g[0], g1 = g[from], g2 = g[2 * from];
  const bp_vector ends = g0 + g2;
  const bp_vector far = BP_FUSE(BP_NUMBER(4.0f), g2, g0) * (1.0f / 24.0f);
  const bp_vector middle = g1 * (1.0f / 12.0f);
  r[0] = g0 * 0.25f;
  r[to] = (ends + g1) * (-1.0f / 6.0f);
  r[2 * to] = (ends - g1) * (-1.0f / 6.0f);
  r[3 * to] = far + middle;
  r[4 * to] = far - middle;
  r[5 * to] = g2;
}

/// Gᵀ u: six terms to three taps.
BP_INLINE void bp_winograd_g_back(bp_vector *k, const bp_vector *u, const int to, const int from) {
  const bp_vector near = u[from] + u[2 * from], far = u[3 * from] + u[4 * from];
  const bp_vector across = u[2 * from] - u[from], beyond = u[3 * from] - u[4 * from];
  const bp_vector last = u[5 * from];
  const bp_vector sixth = BP_NUMBER(1.0f / 6.0f);
  k[0] = BP_FUSE(
    BP_NUMBER(0.25f), u[0], BP_FUSE(BP_NUMBER(1.0f / 24.0f), far, near * (-1.0f / 6.0f)));
  k[to] = BP_FUSE(BP_NUMBER(1.0f / 12.0f), beyond, across * sixth);
  k[2 * to] = BP_FUSE(sixth, far - near, last);
}

/// See bp_winograd_kernels.
static void bp_winograd_inputs(
  float *v, ptrdiff_t term, const float *x, ptrdiff_t row, ptrdiff_t column, bp_winograd_part part,
  int64_t channels
) {
  const bool whole = part.y0 <= 0 && part.x0 <= 0 && part.y1 >= 6 && part.x1 >= 6;
  for (int64_t c = 0; c < channels; c += BP_LANES) {
    bp_vector d[36];
    if (whole) {
      BP_UNROLL for (int i = 0; i < 6; i++) {
        BP_UNROLL for (int j = 0; j < 6; j++) d[6 * i + j] = bp_load(x + i * row + j * column + c);
      }
      // The tile below begins four rows further down; no hardware looks ahead that way.
      BP_UNROLL for (int i = 6; i < 10; i++) {
        BP_UNROLL for (int j = 0; j < 4; j++) {
          __builtin_prefetch(x + i * row + j * column + c, 0, 2);
        }
      }
    } else {
      for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
          const bool inside = i >= part.y0 && i < part.y1 && j >= part.x0 && j < part.x1;
          d[6 * i + j] = inside ? bp_load(x + i * row + j * column + c) : BP_NUMBER(0.0f);
        }
      }
    }
    BP_UNROLL for (int j = 0; j < 6; j++) bp_winograd_b(d + j, d + j, 6);
    BP_UNROLL for (int i = 0; i < 6; i++) bp_winograd_b(d + 6 * i, d + 6 * i, 1);
    BP_UNROLL for (int t = 0; t < 36; t++) bp_store(v + t * term + c, d[t]);
  }
}

static void bp_winograd_outputs(
  float *y, ptrdiff_t row, ptrdiff_t column, bp_winograd_part part, const float *m,
  ptrdiff_t term, int64_t channels
) {
  const bool whole = part.y1 >= 4 && part.x1 >= 4;
  for (int64_t c = 0; c < channels; c += BP_LANES) {
    bp_vector d[36], h[24], out[16];
    BP_UNROLL for (int t = 0; t < 36; t++) d[t] = bp_load(m + t * term + c);
    BP_UNROLL for (int j = 0; j < 6; j++) bp_winograd_a(h + j, d + j, 6, 6);
    BP_UNROLL for (int i = 0; i < 4; i++) bp_winograd_a(out + 4 * i, h + 6 * i, 1, 1);
    if (whole) {
      BP_UNROLL for (int i = 0; i < 4; i++) {
        BP_UNROLL for (int j = 0; j < 4; j++) {
          __builtin_prefetch(y + (i + 4) * row + j * column + c, 1, 2);
          bp_store(y + i * row + j * column + c, out[4 * i + j]);
        }
      }
    } else {
      for (int i = 0; i < part.y1 && i < 4; i++) {
        for (int j = 0; j < part.x1 && j < 4; j++) bp_store(y + i * row + j * column + c, out[4 * i + j]);
      }
    }
  }
}

static void bp_winograd_cotangents(
  float *e, ptrdiff_t term, const float *dy, ptrdiff_t row, ptrdiff_t column,
  bp_winograd_part part, int64_t channels
) {
  const bool whole = part.y1 >= 4 && part.x1 >= 4;
  for (int64_t c = 0; c < channels; c += BP_LANES) {
    bp_vector d[16], h[24], out[36];
    if (whole) {
      BP_UNROLL for (int i = 0; i < 4; i++) {
        BP_UNROLL for (int j = 0; j < 4; j++) {
          d[4 * i + j] = bp_load(dy + i * row + j * column + c);
          __builtin_prefetch(dy + (i + 4) * row + j * column + c, 0, 2);
        }
      }
    } else {
      for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
          const bool inside = i < part.y1 && j < part.x1;
          d[4 * i + j] = inside ? bp_load(dy + i * row + j * column + c) : BP_NUMBER(0.0f);
        }
      }
    }
    BP_UNROLL for (int j = 0; j < 4; j++) bp_winograd_a_back(h + j, d + j, 4, 4);
    BP_UNROLL for (int i = 0; i < 6; i++) bp_winograd_a_back(out + 6 * i, h + 4 * i, 1, 1);
    BP_UNROLL for (int t = 0; t < 36; t++) bp_store(e + t * term + c, out[t]);
  }
}

static void bp_winograd_kernel(
  float *u, ptrdiff_t term, const float *w, ptrdiff_t tap, int64_t channels
) {
  for (int64_t c = 0; c < channels; c += BP_LANES) {
    bp_vector g[9], h[18], out[36];
    BP_UNROLL for (int t = 0; t < 9; t++) g[t] = bp_load(w + t * tap + c);
    BP_UNROLL for (int j = 0; j < 3; j++) bp_winograd_g(h + j, g + j, 3, 3);
    BP_UNROLL for (int i = 0; i < 6; i++) bp_winograd_g(out + 6 * i, h + 3 * i, 1, 1);
    BP_UNROLL for (int t = 0; t < 36; t++) bp_store(u + t * term + c, out[t]);
  }
}

static void bp_winograd_gradient(
  float *w, ptrdiff_t tap, const float *u, ptrdiff_t term, ptrdiff_t part, int64_t parts,
  int64_t channels
) {
  for (int64_t c = 0; c < channels; c += BP_LANES) {
    bp_vector d[36], h[18], k[9];
    BP_UNROLL for (int t = 0; t < 36; t++) d[t] = bp_load(u + t * term + c);
    for (int64_t s = 1; s < parts; s++) {
      BP_UNROLL for (int t = 0; t < 36; t++) d[t] += bp_load(u + s * part + t * term + c);
    }
    BP_UNROLL for (int j = 0; j < 6; j++) bp_winograd_g_back(h + j, d + j, 6, 6);
    BP_UNROLL for (int i = 0; i < 3; i++) bp_winograd_g_back(k + 3 * i, h + 6 * i, 1, 1);
    BP_UNROLL for (int t = 0; t < 9; t++) bp_store(w + t * tap + c, k[t]);
  }
}
