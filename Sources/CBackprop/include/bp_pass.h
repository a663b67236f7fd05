// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// A pass: one fused sweep over an iteration space, run by a small vector interpreter over tiles
// that stay in the L1 cache. The planner describes a pass; bp_pass_create compiles the
// description (assigns tiles, picks kernels for the SIMD level); bp_pass_run runs a range of it.
// float32 results are the same bits on every level and for any split of the units. (Only which of
// its bit patterns a NaN has is left open.)

#ifndef BP_PASS_H
#define BP_PASS_H

#include <stddef.h>
#include <stdint.h>

#define BP_MAX_RANK 8

/// The longest row of a ROWS pass; bp_reduce_long (bp_kernels.h) takes longer ones.
#define BP_MAX_ROW 16384

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

/// Kinds of outputs besides bp_class: the reduction of a COLUMNS pass over its rows, written at
/// [outer, columns] (strides[1] is ignored). float32 registers take SUM and MAX; int32 registers
/// too (sums wrap). Rows are added in ascending order in blocks of 256, the blocks' sums in
/// ascending order. A MAX is NaN if any element is.
enum { BP_COLUMN_SUM = 8, BP_COLUMN_MAX = 9 };

/// What an instruction does: the rows of elementwise.def (BP_OP_ADD, BP_OP_ADD_I, BP_OP_EXP ...),
/// then the structural ones.
///
/// ROW_SUM, ROW_MAX, ROW_MIN (of int32: ..._I) reduce `a`, full, along the row: a row-class value.
///   Sums run in 32 lanes, added in a fixed tree; MAX and MIN are NaN if any element is.
/// MOVE copies `a` (any type).
/// INDEX: the element's row-major position in dims, as int32. INDEX_DIM: its coordinate along the
///   dim numbered by the field `a` (a number, not a register). Always full.
/// RANDOM_BITS: Philox4x32-10, as int32 bits: the key is the two scalar int32 registers (a, b), the
///   128-bit counter is the element's row-major position / 4, the word is position % 4. Full.
typedef enum bp_op {
#define BP_OP1(NAME, name, R, X, cost, formula) BP_OP_##NAME,
#define BP_OP2(NAME, name, R, X, Y, cost, formula) BP_OP_##NAME,
#define BP_OP3(NAME, name, R, X, Y, Z, cost, formula) BP_OP_##NAME,
#include "../elementwise.def"
#undef BP_OP1
#undef BP_OP2
#undef BP_OP3
  BP_OP_MOVE,
  BP_OP_ROW_SUM,
  BP_OP_ROW_MAX,
  BP_OP_ROW_MIN,
  BP_OP_ROW_SUM_I,
  BP_OP_ROW_MAX_I,
  BP_OP_ROW_MIN_I,
  BP_OP_INDEX,
  BP_OP_INDEX_DIM,
  BP_OP_RANDOM_BITS,
  BP_OP_COUNT
} bp_op;

/// The operation of a name ("add", "row_sum_i"), or -1.
int bp_op_by_name(const char *name);
/// The name of an operation, or NULL.
const char *bp_op_name(int op);
/// Result and operand types, result first, 'f' or 'i' each ("fff" for add, "iii" for add_i,
/// "fii" for eq_i; "**" for move), or NULL. Its length less one is the number of register operands.
const char *bp_op_types(int op);

/// A tensor in memory, read into or written from a register.
///
/// A float register takes F32, BF16, F16 and BOOL memory, an int32 register I32 and U8 (other casts
/// are instructions). Storing rounds to nearest even, to BOOL by x != 0, to U8 by the low byte. For
/// an input `kind` is a bp_class: FULL is always right, narrower is found from the strides. For an
/// output: FULL, ROW (a value per row of a ROWS pass, the last stride ignored), COLUMN_SUM or
/// COLUMN_MAX. Two operands may share memory only as an input and an output with the same slot,
/// offset, strides and element size (an update in place).
typedef struct bp_operand {
  uint32_t slot;                  // index into the table of base pointers given to bp_pass_run
  uint32_t dtype;                 // bp_dtype
  uint32_t reg;                   // the register it is loaded into, or stored from
  uint32_t kind;                  // bp_class; for outputs also BP_COLUMN_SUM, BP_COLUMN_MAX
  int64_t offset;                 // elements from the slot's base
  int64_t strides[BP_MAX_RANK];   // elements, one per iteration dim; 0 repeats (broadcast)
} bp_operand;

/// One instruction: registers are numbered in single-assignment form, each written once, before
/// it is read. Its class is the widest of its operands' classes (reductions: full -> row).
typedef struct bp_insn {
  uint16_t op;                    // bp_op
  uint16_t dst, a, b, c;          // registers; those an op has no operand for are ignored
} bp_insn;

typedef struct bp_pass_desc {
  uint32_t mode;                  // bp_mode
  uint32_t rank;                  // 0 to BP_MAX_RANK; 3 for COLUMNS, at least 1 for ROWS
  int64_t dims[BP_MAX_RANK];
  uint32_t n_registers;
  const uint8_t *register_class;  // unused: classes are found from operands and instructions
  const uint8_t *register_type;   // unused: types follow from the operations
  uint32_t n_inputs, n_outputs, n_insns, n_scalars;
  const bp_operand *inputs, *outputs;
  const bp_insn *insns;
  const uint16_t *scalar_registers;  // register of each entry of the scalar table
} bp_pass_desc;

/// A compiled pass. Immutable: any number of threads may run it at once.
typedef struct bp_pass bp_pass;

/// Compiles a description (copying what it needs) for a SIMD level (bp_level; one that this program
/// has no code for falls back to the next lower). On failure returns NULL and sets *error to a
/// sentence (a constant; never to be freed). The only function here that allocates.
bp_pass *bp_pass_create(const bp_pass_desc *desc, int level, const char **error);
void bp_pass_destroy(bp_pass *pass);

/// How many independent units of work the pass has; fixed by its shape. 0 if a dim is 0 (but
/// COLUMN outputs of no rows are written: 0, or -infinity).
int64_t bp_pass_units(const bp_pass *pass);
/// A rough figure in nanoseconds per unit, for deciding about threads.
double bp_pass_unit_cost(const bp_pass *pass);
/// Bytes of scratch a thread must bring, aligned to 64.
size_t bp_pass_scratch(const bp_pass *pass);

/// Runs the units [unit_begin, unit_end). slots[i] is the base of slot i; scalars[i] are the bits of
/// scalar i (float or int32, by its register's use).
void bp_pass_run(
    const bp_pass *pass, void *const *slots, const uint32_t *scalars, int64_t unit_begin,
    int64_t unit_end, void *scratch);

/// Where a block of an input lies that has no memory of its own: the rectangle that is run, from its
/// first element on, float32.
typedef struct bp_pass_block {
  uint32_t slot;                  // of the input that it stands for
  const float *data;
  int64_t row;                    // elements from row to row
} bp_pass_block;

/// Runs a FLAT pass of rank 2 [m, n] (batch 0) or 3 [batch, m, n] over one rectangle only, for the
/// epilogue of a matrix product. Results are those of bp_pass_run. `block` may be NULL.
void bp_pass_run_region(
    const bp_pass *pass, void *const *slots, const uint32_t *scalars, int64_t batch, int64_t m0,
    int64_t m1, int64_t n0, int64_t n1, const bp_pass_block *block, void *scratch);

#endif
