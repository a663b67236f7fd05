// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// What the compiler of passes knows of each operation.

#ifndef BP_PASS_OPS_H
#define BP_PASS_OPS_H

#include "bp_pass_internal.h"

typedef struct bp_op_info {
  const char *name, *types;  // types: result first; 'f', 'i', or '*' for either
  int cost;                  // hundredths of a nanosecond per element
} bp_op_info;

extern const bp_op_info bp_ops[BP_OP_COUNT];

/// How many registers an operation reads; those that make values from an element's place, none.
int bp_op_operand_count(uint16_t op);

/// Writes the instructions with pairs fused, and returns how many there are. `class_of` is each
/// register's bp_class; `fused` has room for all instructions.
uint32_t bp_pass_fuse(const bp_pass_desc *desc, const uint8_t *class_of, bp_insn *fused);

#endif
