// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Strided copies, transposes by blocks among them; fills; conversions of arrays.

#include <stdlib.h>
#include <string.h>

#include "bp_gemm.h"
#include "bp_kernels.h"
#include "bp_pass_internal.h"

enum { UNIT = 16384, BLOCK = 16 };

/// How a prepared copy is cut: its last two dims into rectangles, small ones taken together.
typedef struct cut {
  int64_t outer, rows, cols, unit_outer, unit_rows, unit_cols, row_blocks, col_blocks;
} cut;

static cut cut_copy(const bp_copy *copy) {
  const uint32_t rank = copy->rank;
  cut c = {.outer = 1, .rows = copy->dims[rank - 2], .cols = copy->dims[rank - 1]};
  for (uint32_t k = 0; k + 2 < rank; k++) c.outer *= copy->dims[k];
  c.unit_cols = bp_least(bp_greatest(c.cols, 1), UNIT);
  c.unit_rows = bp_greatest(UNIT / c.unit_cols / BLOCK, 1) * BLOCK;
  c.unit_outer = c.rows <= c.unit_rows && c.cols <= c.unit_cols
      ? bp_greatest(UNIT / bp_greatest(c.rows * c.cols, 1), 1) : 1;
  c.row_blocks = (c.rows + c.unit_rows - 1) / c.unit_rows;
  c.col_blocks = (c.cols + c.unit_cols - 1) / c.unit_cols;
  return c;
}

static void swap_dims(bp_copy *copy, uint32_t a, uint32_t b) {
  int64_t *tables[3] = {copy->dims, copy->dst_strides, copy->src_strides};
  for (int i = 0; i < 3; i++) {
    const int64_t t = tables[i][a];
    tables[i][a] = tables[i][b];
    tables[i][b] = t;
  }
}

int bp_copy_prepare(
    bp_copy *copy, uint32_t rank, const int64_t *dims, const int64_t *dst_strides,
    const int64_t *src_strides, uint32_t size) {
  if (rank > BP_MAX_RANK || (size != 1 && size != 2 && size != 4)) return -1;
  bp_copy sorted = {.size = size};
  for (uint32_t k = 0; k < rank; k++) {
    if (dims[k] == 1) continue;
    if (dims[k] < 0) return -1;
    const uint32_t n = sorted.rank++;
    sorted.dims[n] = dims[k];
    sorted.dst_strides[n] = dst_strides[k];
    sorted.src_strides[n] = src_strides[k];
  }
  // In the order in which the destination lies in memory.
  for (uint32_t i = 1; i < sorted.rank; i++) {
    for (uint32_t k = i; k > 0; k--) {
      if (llabs(sorted.dst_strides[k]) <= llabs(sorted.dst_strides[k - 1])) break;
      swap_dims(&sorted, k, k - 1);
    }
  }
  *copy = (bp_copy){.size = size};
  for (uint32_t k = 0; k < sorted.rank; k++) {
    const uint32_t n = copy->rank;
    if (n > 0 && copy->dst_strides[n - 1] == sorted.dst_strides[k] * sorted.dims[k]
        && copy->src_strides[n - 1] == sorted.src_strides[k] * sorted.dims[k]) {
      copy->dims[n - 1] *= sorted.dims[k];
      copy->dst_strides[n - 1] = sorted.dst_strides[k];
      copy->src_strides[n - 1] = sorted.src_strides[k];
    } else {
      copy->dims[n] = sorted.dims[k];
      copy->dst_strides[n] = sorted.dst_strides[k];
      copy->src_strides[n] = sorted.src_strides[k];
      copy->rank++;
    }
  }
  while (copy->rank < 2) {
    if (copy->rank == 1) swap_dims(copy, 0, 1);
    copy->dims[0] = 1;
    copy->dst_strides[0] = copy->src_strides[0] = 0;
    if (++copy->rank == 1) continue;
  }
  // Beside the destination's last dim, the one in which the source is contiguous.
  const uint32_t last = copy->rank - 1;
  for (uint32_t k = 0; k + 1 < last && copy->src_strides[last] != 1; k++) {
    if (copy->src_strides[k] == 1) swap_dims(copy, k, last - 1);
  }
  const cut c = cut_copy(copy);
  copy->units = (c.outer + c.unit_outer - 1) / c.unit_outer * c.row_blocks * c.col_blocks;
  const double elements = (double)bp_least(c.unit_rows, c.rows) * (double)bp_least(c.unit_cols, c.cols)
      * (double)bp_least(c.unit_outer, c.outer);
  const int plain = copy->src_strides[last] == 1 && copy->dst_strides[last] == 1;
  copy->unit_cost = elements * (plain ? 0.05 * size : 0.6);
  return 0;
}

