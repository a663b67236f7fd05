// Part of Backprop. Licensed under the Apache License, Version 2.0; see LICENSE.
//
// Two instructions in one, where the first is read by the second only: half as many tiles are
// written and read. Each rounds as it did before, so the bits stay the same.

#include <stdlib.h>

#include "bp_pass_ops.h"

typedef struct rule {
  uint16_t first, second;
  uint8_t at;        // which operand of the second is the first's result
  uint16_t fused;    // of the first's operands, then the second's other one
} rule;

static const rule rules[] = {
  {BP_OP_MUL, BP_OP_ADD, 0, BP_OP_MUL_ADD},
  {BP_OP_MUL, BP_OP_ADD, 1, BP_OP_MUL_ADD},
  {BP_OP_MUL, BP_OP_SUB, 0, BP_OP_MUL_SUB},
  {BP_OP_MUL, BP_OP_SUB, 1, BP_OP_MUL_RSUB},
  {BP_OP_ADD, BP_OP_MUL, 0, BP_OP_ADD_MUL},
  {BP_OP_ADD, BP_OP_MUL, 1, BP_OP_ADD_MUL},
  {BP_OP_SUB, BP_OP_MUL, 0, BP_OP_SUB_MUL},
  {BP_OP_SUB, BP_OP_MUL, 1, BP_OP_SUB_MUL},
  {BP_OP_MUL, BP_OP_MUL, 0, BP_OP_MUL_MUL},
  {BP_OP_MUL, BP_OP_MUL, 1, BP_OP_MUL_MUL},
  {BP_OP_MUL, BP_OP_DIV, 0, BP_OP_MUL_DIV},
  {BP_OP_SQRT, BP_OP_ADD, 0, BP_OP_SQRT_ADD},
  {BP_OP_SQRT, BP_OP_ADD, 1, BP_OP_SQRT_ADD},
};

uint32_t bp_pass_fuse(const bp_pass_desc *desc, const uint8_t *class_of, bp_insn *fused) {
  enum { none = 0xffff };
  uint16_t *made = malloc((desc->n_registers + 1) * sizeof *made);  // register: instruction in fused
  uint8_t *reads = calloc(desc->n_registers + 1, 1);
  uint32_t count = 0;
  if (!made || !reads) {
    free(made), free(reads);
    for (uint32_t i = 0; i < desc->n_insns; i++) fused[count++] = desc->insns[i];
    return count;
  }
  for (uint32_t i = 0; i < desc->n_registers; i++) made[i] = none;
  for (uint32_t i = 0; i < desc->n_insns; i++) {
    const bp_insn *insn = &desc->insns[i];
    const uint16_t operands[3] = {insn->a, insn->b, insn->c};
    const int operand_count = bp_op_operand_count(insn->op);
    for (int k = 0; k < operand_count; k++) reads[operands[k]] += reads[operands[k]] < 2;
    if (insn->op == BP_OP_RANDOM_BITS) reads[insn->a] = reads[insn->b] = 2;
  }
  for (uint32_t i = 0; i < desc->n_outputs; i++) reads[desc->outputs[i].reg] = 2;
  for (uint32_t i = 0; i < desc->n_insns; i++) {
    bp_insn insn = desc->insns[i];
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
      if (rules[r].second != insn.op) continue;
      const uint16_t middle = rules[r].at ? insn.b : insn.a, other = rules[r].at ? insn.a : insn.b;
      if (made[middle] == none || reads[middle] != 1) continue;
      bp_insn *first = &fused[made[middle]];
      // A value per row or per run that feeds full ones is better computed once.
      if (first->op != rules[r].first || class_of[middle] != class_of[insn.dst]) continue;
      const int is_unary = rules[r].first == BP_OP_SQRT;
      insn = (bp_insn){
        .op = rules[r].fused, .dst = insn.dst, .a = first->a, .b = is_unary ? other : first->b,
        .c = is_unary ? 0 : other};
      first->op = BP_OP_COUNT;  // to be left out
      break;
    }
    made[insn.dst] = (uint16_t)count;
    fused[count++] = insn;
  }
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (fused[i].op != BP_OP_COUNT) fused[kept++] = fused[i];
  }
  free(made);
  free(reads);
  return kept;
}
