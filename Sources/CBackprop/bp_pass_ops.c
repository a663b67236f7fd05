// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// The operations' names and types, and the choice of code for a SIMD level.

#include <string.h>

#include "bp_pass_ops.h"

#define BP_T_F "f"
#define BP_T_I "i"

const bp_op_info bp_ops[BP_OP_COUNT] = {
#define BP_OP1(NAME, name, R, X, cost, formula) \
  [BP_OP_##NAME] = {#name, BP_T_##R BP_T_##X, cost},
#define BP_OP2(NAME, name, R, X, Y, cost, formula) \
  [BP_OP_##NAME] = {#name, BP_T_##R BP_T_##X BP_T_##Y, cost},
#define BP_OP3(NAME, name, R, X, Y, Z, cost, formula) \
  [BP_OP_##NAME] = {#name, BP_T_##R BP_T_##X BP_T_##Y BP_T_##Z, cost},
#include "elementwise.def"
  [BP_OP_MOVE] = {"move", "**", 3},
  [BP_OP_ROW_SUM] = {"row_sum", "ff", 3},
  [BP_OP_ROW_MAX] = {"row_max", "ff", 5},
  [BP_OP_ROW_MIN] = {"row_min", "ff", 5},
  [BP_OP_ROW_SUM_I] = {"row_sum_i", "ii", 3},
  [BP_OP_ROW_MAX_I] = {"row_max_i", "ii", 5},
  [BP_OP_ROW_MIN_I] = {"row_min_i", "ii", 5},
  [BP_OP_INDEX] = {"index", "i", 3},
  [BP_OP_INDEX_DIM] = {"index_dim", "i", 10},
  [BP_OP_RANDOM_BITS] = {"random_bits", "iii", 60},
};

int bp_op_operand_count(uint16_t op) {
  return op >= BP_OP_INDEX ? 0 : (int)strlen(bp_ops[op].types) - 1;
}

int bp_op_by_name(const char *name) {
  for (int op = 0; op < BP_OP_COUNT; op++) {
    if (strcmp(bp_ops[op].name, name) == 0) return op;
  }
  return -1;
}

const char *bp_op_name(int op) { return op >= 0 && op < BP_OP_COUNT ? bp_ops[op].name : NULL; }

const char *bp_op_types(int op) { return op >= 0 && op < BP_OP_COUNT ? bp_ops[op].types : NULL; }

const bp_level_table *bp_level_code(int level) {
#if defined(__x86_64__)
  if (level >= BP_AVX512) return &bp_level_avx512;
  if (level >= BP_AVX2) return &bp_level_avx2;
#else
  (void)level;
#endif
  return &bp_level_portable;
}
