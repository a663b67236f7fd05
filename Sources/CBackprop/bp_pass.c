// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Checks a description, finds its layout (which dims fall together), and compiles it: once for
// whole runs and, for a matrix product's epilogue, once for rectangles.

#include <stdlib.h>
#include <string.h>

#include "bp_pass_ops.h"

/// Whether an operation's operand or result may be of the type found so far ('?': not known yet).
static int fits(char *found, char wanted) {
  if (wanted == '*') return 1;
  if (*found == '?') *found = wanted;
  return *found == wanted;
}

static const char *check_operand(const bp_pass_desc *desc, const bp_operand *x, char *types) {
  if (x->dtype > BP_BOOL) return "a pass operand has an unknown element type";
  if (x->reg >= desc->n_registers) return "a pass operand names a register that is not there";
  const char type = x->dtype == BP_I32 || x->dtype == BP_U8 ? 'i' : 'f';
  if (!fits(&types[x->reg], type)) return "a pass operand's type does not fit its register";
  return NULL;
}

/// Every register written once and before it is read, types and numbers in range.
static const char *check(const bp_pass_desc *desc, char *types) {
  if (desc->mode > BP_COLUMNS) return "a pass has an unknown mode";
  if (desc->rank > BP_MAX_RANK) return "a pass has more than 8 dims";
  if (desc->mode == BP_ROWS && desc->rank < 1) return "a pass over rows needs a dim";
  if (desc->mode == BP_COLUMNS && desc->rank != 3) return "a pass over columns needs three dims";
  if (desc->n_registers > 4096 || desc->n_insns > 8192) return "a pass is too long";
  if (desc->n_inputs > 1024 || desc->n_outputs > 1024) return "a pass has too many operands";
  for (uint32_t k = 0; k < desc->rank; k++) {
    if (desc->dims[k] < 0) return "a pass has a negative dim";
  }
  if (desc->mode == BP_ROWS && desc->dims[desc->rank - 1] > BP_MAX_ROW) {
    return "a pass has rows of more than 16384 elements; reduce those with bp_reduce_long";
  }
  memset(types, 0, desc->n_registers);
  for (uint32_t i = 0; i < desc->n_scalars; i++) {
    const uint16_t reg = desc->scalar_registers[i];
    if (reg >= desc->n_registers) return "a pass scalar names a register that is not there";
    if (types[reg]) return "a pass register is written twice";
    types[reg] = '?';
  }
  for (uint32_t i = 0; i < desc->n_inputs; i++) {
    const uint32_t reg = desc->inputs[i].reg;
    if (reg < desc->n_registers && types[reg]) return "a pass register is written twice";
    if (reg < desc->n_registers) types[reg] = '?';
    const char *error = check_operand(desc, &desc->inputs[i], types);
    if (error) return error;
  }
  for (uint32_t i = 0; i < desc->n_insns; i++) {
    const bp_insn *insn = &desc->insns[i];
    const char *wanted = bp_op_types(insn->op);
    if (!wanted) return "a pass has an unknown operation";
    if (insn->op == BP_OP_INDEX_DIM && insn->a >= desc->rank) {
      return "index_dim asks for a dim that is not there";
    }
    if (insn->op >= BP_OP_ROW_SUM && insn->op <= BP_OP_ROW_MIN_I && desc->mode != BP_ROWS) {
      return "a row reduction stands in a pass that is not over rows";
    }
    const uint16_t operands[3] = {insn->a, insn->b, insn->c};
    for (uint32_t k = 1; wanted[k]; k++) {
      const uint16_t reg = operands[k - 1];
      if (reg >= desc->n_registers || !types[reg]) {
        return "a pass instruction reads a register before it is written";
      }
      if (!fits(&types[reg], wanted[k])) return "a pass instruction reads a register of another type";
    }
    if (insn->dst >= desc->n_registers) return "a pass instruction names a register that is not there";
    if (types[insn->dst]) return "a pass register is written twice";
    types[insn->dst] = wanted[0] == '*' ? types[insn->a] : wanted[0];
  }
  for (uint32_t i = 0; i < desc->n_outputs; i++) {
    const bp_operand *x = &desc->outputs[i];
    if (x->reg >= desc->n_registers || !types[x->reg]) {
      return "a pass stores a register that is never written";
    }
    const char *error = check_operand(desc, x, types);
    if (error) return error;
    if (x->kind == BP_ROW ? desc->mode != BP_ROWS
        : x->kind == BP_COLUMN_SUM || x->kind == BP_COLUMN_MAX ? desc->mode != BP_COLUMNS
                                                               : x->kind != BP_FULL) {
      return "a pass output's kind does not fit the pass's mode";
    }
  }
  return NULL;
}

