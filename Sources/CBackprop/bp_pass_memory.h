// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Copies between tiles and tensors in memory: strides, casts, repeated values. Included by
// bp_pass_level.h, once per SIMD level.

typedef uint16_t BP_HALVES __attribute__((ext_vector_type(16)));
typedef uint8_t BP_BYTES __attribute__((ext_vector_type(16)));
typedef BP_HALVES BP_MEMORY_H __attribute__((aligned(1), may_alias));
typedef BP_BYTES BP_MEMORY_B __attribute__((aligned(1), may_alias));

// From the bits of a memory type to a register's, and back.

BP_FN F bp_from_bf16(U h) { return (F)(h << 16); }

BP_FN F bp_from_f16(U h) {
  const U magnitude = h & 0x7fffu;
  const U shifted = magnitude << 13;
  const F normal = (F)(shifted + (U)(112u << 23));
  const F special = (F)(shifted | (U)0x7f800000u);
  const F small = __builtin_convertvector((I)magnitude, F) * 0x1p-24f;
  F y = (magnitude >= 0x7c00u) ? special : normal;
  y = (magnitude < 0x400u) ? small : y;
  return (F)((U)y | ((h & 0x8000u) << 16));
}

BP_FN F bp_from_bool(U b) { return (F)((b != 0u) & 0x3f800000); }

BP_FN U bp_to_bf16(F x) { return (U)bp_round_bf16(x) >> 16; }

BP_FN U bp_to_f16(F x) {
  const F rounded = bp_abs(bp_round_f16(x));
  const U bits = (U)rounded;
  const U normal = (bits >> 13) - (U)(112u << 10);
  const F scaled = (rounded < 6.103515625e-05f) ? rounded * 0x1p24f : (F)0.0f;
  U h = (rounded < 6.103515625e-05f) ? (U)__builtin_convertvector(scaled, I) : normal;
  h = (rounded == BP_INFINITY) ? (U)0x7c00u : h;
  h = (rounded != rounded) ? ((bits >> 13) & 0x3ffu) | (U)0x7e00u : h;
  return h | (((U)x >> 16) & 0x8000u);
}

BP_FN U bp_to_bool(F x) { return (U)(x != 0.0f) & 1u; }

/// One contiguous run. `Lanes` is the memory's vector, `from` makes 16 words of it.
#define BP_RUN_IN(Scalar, Lanes, from)                                              \
  for (; i + BP_LANES <= cols; i += BP_LANES) {                                     \
    const U h = __builtin_convertvector(*(const Lanes *)((const Scalar *)p + i), U); \
    BP_STORE_I(tile, i, (I)(from));                                                 \
  }                                                                                 \
  if (i < cols) {                                                                   \
    Scalar rest[BP_LANES] = {0};                                                    \
    memcpy(rest, (const Scalar *)p + i, (size_t)(cols - i) * sizeof(Scalar));       \
    const U h = __builtin_convertvector(*(const Lanes *)rest, U);                   \
    BP_STORE_I(tile, i, (I)(from));                                                 \
  }

static void bp_run_in(BP_WORD *tile, const char *p, uint32_t dtype, int64_t cols) {
  int64_t i = 0;
  switch (dtype) {
    case BP_BF16: BP_RUN_IN(uint16_t, BP_MEMORY_H, bp_from_bf16(h)) break;
    case BP_F16: BP_RUN_IN(uint16_t, BP_MEMORY_H, bp_from_f16(h)) break;
    case BP_U8: BP_RUN_IN(uint8_t, BP_MEMORY_B, h) break;
    case BP_BOOL: BP_RUN_IN(uint8_t, BP_MEMORY_B, bp_from_bool(h)) break;
    default:
      for (; i + BP_LANES <= cols; i += BP_LANES) {
        BP_STORE_I(tile, i, BP_VECTOR_I((const BP_WORD *)p, i));
      }
      if (i < cols) {
        BP_STORE_I(tile, i, bp_i(0));
        for (; i < cols; i++) tile[i] = ((const BP_WORD *)p)[i];
      }
  }
}

/// Casts 16 words that a strided copy gathered as raw memory elements.
BP_FN I bp_cast_in(U h, uint32_t dtype) {
  switch (dtype) {
    case BP_BF16: return (I)bp_from_bf16(h);
    case BP_F16: return (I)bp_from_f16(h);
    case BP_BOOL: return (I)bp_from_bool(h);
    default: return (I)h;
  }
}

BP_FN U bp_cast_out(U w, uint32_t dtype) {
  switch (dtype) {
    case BP_BF16: return bp_to_bf16((F)w);
    case BP_F16: return bp_to_f16((F)w);
    case BP_BOOL: return bp_to_bool((F)w);
    default: return w;
  }
}

#define BP_GATHER(Scalar)                                                           \
  {                                                                                 \
    typedef Scalar element __attribute__((may_alias));                              \
    const element *p = (const element *)memory;                                     \
    if (col > row && rows > 1) {                                                    \
      for (int64_t c = 0; c < cols; c++) {                                          \
        for (int64_t r = 0; r < rows; r++) tile[r * pitch + c] = p[r * row + c * col]; \
      }                                                                             \
    } else {                                                                        \
      for (int64_t r = 0; r < rows; r++) {                                          \
        for (int64_t c = 0; c < cols; c++) tile[r * pitch + c] = p[r * row + c * col]; \
      }                                                                             \
    }                                                                               \
  }

