// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// A vector times a matrix whose columns are contiguous: what a layer does to one example. Every
// number of the matrix is read once, so memory sets the pace. Vectors run along the results, to
// keep each sum one chain; blocks of the matrix are transposed in registers on their way. There a
// bfloat16 becomes a float, which is exact. Included by a level's file after bp_gemm_pack.h.

#if BP_LANES == 4
#define BP_FUSE_FOUR BP_FUSE
#else
#define BP_FUSE_FOUR __builtin_elementwise_fma
#endif

/// Four rows of four elements of 32 bits each become four columns.
BP_INLINE void bp_turn_fours(bp_four_bits *row) {
  bp_four_bits low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
  bp_four_bits low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
  bp_four_bits high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  bp_four_bits high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  row[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  row[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  row[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  row[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

/// sum + a[p] b[p], p ascending, for the first 16 bytes of four columns, which lie `column` bytes
/// apart.
BP_INLINE bp_four bp_dots_block(
  const int kind, bp_four sum, const char *b, ptrdiff_t column, const float *a
) {
  bp_four_bits block[4];
  BP_UNROLL for (int i = 0; i < 4; i++) {
    block[i] = *(const bp_four_bits_in_memory *)(b + i * column);
  }
  bp_turn_fours(block);
  BP_UNROLL for (int i = 0; i < 4; i++) {
    if (kind == BP_HALVES) {
      // The first of two neighbours is the lower half.
      bp_four first = (bp_four)(block[i] << 16), second = (bp_four)(block[i] & 0xffff0000);
      sum = BP_FUSE_FOUR((bp_four)a[2 * i], first, sum);
      sum = BP_FUSE_FOUR((bp_four)a[2 * i + 1], second, sum);
    } else {
      sum = BP_FUSE_FOUR((bp_four)a[i], (bp_four)block[i], sum);
    }
  }
  return sum;
}

/// Element p of four columns from column j on.
BP_INLINE bp_four bp_load_fours(
  const int kind, const char *b, ptrdiff_t j, ptrdiff_t stride, size_t p
) {
  bp_four four;
  BP_UNROLL for (int i = 0; i < 4; i++) {
    four[i] = bp_load_one(kind, b, (j + i) * stride + (ptrdiff_t)p);
  }
  return four;
}

/// c[j] = sum of a[p] b[j * stride + p] for so many times four j, p ascending. `ahead`: the columns
/// of b that come next, which are asked for meanwhile; or NULL.
BP_INLINE void bp_dots_fours(
  const int kind, const int fours, float *c, const char *b, ptrdiff_t stride, const float *a,
  size_t k, const char *ahead
) {
  const ptrdiff_t size = kind == BP_HALVES ? 2 : 4, column = stride * size;
  // Columns take turns by 16 bytes for floats, by a whole line of the cache for bfloat16: what was
  // measured to be the faster order for each.
  const int parts = kind == BP_HALVES ? 4 : 1;
  const size_t line = 64 / size, part = 16 / size, turn = (size_t)parts * part;
  bp_four sum[4];
  BP_UNROLL for (int f = 0; f < fours; f++) sum[f] = 0.0f;
  size_t p = 0;
  for (; p + turn <= k; p += turn) {
    if (ahead && p % line == 0) {
      for (int i = 0; i < 4 * fours; i++) {
        __builtin_prefetch(ahead + i * column + (ptrdiff_t)p * size, 0, 3);
      }
    }
    BP_UNROLL for (int f = 0; f < fours; f++) {
      const char *from = b + 4 * f * column + (ptrdiff_t)p * size;
      BP_UNROLL for (int q = 0; q < parts; q++) {
        sum[f] = bp_dots_block(kind, sum[f], from + 16 * q, column, a + p + (size_t)q * part);
      }
    }
  }
  for (; p + part <= k; p += part) {
    BP_UNROLL for (int f = 0; f < fours; f++) {
      const char *from = b + 4 * f * column + (ptrdiff_t)p * size;
      sum[f] = bp_dots_block(kind, sum[f], from, column, a + p);
    }
  }
  for (; p < k; p++) {
    BP_UNROLL for (int f = 0; f < fours; f++) {
      sum[f] = BP_FUSE_FOUR((bp_four)a[p], bp_load_fours(kind, b, 4 * f, stride, p), sum[f]);
    }
  }
  BP_UNROLL for (int f = 0; f < fours; f++) bp_store_four(c + 4 * f, sum[f]);
}

/// The same for 16 columns that lie some pages apart. Lines at the same place of them share one set
/// of the first-level cache, which can't hold 16 and those that are asked for: so each four columns
/// are a line behind the four before them, and what comes next is asked into the second level.
BP_INLINE void bp_dots_staggered(
  const int kind, float *c, const char *b, ptrdiff_t stride, const float *a, size_t k,
  const char *ahead
) {
  enum { fours = 4, parts = 4 };
  const ptrdiff_t size = kind == BP_HALVES ? 2 : 4, column = stride * size;
  const size_t line = 64 / size, part = 16 / size, lines = k / line;
  bp_four sum[fours];
  BP_UNROLL for (int f = 0; f < fours; f++) sum[f] = 0.0f;
  for (size_t turn = 0; turn < lines + fours - 1; turn++) {
    if (ahead && turn < lines) {
      for (int i = 0; i < 4 * fours; i++) {
        __builtin_prefetch(ahead + i * column + 64 * (ptrdiff_t)turn, 0, 2);
      }
    }
    const bool all = turn >= fours - 1 && turn < lines;
    BP_UNROLL for (int q = 0; q < parts; q++) {
      BP_UNROLL for (int f = 0; f < fours; f++) {
        // Beyond the last line, and before the first one.
        const size_t at = turn - (size_t)f;
        if (!all && at >= lines) continue;
        const char *from = b + 4 * f * column + 64 * (ptrdiff_t)at + 16 * q;
        sum[f] = bp_dots_block(kind, sum[f], from, column, a + at * line + (size_t)q * part);
      }
    }
  }
  for (size_t p = lines * line; p < k; p++) {
    BP_UNROLL for (int f = 0; f < fours; f++) {
      sum[f] = BP_FUSE_FOUR((bp_four)a[p], bp_load_fours(kind, b, 4 * f, stride, p), sum[f]);
    }
  }
  BP_UNROLL for (int f = 0; f < fours; f++) bp_store_four(c + 4 * f, sum[f]);
}

/// c[j] = sum of a[p] b[j * stride + p] for j < n, p < k ascending. `more` columns will be asked
/// for behind these.
BP_INLINE void bp_dots(
  const int kind, float *c, size_t n, size_t more, const void *b, ptrdiff_t stride, const float *a,
  size_t k
) {
  const ptrdiff_t column = stride * (kind == BP_HALVES ? 2 : 4);
  const char *columns = b;
  size_t j = 0;
  for (; j + 16 <= n; j += 16) {
    const char *from = columns + (ptrdiff_t)j * column;
    const char *ahead = j + 32 <= n + more ? from + 16 * column : NULL;
    if (column % 4096 == 0) {
      bp_dots_staggered(kind, c + j, from, stride, a, k, ahead);
    } else {
      bp_dots_fours(kind, 4, c + j, from, stride, a, k, ahead);
    }
  }
  for (; j + 4 <= n; j += 4) {
    bp_dots_fours(kind, 1, c + j, columns + (ptrdiff_t)j * column, stride, a, k, NULL);
  }
  for (; j < n; j++) {
    bp_four sum = 0.0f;
    for (size_t p = 0; p < k; p++) {
      const float element = bp_load_one(kind, b, (ptrdiff_t)j * stride + (ptrdiff_t)p);
      sum = BP_FUSE_FOUR((bp_four)a[p], (bp_four)element, sum);
    }
    c[j] = sum[0];
  }
}

static void bp_dots_floats(
  float *c, size_t n, size_t more, const void *b, ptrdiff_t stride, const float *a, size_t k
) {
  bp_dots(BP_FLOATS, c, n, more, b, stride, a, k);
}

static void bp_dots_halves(
  float *c, size_t n, size_t more, const void *b, ptrdiff_t stride, const float *a, size_t k
) {
  bp_dots(BP_HALVES, c, n, more, b, stride, a, k);
}
