// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Packing operands into panels, for one SIMD level: included by the level's file after
// bp_gemm_tile.h.

typedef float bp_four __attribute__((ext_vector_type(4)));
typedef float bp_four_in_memory __attribute__((ext_vector_type(4), aligned(4), may_alias));
typedef uint16_t bp_four_halves __attribute__((ext_vector_type(4)));
typedef uint16_t bp_four_halves_in_memory
  __attribute__((ext_vector_type(4), aligned(2), may_alias));
typedef uint32_t bp_four_bits __attribute__((ext_vector_type(4)));
typedef uint32_t bp_four_bits_in_memory
  __attribute__((ext_vector_type(4), aligned(2), may_alias));

/// What an element of the unpacked operand is: a float, a bfloat16, or two bfloat16 side by side.
enum { BP_FLOATS, BP_HALVES, BP_PAIRS };

/// Four adjacent elements, `at` counted in the operand's own type.
BP_INLINE bp_four bp_load_four(const int kind, const void *from, ptrdiff_t at) {
  if (kind == BP_FLOATS) return *(const bp_four_in_memory *)((const float *)from + at);
  if (kind == BP_PAIRS) return *(const bp_four_in_memory *)((const uint16_t *)from + at);
  bp_four_halves halves = *(const bp_four_halves_in_memory *)((const uint16_t *)from + at);
  return (bp_four)(__builtin_convertvector(halves, bp_four_bits) << 16);
}

BP_INLINE float bp_load_one(const int kind, const void *from, ptrdiff_t at) {
  if (kind == BP_FLOATS) return ((const float *)from)[at];
  uint32_t bits = ((const uint16_t *)from)[at];
  if (kind == BP_PAIRS) bits |= (uint32_t)((const uint16_t *)from)[at + 1] << 16;
  else bits <<= 16;
  return __builtin_bit_cast(float, bits);
}

BP_INLINE void bp_store_four(float *to, bp_four value) { *(bp_four_in_memory *)to = value; }

/// Element by element: for what the quicker ways leave over.
BP_INLINE void bp_pack_rest(
  const int kind, float *to, size_t width, size_t i0, size_t i1, size_t p0, size_t p1,
  const void *from, ptrdiff_t stride, ptrdiff_t step
) {
  for (size_t p = p0; p < p1; p++) {
    for (size_t i = i0; i < i1; i++) {
      to[p * width + i] = bp_load_one(kind, from, (ptrdiff_t)i * stride + (ptrdiff_t)p * step);
    }
  }
}

/// The panel's width is contiguous: each step copies a short run.
BP_INLINE void bp_pack_runs(
  const int kind, float *to, size_t width, size_t valid, size_t k, const void *from,
  ptrdiff_t step
) {
  if (valid < 4) {
    bp_pack_rest(kind, to, width, 0, valid, 0, k, from, 1, step);
  } else if (valid == 2 * BP_LANES) {
    for (size_t p = 0; p < k; p++) {
      BP_UNROLL for (int i = 0; i < 2 * BP_LANES; i += 4) {
        bp_store_four(to + i, bp_load_four(kind, from, (ptrdiff_t)p * step + i));
      }
      to += width;
    }
  } else {
    for (size_t p = 0; p < k; p++) {
      for (size_t i = 0; i + 4 <= valid; i += 4) {
        bp_store_four(to + i, bp_load_four(kind, from, (ptrdiff_t)p * step + (ptrdiff_t)i));
      }
      bp_store_four(
        to + valid - 4, bp_load_four(kind, from, (ptrdiff_t)p * step + (ptrdiff_t)valid - 4));
      to += width;
    }
  }
}

