// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// A pass: one fused sweep over an iteration space, run by a small vector interpreter over tiles
// that stay in the L1 cache. The planner describes a pass; bp_pass_create compiles the
// description (assigns tiles, picks kernels for the SIMD level); bp_pass_run runs a range of it.

#ifndef BP_PASS_H
#define BP_PASS_H

#include <stddef.h>
#include <stdint.h>

#define BP_MAX_RANK 8

/// Element types in memory. In registers a value is 32 bits: float (f32, bf16, f16 and bool as
/// 0.0/1.0) or int32 (i32, u8).
typedef enum bp_dtype { BP_F32 = 0, BP_BF16, BP_F16, BP_I32, BP_U8, BP_BOOL } bp_dtype;

/// SIMD levels, best last. bp_level_best() is what this processor has.
typedef enum bp_level { BP_PORTABLE = 0, BP_NEON, BP_AVX2, BP_AVX512 } bp_level;

/// How the iteration space [dims] is walked.
/// FLAT:    every instruction is element-wise; a unit of work is a run of elements or rows.
/// ROWS:    the last dim is a row; instructions may reduce along it; a unit is a group of rows.
/// COLUMNS: the space is [outer, rows, columns]; COLUMN outputs are sums (or maxima) over `rows`.
typedef enum bp_mode { BP_FLAT = 0, BP_ROWS, BP_COLUMNS } bp_mode;

/// What a register holds: a value per element, a value per row, or one value.
typedef enum bp_class { BP_FULL = 0, BP_ROW, BP_SCALAR } bp_class;

/// A tensor in memory, read into or written from a register.
typedef struct bp_operand {
  uint32_t slot;                  // index into the table of base pointers given to bp_pass_run
  uint32_t dtype;                 // bp_dtype
  uint32_t reg;                   // the register it is loaded into, or stored from
  uint32_t kind;                  // bp_class; for outputs also BP_COLUMN_SUM, BP_COLUMN_MAX
  int64_t offset;                 // elements from the slot's base
  int64_t strides[BP_MAX_RANK];   // elements, one per iteration dim; 0 repeats (broadcast)
} bp_operand;

enum { BP_COLUMN_SUM = 8, BP_COLUMN_MAX = 9 };

/// One instruction: registers are numbered in single-assignment form, each written once.
/// Its class is the widest of its operands' classes (reductions: full -> row).
typedef struct bp_insn {
  uint16_t op;                    // bp_op, from elementwise.def and the structural ops
  uint16_t dst, a, b, c;
} bp_insn;

typedef struct bp_pass_desc {
  uint32_t mode;                  // bp_mode
  uint32_t rank;
  int64_t dims[BP_MAX_RANK];
  uint32_t n_registers;
  const uint8_t *register_class;  // bp_class of each register
  const uint8_t *register_type;   // bp_dtype of each register (which arithmetic, which rounding)
  uint32_t n_inputs, n_outputs, n_insns, n_scalars;
  const bp_operand *inputs, *outputs;
  const bp_insn *insns;
  const uint16_t *scalar_registers;  // register of each entry of the scalar table
} bp_pass_desc;

#endif