typedef uint32_t quad __attribute__((ext_vector_type(4), aligned(4)));
typedef uint16_t oct __attribute__((ext_vector_type(8), aligned(2)));
typedef quad quad_m __attribute__((may_alias));
typedef oct oct_m __attribute__((may_alias));

#define ZIP_LOW4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define ZIP_LOW8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH8(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)

/// dst[r, c] = src[c, r] for 4 x 4 elements of 4 bytes; strides in elements.
static inline void transpose4(uint32_t *dst, int64_t dst_row, const uint32_t *src, int64_t src_col) {
  quad a = *(const quad_m *)src, b = *(const quad_m *)(src + src_col);
  quad c = *(const quad_m *)(src + 2 * src_col), d = *(const quad_m *)(src + 3 * src_col);
  const quad ac0 = ZIP_LOW4(a, c), ac1 = ZIP_HIGH4(a, c);
  const quad bd0 = ZIP_LOW4(b, d), bd1 = ZIP_HIGH4(b, d);
  *(quad_m *)dst = ZIP_LOW4(ac0, bd0);
  *(quad_m *)(dst + dst_row) = ZIP_HIGH4(ac0, bd0);
  *(quad_m *)(dst + 2 * dst_row) = ZIP_LOW4(ac1, bd1);
  *(quad_m *)(dst + 3 * dst_row) = ZIP_HIGH4(ac1, bd1);
}

/// The same for 8 x 8 elements of 2 bytes: three rounds of a perfect shuffle.
static inline void transpose8(uint16_t *dst, int64_t dst_row, const uint16_t *src, int64_t src_col) {
  oct v[8], w[8];
  for (int i = 0; i < 8; i++) v[i] = *(const oct_m *)(src + i * src_col);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 4; i++) {
      w[2 * i] = ZIP_LOW8(v[i], v[i + 4]);
      w[2 * i + 1] = ZIP_HIGH8(v[i], v[i + 4]);
    }
    for (int i = 0; i < 8; i++) v[i] = w[i];
  }
  for (int i = 0; i < 8; i++) *(oct_m *)(dst + i * dst_row) = v[i];
}

#define SCALAR_COPY(T)                                                              \
  for (int64_t r = 0; r < rows; r++) {                                              \
    for (int64_t c = 0; c < cols; c++) {                                            \
      ((T *)dst)[r * dst_row + c * dst_col] = ((const T *)src)[r * src_row + c * src_col]; \
    }                                                                               \
  }

#define BLOCKED(T, side, transpose)                                                 \
  for (int64_t r0 = 0; r0 < rows; r0 += BLOCK) {                                    \
    const int64_t r1 = bp_least(r0 + BLOCK, rows), whole_r = r0 + (r1 - r0) / side * side; \
    for (int64_t c0 = 0; c0 < cols; c0 += BLOCK) {                                  \
      const int64_t c1 = bp_least(c0 + BLOCK, cols), whole_c = c0 + (c1 - c0) / side * side; \
      for (int64_t c = c0; c < whole_c; c += side) {                                \
        for (int64_t r = r0; r < whole_r; r += side) {                              \
          transpose((T *)dst + r * dst_row + c, dst_row, (const T *)src + r + c * src_col, src_col); \
        }                                                                           \
      }                                                                             \
      for (int64_t r = r0; r < r1; r++) {                                           \
        for (int64_t c = r < whole_r ? whole_c : c0; c < c1; c++) {                 \
          ((T *)dst)[r * dst_row + c] = ((const T *)src)[r + c * src_col];          \
        }                                                                           \
      }                                                                             \
    }                                                                               \
  }

static inline void transpose1(uint8_t *dst, int64_t dst_row, const uint8_t *src, int64_t src_col) {
  for (int r = 0; r < 8; r++) {
    for (int c = 0; c < 8; c++) dst[r * dst_row + c] = src[r + c * src_col];
  }
}