/// The steps of k are contiguous: blocks of four by four are transposed in registers. `step` is
/// how many of the operand's elements a packed one stands for.
BP_INLINE void bp_pack_transposed(
  const int kind, float *to, size_t width, size_t valid, size_t k, const void *from,
  ptrdiff_t stride
) {
  const ptrdiff_t step = kind == BP_PAIRS ? 2 : 1;
  if (valid < 4) {
    bp_pack_rest(kind, to, width, 0, valid, 0, k, from, stride, step);
    return;
  }
  size_t p = 0, first = 0;
#if defined(BP_TRANSPOSE)
  // Where elements are 32 bits wide, sixteen by sixteen; what is left of the width by fours.
  const size_t whole = valid / 16 * 16, deep = k / 16 * 16;
  if (kind != BP_HALVES && whole > 0) {
    for (size_t i = 0; i < whole; i += 16) {
      for (size_t q = 0; q < deep; q += 16) {
        const ptrdiff_t at = (ptrdiff_t)i * stride + (ptrdiff_t)q * step;
        if (kind == BP_FLOATS) {
          BP_TRANSPOSE(to + q * width + i, width, (const float *)from + at, stride);
        } else {
          // A packed element is two bfloat16: strides in bfloat16 must be even.
          if (stride % 2 != 0) goto by_fours;
          BP_TRANSPOSE(
            to + q * width + i, width, (const float *)((const uint16_t *)from + at), stride / 2);
        }
      }
    }
    // The last steps of the whole part; then all steps of the rest.
    for (size_t q = deep; q < k; q++) {
      bp_pack_rest(kind, to, width, 0, whole, q, q + 1, from, stride, step);
    }
    if (whole == valid) return;
    first = whole;
  }
by_fours:
#endif
  for (; p + 4 <= k; p += 4) {
    for (size_t group = first; group < valid; group += 4) {
      size_t i = group + 4 <= valid ? group : valid - 4;
      ptrdiff_t at = (ptrdiff_t)i * stride + (ptrdiff_t)p * step;
      bp_four r0 = bp_load_four(kind, from, at);
      bp_four r1 = bp_load_four(kind, from, at + stride);
      bp_four r2 = bp_load_four(kind, from, at + 2 * stride);
      bp_four r3 = bp_load_four(kind, from, at + 3 * stride);
      bp_four low01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
      bp_four low23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
      bp_four high01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
      bp_four high23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
      float *out = to + p * width + i;
      bp_store_four(out, __builtin_shufflevector(low01, low23, 0, 1, 4, 5));
      bp_store_four(out + width, __builtin_shufflevector(low01, low23, 2, 3, 6, 7));
      bp_store_four(out + 2 * width, __builtin_shufflevector(high01, high23, 0, 1, 4, 5));
      bp_store_four(out + 3 * width, __builtin_shufflevector(high01, high23, 2, 3, 6, 7));
    }
  }
  bp_pack_rest(kind, to, width, first, valid, p, k, from, stride, step);
}

BP_INLINE void bp_pack_zeros(float *to, size_t width, size_t valid, size_t k) {
  if (valid == width) return;
  for (size_t p = 0; p < k; p++) {
    for (size_t i = valid; i < width; i++) to[p * width + i] = 0.0f;
  }
}

BP_INLINE void bp_pack(
  const int kind, float *to, size_t width, size_t valid, size_t k, const void *from,
  ptrdiff_t stride, ptrdiff_t step
) {
  if (stride == 1) bp_pack_runs(kind, to, width, valid, k, from, step);
  else if (step == 1) bp_pack_transposed(kind, to, width, valid, k, from, stride);
  else bp_pack_rest(kind, to, width, 0, valid, 0, k, from, stride, step);
  bp_pack_zeros(to, width, valid, k);
}

static void bp_pack_floats(
  float *to, size_t width, size_t valid, size_t k, const void *from, ptrdiff_t stride,
  ptrdiff_t step
) {
  bp_pack(BP_FLOATS, to, width, valid, k, from, stride, step);
}

#if !defined(BP_DOT)
static void bp_pack_halves(
  float *to, size_t width, size_t valid, size_t k, const void *from, ptrdiff_t stride,
  ptrdiff_t step
) {
  bp_pack(BP_HALVES, to, width, valid, k, from, stride, step);
}
#else
/// Here k counts bfloat16; the panel has (k + 1) / 2 steps.
static void bp_pack_halves(
  float *to, size_t width, size_t valid, size_t k, const void *from, ptrdiff_t stride,
  ptrdiff_t step
) {
  const size_t whole = k / 2;
  const uint16_t *halves = from;
  if (step == 1) {
    bp_pack_transposed(BP_PAIRS, to, width, valid, whole, from, stride);
  } else {
    for (size_t p = 0; p < whole; p++) {
      const uint16_t *first = halves + (ptrdiff_t)(2 * p) * step, *second = first + step;
      float *out = to + p * width;
      size_t i = 0;
      for (; stride == 1 && i + 4 <= valid; i += 4) {
        bp_four_halves a = *(const bp_four_halves_in_memory *)(first + i);
        bp_four_halves b = *(const bp_four_halves_in_memory *)(second + i);
        bp_store_four(
          out + i,
          (bp_four)(__builtin_convertvector(a, bp_four_bits)
            | __builtin_convertvector(b, bp_four_bits) << 16));
      }
      for (; i < valid; i++) {
        ptrdiff_t at = (ptrdiff_t)i * stride;
        uint32_t bits = first[at] | (uint32_t)second[at] << 16;
        out[i] = __builtin_bit_cast(float, bits);
      }
    }
  }
  if (k % 2) {
    for (size_t i = 0; i < valid; i++) {
      uint32_t bits = halves[(ptrdiff_t)i * stride + (ptrdiff_t)(k - 1) * step];
      to[whole * width + i] = __builtin_bit_cast(float, bits);
    }
  }
  bp_pack_zeros(to, width, valid, whole + k % 2);
}
#endif

static void bp_round_halves(uint16_t *to, const float *from, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits = __builtin_bit_cast(uint32_t, from[i]);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    to[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded);
  }
}
