// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// A vector times a matrix whose columns are contiguous: what a layer does to one example. Every
// number of the matrix is read once, so memory sets the pace. Vectors run along the results, to keep
// each sum one chain; blocks of the matrix are transposed in registers on their way. Included by a
// level's file after bp_gemm_pack.h.

#if BP_LANES == 4
#define BP_FUSE_FOUR BP_FUSE
#else
#define BP_FUSE_FOUR __builtin_elementwise_fma
#endif

/// c[j] = sum of a[p] b[j * stride + p] for so many times four j, p ascending. `ahead`: the columns
/// of b that come next, which are asked for meanwhile; or NULL.
BP_INLINE void bp_dots_fours(
  const int fours, float *c, const float *b, ptrdiff_t stride, const float *a, size_t k,
  const float *ahead
) {
  bp_four sum[4];
  BP_UNROLL for (int f = 0; f < fours; f++) sum[f] = 0.0f;
  size_t p = 0;
  for (; p + 4 <= k; p += 4) {
    if (ahead && p % 16 == 0) {
      for (int i = 0; i < 4 * fours; i++) __builtin_prefetch(ahead + i * stride + p, 0, 3);
    }
    BP_UNROLL for (int f = 0; f < fours; f++) {
      const float *from = b + 4 * f * stride + p;
      bp_four r0 = bp_load_four(BP_FLOATS, from, 0);
      bp_four r1 = bp_load_four(BP_FLOATS, from, stride);
      bp_four r2 = bp_load_four(BP_FLOATS, from, 2 * stride);
      bp_four r3 = bp_load_four(BP_FLOATS, from, 3 * stride);
      bp_four low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
      bp_four low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
      bp_four high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
      bp_four high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
      bp_four c0 = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
      bp_four c1 = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
      bp_four c2 = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
      bp_four c3 = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
      sum[f] = BP_FUSE_FOUR((bp_four)a[p], c0, sum[f]);
      sum[f] = BP_FUSE_FOUR((bp_four)a[p + 1], c1, sum[f]);
      sum[f] = BP_FUSE_FOUR((bp_four)a[p + 2], c2, sum[f]);
      sum[f] = BP_FUSE_FOUR((bp_four)a[p + 3], c3, sum[f]);
    }
  }
  for (; p < k; p++) {
    BP_UNROLL for (int f = 0; f < fours; f++) {
      const float *from = b + 4 * f * stride + p;
      bp_four column = {from[0], from[stride], from[2 * stride], from[3 * stride]};
      sum[f] = BP_FUSE_FOUR((bp_four)a[p], column, sum[f]);
    }
  }
  BP_UNROLL for (int f = 0; f < fours; f++) bp_store_four(c + 4 * f, sum[f]);
}

/// c[j] = sum of a[p] b[j * stride + p] for j < n, p < k ascending.
static void bp_dots(
  float *c, size_t n, const float *b, ptrdiff_t stride, const float *a, size_t k
) {
  size_t j = 0;
  for (; j + 16 <= n; j += 16) {
    const float *from = b + (ptrdiff_t)j * stride, *ahead = j + 32 <= n ? from + 16 * stride : NULL;
    bp_dots_fours(4, c + j, from, stride, a, k, ahead);
  }
  for (; j + 4 <= n; j += 4) {
    bp_dots_fours(1, c + j, b + (ptrdiff_t)j * stride, stride, a, k, NULL);
  }
  for (; j < n; j++) {
    bp_four sum = 0.0f;
    for (size_t p = 0; p < k; p++) {
      sum = BP_FUSE_FOUR((bp_four)a[p], (bp_four)b[(ptrdiff_t)j * stride + (ptrdiff_t)p], sum);
    }
    c[j] = sum[0];
  }
}