static void copy_rectangle(
    const bp_copy *copy, char *dst, const char *src, int64_t rows, int64_t cols) {
  const uint32_t last = copy->rank - 1;
  const int64_t dst_row = copy->dst_strides[last - 1], dst_col = copy->dst_strides[last];
  const int64_t src_row = copy->src_strides[last - 1], src_col = copy->src_strides[last];
  const int64_t size = copy->size;
  if (dst_col == 1 && src_col == 1 && cols > 4) {
    for (int64_t r = 0; r < rows; r++) {
      memcpy(dst + r * dst_row * size, src + r * src_row * size, (size_t)(cols * size));
    }
  } else if (dst_col == 1 && src_row == 1 && rows > 1) {
    if (size == 4) BLOCKED(uint32_t, 4, transpose4)
    else if (size == 2) BLOCKED(uint16_t, 8, transpose8)
    else BLOCKED(uint8_t, 8, transpose1)
  } else if (size == 4) {
    SCALAR_COPY(uint32_t)
  } else if (size == 2) {
    SCALAR_COPY(uint16_t)
  } else {
    SCALAR_COPY(uint8_t)
  }
}

void bp_copy_run(const bp_copy *copy, void *dst, const void *src, int64_t begin, int64_t end) {
  const cut c = cut_copy(copy);
  const uint32_t rank = copy->rank;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t n0 = unit % c.col_blocks * c.unit_cols;
    const int64_t m0 = unit / c.col_blocks % c.row_blocks * c.unit_rows;
    const int64_t o0 = unit / (c.col_blocks * c.row_blocks) * c.unit_outer;
    for (int64_t o = o0; o < bp_least(o0 + c.unit_outer, c.outer); o++) {
      int64_t d = m0 * copy->dst_strides[rank - 2] + n0 * copy->dst_strides[rank - 1];
      int64_t s = m0 * copy->src_strides[rank - 2] + n0 * copy->src_strides[rank - 1];
      int64_t rest = o;
      for (uint32_t k = rank - 2; k > 0; k--) {
        d += rest % copy->dims[k - 1] * copy->dst_strides[k - 1];
        s += rest % copy->dims[k - 1] * copy->src_strides[k - 1];
        rest /= copy->dims[k - 1];
      }
      copy_rectangle(
          copy, (char *)dst + d * copy->size, (const char *)src + s * copy->size,
          bp_least(c.unit_rows, c.rows - m0), bp_least(c.unit_cols, c.cols - n0));
    }
  }
}

void bp_fill(void *dst, uint32_t size, uint32_t bits, int64_t count) {
  if (size == 1) {
    memset(dst, (int)(bits & 255), (size_t)count);
  } else if (size == 2) {
    for (int64_t i = 0; i < count; i++) ((uint16_t *)dst)[i] = (uint16_t)bits;
  } else {
    for (int64_t i = 0; i < count; i++) ((uint32_t *)dst)[i] = bits;
  }
}

int bp_convert(void *dst, bp_dtype dst_type, const void *src, bp_dtype src_type, int64_t count) {
  const bp_level_table *level = bp_level_code(bp_level_best());
  if (dst_type == src_type) {
    memcpy(dst, src, (size_t)count * bp_element_size(dst_type));
    return 0;
  }
  if (dst_type == BP_F32 && (src_type == BP_BF16 || src_type == BP_F16)) {
    // Whole vectors straight into place; the tile's last vector would be written past the end.
    const bp_access access = {.dtype = src_type, .size = 2, .row = 0, .col = 1};
    const int64_t whole = count / BP_LANES * BP_LANES;
    level->copy_in(dst, whole, src, &access, 0, 1, whole);
    uint32_t rest[BP_LANES];
    level->copy_in(rest, BP_LANES, (const char *)src + whole * 2, &access, 0, 1, count - whole);
    memcpy((uint32_t *)dst + whole, rest, (size_t)(count - whole) * 4);
    return 0;
  }
  if (src_type == BP_F32 && (dst_type == BP_BF16 || dst_type == BP_F16)) {
    const bp_access access = {.dtype = dst_type, .size = 2, .row = 0, .col = 1};
    level->copy_out(src, 0, 1, dst, &access, 1, count);
    return 0;
  }
  return -1;
}