/// A rectangle of memory into a tile: row stride `row`, column stride of the access.
static void bp_copy_in(
    uint32_t *words, int64_t pitch, const char *memory, const bp_access *access, int64_t row,
    int64_t rows, int64_t cols) {
  BP_WORD *tile = words;
  const int64_t col = access->col;
  if (cols <= 0) return;
  if (col == 1) {
    for (int64_t r = 0; r < rows; r++) {
      bp_run_in(tile + r * pitch, memory + r * row * access->size, access->dtype, cols);
    }
    return;
  }
  if (access->size == 4) BP_GATHER(uint32_t)
  else if (access->size == 2) BP_GATHER(uint16_t)
  else BP_GATHER(uint8_t)
  if (access->dtype == BP_F32 || access->dtype == BP_I32 || access->dtype == BP_U8) return;
  // In place, from the raw bits just gathered; each element once.
  const int dense = pitch == cols;
  const int64_t runs = dense ? 1 : rows, length = dense ? rows * cols : cols;
  for (int64_t r = 0; r < runs; r++) {
    for (int64_t i = 0; i < length; i += BP_LANES) {
      BP_WORD *p = tile + r * pitch + i;
      BP_STORE_I(p, 0, bp_cast_in((U)BP_VECTOR_I(p, 0), access->dtype));
    }
  }
}

#define BP_SCATTER(Scalar)                                                          \
  {                                                                                 \
    typedef Scalar element __attribute__((may_alias));                              \
    element *p = (element *)memory + r * row + i * col;                             \
    for (int64_t k = 0; k < count; k++) p[k * col] = (Scalar)cast[k];               \
  }

/// A tile into memory: its rows `pitch` apart, its elements `step` apart (0: one value a row).
static void bp_copy_out(
    const uint32_t *words, int64_t pitch, int64_t step, char *memory, const bp_access *access,
    int64_t rows, int64_t cols) {
  const int64_t row = access->row, col = access->col;
  for (int64_t r = 0; r < rows; r++) {
    const BP_WORD *tile = (const BP_WORD *)words + r * pitch;
    for (int64_t i = 0; i < cols; i += BP_LANES) {
      const int64_t count = bp_least(cols - i, BP_LANES);
      I v;
      if (step == 0) {
        v = BP_SPLAT_I(tile);
      } else if (count == BP_LANES) {
        v = BP_VECTOR_I(tile, i);
      } else {
        BP_WORD rest[BP_LANES] = {0};
        memcpy(rest, tile + i, (size_t)count * 4);
        v = BP_VECTOR_I(rest, 0);
      }
      const U w = bp_cast_out((U)v, access->dtype);
      if (col == 1 && count == BP_LANES) {
        char *p = memory + (r * row + i) * access->size;
        if (access->size == 4) *(BP_MEMORY_I *)p = (I)w;
        else if (access->size == 2) *(BP_MEMORY_H *)p = __builtin_convertvector(w, BP_HALVES);
        else *(BP_MEMORY_B *)p = __builtin_convertvector(w, BP_BYTES);
        continue;
      }
      BP_WORD cast[BP_LANES];
      BP_STORE_I(cast, 0, (I)w);
      if (access->size == 4) BP_SCATTER(uint32_t)
      else if (access->size == 2) BP_SCATTER(uint16_t)
      else BP_SCATTER(uint8_t)
    }
  }
}

/// An operand into its tile; a repeated row once.
BP_KERNEL bp_load(const bp_step *step, const bp_frame *frame) {
  const bp_access *access = &frame->program->access[step->access];
  const int64_t rows = frame->stride[step->d] == 0 ? 1 : frame->tile_rows;
  bp_copy_in(
      frame->place[step->d], frame->pitch, frame->memory[step->access], access, access->row, rows,
      frame->tile_cols);
}

/// A value per row: the rows lie along the vector.
BP_KERNEL bp_load_row(const bp_step *step, const bp_frame *frame) {
  bp_access turned = frame->program->access[step->access];
  turned.col = turned.row;
  bp_copy_in(
      frame->place[step->d], BP_ROW_BUFFER, frame->memory[step->access], &turned, 0, 1,
      frame->tile_rows);
}

BP_KERNEL bp_store(const bp_step *step, const bp_frame *frame) {
  bp_copy_out(
      frame->place[step->a], frame->stride[step->a], 1, frame->memory[step->access],
      &frame->program->access[step->access], frame->tile_rows, frame->tile_cols);
}

BP_KERNEL bp_store_row(const bp_step *step, const bp_frame *frame) {
  bp_access turned = frame->program->access[step->access];
  turned.col = turned.row;
  bp_copy_out(
      frame->place[step->a], 0, frame->stride[step->a], frame->memory[step->access], &turned, 1,
      frame->tile_rows);
}