static const bp_operand *operand(const bp_pass_desc *desc, uint32_t i) {
  return i < desc->n_inputs ? &desc->inputs[i] : &desc->outputs[i - desc->n_inputs];
}

/// Splits dims[0 ..< rank] into outer, rows and columns, merging neighbours that every operand
/// addresses as one. `kept` dims at the end stay as they are; `strides` gets the operands' new ones.
static void lay_out(
    const bp_pass_desc *desc, uint32_t kept, bp_layout *layout, stride_table_row *strides) {
  const uint32_t n = desc->n_inputs + desc->n_outputs;
  int64_t dims[BP_MAX_RANK + 2];
  uint32_t rank = 0;
  for (uint32_t k = 0; k < desc->rank; k++) {
    const int is_kept = k + kept >= desc->rank;
    if (!is_kept && desc->dims[k] == 1) continue;
    int merge = rank > 0 && !is_kept;
    for (uint32_t i = 0; merge && i < n; i++) {
      merge = strides[i][rank - 1] == operand(desc, i)->strides[k] * desc->dims[k];
    }
    if (!merge) dims[rank++] = 1;
    dims[rank - 1] *= desc->dims[k];
    for (uint32_t i = 0; i < n; i++) {
      strides[i][rank - 1] = desc->dims[k] == 1 ? 0 : operand(desc, i)->strides[k];
    }
  }
  // At least a row dim and a column dim, at the front.
  while (rank < 2) {
    for (uint32_t k = rank; k > 0; k--) dims[k] = dims[k - 1];
    dims[0] = 1;
    for (uint32_t i = 0; i < n; i++) {
      memmove(&strides[i][1], &strides[i][0], rank * sizeof(int64_t));
      strides[i][0] = 0;
    }
    rank++;
  }
  layout->outer_rank = rank - 2;
  layout->outer = 1;
  for (uint32_t k = 0; k + 2 < rank; k++) layout->outer *= layout->outer_dims[k] = dims[k];
  layout->rows = dims[rank - 2];
  layout->cols = dims[rank - 1];
}

bp_pass *bp_pass_create(const bp_pass_desc *desc, int level, const char **error) {
  const uint32_t n = desc->n_inputs + desc->n_outputs;
  char *types = malloc(desc->n_registers + 1);
  stride_table_row *strides = calloc(n + 1, sizeof(stride_table_row));
  bp_pass *pass = calloc(1, sizeof(bp_pass));
  *error = types && strides && pass ? check(desc, types) : "no memory for a pass";
  if (!*error) {
    const bp_level_table *table = bp_level_code(level);
    bp_layout layout;
    const uint32_t kept = desc->mode == BP_FLAT ? 0 : desc->mode == BP_ROWS ? 1 : 3;
    lay_out(desc, kept, &layout, strides);
    pass->main = bp_program_compile(desc, &layout, strides, table, 0, error);
    if (pass->main && desc->mode == BP_FLAT && (desc->rank == 2 || desc->rank == 3)) {
      lay_out(desc, 3, &layout, strides);
      pass->region = bp_program_compile(desc, &layout, strides, table, 1, error);
    }
  }
  free(types);
  free(strides);
  if (*error) {
    bp_pass_destroy(pass);
    return NULL;
  }
  return pass;
}

void bp_pass_destroy(bp_pass *pass) {
  if (!pass) return;
  bp_program_free(pass->main);
  bp_program_free(pass->region);
  free(pass);
}

int64_t bp_pass_units(const bp_pass *pass) { return pass->main->units; }

double bp_pass_unit_cost(const bp_pass *pass) { return pass->main->unit_cost; }

size_t bp_pass_scratch(const bp_pass *pass) {
  const size_t region = pass->region ? pass->region->scratch : 0;
  return pass->main->scratch > region ? pass->main->scratch : region;
}
