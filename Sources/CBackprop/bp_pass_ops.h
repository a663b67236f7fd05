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

#endif
